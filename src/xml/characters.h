// What XML 1.0 (fifth edition) calls a character, white space and a name, over UTF-8.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace herold::xml {

enum CharacterClass : std::uint8_t {
  name_start_class = 1,  // may begin a name (no colon)
  name_class = 2,        // may stand inside a name (no colon)
  space_class = 4,
};

inline constexpr std::array<std::uint8_t, 256> character_classes = [] {
  std::array<std::uint8_t, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 32] = name_start_class | name_class;
  table['_'] = name_start_class | name_class;
  for (int c = '0'; c <= '9'; ++c) table[c] = name_class;
  table['-'] = table['.'] = name_class;
  table[' '] = table['\t'] = table['\n'] = table['\r'] = space_class;
  return table;
}();

inline bool has_class(char c, CharacterClass wanted) {
  return (character_classes[static_cast<unsigned char>(c)] & wanted) != 0;
}
inline bool is_space(char c) { return has_class(c, space_class); }

// Production [2] Char.
constexpr bool is_character(std::uint32_t c) {
  return (c >= 0x20 && c <= 0xd7ff) || c == '\t' || c == '\n' || c == '\r' ||
         (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

// Production [4] NameStartChar and [4a] NameChar, beyond ASCII.
bool is_name_start(std::uint32_t c);
bool is_name(std::uint32_t c);

// What a text is made of: every byte valid UTF-8 and every code point a Char?
enum class Characters {
  illegal,
  legal,
  legal_with_returns,  // at least one carriage return among them
};
Characters check_characters(std::string_view text);

// Length of the NCName that `at` begins with, 0 when there is none. The text is legal UTF-8 and
// something that is no name (a NUL) stands behind it.
std::size_t name_length(const char* at);

// Appends `c` as UTF-8 at `out`; answers the end. At most four bytes.
char* put_utf8(char* out, std::uint32_t c);

}  // namespace herold::xml
