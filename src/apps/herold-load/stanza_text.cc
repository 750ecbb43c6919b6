// Start tags and marks, read by hand because a load generator must cost less than the server.
#include "apps/herold-load/stanza_text.h"

#include <charconv>
#include <cstring>

namespace herold::load {
namespace {

constexpr std::string_view white = " \t\r\n";
constexpr std::string_view lead = "@~@";  // nothing that anybody escapes
constexpr std::size_t time_digits = 16, number_digits = 8;
static_assert(Mark::size == lead.size() + time_digits + number_digits);

void write_hex(char* to, std::uint64_t value, std::size_t digits) {
  for (std::size_t i = digits; i-- > 0; value >>= 4) to[i] = "0123456789abcdef"[value & 15];
}

template <class Number>
std::optional<Number> read_hex(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

}  // namespace

std::string_view element_name(std::string_view element) {
  return element.substr(1, element.find_first_of(" \t\r\n/>", 1) - 1);
}

std::string_view attribute(std::string_view element, std::string_view name) {
  std::size_t at = 1 + element_name(element).size();
  while (true) {
    at = element.find_first_not_of(white, at);
    if (at == element.npos || element[at] == '>' || element[at] == '/') return {};
    const std::size_t equals = element.find('=', at);
    const std::size_t open = element.find_first_of("'\"", equals);
    if (open == element.npos) return {};
    const std::size_t close = element.find(element[open], open + 1);
    if (close == element.npos) return {};
    const std::string_view found = element.substr(at, element.find_first_of(" \t\r\n=", at) - at);
    if (found == name) return element.substr(open + 1, close - open - 1);
    at = close + 1;
  }
}

void Mark::write(char* to) const {
  std::memcpy(to, lead.data(), lead.size());
  const auto time = static_cast<std::uint64_t>(sent.time_since_epoch().count());
  write_hex(to + lead.size(), time, time_digits);
  write_hex(to + lead.size() + time_digits, number, number_digits);
}

std::string Mark::text() const {
  std::string out(size, ' ');
  write(out.data());
  return out;
}

std::optional<Mark> find_mark(std::string_view stanza) {
  const void* found = ::memmem(stanza.data(), stanza.size(), lead.data(), lead.size());
  if (found == nullptr) return {};
  const std::size_t at = static_cast<std::size_t>(static_cast<const char*>(found) - stanza.data());
  if (stanza.size() - at < Mark::size) return {};
  const auto time = read_hex<std::uint64_t>(stanza.substr(at + lead.size(), time_digits));
  const auto number =
      read_hex<std::uint32_t>(stanza.substr(at + lead.size() + time_digits, number_digits));
  if (!time || !number) return {};
  return Mark{MonotonicTime(Duration(static_cast<std::int64_t>(*time))), *number};
}

}  // namespace herold::load
