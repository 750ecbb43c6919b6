// XEP-0059 Result Set Management.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view rsm = "http://jabber.org/protocol/rsm";
}

struct RsmFirst {
  std::optional<std::uint64_t> index;
  std::string id;
  static constexpr ElementName element{"first", ns::rsm};
  static constexpr std::tuple fields{attribute("index", &RsmFirst::index), content(&RsmFirst::id)};
};

// A request: `max` with `after`, `before` (present and empty: the last page) or `index`. An
// answer: `first`, `last`, `count`. Negative or absurd numbers are bad-request.
struct ResultSet {
  std::optional<std::string> after;
  std::optional<std::string> before;
  std::optional<std::uint64_t> index;
  std::optional<std::uint64_t> max;
  std::optional<RsmFirst> first;
  std::optional<std::string> last;
  std::optional<std::uint64_t> count;
  static constexpr ElementName element{"set", ns::rsm};
  static constexpr std::tuple fields{child_text("after", &ResultSet::after),
                                     child_text("before", &ResultSet::before),
                                     child_text("index", &ResultSet::index),
                                     child_text("max", &ResultSet::max),
                                     child(&ResultSet::first),
                                     child_text("last", &ResultSet::last),
                                     child_text("count", &ResultSet::count)};
};

}  // namespace herold::xmpp
