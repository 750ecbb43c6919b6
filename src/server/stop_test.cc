// A stop in order: one shard after the other ends, and what is under way between them is not lost.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "server/testing/test_server.h"
#include "store/sim_disk.h"

namespace herold::server {
namespace {

constexpr std::array names{"romeo", "juliet", "mercutio", "benvolio", "tybalt",
                           "nurse", "paris",  "rosaline", "lawrence", "balthasar"};
constexpr std::array rooms{"hall", "cave", "vault", "street"};

std::string presence_in(std::string_view room, std::string_view nick) {
  return "<presence to='" + std::string(room) + "@conference.xmpp.test/" + std::string(nick) +
         "'><x xmlns='http://jabber.org/protocol/muc'/></presence>";
}

std::string opening_of(std::string_view room) {
  return "<iq type='set' id='open' to='" + std::string(room) +
         "@conference.xmpp.test'><query xmlns='http://jabber.org/protocol/muc#owner'>"
         "<x xmlns='jabber:x:data' type='submit'/></query></iq>";
}

std::string said_in(std::string_view room) {
  return "<message type='groupchat' to='" + std::string(room) +
         "@conference.xmpp.test'><body>at the end</body></message>";
}

using Heard = std::map<std::string, int>;  // how often each occupant was heard

Heard heard_by(TestClient& client) {
  Heard heard;
  for (const xml::Document& stanza : client.takes_all())
    if (stanza.root().child("body", "jabber:client"))
      ++heard[std::string(stanza.root().attribute("from"))];
  return heard;
}

class Stop : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  // All are in each room, and what was said there so far does not matter.
  Stop() {
    for (const std::string name : names)
      clients.push_back(&server.comes_online(name + "/home", {.managed = true}));
    for (const std::string_view room : rooms) {
      clients.front()->sends(presence_in(room, names.front()));
      clients.front()->asks(opening_of(room), "<iq type='result'/>");
      for (std::size_t i = 1; i < names.size(); ++i) clients[i]->sends(presence_in(room, names[i]));
    }
    server.passes(Seconds(2));
    for (TestClient* client : clients) client->skips();
  }

  // Many shards, so that the first has stopped long before the last.
  TestServer server{{.shards = 8, .seed = GetParam()}};
  std::vector<TestClient*> clients;
};

// A disk that takes no writes holds what is said until the stop lets it go on its way: from the
// speaker's shard to the room's, and from there to all others. Some of it is refused, but what one
// has heard all have.
TEST_P(Stop, WhatIsSaidInRoomsMeanwhileIsHeardByAll) {
  server.disk().refuse_writes(true);
  for (std::size_t i = 0; i < names.size(); ++i)
    clients[i]->sends(said_in(rooms[i % rooms.size()]));
  server.disk().refuse_writes(false);
  server.restarts();
  for (TestClient* client : clients) {
    client->resumes();
    server.passes(Seconds(2));
  }
  std::vector<Heard> heard;
  for (TestClient* client : clients) heard.push_back(heard_by(*client));
  EXPECT_FALSE(heard.front().empty());
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(heard[i], heard.front()) << names[i];
}

INSTANTIATE_TEST_SUITE_P(Seeds, Stop, ::testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace herold::server
