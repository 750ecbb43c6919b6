// PEM text read by OpenSSL 3, which never asks on the terminal for a passphrase.
#include "crypto/openssl/pem.h"

#include <openssl/pem.h>

#include <climits>

namespace herold::crypto {
namespace {

int no_passphrase(char*, int, int, void*) { return -1; }

// Clears the error queue, by which the readers tell an end from a broken block.
Result<Bio> open_text(std::string_view what, std::string_view pem) {
  ERR_clear_error();
  if (pem.size() > INT_MAX) return fail(Fault::limit, std::string(what) + ": too long");
  Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return library_error(what);
  return bio;
}

}  // namespace

Result<Chain> read_chain(std::string_view pem) {
  const Bio bio = TRY(open_text("certificate", pem));
  Chain chain(sk_X509_new_null());
  if (!chain) return library_error("certificate");
  for (;;) {
    Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (!certificate) break;
    if (sk_X509_push(chain.get(), certificate.get()) <= 0) return library_error("certificate");
    certificate.release();
  }
  // The text ends where no further block begins; anything else is a broken block.
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return library_error("certificate");
  ERR_clear_error();
  if (sk_X509_num(chain.get()) == 0) return fail(Fault::invalid, "certificate: there is none");
  return chain;
}

Result<Certificate> read_certificate(std::string_view pem) {
  const Bio bio = TRY(open_text("certificate", pem));
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
  if (!certificate) return library_error("certificate");
  return certificate;
}

Result<Key> read_key(std::string_view pem) {
  const Bio bio = TRY(open_text("key", pem));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) return library_error("key");
  return key;
}

Result<PemItems> read_items(std::string_view pem) {
  const Bio bio = TRY(open_text("certificates", pem));
  PemItems items(PEM_X509_INFO_read_bio(bio.get(), nullptr, no_passphrase, nullptr));
  if (!items) return library_error("certificates");
  ERR_clear_error();
  return items;
}

}  // namespace herold::crypto
