// XML that this server wrote or accepted itself, read back without new bounds.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "xmpp/payload.h"

namespace herold::server {

// One whole element; none where the text is damaged. `default_ns`: of unprefixed elements that
// declare no namespace.
xml::Document parse_own(std::string_view text, std::string_view default_ns = {});

// Nothing where the text is damaged or no P.
template <class P>
std::optional<P> read_own(std::string_view text, std::string_view default_ns = {}) {
  const xml::Document document = parse_own(text, default_ns);
  if (!document || !xmpp::is<P>(document.root())) return std::nullopt;
  auto payload = xmpp::read<P>(document.root());
  return payload ? std::optional(*std::move(payload)) : std::nullopt;
}

}  // namespace herold::server
