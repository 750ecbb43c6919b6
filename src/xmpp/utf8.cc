// UTF-8 of RFC 3629, strictly: no overlong forms, no surrogates, nothing above U+10FFFF.
#include "xmpp/unicode.h"

namespace herold::xmpp::unicode {
namespace {

// What a first byte says: how many follow, its own bits, and the smallest value allowed.
struct Lead {
  int following;
  char32_t bits;
  char32_t least;
};

std::optional<Lead> read_lead(unsigned char byte) {
  if (byte < 0x80) return Lead{0, byte, 0};
  if (byte >= 0xc2 && byte <= 0xdf) return Lead{1, byte & 0x1fu, 0x80};
  if (byte >= 0xe0 && byte <= 0xef) return Lead{2, byte & 0x0fu, 0x800};
  if (byte >= 0xf0 && byte <= 0xf4) return Lead{3, byte & 0x07u, 0x10000};
  return std::nullopt;
}

}  // namespace

std::optional<std::u32string> decode_utf8(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::optional<Lead> lead = read_lead(static_cast<unsigned char>(text[i++]));
    if (!lead) return std::nullopt;
    char32_t value = lead->bits;
    for (int left = lead->following; left > 0; --left) {
      if (i == text.size()) return std::nullopt;
      const auto byte = static_cast<unsigned char>(text[i++]);
      if ((byte & 0xc0) != 0x80) return std::nullopt;
      value = value << 6 | (byte & 0x3fu);
    }
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < lead->least || value > 0x10ffff || surrogate) return std::nullopt;
    out += value;
  }
  return out;
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6), put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
  }
}

}  // namespace herold::xmpp::unicode
