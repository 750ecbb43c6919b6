// Rosters and subscriptions over the death of the server: what a resumed client shows, and that
// both sides of a subscription always agree (RFC 6121 sections 2.1.6, 2.6 and 3).
#include <gtest/gtest.h>

#include "server/testing/test_server.h"
#include "store/sim_disk.h"

namespace herold::server {
namespace {

constexpr auto get = "<iq type='get' id='get'><query xmlns='jabber:iq:roster'/></iq>";
constexpr auto done = "<iq type='result'/>";

std::string set(std::string_view item) {
  return "<iq type='set' id='set'><query xmlns='jabber:iq:roster'>" + std::string(item) +
         "</query></iq>";
}

std::string push(std::string_view item) {
  return "<iq type='set'><query xmlns='jabber:iq:roster'>" + std::string(item) + "</query></iq>";
}

// ---- pushes to a session that is resumed

struct ResumedRoster : ::testing::Test {
  TestServer server;
  TestClient& phone = server.comes_online("romeo/phone", {.managed = true});
  TestClient& desk = server.comes_online("romeo/desk");

  void desk_sets(std::string_view item) {
    desk.asks(set(item), done);
    desk.skips();
  }
};

TEST_F(ResumedRoster, GetsThePushesThatTheServerDiedWith) {
  desk_sets("<item jid='mercutio@xmpp.test' name='M'/>");
  desk_sets("<item jid='tybalt@xmpp.test' name='T'/>");
  phone.asks(get, done);
  phone.loses_connection();
  desk_sets("<item jid='juliet@xmpp.test' name='J'><group>love</group></item>");
  desk_sets("<item jid='tybalt@xmpp.test' subscription='remove'/>");
  server.is_killed();
  phone.resumes();
  phone.receives_all(
      {"<presence from='romeo@xmpp.test/phone'/>",
       push("<item jid='juliet@xmpp.test' name='J' subscription='none'><group>love</group></item>"),
       push("<item jid='tybalt@xmpp.test' subscription='remove'/>")});
  phone.receives_nothing();
}

TEST_F(ResumedRoster, GetsNothingAgainThatItHas) {
  phone.asks(get, done);
  desk_sets("<item jid='juliet@xmpp.test' name='J'/>");
  phone.receives(push("<item jid='juliet@xmpp.test'/>"));
  server.passes(Seconds(5));  // and acknowledges it
  phone.loses_connection();
  server.is_killed();
  phone.resumes();
  phone.receives("<presence from='romeo@xmpp.test/phone'/>");
  phone.receives_nothing();
}

TEST_F(ResumedRoster, IsToldAgainAfterASecondDeath) {
  phone.asks(get, done);
  phone.loses_connection();
  desk_sets("<item jid='juliet@xmpp.test' name='J'/>");
  server.is_killed();
  server.is_killed();
  phone.resumes();
  phone.receives_all({"<presence from='romeo@xmpp.test/phone'/>",
                      push("<item jid='juliet@xmpp.test' name='J'/>")});
}

TEST_F(ResumedRoster, IsLeftAloneWhereItNeverAskedForIt) {
  phone.loses_connection();
  desk_sets("<item jid='juliet@xmpp.test' name='J'/>");
  server.is_killed();
  phone.resumes();
  phone.receives("<presence from='romeo@xmpp.test/phone'/>");
  phone.receives_nothing();
}

// More was removed than is remembered: it has to load the roster anew.
TEST(ResumedRosterBound, BeginsAnewWhereTheDifferenceIsForgotten) {
  TestServer server({.limits = "roster_removals = 1"});
  TestClient& phone = server.comes_online("romeo/phone", {.managed = true});
  TestClient& desk = server.comes_online("romeo/desk");
  const auto desk_sets = [&](const std::string& item) { desk.asks(set(item), done); };
  for (const char* name : {"juliet", "mercutio", "tybalt"})
    desk_sets("<item jid='" + std::string(name) + "@xmpp.test'/>");
  phone.asks(get, done);
  phone.loses_connection();
  for (const char* name : {"juliet", "mercutio", "tybalt"})
    desk_sets("<item jid='" + std::string(name) + "@xmpp.test' subscription='remove'/>");
  server.is_killed();
  EXPECT_FALSE(phone.tries_to_resume());
  phone.is_disconnected("reset");
}

// ---- subscriptions: the server dies at each operation of the disk in turn

struct Sides {
  std::string item;  // romeo's, of juliet
  std::string other;
  bool is_asked = false;  // juliet
};

std::string item_of(TestClient& client, std::string_view contact) {
  client.asks(get, done);
  for (const xml::Element item : client.last().first_child().children())
    if (item.attribute("jid") == contact)
      return std::string(item.attribute("subscription")) +
             (item.attribute("ask").empty() ? "" : " ask");
  return "";
}

Sides sides_of(TestServer& server) {
  TestClient& romeo = server.signs_in("romeo/afterwards");
  TestClient& juliet = server.signs_in("juliet/afterwards");
  juliet.sends("<presence><priority>-1</priority></presence>");
  Sides sides;
  sides.is_asked = juliet.takes("<presence type='subscribe' from='romeo@xmpp.test'/>");
  sides.item = item_of(romeo, "juliet@xmpp.test");
  sides.other = item_of(juliet, "romeo@xmpp.test");
  return sides;
}

// What may stand at one side beside what stands at the other (appendix A.1).
bool agree(const Sides& sides) {
  const bool sees = sides.item.starts_with("to") || sides.item.starts_with("both");
  const bool is_seen = sides.item.starts_with("from") || sides.item.starts_with("both");
  const bool other_sees = sides.other.starts_with("to") || sides.other.starts_with("both");
  const bool other_is_seen = sides.other.starts_with("from") || sides.other.starts_with("both");
  return sees == other_is_seen && is_seen == other_sees &&
         sides.item.ends_with("ask") == sides.is_asked;
}

class Death : public ::testing::TestWithParam<unsigned> {
 protected:
  // `befriended` first, then romeo sends it while the server dies, for every operation it takes.
  void dies_during(std::string_view stanza, bool befriended) {
    for (std::uint64_t operation = 1; operation < 100; ++operation) {
      TestServer server({.shards = GetParam(), .seed = operation});
      TestClient& romeo = server.comes_online("romeo/orchard");
      TestClient& juliet = server.comes_online("juliet/balcony");
      if (befriended) server.befriend(romeo, juliet);
      server.passes(Seconds(2));
      server.disk().die_at(operation);
      romeo.sends(stanza);
      const bool has_died = server.disk().dead();
      server.is_killed();
      server.log().errors.clear();  // of the disk
      const Sides sides = sides_of(server);
      EXPECT_TRUE(agree(sides)) << "death at operation " << operation << ": romeo has '"
                                << sides.item << "', juliet '" << sides.other << "' and is "
                                << (sides.is_asked ? "" : "not ") << "asked";
      if (has_died) continue;
      EXPECT_GT(operation, 3u) << "it took no operation";
      return;
    }
    ADD_FAILURE() << "there is no end of operations";
  }
};

TEST_P(Death, DuringASubscriptionLeavesNobodyUntold) {
  dies_during("<presence type='subscribe' to='juliet@xmpp.test'/>", false);
}

TEST_P(Death, DuringACancellationLeavesNobodyUntold) {
  dies_during("<presence type='unsubscribed' to='juliet@xmpp.test'/>", true);
}

TEST_P(Death, DuringAnUnsubscriptionLeavesNobodyUntold) {
  dies_during("<presence type='unsubscribe' to='juliet@xmpp.test'/>", true);
}

TEST_P(Death, DuringARemovalLeavesNobodyUntold) {
  dies_during(set("<item jid='juliet@xmpp.test' subscription='remove'/>"), true);
}

TEST_P(Death, DuringAnApprovalLeavesNobodyUntold) {
  for (std::uint64_t operation = 1; operation < 100; ++operation) {
    TestServer server({.shards = GetParam(), .seed = operation});
    TestClient& romeo = server.comes_online("romeo/orchard");
    TestClient& juliet = server.comes_online("juliet/balcony");
    romeo.sends("<presence type='subscribe' to='juliet@xmpp.test'/>");
    server.passes(Seconds(2));
    server.disk().die_at(operation);
    juliet.sends("<presence type='subscribed' to='romeo@xmpp.test'/>");
    const bool has_died = server.disk().dead();
    server.is_killed();
    server.log().errors.clear();
    const Sides sides = sides_of(server);
    EXPECT_TRUE(agree(sides)) << "death at operation " << operation << ": romeo has '" << sides.item
                              << "', juliet '" << sides.other << "'";
    if (!has_died) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, Death, ::testing::Values(1u, 2u, 7u));

}  // namespace
}  // namespace herold::server
