// Hashes, HMAC, PBKDF2 and AES-256-GCM by OpenSSL 3.
#include "crypto/openssl/openssl_crypto.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>

#include "base/check.h"
#include "crypto/openssl/openssl_handles.h"

namespace herold::crypto {
namespace {

using Md = std::unique_ptr<EVP_MD, Free<EVP_MD_free>>;
using MdContext = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Free<EVP_MAC_CTX_free>>;
using Cipher = std::unique_ptr<EVP_CIPHER, Free<EVP_CIPHER_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Free<EVP_CIPHER_CTX_free>>;

constexpr std::array<const char*, hash_algorithms> names = {"SHA1",   "SHA256",   "SHA384",
                                                            "SHA512", "SHA3-256", "SHA3-512"};

std::size_t index(HashAlgorithm algorithm) { return static_cast<std::size_t>(algorithm); }

const unsigned char* data(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* data(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

int length(std::string_view bytes) {
  CHECK(bytes.size() < (std::size_t{1} << 30));
  return static_cast<int>(bytes.size());
}

// An HMAC context that knows its hash and still lacks a key; copying it is cheaper than a set-up.
MacContext make_mac(EVP_MAC* hmac, const char* name) {
  MacContext context(EVP_MAC_CTX_new(hmac));
  CHECK(context != nullptr);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(name), 0),
      OSSL_PARAM_construct_end()};
  CHECK(EVP_MAC_CTX_set_params(context.get(), parameters) == 1);
  return context;
}

}  // namespace

struct OpenSslCrypto::Fetched {
  std::array<Md, hash_algorithms> hashes;
  std::array<MacContext, hash_algorithms> macs;
  Cipher aes;

  Fetched() : aes(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)) {
    CHECK(aes != nullptr);
    std::unique_ptr<EVP_MAC, Free<EVP_MAC_free>> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
    CHECK(hmac != nullptr);
    for (std::size_t i = 0; i < hash_algorithms; ++i) {
      hashes[i].reset(EVP_MD_fetch(nullptr, names[i], nullptr));
      CHECK(hashes[i] != nullptr);
      macs[i] = make_mac(hmac.get(), names[i]);
    }
  }
};

OpenSslCrypto::OpenSslCrypto() : fetched_(std::make_unique<Fetched>()) {}
OpenSslCrypto::~OpenSslCrypto() = default;

Digest OpenSslCrypto::digest(HashAlgorithm algorithm, std::string_view bytes) const {
  MdContext context(EVP_MD_CTX_new());
  CHECK(context != nullptr);
  const EVP_MD* hash = fetched_->hashes[index(algorithm)].get();
  unsigned char output[Digest::max_size];
  unsigned int size = 0;
  CHECK(EVP_DigestInit_ex2(context.get(), hash, nullptr) == 1);
  CHECK(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1);
  CHECK(EVP_DigestFinal_ex(context.get(), output, &size) == 1);
  Digest result({reinterpret_cast<char*>(output), size});
  wipe(output, size);
  return result;
}

Digest OpenSslCrypto::hmac(HashAlgorithm algorithm, std::string_view key,
                           std::string_view bytes) const {
  MacContext context(EVP_MAC_CTX_dup(fetched_->macs[index(algorithm)].get()));
  CHECK(context != nullptr);
  // A null key means "the key that is set"; the empty key needs an address.
  static constexpr unsigned char none = 0;
  const unsigned char* start = key.empty() ? &none : data(key);
  unsigned char output[Digest::max_size];
  std::size_t size = 0;
  CHECK(EVP_MAC_init(context.get(), start, key.size(), nullptr) == 1);
  CHECK(EVP_MAC_update(context.get(), data(bytes), bytes.size()) == 1);
  CHECK(EVP_MAC_final(context.get(), output, &size, sizeof output) == 1);
  Digest result({reinterpret_cast<char*>(output), size});
  wipe(output, size);
  return result;
}

Digest OpenSslCrypto::pbkdf2(HashAlgorithm algorithm, std::string_view password,
                             std::string_view salt, std::uint32_t iterations) const {
  CHECK(iterations > 0 && iterations <= 0x7fffffff);
  const EVP_MD* hash = fetched_->hashes[index(algorithm)].get();
  unsigned char output[Digest::max_size];
  const std::size_t size = digest_size(algorithm);
  CHECK(PKCS5_PBKDF2_HMAC(password.data(), length(password), data(salt), length(salt),
                          static_cast<int>(iterations), hash, static_cast<int>(size), output) == 1);
  Digest result({reinterpret_cast<char*>(output), size});
  wipe(output, size);
  return result;
}

std::string OpenSslCrypto::seal(std::string_view key, std::string_view nonce,
                                std::string_view associated, std::string_view plain) const {
  CHECK(key.size() == aead_key_size && nonce.size() == aead_nonce_size);
  CipherContext context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  std::string out(plain.size() + aead_tag_size, '\0');
  int size = 0;
  CHECK(EVP_EncryptInit_ex2(context.get(), fetched_->aes.get(), data(key), data(nonce), nullptr) ==
        1);
  CHECK(EVP_EncryptUpdate(context.get(), nullptr, &size, data(associated), length(associated)) ==
        1);
  CHECK(EVP_EncryptUpdate(context.get(), data(out), &size, data(plain), length(plain)) == 1);
  CHECK(EVP_EncryptFinal_ex(context.get(), data(out) + size, &size) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, aead_tag_size,
                            data(out) + plain.size()) == 1);
  return out;
}

std::optional<SecretString> OpenSslCrypto::open(std::string_view key, std::string_view nonce,
                                                std::string_view associated,
                                                std::string_view sealed) const {
  CHECK(key.size() == aead_key_size && nonce.size() == aead_nonce_size);
  if (sealed.size() < aead_tag_size) return {};
  const std::string_view cipher = sealed.substr(0, sealed.size() - aead_tag_size);
  std::string tag(sealed.substr(cipher.size()));
  CipherContext context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  std::string plain(cipher.size() + aead_tag_size, '\0');
  int size = 0;
  CHECK(EVP_DecryptInit_ex2(context.get(), fetched_->aes.get(), data(key), data(nonce), nullptr) ==
        1);
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, aead_tag_size, tag.data()) == 1);
  CHECK(EVP_DecryptUpdate(context.get(), nullptr, &size, data(associated), length(associated)) ==
        1);
  CHECK(EVP_DecryptUpdate(context.get(), data(plain), &size, data(cipher), length(cipher)) == 1);
  const bool genuine = EVP_DecryptFinal_ex(context.get(), data(plain) + size, &size) == 1;
  if (!genuine) {
    wipe(plain);
    return {};
  }
  SecretString result(std::string_view(plain).substr(0, cipher.size()));
  wipe(plain);
  return result;
}

}  // namespace herold::crypto
