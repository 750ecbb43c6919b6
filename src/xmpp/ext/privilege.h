// XEP-0356 Privileged Entity and XEP-0355 Namespace Delegation: the elements around what is done
// for others; what stands in them are whole stanzas.
#pragma once

#include <tuple>

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view privilege = "urn:xmpp:privilege:2";
inline constexpr std::string_view delegation = "urn:xmpp:delegation:2";
}  // namespace ns

// A request in the name of the account that it is sent to.
struct PrivilegedIq {
  static constexpr ElementName element{"privileged_iq", ns::privilege};
  static constexpr std::tuple<> fields{};
};

}  // namespace herold::xmpp
