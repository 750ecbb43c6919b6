// Reading and writing the key file, and sealing values under its keys.
#include "crypto/key_file.h"

#include <charconv>

#include "base/base64.h"
#include "base/check.h"
#include "base/limits.h"
#include "base/random.h"

namespace herold::crypto {
namespace {

constexpr std::string_view first_line = "herold-keys 1";
constexpr std::size_t id_size = 4;

SecretString random_key(Random& random) {
  std::string bytes(aead_key_size, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  return SecretString::take(std::move(bytes));
}

std::optional<std::uint32_t> parse_id(std::string_view text) {
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id == 0) return {};
  if (text.front() == '0') return {};
  return id;
}

// Cuts the front line off; a line without its LF is none.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return {};
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::unexpected<Error> malformed(const char* what) {
  return fail(Fault::invalid, std::string("The key file is damaged: ") + what + ".");
}

}  // namespace

KeyFile KeyFile::create(Random& random) {
  KeyFile file;
  file.rotate(random);
  return file;
}

Result<KeyFile> KeyFile::parse(std::string_view text) {
  KeyFile file;
  if (take_line(text) != first_line) return malformed("its first line is not \"herold-keys 1\"");
  while (auto line = take_line(text)) {
    if (line->starts_with("current ")) {
      const auto id = parse_id(line->substr(8));
      if (!id || !file.find(*id)) return malformed("its current key is not in it");
      if (!text.empty()) return malformed("lines follow the current key");
      file.current_ = *id;
      return file;
    }
    if (!line->starts_with("key ")) return malformed("it holds a line that is no key");
    const std::size_t space = line->find(' ', 4);
    if (space == std::string_view::npos) return malformed("a key is missing its bytes");
    const auto id = parse_id(line->substr(4, space - 4));
    auto bytes = base64_decode(line->substr(space + 1));
    if (!id || file.find(*id)) return malformed("a key's number is bad or used twice");
    if (!bytes || bytes->size() != aead_key_size) return malformed("a key is not 32 bytes");
    if (file.keys_.size() == bounds::key_file_keys) return malformed("it holds too many keys");
    file.keys_.push_back({*id, SecretString::take(std::move(*bytes))});
  }
  return malformed("it ends before its last line");
}

SecretString KeyFile::text() const {
  std::string out;
  out.reserve(64 + keys_.size() * 64);  // never grows, so that no copy is left behind
  out.append(first_line).append("\n");
  for (const Key& key : keys_) {
    std::string encoded = base64_encode(key.bytes.view());
    out.append("key ").append(std::to_string(key.id)).append(" ").append(encoded).append("\n");
    wipe(encoded);
  }
  out.append("current ").append(std::to_string(current_)).append("\n");
  return SecretString::take(std::move(out));
}

void KeyFile::rotate(Random& random) {
  std::uint32_t highest = 0;
  for (const Key& key : keys_) highest = key.id > highest ? key.id : highest;
  keys_.push_back({highest + 1, random_key(random)});
  current_ = highest + 1;
}

void KeyFile::keep_current() {
  std::erase_if(keys_, [this](const Key& key) { return key.id != current_; });
}

const KeyFile::Key* KeyFile::find(std::uint32_t id) const {
  for (const Key& key : keys_) {
    if (key.id == id) return &key;
  }
  return nullptr;
}

std::string KeyFile::seal(const Crypto& crypto, Random& random, std::string_view context,
                          std::string_view plain) const {
  const Key* key = find(current_);
  CHECK(key != nullptr);
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((current_ >> shift) & 0xff));
  }
  std::uint8_t nonce[aead_nonce_size];
  random.fill(nonce);
  const std::string_view nonce_view(reinterpret_cast<char*>(nonce), sizeof nonce);
  out.append(nonce_view);
  out.append(crypto.seal(key->bytes.view(), nonce_view, context, plain));
  return out;
}

Result<SecretString> KeyFile::open(const Crypto& crypto, std::string_view context,
                                   std::string_view sealed) const {
  if (sealed.size() < id_size + aead_nonce_size + aead_tag_size) {
    return fail(Fault::malformed, "A sealed value is too short.");
  }
  const Key* key = find(key_of(sealed));
  if (!key) {
    return fail(Fault::not_found, "A value is sealed under key " + std::to_string(key_of(sealed)) +
                                      ", which is not in the key file.");
  }
  auto plain = crypto.open(key->bytes.view(), sealed.substr(id_size, aead_nonce_size), context,
                           sealed.substr(id_size + aead_nonce_size));
  if (!plain) return fail(Fault::malformed, "A sealed value is damaged or belongs elsewhere.");
  return std::move(*plain);
}

std::uint32_t KeyFile::key_of(std::string_view sealed) {
  if (sealed.size() < id_size) return 0;
  std::uint32_t id = 0;
  for (char byte : sealed.substr(0, id_size)) id = (id << 8) | static_cast<unsigned char>(byte);
  return id;
}

Result<KeyFile> load_key_file(const FoundKeyFile& found, StoredData data) {
  if (!found.text) {
    if (data == StoredData::none) return fail(Fault::not_found, "There is no key file yet.");
    return fail(Fault::invalid,
                "The key file is missing although there is data sealed under it. Restore it from "
                "the backup; a new one would make every stored credential unreadable.");
  }
  if ((found.mode & 077) != 0) {
    return fail(Fault::invalid,
                "The key file can be read or written by others; make it private (chmod 600) and "
                "consider its keys known.");
  }
  return KeyFile::parse(found.text->view());
}

}  // namespace herold::crypto
