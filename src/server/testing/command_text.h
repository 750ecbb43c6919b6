// For tests: an administrator's ad-hoc command from its form to its result (XEP-0050).
#pragma once

#include <string>
#include <string_view>

#include "server/testing/test_client.h"

namespace herold::server {

inline std::string command_xml(std::string_view node, std::string_view more,
                               std::string_view inside = {}) {
  return "<iq type='set' id='c' to='xmpp.test'><command "
         "xmlns='http://jabber.org/protocol/commands' "
         "node='http://jabber.org/protocol/admin#" +
         std::string(node) + "' " + std::string(more) + ">" + std::string(inside) +
         "</command></iq>";
}

inline std::string field(std::string_view var, std::string_view value) {
  return "<field var='" + std::string(var) + "'><value>" + std::string(value) + "</value></field>";
}

// Without a form: at once.
inline void runs(TestClient& admin, std::string_view node, std::string_view result,
                 TestClient::Place place = TestClient::Place::current()) {
  admin.asks(command_xml(node, ""),
             "<iq type='result'><command xmlns='http://jabber.org/protocol/commands' "
             "status='completed'>" +
                 std::string(result) + "</command></iq>",
             place);
}

// Fills the form in; `answer` is the pattern of the last answer.
inline void fills_in(TestClient& admin, std::string_view node, std::string_view fields,
                     std::string_view answer,
                     TestClient::Place place = TestClient::Place::current()) {
  admin.asks(command_xml(node, ""),
             "<iq type='result'><command xmlns='http://jabber.org/protocol/commands' "
             "status='executing'><x xmlns='jabber:x:data' type='form'/></command></iq>",
             place);
  const std::string session(admin.last().first_child().attribute("sessionid"));
  admin.asks(command_xml(node, "sessionid='" + session + "'",
                         "<x xmlns='jabber:x:data' type='submit'>" +
                             field("FORM_TYPE", "http://jabber.org/protocol/admin") +
                             std::string(fields) + "</x>"),
             answer, place);
}

constexpr auto completed =
    "<iq type='result'><command xmlns='http://jabber.org/protocol/commands' status='completed'/>"
    "</iq>";

inline std::string completed_with(std::string_view inside) {
  return "<iq type='result'><command xmlns='http://jabber.org/protocol/commands' "
         "status='completed'><x xmlns='jabber:x:data' type='result'>" +
         std::string(inside) + "</x></command></iq>";
}

}  // namespace herold::server
