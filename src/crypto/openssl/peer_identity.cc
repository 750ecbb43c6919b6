// Reads a server's names from its certificate by OpenSSL 3.
#include "crypto/peer_identity.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "crypto/openssl/fields.h"
#include "crypto/openssl/openssl_handles.h"
#include "crypto/openssl/pem.h"

namespace herold::crypto {
namespace {

constexpr std::string_view server_service = "_xmpp-server.";

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return text;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

struct OtherNames {
  Object service{OBJ_txt2obj("1.3.6.1.5.5.7.8.7", 1)};  // id-on-dnsSRV
  Object address{OBJ_txt2obj("1.3.6.1.5.5.7.8.5", 1)};  // id-on-xmppAddr
};

void add_domain(std::vector<std::string>& all, std::string name) {
  if (is_presented_domain(name)) all.push_back(std::move(name));
}

void add_host(std::vector<std::string>& all, std::string address) {
  if (!address.empty()) all.push_back(std::move(address));
}

void add_other_name(PeerIdentity& found, const OTHERNAME& other, const OtherNames& kinds) {
  const int type = ASN1_TYPE_get(other.value);
  if (OBJ_cmp(other.type_id, kinds.service.get()) == 0 && type == V_ASN1_IA5STRING) {
    const std::string name = lower(bytes_of(other.value->value.ia5string));
    // RFC 4985 section 2 knows no wildcards, and "_xmpp-client" is another service.
    if (name.starts_with(server_service) && !name.contains('*'))
      add_domain(found.services, name.substr(server_service.size()));
  } else if (OBJ_cmp(other.type_id, kinds.address.get()) == 0 && type == V_ASN1_UTF8STRING) {
    std::string name = bytes_of(other.value->value.utf8string);
    // A server's address is its domain alone (RFC 6120 section 13.7.1.4).
    if (name.find_first_of(std::string_view("@/*\0", 4)) != std::string::npos) return;
    if (!is_ascii(name))
      found.addresses.push_back(std::move(name));
    else
      add_domain(found.addresses, lower(std::move(name)));
  }
}

void add_names(PeerIdentity& found, const X509* certificate) {
  const OtherNames kinds;
  // Nothing as well where the extension stands there twice or cannot be parsed.
  const Names all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  const int most = static_cast<int>(bounds::peer_names);
  for (int i = 0; all && i < std::min(sk_GENERAL_NAME_num(all.get()), most); ++i) {
    const GENERAL_NAME& name = *sk_GENERAL_NAME_value(all.get(), i);
    if (name.type == GEN_DNS)
      add_domain(found.domains, lower(bytes_of(name.d.dNSName)));
    else if (name.type == GEN_IPADD)
      add_host(found.hosts, address_text(name.d.iPAddress));
    else if (name.type == GEN_OTHERNAME && kinds.service && kinds.address)
      add_other_name(found, *name.d.otherName, kinds);
  }
}

// RFC 5280 section 4.2.1.12; without the extension it is for everything.
bool is_for_tls(X509* certificate) {
  return (X509_get_extended_key_usage(certificate) &
          (XKU_SSL_SERVER | XKU_SSL_CLIENT | XKU_ANYEKU)) != 0;
}

}  // namespace

Result<PeerIdentity> read_peer_identity(std::string_view chain_pem) {
  const Chain chain = TRY(read_chain(chain_pem));
  if (sk_X509_num(chain.get()) > static_cast<int>(bounds::peer_chain))
    return fail(Fault::limit, "certificate: too many behind it");
  for (int i = 0; i < sk_X509_num(chain.get()); ++i)
    if (!is_for_tls(sk_X509_value(chain.get(), i)))
      return fail(Fault::refused, "certificate: not for TLS");
  const X509* own = sk_X509_value(chain.get(), 0);
  PeerIdentity found;
  found.begins = TRY(wall_time(X509_get0_notBefore(own)));
  found.ends = TRY(wall_time(X509_get0_notAfter(own)));
  found.fingerprint = TRY(fingerprint(*own));
  add_names(found, own);
  ERR_clear_error();
  return found;
}

}  // namespace herold::crypto
