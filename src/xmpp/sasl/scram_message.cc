// The grammar of RFC 5802 section 7.
#include "xmpp/sasl/scram_message.h"

#include <algorithm>

#include "base/base64.h"

namespace herold::xmpp {
namespace {

// printable: %x21-2B / %x2D-7E
bool is_nonce(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c > ' ' && c < '\x7f' && c != ','; });
}

// cb-name: 1*(ALPHA / DIGIT / "." / "-")
bool is_binding_type(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-';
  });
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

struct Attribute {
  char name;
  std::string_view value;
};

// Walks over "a=value,b=value"; each name at most once, values neither empty nor holding NUL.
class Attributes {
 public:
  explicit Attributes(std::string_view text) : text_(text) {}

  bool at_end() const { return at_end_; }
  std::size_t position() const { return start_; }  // where the attribute read last begins

  std::optional<Attribute> next() {
    if (at_end_) return {};
    start_ = position_;
    std::size_t end = text_.find(',', position_);
    if (end == std::string_view::npos) {
      end = text_.size();
      at_end_ = true;
    }
    const std::string_view pair = text_.substr(position_, end - position_);
    position_ = end + 1;
    if (pair.size() < 3 || !is_letter(pair[0]) || pair[1] != '=') return {};
    if (pair.find('\0') != std::string_view::npos) return {};
    const std::uint64_t bit = std::uint64_t{1} << (static_cast<unsigned char>(pair[0]) - 'A');
    if (seen_ & bit) return {};
    seen_ |= bit;
    return Attribute{pair[0], pair.substr(2)};
  }

  // The value of the attribute that must come next.
  std::optional<std::string_view> expect(char name) {
    const auto attribute = next();
    if (!attribute || attribute->name != name) return {};
    return attribute->value;
  }

  // The rest: optional extensions, none of them mandatory ("m", section 5.1).
  template <class Visit>
  bool extensions(Visit visit) {
    while (!at_end_) {
      const auto attribute = next();
      if (!attribute || attribute->name == 'm') return false;
      visit(*attribute);
    }
    return true;
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t start_ = 0;
  std::uint64_t seen_ = 0;
  bool at_end_ = false;
};

// posit-number: no leading zero. Ten digits are more than any count that makes sense.
std::optional<std::uint64_t> parse_count(std::string_view text) {
  if (text.empty() || text.size() > 10 || text.front() == '0') return {};
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

// gs2-header: flag "," [authzid] ","; the size of it, when it is one.
std::optional<std::size_t> parse_gs2_header(std::string_view text, ClientFirst& message) {
  const std::size_t first = text.find(',');
  if (first == std::string_view::npos) return {};
  const std::size_t second = text.find(',', first + 1);
  if (second == std::string_view::npos) return {};
  const std::string_view flag = text.substr(0, first);
  const std::string_view authzid = text.substr(first + 1, second - first - 1);
  if (flag == "n") {
    message.flag = Gs2Flag::unsupported;
  } else if (flag == "y") {
    message.flag = Gs2Flag::not_offered;
  } else if (flag.starts_with("p=") && is_binding_type(flag.substr(2))) {
    message.flag = Gs2Flag::used;
    message.binding_type = flag.substr(2);
  } else {
    return {};
  }
  if (!authzid.empty()) {
    if (!authzid.starts_with("a=")) return {};
    auto decoded = decode_saslname(authzid.substr(2));
    if (!decoded) return {};
    message.authzid = std::move(*decoded);
  }
  return second + 1;
}

}  // namespace

std::optional<ClientFirst> parse_client_first(std::string_view text) {
  ClientFirst message;
  const auto header_size = parse_gs2_header(text, message);
  if (!header_size) return {};
  message.gs2_header = text.substr(0, *header_size);
  message.bare = text.substr(*header_size);

  Attributes attributes(message.bare);
  const auto name = attributes.expect('n');
  const auto nonce = name ? attributes.expect('r') : std::nullopt;
  if (!nonce || !is_nonce(*nonce)) return {};
  auto username = decode_saslname(*name);
  if (!username) return {};
  message.username = std::move(*username);
  message.nonce = *nonce;
  if (!attributes.extensions([](Attribute) {})) return {};
  return message;
}

std::optional<ServerFirst> parse_server_first(std::string_view text) {
  Attributes attributes(text);
  const auto nonce = attributes.expect('r');
  const auto salt = nonce ? attributes.expect('s') : std::nullopt;
  const auto count = salt ? attributes.expect('i') : std::nullopt;
  if (!count || !is_nonce(*nonce)) return {};
  auto salt_bytes = base64_decode(*salt);
  const auto iterations = parse_count(*count);
  if (!salt_bytes || salt_bytes->empty() || !iterations) return {};
  ServerFirst message{*nonce, std::move(*salt_bytes), *iterations, {}, {}};
  const bool legal = attributes.extensions([&message](Attribute attribute) {
    if (attribute.name == 'h') message.downgrade_hash = attribute.value;
    if (attribute.name == 't') message.tls_version = attribute.value;
  });
  if (!legal) return {};
  return message;
}

std::optional<ClientFinal> parse_client_final(std::string_view text) {
  Attributes attributes(text);
  const auto binding = attributes.expect('c');
  const auto nonce = binding ? attributes.expect('r') : std::nullopt;
  if (!nonce || !is_nonce(*nonce)) return {};
  auto binding_bytes = base64_decode(*binding);
  if (!binding_bytes) return {};
  std::optional<Attribute> last;
  const bool legal = attributes.extensions([&last](Attribute attribute) { last = attribute; });
  // The proof stands last: what followed it would not be under it.
  if (!legal || !last || last->name != 'p') return {};
  auto proof = base64_decode(last->value);
  if (!proof) return {};
  return ClientFinal{std::move(*binding_bytes), *nonce, std::move(*proof),
                     text.substr(0, attributes.position() - 1)};
}

std::optional<ServerFinal> parse_server_final(std::string_view text) {
  Attributes attributes(text);
  const auto first = attributes.next();
  if (!first || !attributes.extensions([](Attribute) {})) return {};
  if (first->name == 'e') return ServerFinal{{}, first->value};
  if (first->name != 'v') return {};
  auto verifier = base64_decode(first->value);
  if (!verifier || verifier->empty()) return {};
  return ServerFinal{std::move(*verifier), {}};
}

std::string encode_saslname(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (const char c : name) {
    if (c == ',') {
      out.append("=2C");
    } else if (c == '=') {
      out.append("=3D");
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::optional<std::string> decode_saslname(std::string_view text) {
  if (text.empty()) return {};
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0' || text[i] == ',') return {};
    if (text[i] != '=') {
      out.push_back(text[i]);
    } else if (text.substr(i, 3) == "=2C") {
      out.push_back(',');
      i += 2;
    } else if (text.substr(i, 3) == "=3D") {
      out.push_back('=');
      i += 2;
    } else {
      return {};
    }
  }
  return out;
}

}  // namespace herold::xmpp
