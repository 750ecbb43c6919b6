// Makes and reads X.509 certificates by OpenSSL 3.
#include "crypto/authority.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <climits>
#include <memory>
#include <optional>

#include "crypto/openssl/fields.h"
#include "crypto/openssl/openssl_handles.h"
#include "crypto/openssl/pem.h"

namespace herold::crypto {
namespace {

struct FreeUsages {
  void operator()(EXTENDED_KEY_USAGE* all) const { EXTENDED_KEY_USAGE_free(all); }
};
using Name = std::unique_ptr<GENERAL_NAME, Free<GENERAL_NAME_free>>;
using Usages = std::unique_ptr<EXTENDED_KEY_USAGE, FreeUsages>;
using Text = std::unique_ptr<ASN1_STRING, Free<ASN1_STRING_free>>;
using Octets = std::unique_ptr<ASN1_OCTET_STRING, Free<ASN1_OCTET_STRING_free>>;
using Bits = std::unique_ptr<ASN1_BIT_STRING, Free<ASN1_BIT_STRING_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;

constexpr int days_authority = 3652;
constexpr int days_server = 398;    // the longest that clients accept from public authorities
constexpr Seconds backdated{3600};  // for clients whose clock is behind
constexpr std::string_view client_service = "_xmpp-client.";
constexpr std::string_view server_service = "_xmpp-server.";
constexpr const char* srv_name_oid = "1.3.6.1.5.5.7.8.7";   // id-on-dnsSRV
constexpr const char* xmpp_addr_oid = "1.3.6.1.5.5.7.8.5";  // id-on-xmppAddr

int length(std::string_view text) { return static_cast<int>(text.size()); }

Result<std::string> text_of(BIO* memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  if (size <= 0) return library_error("PEM");
  return std::string(bytes, static_cast<std::size_t>(size));
}

Result<CertifiedKey> write(const Certificate& certificate, const Key& key) {
  const Bio chain(BIO_new(BIO_s_mem()));
  const Bio secret(BIO_new(BIO_s_secmem()));
  if (!chain || !secret || PEM_write_bio_X509(chain.get(), certificate.get()) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1)
    return library_error("PEM");
  return CertifiedKey{TRY(text_of(chain.get())), TRY(text_of(secret.get()))};
}

// RFC 5280 section 4.1.2.2: positive, at most 20 octets; 127 random bits.
bool set_serial(X509* certificate, Random& random) {
  std::array<std::uint8_t, 16> bytes;
  random.fill(bytes);
  bytes[0] = (bytes[0] & 0x7f) | 0x40;
  const Number number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, WallTime now, int days) {
  const auto start = std::chrono::floor<Seconds>(now).time_since_epoch() - backdated;
  const std::time_t from = start.count();
  return X509_time_adj_ex(X509_getm_notBefore(certificate), 0, 0,
                          const_cast<std::time_t*>(&from)) &&
         X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0,
                          const_cast<std::time_t*>(&from));
}

bool set_subject(X509* certificate, std::string_view common_name) {
  // ub-common-name is 64; the names that count stand elsewhere.
  const std::string_view shown = common_name.substr(0, 64);
  return X509_NAME_add_entry_by_NID(
             X509_get_subject_name(certificate), NID_commonName, MBSTRING_UTF8,
             reinterpret_cast<const unsigned char*>(shown.data()), length(shown), -1, 0) == 1;
}

enum class Critical { no = 0, yes = 1 };

bool add_extension(X509* certificate, int nid, void* value, Critical critical) {
  return X509_add1_ext_i2d(certificate, nid, value, static_cast<int>(critical),
                           X509V3_ADD_DEFAULT) == 1;
}

bool add_key_usage(X509* certificate, std::initializer_list<int> bits) {
  const Bits usage(ASN1_BIT_STRING_new());
  if (!usage) return false;
  for (const int bit : bits)
    if (ASN1_BIT_STRING_set_bit(usage.get(), bit, 1) != 1) return false;
  return add_extension(certificate, NID_key_usage, usage.get(), Critical::yes);
}

enum class Kind { authority, server };

bool add_constraints(X509* certificate, Kind kind) {
  const std::unique_ptr<BASIC_CONSTRAINTS, Free<BASIC_CONSTRAINTS_free>> constraints(
      BASIC_CONSTRAINTS_new());
  if (!constraints) return false;
  if (kind == Kind::authority) {
    constraints->ca = 0xff;
    constraints->pathlen = ASN1_INTEGER_new();
    if (!constraints->pathlen || ASN1_INTEGER_set(constraints->pathlen, 0) != 1) return false;
  }
  return add_extension(certificate, NID_basic_constraints, constraints.get(), Critical::yes);
}

bool add_usages(X509* certificate) {
  const Usages usages(EXTENDED_KEY_USAGE_new());
  if (!usages) return false;
  // The second is for connections to other servers, where this one is the client.
  for (const int nid : {NID_server_auth, NID_client_auth})
    if (sk_ASN1_OBJECT_push(usages.get(), OBJ_nid2obj(nid)) <= 0) return false;
  return add_extension(certificate, NID_ext_key_usage, usages.get(), Critical::no);
}

// RFC 5280 section 4.2.1.2, method 1: the SHA-1 of the public key. A name, not a protection.
Octets key_identifier(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
  unsigned size = 0;
  Octets identifier(ASN1_OCTET_STRING_new());
  if (!identifier || X509_pubkey_digest(certificate, EVP_sha1(), hash.data(), &size) != 1 ||
      ASN1_OCTET_STRING_set(identifier.get(), hash.data(), static_cast<int>(size)) != 1)
    return nullptr;
  return identifier;
}

bool add_key_identifiers(X509* certificate, const X509* issuer) {
  const Octets own = key_identifier(certificate);
  const std::unique_ptr<AUTHORITY_KEYID, Free<AUTHORITY_KEYID_free>> authority(
      AUTHORITY_KEYID_new());
  if (!own || !authority) return false;
  authority->keyid = key_identifier(issuer).release();
  return authority->keyid &&
         add_extension(certificate, NID_subject_key_identifier, own.get(), Critical::no) &&
         add_extension(certificate, NID_authority_key_identifier, authority.get(), Critical::no);
}

bool push(GENERAL_NAMES* all, Name name) {
  if (!name || sk_GENERAL_NAME_push(all, name.get()) <= 0) return false;
  name.release();
  return true;
}

Name simple_name(int type, int string_type, std::string_view bytes) {
  Name name(GENERAL_NAME_new());
  Text text(ASN1_STRING_type_new(string_type));
  if (!name || !text || ASN1_STRING_set(text.get(), bytes.data(), length(bytes)) != 1)
    return nullptr;
  GENERAL_NAME_set0_value(name.get(), type, text.release());
  return name;
}

Name other_name(const char* oid, int string_type, const std::string& bytes) {
  Name name(GENERAL_NAME_new());
  Object object(OBJ_txt2obj(oid, 1));
  std::unique_ptr<ASN1_TYPE, Free<ASN1_TYPE_free>> value(ASN1_TYPE_new());
  Text text(ASN1_STRING_type_new(string_type));
  if (!name || !object || !value || !text ||
      ASN1_STRING_set(text.get(), bytes.data(), length(bytes)) != 1)
    return nullptr;
  ASN1_TYPE_set(value.get(), string_type, text.release());
  if (GENERAL_NAME_set0_othername(name.get(), object.get(), value.get()) != 1) return nullptr;
  object.release();
  value.release();
  return name;
}

// The bytes of an IP literal in network order.
std::optional<std::string> address_bytes(const std::string& name) {
  std::array<char, 16> bytes;
  if (::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1) return std::string(bytes.data(), 4);
  if (::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1) return std::string(bytes.data(), 16);
  return std::nullopt;
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_' && c != '*')
      return false;
  }
  return true;
}

bool push_all_forms(GENERAL_NAMES* all, const std::string& name) {
  if (const auto address = address_bytes(name))
    return push(all, simple_name(GEN_IPADD, V_ASN1_OCTET_STRING, *address));
  if (!push(all, simple_name(GEN_DNS, V_ASN1_IA5STRING, name))) return false;
  // XMPP's own forms know no wildcards.
  if (name.contains('*')) return true;
  return push(all, other_name(xmpp_addr_oid, V_ASN1_UTF8STRING, name)) &&
         push(all,
              other_name(srv_name_oid, V_ASN1_IA5STRING, std::string(client_service) + name)) &&
         push(all, other_name(srv_name_oid, V_ASN1_IA5STRING, std::string(server_service) + name));
}

bool add_names(X509* certificate, std::span<const std::string> all) {
  const Names collected(GENERAL_NAMES_new());
  if (!collected) return false;
  for (const std::string& name : all)
    if (!push_all_forms(collected.get(), name)) return false;
  return add_extension(certificate, NID_subject_alt_name, collected.get(), Critical::no);
}

// A certificate with everything that both kinds have; not yet signed.
Result<Certificate> draft(const Key& key, std::string_view subject, WallTime now, int days,
                          Random& random) {
  Certificate certificate(X509_new());
  constexpr long version_3 = 2;
  if (!certificate || X509_set_version(certificate.get(), version_3) != 1 ||
      !set_serial(certificate.get(), random) || !set_validity(certificate.get(), now, days) ||
      !set_subject(certificate.get(), subject) ||
      X509_set_pubkey(certificate.get(), key.get()) != 1)
    return library_error("certificate");
  return certificate;
}

}  // namespace

Result<CertifiedKey> make_authority(std::string_view name, WallTime now, Random& random) {
  ERR_clear_error();
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return library_error("key");
  const Certificate certificate = TRY(draft(key, name, now, days_authority, random));
  X509* x509 = certificate.get();
  constexpr int key_cert_sign = 5, crl_sign = 6;  // bits of RFC 5280 section 4.2.1.3
  if (X509_set_issuer_name(x509, X509_get_subject_name(x509)) != 1 ||
      !add_constraints(x509, Kind::authority) || !add_key_usage(x509, {key_cert_sign, crl_sign}) ||
      !add_key_identifiers(x509, x509) || X509_sign(x509, key.get(), EVP_sha256()) <= 0)
    return library_error("authority");
  return write(certificate, key);
}

Result<CertifiedKey> issue(const CertifiedKey& authority, std::span<const std::string> all,
                           WallTime now, Random& random) {
  if (all.empty()) return fail(Fault::invalid, "certificate: no names");
  for (const std::string& name : all)
    if (!address_bytes(name) && !is_host_name(name))
      return fail(Fault::invalid, "certificate: not a host name: " + name);
  const Certificate issuer = TRY(read_certificate(authority.chain_pem));
  const Key issuer_key = TRY(read_key(authority.key_pem));
  if (X509_check_private_key(issuer.get(), issuer_key.get()) != 1)
    return library_error("authority");

  const Key key(EVP_EC_gen("P-256"));
  if (!key) return library_error("key");
  const Certificate certificate = TRY(draft(key, all.front(), now, days_server, random));
  X509* x509 = certificate.get();
  constexpr int digital_signature = 0;
  if (X509_set_issuer_name(x509, X509_get_subject_name(issuer.get())) != 1 ||
      !add_constraints(x509, Kind::server) || !add_key_usage(x509, {digital_signature}) ||
      !add_usages(x509) || !add_names(x509, all) || !add_key_identifiers(x509, issuer.get()) ||
      X509_sign(x509, issuer_key.get(), EVP_sha256()) <= 0)
    return library_error("certificate");
  CertifiedKey made = TRY(write(certificate, key));
  made.chain_pem += authority.chain_pem;
  return made;
}

Result<std::string> fingerprint_sha256(std::string_view pem) {
  const Certificate certificate = TRY(read_certificate(pem));
  return fingerprint(*certificate);
}

Result<WallTime> expires(std::string_view pem) {
  const Certificate certificate = TRY(read_certificate(pem));
  return wall_time(X509_get0_notAfter(certificate.get()));
}

Result<std::vector<std::string>> names(std::string_view pem) {
  const Certificate certificate = TRY(read_certificate(pem));
  const Names all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> found;
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    int type = 0;
    const auto* value = static_cast<const ASN1_STRING*>(
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all.get(), i), &type));
    if (type != GEN_DNS && type != GEN_IPADD) continue;
    std::string text = type == GEN_DNS ? bytes_of(value) : address_text(value);
    if (type == GEN_DNS || !text.empty()) found.push_back(std::move(text));
  }
  ERR_clear_error();
  return found;
}

}  // namespace herold::crypto
