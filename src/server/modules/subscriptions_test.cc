// RFC 6121 section 3 and appendix A: every state and every type, on both sides.
#include <gtest/gtest.h>

#include <array>
#include <ostream>

#include "server/testing/process.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

using store::Subscription;

// The nine states of appendix A.1, by the letters of its tables.
struct SubscriptionState {
  Subscription subscription;
  bool pending_out;
  bool pending_in;
  friend bool operator==(const SubscriptionState&, const SubscriptionState&) = default;
};

constexpr SubscriptionState none{Subscription::none, false, false};
constexpr SubscriptionState none_out{Subscription::none, true, false};
constexpr SubscriptionState none_in{Subscription::none, false, true};
constexpr SubscriptionState none_out_in{Subscription::none, true, true};
constexpr SubscriptionState to{Subscription::to, false, false};
constexpr SubscriptionState to_in{Subscription::to, false, true};
constexpr SubscriptionState from{Subscription::from, false, false};
constexpr SubscriptionState from_out{Subscription::from, true, false};
constexpr SubscriptionState both{Subscription::both, false, false};

std::ostream& operator<<(std::ostream& out, const SubscriptionState& state) {
  constexpr const char* names[] = {"none", "to", "from", "both"};
  return out << names[static_cast<int>(state.subscription)] << (state.pending_out ? " + out" : "")
             << (state.pending_in ? " + in" : "");
}

// One row: in this state, does the stanza pass, and what is the state then.
enum class Passes { yes, no };
struct Row {
  SubscriptionState before;
  Passes passes;
  SubscriptionState after;
};
using Table = std::array<Row, 9>;

constexpr const char* others[] = {"romeo", "mercutio", "benvolio", "tybalt",   "nurse",
                                  "paris", "rosaline", "lawrence", "balthasar"};

std::string bare(std::string_view name) { return std::string(name) + "@xmpp.test"; }

void put(TestServer& server, const std::string& owner, const std::string& contact,
         SubscriptionState state) {
  std::vector<store::RosterChange> changes{store::PutItem{
      {.address = contact, .subscription = state.subscription, .ask = state.pending_out}}};
  if (state.pending_in)
    changes.emplace_back(store::PutRequest{
        {contact, "<presence type='subscribe' from='" + contact + "' to='" + owner + "'/>", {}}});
  Server& running = server.process().server();
  Account& account = running.shard(running.home_of(owner)).account(*Jid::parse(owner));
  account.when_loaded([&account, changes = std::move(changes)]() mutable {
    account.change_roster(std::move(changes), [](auto stored) { EXPECT_TRUE(stored); });
  });
  server.passes(Milliseconds(20));
}

SubscriptionState state_of(TestServer& server, const std::string& owner,
                           const std::string& contact) {
  SubscriptionState state = none;
  server.stores().rosters().load(owner, [&](Result<store::Roster> roster) {
    ASSERT_TRUE(roster);
    for (const store::RosterItem& item : roster->items)
      if (item.address == contact) {
        state.subscription = item.subscription;
        state.pending_out = item.ask;
      }
    for (const auto& request : roster->requests) state.pending_in |= request.from == contact;
  });
  server.passes(Milliseconds(20));
  return state;
}

// As real clients do: it shows the roster, so it hears of what changes.
TestClient& interested(TestServer& server, std::string_view address) {
  TestClient& client = server.signs_in(address);
  client.asks("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>", "<iq/>");
  client.sends("<presence/>");
  client.skips();
  return client;
}

std::string push(std::string_view item) {
  return "<iq type='set'><query xmlns='jabber:iq:roster'>" + std::string(item) + "</query></iq>";
}

// Nine contacts and juliet, who is with each in the state of its row; `theirs` is the contacts'
// state, in which they send or take the type of the table.
struct Nine {
  // Presence comes first: a probe would find out that the states do not fit each other.
  Nine(const Table& table, SubscriptionState theirs) {
    for (const char* name : others)
      contacts.push_back(&interested(server, std::string(name) + "/home"));
    juliet = &interested(server, "juliet/home");
    for (std::size_t i = 0; i < table.size(); ++i) {
      put(server, bare("juliet"), bare(others[i]), table[i].before);
      put(server, bare(others[i]), bare("juliet"), theirs);
    }
  }

  TestServer server;
  std::vector<TestClient*> contacts;
  TestClient* juliet = nullptr;
};

std::string presence(std::string_view type, std::string_view direction, std::string_view contact) {
  return "<presence type='" + std::string(type) + "' " + std::string(direction) + "='" +
         bare(contact) + "'/>";
}

// Appendix A.2: what juliet sends.
void check_outbound(std::string_view type, SubscriptionState theirs, const Table& table) {
  Nine nine(table, theirs);
  for (std::size_t i = 0; i < table.size(); ++i) {
    SCOPED_TRACE(::testing::Message() << type << " is sent in state " << table[i].before);
    nine.juliet->sends(presence(type, "to", others[i]));
    EXPECT_EQ(nine.contacts[i]->takes(presence(type, "from", "juliet")),
              table[i].passes == Passes::yes);
    EXPECT_EQ(state_of(nine.server, bare("juliet"), bare(others[i])), table[i].after);
    EXPECT_FALSE(nine.juliet->takes("<presence type='error'/>"));
  }
}

// Appendix A.3: what juliet gets.
void check_inbound(std::string_view type, SubscriptionState theirs, const Table& table) {
  Nine nine(table, theirs);
  for (std::size_t i = 0; i < table.size(); ++i) {
    SCOPED_TRACE(::testing::Message() << type << " arrives in state " << table[i].before);
    nine.contacts[i]->sends(presence(type, "to", "juliet"));
    EXPECT_EQ(nine.juliet->takes(presence(type, "from", others[i])),
              table[i].passes == Passes::yes);
    EXPECT_EQ(state_of(nine.server, bare("juliet"), bare(others[i])), table[i].after);
  }
}

using enum Passes;

TEST(SubscriptionTables, A21OutboundSubscribe) {
  check_outbound("subscribe", none,
                 {{{none, yes, none_out},
                   {none_out, yes, none_out},
                   {none_in, yes, none_out_in},
                   {none_out_in, yes, none_out_in},
                   {to, yes, to},
                   {to_in, yes, to_in},
                   {from, yes, from_out},
                   {from_out, yes, from_out},
                   {both, yes, both}}});
}

TEST(SubscriptionTables, A22OutboundUnsubscribe) {
  check_outbound("unsubscribe", from,
                 {{{none, yes, none},
                   {none_out, yes, none},
                   {none_in, yes, none_in},
                   {none_out_in, yes, none_in},
                   {to, yes, none},
                   {to_in, yes, none_in},
                   {from, yes, from},
                   {from_out, yes, from},
                   {both, yes, from}}});
}

TEST(SubscriptionTables, A23OutboundSubscribed) {
  check_outbound("subscribed", none_out,
                 {{{none, no, none},
                   {none_out, no, none_out},
                   {none_in, yes, from},
                   {none_out_in, yes, from_out},
                   {to, no, to},
                   {to_in, yes, both},
                   {from, no, from},
                   {from_out, no, from_out},
                   {both, no, both}}});
}

TEST(SubscriptionTables, A24OutboundUnsubscribed) {
  check_outbound("unsubscribed", to,
                 {{{none, no, none},
                   {none_out, no, none_out},
                   {none_in, yes, none},
                   {none_out_in, yes, none_out},
                   {to, no, to},
                   {to_in, yes, to},
                   {from, yes, none},
                   {from_out, yes, none_out},
                   {both, yes, to}}});
}

TEST(SubscriptionTables, A31InboundSubscribe) {
  check_inbound("subscribe", none,
                {{{none, yes, none_in},
                  {none_out, yes, none_out_in},
                  {none_in, no, none_in},
                  {none_out_in, no, none_out_in},
                  {to, yes, to_in},
                  {to_in, no, to_in},
                  {from, no, from},
                  {from_out, no, from_out},
                  {both, no, both}}});
}

TEST(SubscriptionTables, A32InboundUnsubscribe) {
  check_inbound("unsubscribe", to,
                {{{none, no, none},
                  {none_out, no, none_out},
                  {none_in, yes, none},
                  {none_out_in, yes, none_out},
                  {to, no, to},
                  {to_in, yes, to},
                  {from, yes, none},
                  {from_out, yes, none_out},
                  {both, yes, to}}});
}

TEST(SubscriptionTables, A33InboundSubscribed) {
  check_inbound("subscribed", none_in,
                {{{none, no, none},
                  {none_out, yes, to},
                  {none_in, no, none_in},
                  {none_out_in, yes, to_in},
                  {to, no, to},
                  {to_in, no, to_in},
                  {from, no, from},
                  {from_out, yes, both},
                  {both, no, both}}});
}

TEST(SubscriptionTables, A34InboundUnsubscribed) {
  check_inbound("unsubscribed", from,
                {{{none, no, none},
                  {none_out, yes, none},
                  {none_in, no, none_in},
                  {none_out_in, yes, none_in},
                  {to, yes, none},
                  {to_in, yes, none_in},
                  {from, no, from},
                  {from_out, yes, from},
                  {both, yes, from}}});
}

// --- what the tables do not say ---

constexpr auto ask_romeo = "<presence type='subscribe' to='romeo@xmpp.test'/>";

// Section 3.1.3: as long as there is no answer, at every first presence; never to a device that
// is connected alone.
TEST(Subscriptions, ARequestIsShownUntilItIsAnswered) {
  TestServer server;
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends(
      "<presence type='subscribe' to='romeo@xmpp.test'><status>It is I</status></presence>");
  server.is_killed();
  for (int i = 0; i < 2; ++i) {
    TestClient& romeo = server.signs_in("romeo/orchard");
    romeo.receives_nothing();
    romeo.sends("<presence/>");
    romeo.receives("<presence from='romeo@xmpp.test/orchard'/>");
    romeo.receives(
        "<presence type='subscribe' from='juliet@xmpp.test' to='romeo@xmpp.test'>"
        "<status>It is I</status></presence>");
    romeo.sends("<presence><show>away</show></presence>");
    romeo.receives("<presence><show>away</show></presence>");
    romeo.receives_nothing();
    romeo.signs_off();
  }
  server.signs_in("romeo/orchard").sends("<presence type='unsubscribed' to='juliet@xmpp.test'/>");
  TestClient& romeo = server.signs_in("romeo/street");
  romeo.sends("<presence/>");
  romeo.receives("<presence from='romeo@xmpp.test/street'/>");
  romeo.receives_nothing();
}

// Section 3.1.6: the answer before the push.
TEST(Subscriptions, DevicesHearTheAnswerBeforeTheRosterChanges) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = interested(server, "juliet/balcony");
  juliet.sends(ask_romeo);
  juliet.receives(push("<item jid='romeo@xmpp.test' subscription='none' ask='subscribe'/>"));
  romeo.sends("<presence type='subscribed' to='juliet@xmpp.test'/>");
  EXPECT_TRUE(juliet.takes("<presence from='romeo@xmpp.test/orchard'/>"));
  juliet.receives("<presence type='subscribed' from='romeo@xmpp.test'/>");
  juliet.receives(push("<item jid='romeo@xmpp.test' subscription='to'/>"));
  romeo.sends("<presence type='unsubscribed' to='juliet@xmpp.test'/>");
  EXPECT_TRUE(juliet.takes("<presence type='unavailable' from='romeo@xmpp.test/orchard'/>"));
  juliet.receives("<presence type='unsubscribed' from='romeo@xmpp.test'/>");
  juliet.receives(push("<item jid='romeo@xmpp.test' subscription='none'/>"));
}

// Section 3.4.
TEST(Subscriptions, APreApprovalAnswersTheRequest) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.sends("<presence type='subscribed' to='juliet@xmpp.test'/>");
  romeo.asks("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>",
             "<iq><query xmlns='jabber:iq:roster'><item jid='juliet@xmpp.test' approved='true' "
             "subscription='none'/></query></iq>");
  TestClient& juliet = interested(server, "juliet/balcony");
  juliet.sends(ask_romeo);
  juliet.receives_all({push("<item jid='romeo@xmpp.test' subscription='none' ask='subscribe'/>"),
                       "<presence from='romeo@xmpp.test/orchard'/>",
                       "<presence type='subscribed' from='romeo@xmpp.test'/>",
                       push("<item jid='romeo@xmpp.test' subscription='to'/>")});
  romeo.receives(push("<item jid='juliet@xmpp.test' subscription='from' approved='true'/>"));
  romeo.receives_nothing();  // nobody is asked
}

TEST(Subscriptions, APreApprovalCanBeTakenBack) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.sends(
      "<presence type='subscribed' to='juliet@xmpp.test'/>"
      "<presence type='unsubscribed' to='juliet@xmpp.test'/>");
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends(ask_romeo);
  juliet.receives_nothing();
  romeo.receives("<presence type='subscribe' from='juliet@xmpp.test'/>");
}

// Appendix A.3.1, note 2.
TEST(Subscriptions, WhoSeesTheContactAlreadyIsToldSo) {
  TestServer server;
  put(server, bare("romeo"), bare("juliet"), from);
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = interested(server, "juliet/balcony");
  juliet.sends(ask_romeo);
  juliet.receives(push("<item jid='romeo@xmpp.test' ask='subscribe'/>"));
  juliet.receives("<presence type='subscribed' from='romeo@xmpp.test'/>");
  romeo.receives_nothing();
}

// Sections 3.1.5 and 3.2.1: presence follows, and leaves, of each device.
TEST(Subscriptions, PresenceFollowsWhatIsGrantedAndWithdrawn) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& street = server.comes_online("romeo/street");
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends(ask_romeo);
  romeo.sends("<presence type='subscribed' to='juliet@xmpp.test'/>");
  juliet.receives_all(
      {"<presence from='romeo@xmpp.test/orchard'/>", "<presence from='romeo@xmpp.test/street'/>"});
  street.sends("<presence type='unsubscribed' to='juliet@xmpp.test'/>");
  juliet.receives_all({"<presence type='unavailable' from='romeo@xmpp.test/orchard'/>",
                       "<presence type='unavailable' from='romeo@xmpp.test/street'/>"});
  romeo.sends("<presence><show>away</show></presence>");
  juliet.receives_nothing();
}

TEST(Subscriptions, ComeFromTheAccountAndAreForTheAccount) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends("<presence type='subscribe' to='romeo@xmpp.test/orchard'/>");
  romeo.receives("<presence type='subscribe' from='juliet@xmpp.test' to='romeo@xmpp.test'/>");
}

TEST(Subscriptions, WithoutAContactThereIsNone) {
  TestServer server;
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends("<presence type='subscribe'/>");
  juliet.receives(
      "<presence type='error'><error type='modify'><bad-request "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>");
  juliet.sends("<presence type='subscribe' to='juliet@xmpp.test'/>");  // oneself needs none
  juliet.receives_nothing();
}

TEST(Subscriptions, RequestsOfStrangersHaveABound) {
  TestServer server({.limits = "pending_subscriptions = 2"});
  for (const char* name : {"mercutio", "tybalt", "benvolio"})
    server.comes_online(std::string(name) + "/street")
        .sends("<presence type='subscribe' to='romeo@xmpp.test'/>");
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.sends("<presence/>");
  romeo.receives("<presence from='romeo@xmpp.test/orchard'/>");
  romeo.receives("<presence type='subscribe' from='mercutio@xmpp.test'/>");
  romeo.receives("<presence type='subscribe' from='tybalt@xmpp.test'/>");
  romeo.receives_nothing();
}

TEST(Subscriptions, AFullRosterAsksNobody) {
  TestServer server({.limits = "roster_items = 1"});
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends(ask_romeo);
  juliet.sends("<presence type='subscribe' to='nurse@xmpp.test'/>");
  juliet.receives(
      "<presence type='error' from='nurse@xmpp.test'><error type='wait'>"
      "<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
      "</presence>");
  juliet.sends(ask_romeo);  // again, the same
  juliet.receives_nothing();
}

}  // namespace
}  // namespace herold::server
