// For tests: what a scanner finds in a stream that arrives in pieces, as text to compare.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "xml/scanner.h"

namespace herold::xml::testing {

inline std::string_view token_name(Scanner::Token token) {
  constexpr std::string_view names[] = {"need_more", "header",   "element",   "footer",
                                        "space",     "text",     "malformed", "restricted",
                                        "encoding",  "too_large"};
  return names[static_cast<std::size_t>(token)];
}

// Feeds `stream` in pieces as long as `next_piece` says (at least 1) as a connection would do, and
// lists the tokens with their bytes. Runs of space or text are joined, for they may be cut
// anywhere; of a skipped element only the length is told. An element too large is skipped up to
// `skip_limit`.
inline std::string scan_log(std::string_view stream, Bounds bounds, std::uint64_t skip_limit,
                            const std::function<std::size_t()>& next_piece) {
  using Token = Scanner::Token;
  Scanner scanner(bounds);
  std::string log;
  Token last = Token::need_more;
  std::uint64_t skipped = 0;
  std::size_t begin = 0;  // of what the scanner has not finished with
  std::size_t arrived = 0;
  while (true) {
    const bool skipping = scanner.skipping();
    auto [token, size] = scanner.next(stream.substr(begin, arrived - begin));
    if (token == Token::need_more) {
      if (skipping) {
        begin += size;
        skipped += size;
      }
      if (arrived == stream.size()) return log;
      arrived = std::min(stream.size(), arrived + next_piece());
      continue;
    }
    if (token == Token::whitespace && last == Token::text) token = Token::text;
    const bool joins = token == last && (token == Token::whitespace || token == Token::text);
    if (!joins) log.append("\n").append(token_name(token)).append(" ");
    log.append(skipping ? std::to_string(skipped + size) : std::string(stream.substr(begin, size)));
    begin += size;
    last = token;
    skipped = 0;
    if (token == Token::malformed || token == Token::restricted || token == Token::encoding)
      return log;
    if (token == Token::too_large) scanner.skip_element(skip_limit);
  }
}

inline std::string scan_whole(std::string_view stream, Bounds bounds, std::uint64_t skip_limit) {
  return scan_log(stream, bounds, skip_limit, [&] { return stream.size() + 1; });
}

}  // namespace herold::xml::testing
