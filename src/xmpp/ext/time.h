// XEP-0202 Entity Time.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

// Both absent in a request; `tzo` is "Z" or "+hh:mm".
struct EntityTime {
  std::string tzo;
  std::optional<WallTime> utc;
  static constexpr ElementName element{"time", "urn:xmpp:time"};
  static constexpr std::tuple fields{child_text("tzo", &EntityTime::tzo),
                                     child_text("utc", &EntityTime::utc)};
};

}  // namespace herold::xmpp
