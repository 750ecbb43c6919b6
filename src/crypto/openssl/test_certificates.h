// For tests: certificates of clients and servers with names that no honest authority would give.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "crypto/authority.h"
#include "crypto/openssl/openssl_handles.h"
#include "crypto/openssl/pem.h"

namespace herold::crypto {

struct TestOtherName {
  std::string bytes;
  int type = V_ASN1_UTF8STRING;
  const char* oid = "1.3.6.1.5.5.7.8.5";  // id-on-xmppAddr
};

struct TestCertificate {
  std::vector<TestOtherName> others;
  std::vector<std::string> domains = {};  // dNSName
  std::string common_name = "a client";
  const char* usage = "clientAuth";  // null: none is named
  const EVP_MD* digest = EVP_sha256();
  long serial = 7;
  std::vector<std::string> hosts = {};  // iPAddress, as bytes
};

inline void push_name(GENERAL_NAMES* all, const TestOtherName& other) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_TYPE* value = ASN1_TYPE_new();
  ASN1_STRING* text = ASN1_STRING_type_new(other.type);
  ASN1_STRING_set(text, other.bytes.data(), static_cast<int>(other.bytes.size()));
  ASN1_TYPE_set(value, other.type, text);
  GENERAL_NAME_set0_othername(name, OBJ_txt2obj(other.oid, 1), value);
  sk_GENERAL_NAME_push(all, name);
}

inline void push_simple(GENERAL_NAMES* all, int kind, int type, const std::string& bytes) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_STRING* text = ASN1_STRING_type_new(type);
  ASN1_STRING_set(text, bytes.data(), static_cast<int>(bytes.size()));
  GENERAL_NAME_set0_value(name, kind, text);
  sk_GENERAL_NAME_push(all, name);
}

inline std::string text_of(const Bio& out) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

// Valid from an hour before `now` for a day.
inline CertifiedKey issue_with_key(const CertifiedKey& authority, const TestCertificate& wanted,
                                   WallTime now) {
  const Certificate issuer = *read_certificate(authority.chain_pem);
  const Key issuer_key = *read_key(authority.key_pem);
  const Key key(EVP_EC_gen("P-256"));
  const Certificate made(X509_new());
  X509* x509 = made.get();
  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), wanted.serial);
  const std::time_t start = std::chrono::floor<Seconds>(now).time_since_epoch().count();
  ASN1_TIME_set(X509_getm_notBefore(x509), start - 3600);
  ASN1_TIME_set(X509_getm_notAfter(x509), start + 86400);
  const auto* common_name = reinterpret_cast<const unsigned char*>(wanted.common_name.data());
  X509_NAME_add_entry_by_NID(X509_get_subject_name(x509), NID_commonName, MBSTRING_UTF8,
                             common_name, static_cast<int>(wanted.common_name.size()), -1, 0);
  X509_set_issuer_name(x509, X509_get_subject_name(issuer.get()));
  X509_set_pubkey(x509, key.get());
  GENERAL_NAMES* names = GENERAL_NAMES_new();
  for (const TestOtherName& other : wanted.others) push_name(names, other);
  for (const std::string& domain : wanted.domains)
    push_simple(names, GEN_DNS, V_ASN1_IA5STRING, domain);
  for (const std::string& host : wanted.hosts)
    push_simple(names, GEN_IPADD, V_ASN1_OCTET_STRING, host);
  X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT);
  GENERAL_NAMES_free(names);
  if (wanted.usage) {
    const std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>> usage(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_ext_key_usage, wanted.usage));
    X509_add_ext(x509, usage.get(), -1);
  }
  EXPECT_GT(X509_sign(x509, issuer_key.get(), wanted.digest), 0);
  const Bio chain(BIO_new(BIO_s_mem())), secret(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(chain.get(), x509);
  PEM_write_bio_PKCS8PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {text_of(chain), text_of(secret)};
}

inline std::string issue_to_client(const CertifiedKey& authority, const TestCertificate& wanted,
                                   WallTime now) {
  return issue_with_key(authority, wanted, now).chain_pem;
}

// The list of `authority` that revokes one serial number; good from an hour before `now` for a day.
inline std::string revoke(const CertifiedKey& authority, long serial, WallTime now) {
  const Certificate issuer = *read_certificate(authority.chain_pem);
  const Key issuer_key = *read_key(authority.key_pem);
  const std::unique_ptr<X509_CRL, Free<X509_CRL_free>> list(X509_CRL_new());
  const std::unique_ptr<ASN1_TIME, Free<ASN1_TIME_free>> time(ASN1_TIME_new());
  const std::unique_ptr<ASN1_INTEGER, Free<ASN1_INTEGER_free>> number(ASN1_INTEGER_new());
  const std::time_t start = std::chrono::floor<Seconds>(now).time_since_epoch().count();
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer.get()));
  ASN1_TIME_set(time.get(), start - 3600);
  X509_CRL_set1_lastUpdate(list.get(), time.get());
  X509_REVOKED* entry = X509_REVOKED_new();
  ASN1_INTEGER_set(number.get(), serial);
  X509_REVOKED_set_serialNumber(entry, number.get());
  X509_REVOKED_set_revocationDate(entry, time.get());
  X509_CRL_add0_revoked(list.get(), entry);
  ASN1_TIME_set(time.get(), start + 86400);
  X509_CRL_set1_nextUpdate(list.get(), time.get());
  EXPECT_GT(X509_CRL_sign(list.get(), issuer_key.get(), EVP_sha256()), 0);
  const Bio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(out.get(), list.get());
  return text_of(out);
}

}  // namespace herold::crypto
