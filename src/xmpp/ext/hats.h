// XEP-0317 Hats.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view hats = "urn:xmpp:hats:0";
inline constexpr std::string_view hats_commands = "urn:xmpp:hats:commands";
}  // namespace ns

struct Hat {
  std::string uri, title;
  std::string hue;  // an angle, for its colour
  static constexpr ElementName element{"hat", ns::hats};
  static constexpr std::tuple fields{attribute("uri", &Hat::uri, required),
                                     attribute("title", &Hat::title, required),
                                     attribute("hue", &Hat::hue)};
};

// In an occupant's presence (section 3.1).
struct Hats {
  std::vector<Hat> worn;
  static constexpr ElementName element{"hats", ns::hats};
  static constexpr std::tuple fields{child(&Hats::worn)};
};

}  // namespace herold::xmpp
