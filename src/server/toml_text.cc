// Escaping of TOML basic strings, and descriptions of wrong values.
#include "server/toml_text.h"

namespace herold::server {

std::string toml_string(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += "\\u00";
      quoted += {digits[byte >> 4], digits[byte & 15]};
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string describe(const OptionValue& value) {
  constexpr std::size_t longest = 60;
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (std::holds_alternative<double>(value)) return "a number with a fraction";
  if (std::holds_alternative<std::vector<std::string>>(value)) return "a list";
  const std::string& text = std::get<std::string>(value);
  if (text.size() <= longest) return toml_string(text);
  std::size_t cut = longest;  // never inside a character
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
  return toml_string(text.substr(0, cut)) + "...";
}

}  // namespace herold::server
