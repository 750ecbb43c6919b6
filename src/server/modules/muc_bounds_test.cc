// What rooms may cost, at the edges: lines of requests, pages of lists, invitations.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

// Clients that are told at once; rooms in one page; invitations in one message.
constexpr std::size_t at_once = 1000, rows = 100, invitations = 10;
constexpr std::string_view room = "cave@conference.xmpp.test";

std::string times(std::size_t count, std::string_view xml) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += xml;
  return all;
}

std::string join(std::string_view address) {
  return "<presence to='" + std::string(address) +
         "'><x xmlns='http://jabber.org/protocol/muc'/></presence>";
}

std::string field(std::string_view name, std::string_view value) {
  return "<field var='muc#roomconfig_" + std::string(name) + "'><value>" + std::string(value) +
         "</value></field>";
}

std::string configuration(std::string_view address, std::string_view fields) {
  return "<iq type='set' id='o' to='" + std::string(address) +
         "'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' "
         "type='submit'>" +
         std::string(fields) + "</x></query></iq>";
}

void opens(TestClient& client, std::string_view address, std::string_view fields = {}) {
  client.sends(join(address));
  client.asks(configuration(address.substr(0, address.find('/')), fields), "<iq type='result'/>");
  client.skips();
}

// A room with so many that what it says to all takes a while, and its owner, who is not in it.
struct BusyRoom : ::testing::Test {
  BusyRoom() {
    opens(owner, "c@m.test/owner",
          field("presencebroadcast", "moderator") + field("maxusers", "none") +
              field("persistentroom", "1"));
    for (std::size_t i = 0; i <= at_once; ++i)
      server.comes_online("guest/window", {.anonymous = true})
          .sends(join("c@m.test/" + std::to_string(i)));
    leaves();
  }
  void leaves() {
    owner.sends("<presence type='unavailable' to='c@m.test/owner'/>");
    owner.skips();
  }
  // At one go: what all are told, behind it what costs memory until its turn comes and nothing
  // then, and what finds no place any more.
  void asks_too_much() {
    std::string all;
    for (std::size_t i = 0; i < 2 * bounds::room_stanzas_ahead; ++i)
      all += configuration("c@m.test", field("roomname", std::to_string(i)));
    all += times(bounds::room_line / 700, "<message type='error' to='c@m.test'/>");
    all += join("c@m.test/owner") +
           "<message id='m' type='groupchat' to='c@m.test'><body>x</body></message>"
           "<iq type='get' id='q' to='c@m.test'><query "
           "xmlns='http://jabber.org/protocol/disco#info'/></iq>";
    owner.sends(all);
  }

  TestServer server{{.limits = "rooms_joined = 1\nclient_bandwidth = 100000000\n"
                               "client_bandwidth_burst = 100000000",
                     .modules = "[module.muc]\nhost = 'm.test'",
                     .domain = "anonymous = true",
                     .shards = 1}};
  TestClient& owner = server.comes_online("admin/desk");
};

std::string busy(std::string_view stanza, std::string_view from) {
  return "<" + std::string(stanza) + " type='error' from='" + std::string(from) +
         "'><error type='wait'><resource-constraint "
         "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></" +
         std::string(stanza) + ">";
}

// Nobody waits in a line without an end: he is told to come again, and is not where he wanted to
// be.
TEST_F(BusyRoom, RefusesWhenItsLineIsFull) {
  asks_too_much();
  // The network may have taken it in two pieces, with time for the room in between.
  for (int i = 0; i < 9 && !owner.takes(busy("presence", "c@m.test/owner")); ++i)
    leaves(), asks_too_much();
  EXPECT_TRUE(owner.takes(busy("message", "c@m.test")));
  EXPECT_TRUE(owner.takes(busy("iq", "c@m.test")));
  owner.skips();
  // He is in no room: so he may enter one.
  owner.sends(join("other@m.test/owner"));
  owner.receives(
      "<presence from='other@m.test/owner'><x "
      "xmlns='http://jabber.org/protocol/muc#user'/></presence>");
}

TEST(MucBounds, AListOfRoomsHasPages) {
  TestServer server({.shards = 2});
  TestClient& admin = server.comes_online("admin/desk");
  for (std::size_t i = 0; i <= rows; ++i)
    opens(admin, "r" + std::to_string(1000 + i) + "@conference.xmpp.test/admin");
  admin.asks(
      "<iq type='get' id='i' to='conference.xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'>"
      "<item jid='r1000@conference.xmpp.test'/><item jid='r1099@conference.xmpp.test'/>"
      "<ABSENT><item jid='r1100@conference.xmpp.test'/></ABSENT>"
      "<set xmlns='http://jabber.org/protocol/rsm'><count>101</count></set></query></iq>");
}

TEST(MucBounds, AMessageInvitesSoMany) {
  TestServer server;
  TestClient& admin = server.comes_online("admin/desk");
  opens(admin, std::string(room) + "/admin");
  const auto invite = [&](std::size_t count) {
    admin.sends("<message id='i' to='" + std::string(room) +
                "'><x xmlns='http://jabber.org/protocol/muc#user'>" +
                times(count, "<invite to='romeo@xmpp.test'/>") + "</x></message>");
  };
  invite(invitations);
  admin.receives_nothing();
  invite(invitations + 1);
  admin.receives(
      "<message type='error' id='i'><error><policy-violation "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
}

}  // namespace
}  // namespace herold::server
