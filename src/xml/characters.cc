// UTF-8 decoding and the character tables of XML 1.0, fifth edition.
#include "xml/characters.h"

#include "xml/find.h"

namespace herold::xml {
namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

constexpr Range name_start_ranges[] = {
    {0xc0, 0xd6},     {0xd8, 0xf6},     {0xf8, 0x2ff},    {0x370, 0x37d},
    {0x37f, 0x1fff},  {0x200c, 0x200d}, {0x2070, 0x218f}, {0x2c00, 0x2fef},
    {0x3001, 0xd7ff}, {0xf900, 0xfdcf}, {0xfdf0, 0xfffd}, {0x10000, 0xeffff},
};
constexpr Range more_name_ranges[] = {{0xb7, 0xb7}, {0x300, 0x36f}, {0x203f, 0x2040}};

template <std::size_t n>
bool contains(const Range (&ranges)[n], std::uint32_t c) {
  for (const Range& range : ranges)
    if (c >= range.first && c <= range.last) return true;
  return false;
}

struct Decoded {
  std::uint32_t code_point;
  std::uint32_t size;
};

// Of bytes known to be valid UTF-8.
Decoded decode(const char* at) {
  const auto byte = [at](int i) { return static_cast<unsigned char>(at[i]); };
  const auto tail = [byte](int i) { return byte(i) & 0x3fu; };
  if (byte(0) < 0x80) return {byte(0), 1};
  if (byte(0) < 0xe0) return {(byte(0) & 0x1fu) << 6 | tail(1), 2};
  if (byte(0) < 0xf0) return {(byte(0) & 0x0fu) << 12 | tail(1) << 6 | tail(2), 3};
  return {(byte(0) & 0x07u) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4};
}

// How long the sequence at `at` is that forms one Char, 0 when it forms none (RFC 3629 section 4).
std::size_t character_size(const char* at, const char* end) {
  const auto byte = [at](int i) { return static_cast<unsigned char>(at[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first >= 0x20 || is_space(*at) ? 1 : 0;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::ptrdiff_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (end - at < size) return 0;
  for (int i = 1; i < size; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const std::uint32_t c = decode(at).code_point;
  const bool overlong = (size == 3 && c < 0x800) || (size == 4 && c < 0x10000);
  return overlong || !is_character(c) ? 0 : static_cast<std::size_t>(size);
}

}  // namespace

bool is_name_start(std::uint32_t c) { return contains(name_start_ranges, c); }
bool is_name(std::uint32_t c) { return is_name_start(c) || contains(more_name_ranges, c); }

Characters check_characters(std::string_view text) {
  const auto unusual = [](auto c) { return (c < 0x20) | (c > 0x7f); };
  const char* at = text.data();
  const char* end = at + text.size();
  Characters found = Characters::legal;
  while ((at = find(at, end, unusual)) != end) {
    do {
      if (*at == '\r') found = Characters::legal_with_returns;
      const std::size_t size = character_size(at, end);
      if (size == 0) return Characters::illegal;
      at += size;
    } while (at != end && unusual(static_cast<unsigned char>(*at)));
  }
  return found;
}

std::size_t name_length(const char* at) {
  const char* start = at;
  if (!has_class(*at, name_start_class)) {
    if (static_cast<unsigned char>(*at) < 0x80) return 0;
    const Decoded first = decode(at);
    if (!is_name_start(first.code_point)) return 0;
    at += first.size;
  }
  while (true) {
    while (has_class(*at, name_class)) ++at;
    if (static_cast<unsigned char>(*at) < 0x80) break;
    const Decoded next = decode(at);
    if (!is_name(next.code_point)) break;
    at += next.size;
  }
  return static_cast<std::size_t>(at - start);
}

char* put_utf8(char* out, std::uint32_t c) {
  const auto put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
  return out;
}

}  // namespace herold::xml
