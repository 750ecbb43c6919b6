// XEP-0054 vcard-temp: kept as it came, children and all.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

struct VCard {
  std::string xml;
  static constexpr ElementName element{"vCard", "vcard-temp"};
  static constexpr std::tuple fields{raw(&VCard::xml)};
};

}  // namespace herold::xmpp
