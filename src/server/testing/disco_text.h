// For tests: what a server says of itself when a client asks (XEP-0030).
#pragma once

#include <string>
#include <string_view>

namespace herold::server {

inline constexpr auto server_info_question =
    "<iq type='get' id='d' to='xmpp.test'>"
    "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>";

// With `inside` in it.
inline std::string server_info(std::string_view inside) {
  return "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>" +
         std::string(inside) + "</query></iq>";
}

}  // namespace herold::server
