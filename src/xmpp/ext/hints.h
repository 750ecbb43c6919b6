// XEP-0334 Message Processing Hints.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view hints = "urn:xmpp:hints";
}

struct HintNoPermanentStore {
  static constexpr ElementName element{"no-permanent-store", ns::hints};
};
struct HintNoStore {
  static constexpr ElementName element{"no-store", ns::hints};
};
struct HintNoCopy {
  static constexpr ElementName element{"no-copy", ns::hints};
};
struct HintStore {
  static constexpr ElementName element{"store", ns::hints};
};

}  // namespace herold::xmpp
