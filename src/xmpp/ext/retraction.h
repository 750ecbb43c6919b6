// XEP-0424 Message Retraction.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view retraction = "urn:xmpp:message-retract:1";
inline constexpr std::string_view retraction_tombstone = "urn:xmpp:message-retract:1#tombstone";
}  // namespace ns

// Section 4: the message under this id is to be forgotten.
struct Retract {
  std::string id;
  static constexpr ElementName element{"retract", ns::retraction};
  static constexpr std::tuple fields{attribute("id", &Retract::id, required)};
};

// Section 5: what an archive shows in place of what was said. `id` is the retraction's.
struct Retracted {
  std::string id;
  WallTime stamp{};
  static constexpr ElementName element{"retracted", ns::retraction};
  static constexpr std::tuple fields{attribute("id", &Retracted::id, required),
                                     attribute("stamp", &Retracted::stamp)};
};

}  // namespace herold::xmpp
