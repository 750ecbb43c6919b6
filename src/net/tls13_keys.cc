// HKDF-Expand-Label, nonces and the AEAD calls.
#include "net/tls13_keys.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace herold::net {
namespace {

struct SuiteFacts {
  std::string_view name;
  const EVP_CIPHER* (*cipher)();
  const EVP_MD* (*hash)();
  std::size_t key_bytes;
  std::size_t hash_bytes;
};

constexpr std::array<SuiteFacts, 3> suites{{
    {"TLS_AES_128_GCM_SHA256", EVP_aes_128_gcm, EVP_sha256, 16, 32},
    {"TLS_AES_256_GCM_SHA384", EVP_aes_256_gcm, EVP_sha384, 32, 48},
    {"TLS_CHACHA20_POLY1305_SHA256", EVP_chacha20_poly1305, EVP_sha256, 32, 32},
}};

std::size_t index_of(Tls13Suite suite) {
  return static_cast<std::size_t>(suite) - static_cast<std::size_t>(Tls13Suite::aes_128_gcm_sha256);
}

const SuiteFacts& facts_of(Tls13Suite suite) { return suites[index_of(suite)]; }

// RFC 8446 section 7.1, with an empty context and at most one block of the hash (RFC 5869
// section 2.3), which is all that traffic keys need.
void expand_label(const SuiteFacts& facts, const TrafficSecret& secret, std::string_view label,
                  std::span<unsigned char> out) {
  constexpr std::string_view prefix = "tls13 ";
  std::array<unsigned char, 32> info{};
  std::size_t size = 1;
  info[size++] = static_cast<unsigned char>(out.size());
  info[size++] = static_cast<unsigned char>(prefix.size() + label.size());
  for (const std::string_view part : {prefix, label})
    for (const char c : part) info[size++] = static_cast<unsigned char>(c);
  info[size++] = 0;  // no context
  info[size++] = 1;  // the first block
  SecretBytes<EVP_MAX_MD_SIZE> block(facts.hash_bytes);
  unsigned made = 0;
  CHECK(HMAC(facts.hash(), secret.data(), static_cast<int>(secret.size()), info.data(), size,
             block.data(), &made) != nullptr);
  CHECK(made >= out.size());
  std::copy_n(block.data(), out.size(), out.data());
}

bool same(const RecordKey& one, const RecordKey& other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(char* text) { return reinterpret_cast<unsigned char*>(text); }

}  // namespace

std::string_view name_of(Tls13Suite suite) { return facts_of(suite).name; }

RecordCiphers::Cipher& RecordCiphers::cipher(Tls13Suite suite, Use use) {
  return ciphers_[index_of(suite) * 2 + static_cast<std::size_t>(use)];
}

EVP_CIPHER_CTX& RecordCiphers::prepare(Tls13Suite suite, Use use, const RecordKey& key,
                                       std::span<const unsigned char, 12> nonce) {
  Cipher& used = cipher(suite, use);
  const EVP_CIPHER* fresh = nullptr;
  if (!used.context) {
    used.context.reset(EVP_CIPHER_CTX_new());
    CHECK(used.context);
    fresh = facts_of(suite).cipher();
  }
  const bool keyed = same(used.key, key);
  CHECK(EVP_CipherInit_ex(used.context.get(), fresh, nullptr, keyed ? nullptr : key.data(),
                          nonce.data(), use == Use::seal ? 1 : 0) == 1);
  if (!keyed) {
    used.key = RecordKey(key.size());
    std::copy_n(key.data(), key.size(), used.key.data());
  }
  return *used.context;
}

void RecordCiphers::forget(Tls13Suite suite, Use use, const RecordKey& key) {
  Cipher& used = cipher(suite, use);
  if (!used.context || !same(used.key, key)) return;
  used.key.wipe();
  const RecordKey zeros;
  CHECK(EVP_CipherInit_ex(used.context.get(), nullptr, nullptr, zeros.data(), nullptr, -1) == 1);
}

TrafficKeys::TrafficKeys(Tls13Suite suite, TrafficSecret secret)
    : secret_(std::move(secret)), suite_(suite) {
  CHECK(secret_.size() == facts_of(suite).hash_bytes);
  derive();
}

void TrafficKeys::derive() {
  const SuiteFacts& facts = facts_of(suite_);
  key_ = RecordKey(facts.key_bytes);
  iv_ = SecretBytes<12>(12);
  expand_label(facts, secret_, "key", key_.span());
  expand_label(facts, secret_, "iv", iv_.span());
  sequence_ = 0;
}

void TrafficKeys::update(RecordCiphers& ciphers, RecordCiphers::Use use) {
  forget_in(ciphers, use);
  TrafficSecret next(secret_.size());
  expand_label(facts_of(suite_), secret_, "traffic upd", next.span());
  secret_ = std::move(next);
  derive();
}

// Section 5.3: the sequence number, big endian, over the end of the IV.
std::array<unsigned char, 12> TrafficKeys::next_nonce() {
  std::array<unsigned char, 12> nonce;
  std::copy_n(iv_.data(), nonce.size(), nonce.data());
  for (std::size_t i = 0; i < 8; ++i)
    nonce[11 - i] ^= static_cast<unsigned char>(sequence_ >> (8 * i));
  ++sequence_;
  return nonce;
}

std::size_t TrafficKeys::seal(RecordType type, std::string_view content, std::span<char> out,
                              RecordCiphers& ciphers) {
  const std::size_t payload = content.size() + 1 + record_tag_bytes;
  CHECK(content.size() <= record_content_bytes && out.size() >= record_header_bytes + payload);
  unsigned char* header = bytes_of(out.data());
  header[0] = static_cast<unsigned char>(RecordType::application_data);
  header[1] = header[2] = 3;  // legacy_record_version
  header[3] = static_cast<unsigned char>(payload >> 8);
  header[4] = static_cast<unsigned char>(payload);
  EVP_CIPHER_CTX* context = &ciphers.prepare(suite_, RecordCiphers::Use::seal, key_, next_nonce());
  unsigned char* body = header + record_header_bytes;
  // In its place, content and type at once: each call costs more than copying a usual record.
  if (!content.empty()) std::memcpy(body, content.data(), content.size());
  body[content.size()] = static_cast<unsigned char>(type);
  const int size = static_cast<int>(content.size()) + 1;
  int written = 0;
  CHECK(EVP_EncryptUpdate(context, nullptr, &written, header, record_header_bytes) == 1);
  CHECK(EVP_EncryptUpdate(context, body, &written, body, size) == 1);
  CHECK(EVP_EncryptFinal_ex(context, body + size, &written) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, record_tag_bytes, body + size) == 1);
  return record_header_bytes + payload;
}

std::expected<TrafficKeys::Opened, TlsAlert> TrafficKeys::open(std::string_view record, char* out,
                                                               RecordCiphers& ciphers) {
  if (record.size() <= record_overhead_bytes - 1) return std::unexpected(TlsAlert::bad_record_mac);
  const std::string_view header = record.substr(0, record_header_bytes);
  const std::string_view tag = record.substr(record.size() - record_tag_bytes);
  const std::string_view sealed =
      record.substr(record_header_bytes, record.size() - record_header_bytes - record_tag_bytes);
  if (sealed.size() > record_content_bytes + 1) return std::unexpected(TlsAlert::record_overflow);

  EVP_CIPHER_CTX* context = &ciphers.prepare(suite_, RecordCiphers::Use::open, key_, next_nonce());
  int written = 0;
  const bool fine =
      EVP_DecryptUpdate(context, nullptr, &written, bytes_of(header), record_header_bytes) == 1 &&
      EVP_DecryptUpdate(context, bytes_of(out), &written, bytes_of(sealed),
                        static_cast<int>(sealed.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, record_tag_bytes,
                          const_cast<char*>(tag.data())) == 1 &&
      EVP_DecryptFinal_ex(context, bytes_of(out) + sealed.size(), &written) == 1;
  if (!fine) return std::unexpected(TlsAlert::bad_record_mac);

  // Section 5.4: zeros follow the content type, which is therefore the last byte that is not zero.
  std::size_t size = sealed.size();
  while (size > 0 && out[size - 1] == 0) --size;
  if (size == 0) return std::unexpected(TlsAlert::unexpected_message);
  --size;
  const auto type = static_cast<RecordType>(out[size]);
  switch (type) {
    case RecordType::application_data:
      return Opened{type, size};
    case RecordType::alert:
    case RecordType::handshake:
      if (size > 0) return Opened{type, size};  // section 5.1: never empty
  }
  return std::unexpected(TlsAlert::unexpected_message);
}

}  // namespace herold::net
