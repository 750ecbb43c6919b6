// XEP-0313: what is archived and what is not, once on both sides, whatever happens in between; how
// it is read again, page by page.
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "base/limits.h"
#include "server/server.h"
#include "server/shard.h"
#include "server/testing/process.h"
#include "server/testing/test_server.h"
#include "store/database.h"

namespace herold::server {
namespace {

// The stanza ids in the results that a query brings, in their order; its answer was looked at last.
struct Answer {
  std::vector<std::string> ids, bodies;
  bool complete = false;
  std::string first, last, count;
};

// `inside` stands in the query: a form by form(), a page by set().
Answer ask(TestClient& client, std::string_view inside, std::string_view attributes = "") {
  client.skips();
  client.sends("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2' " + std::string(attributes) +
               ">" + std::string(inside) + "</query></iq>");
  Answer answer;
  while (client.takes("<message><result xmlns='urn:xmpp:mam:2'/></message>")) {
    const xml::Element result = client.last().first_child();
    answer.ids.emplace_back(result.attribute("id"));
    const xml::Element message = result.first_child().child("message", "jabber:client");
    EXPECT_TRUE(result.first_child().child("delay", "urn:xmpp:delay"));
    const xml::Element body = message ? message.child("body", "jabber:client") : xml::Element();
    answer.bodies.emplace_back(body ? body.text() : message ? "-" : "?");
  }
  client.receives("<iq type='result' id='q'><fin xmlns='urn:xmpp:mam:2'/></iq>");
  const xml::Element fin = client.last().first_child();
  answer.complete = fin.attribute("complete") == "true";
  const xml::Element set = fin.first_child();
  const auto text = [&](std::string_view name) {
    const xml::Element child = set.child(name, "http://jabber.org/protocol/rsm");
    return child ? std::string(child.text()) : std::string();
  };
  answer.first = text("first"), answer.last = text("last"), answer.count = text("count");
  return answer;
}

std::string form(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  std::string xml =
      "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'>"
      "<value>urn:xmpp:mam:2</value></field>";
  for (const auto& [name, value] : fields)
    xml +=
        "<field var='" + std::string(name) + "'><value>" + std::string(value) + "</value></field>";
  return xml + "</x>";
}

std::string set(std::string_view inside) {
  return "<set xmlns='http://jabber.org/protocol/rsm'>" + std::string(inside) + "</set>";
}
std::string max(int count) { return "<max>" + std::to_string(count) + "</max>"; }
std::string after(const std::string& id) { return "<after>" + id + "</after>"; }
std::string before(const std::string& id) { return "<before>" + id + "</before>"; }

void is_refused(TestClient& client, std::string_view inside, const std::string& condition) {
  client.asks("<iq type='set' id='r'><query xmlns='urn:xmpp:mam:2'>" + std::string(inside) +
                  "</query></iq>",
              "<iq type='error'><error><" + condition +
                  " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

using Texts = std::vector<std::string>;

struct ArchiveTest : ::testing::Test {
  TestServer server{{.limits = "archive_page = 10"}};
  TestClient& juliet = server.comes_online("juliet/balcony", {.managed = true});
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});

  void says(std::string_view body, std::string_view more = "type='chat'",
            std::string_view payload = "") {
    juliet.sends("<message to='romeo@xmpp.test' " + std::string(more) + "><body>" +
                 std::string(body) + "</body>" + std::string(payload) + "</message>");
  }
  void talk(int from, int to) {
    for (int i = from; i <= to; ++i) says(std::to_string(i));
  }
};

TEST_F(ArchiveTest, HoldsAMessageOnceOnBothSidesUnderTheIdThatItCarried) {
  TestClient& phone = server.comes_online("romeo/phone");
  phone.asks("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>", "<iq/>");
  says("1");
  romeo.receives("<message><body>1</body><stanza-id xmlns='urn:xmpp:sid:0' id='{any}'/></message>");
  const std::string id(romeo.last().child("stanza-id", "urn:xmpp:sid:0").attribute("id"));
  const Answer his = ask(romeo, ""), hers = ask(juliet, "");
  EXPECT_EQ(his.bodies, (Texts{"1"}));
  EXPECT_EQ(hers.bodies, (Texts{"1"}));
  EXPECT_EQ(his.ids, (Texts{id}));
  EXPECT_EQ(hers.ids, (Texts{id}));
  EXPECT_TRUE(his.complete);
  EXPECT_EQ(his.first, id);
  EXPECT_EQ(his.last, id);
}

TEST_F(ArchiveTest, HoldsWhatBelongsToAConversation) {
  const auto passes = [&](std::string_view payload, std::string_view type = "chat") {
    juliet.sends("<message to='romeo@xmpp.test' id='m' type='" + std::string(type) + "'>" +
                 std::string(payload) + "</message>");
  };
  passes("<body>chat</body>");
  passes("<body>normal</body>", "normal");
  passes("<received xmlns='urn:xmpp:receipts' id='m'/>", "normal");
  passes("<displayed xmlns='urn:xmpp:chat-markers:0' id='m'/>");
  passes("<x xmlns='unknown'/><store xmlns='urn:xmpp:hints'/>");
  EXPECT_EQ(ask(romeo, "").bodies, (Texts{"chat", "normal", "-", "-", "-"}));
  passes("<composing xmlns='http://jabber.org/protocol/chatstates'/>");
  passes("<x xmlns='unknown'/>");
  passes("<body>x</body><no-store xmlns='urn:xmpp:hints'/>");
  passes("<body>x</body><no-permanent-store xmlns='urn:xmpp:hints'/>");
  passes("<body>x</body>", "headline");
  passes("<body>x</body>", "groupchat");
  passes("<body>x</body><error type='cancel'/>", "error");
  EXPECT_EQ(ask(romeo, "").bodies.size(), 5u);
  EXPECT_EQ(ask(juliet, "").bodies.size(), 5u);
}

// Section 6.1: what was refused is in the archive of nobody who refused it.
TEST_F(ArchiveTest, HoldsNothingThatWasRefused) {
  romeo.asks(
      "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'>"
      "<item jid='juliet@xmpp.test'/></block></iq>",
      "<iq type='result'/>");
  says("unwanted");
  EXPECT_TRUE(ask(romeo, "").bodies.empty());
  romeo.sends("<message to='juliet@xmpp.test' type='chat'><body>x</body></message>");
  romeo.receives("<message type='error'/>");
  EXPECT_TRUE(ask(romeo, "").bodies.empty());
  EXPECT_EQ(ask(juliet, "").bodies, (Texts{"unwanted"}));
}

TEST_F(ArchiveTest, HoldsAMessageToOneselfOnce) {
  romeo.sends("<message to='romeo@xmpp.test' type='chat'><body>note</body></message>");
  romeo.sends("<message type='chat'><body>again</body></message>");
  says("from her");
  EXPECT_EQ(ask(romeo, form({{"with", "romeo@xmpp.test"}})).bodies, (Texts{"note", "again"}));
  EXPECT_EQ(ask(romeo, "").bodies.size(), 3u);
}

TEST_F(ArchiveTest, HoldsWhatWaitsForAUserWhoIsAway) {
  romeo.signs_off();
  talk(1, 3);
  EXPECT_EQ(ask(juliet, "").bodies, (Texts{"1", "2", "3"}));
  TestClient& again = server.signs_in("romeo/street");
  EXPECT_EQ(ask(again, "").bodies, (Texts{"1", "2", "3"}));
}

TEST_F(ArchiveTest, SaysWhenAMessageWasAccepted) {
  says("1");
  server.passes(Seconds(3600));
  romeo.skips();
  romeo.sends("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2' queryid='f27'/></iq>");
  romeo.receives(
      "<message from='romeo@xmpp.test' to='romeo@xmpp.test/orchard'>"
      "<result xmlns='urn:xmpp:mam:2' queryid='f27' id='{any}'><forwarded "
      "xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='{any}'/>"
      "<message xmlns='jabber:client' from='juliet@xmpp.test/balcony' to='romeo@xmpp.test' "
      "type='chat'><body>1</body></message></forwarded></result></message>");
  const std::string_view stamp =
      romeo.last().first_child().first_child().child("delay", "urn:xmpp:delay").attribute("stamp");
  EXPECT_TRUE(stamp.starts_with("2026-11-18T11:")) << stamp;
}

// --- pages ---

TEST_F(ArchiveTest, GivesPagesForwardsAndBackwards) {
  talk(1, 25);
  const Answer first = ask(romeo, "");
  EXPECT_EQ(first.bodies.size(), 10u);  // what the server allows
  EXPECT_FALSE(first.complete);
  EXPECT_EQ(first.first, first.ids.front());
  EXPECT_EQ(first.last, first.ids.back());
  EXPECT_EQ(ask(romeo, set(max(1000000000))).ids, first.ids);
  const Answer second = ask(romeo, set(after(first.last)));
  EXPECT_EQ(second.bodies.front(), "11");
  const Answer third = ask(romeo, set(max(10) + after(second.last)));
  EXPECT_EQ(third.bodies, (Texts{"21", "22", "23", "24", "25"}));
  EXPECT_TRUE(third.complete);
  const Answer end = ask(romeo, set(after(third.last)));
  EXPECT_TRUE(end.complete && end.bodies.empty() && end.first.empty());

  const Answer newest = ask(romeo, set(max(2) + "<before/>"));
  EXPECT_EQ(newest.bodies, (Texts{"24", "25"}));
  EXPECT_FALSE(newest.complete);
  EXPECT_EQ(ask(romeo, set(max(2) + before(newest.first))).bodies, (Texts{"22", "23"}));
  EXPECT_EQ(ask(romeo, set(max(2) + before(newest.first)) + "<flip-page/>").bodies,
            (Texts{"23", "22"}));
  EXPECT_EQ(ask(romeo, set(max(0))).count, "25");
  const std::string window =
      form({{"after-id", first.ids[0]}, {"before-id", first.ids[4]}}) + set(max(2));
  EXPECT_EQ(ask(romeo, window).bodies, (Texts{"2", "3"}));
  EXPECT_EQ(ask(romeo, form({{"ids", first.ids[6]}})).bodies, (Texts{"7"}));
}

// HOSTILE 128: neither a gap nor a duplicate.
TEST_F(ArchiveTest, PagesWhileMessagesArrive) {
  talk(1, 5);
  Texts seen;
  int next = 6;
  std::string last;
  for (;;) {
    const Answer page = ask(romeo, set(max(3) + (last.empty() ? "" : after(last))));
    seen.insert(seen.end(), page.bodies.begin(), page.bodies.end());
    if (page.complete) break;
    last = page.last;
    if (next <= 12) talk(next, next + 1), next += 2;
  }
  Texts all;
  for (int i = 1; i < next; ++i) all.push_back(std::to_string(i));
  EXPECT_EQ(seen, all);
}

TEST_F(ArchiveTest, FiltersByAddressAndTime) {
  TestClient& nurse = server.comes_online("nurse/kitchen");
  says("1");
  server.passes(Seconds(600));
  nurse.sends("<message to='romeo@xmpp.test/orchard' type='chat'><body>2</body></message>");
  romeo.sends("<message to='nurse@xmpp.test/kitchen' type='chat'><body>3</body></message>");
  EXPECT_EQ(ask(romeo, form({{"with", "nurse@xmpp.test"}})).bodies, (Texts{"2", "3"}));
  EXPECT_EQ(ask(romeo, form({{"with", "nurse@xmpp.test/kitchen"}})).bodies, (Texts{"2", "3"}));
  EXPECT_TRUE(ask(romeo, form({{"with", "nurse@xmpp.test/cellar"}})).bodies.empty());
  EXPECT_EQ(ask(romeo, form({{"with", "romeo@xmpp.test/orchard"}})).bodies, (Texts{"2", "3"}));
  EXPECT_TRUE(ask(romeo, form({{"with", "romeo@xmpp.test"}})).bodies.empty());
  EXPECT_EQ(ask(romeo, form({{"end", "2026-11-18T11:10:00Z"}})).bodies, (Texts{"1"}));
  EXPECT_EQ(ask(romeo, form({{"start", "2026-11-18T11:10:00Z"}})).bodies, (Texts{"2", "3"}));
  EXPECT_EQ(ask(romeo, form({{"start", "2026-11-18T11:10:00Z"}, {"with", "juliet@xmpp.test"}}))
                .bodies.size(),
            0u);
}

// HOSTILE 121, 122.
TEST_F(ArchiveTest, RefusesWhatMakesNoSense) {
  talk(1, 2);
  const std::string unknown = "0123456789abcdef";
  for (const std::string& name : {unknown, std::string("no name"), std::string("")}) {
    is_refused(romeo, set(after(name)), "item-not-found");
    is_refused(romeo, form({{"before-id", name}}), "item-not-found");
    is_refused(romeo, form({{"after-id", name}}), "item-not-found");
    is_refused(romeo, form({{"ids", name}}), "item-not-found");
  }
  is_refused(romeo, set(before(unknown)), "item-not-found");
  is_refused(romeo, form({{"start", "yesterday"}}), "bad-request");
  is_refused(romeo, form({{"end", "2026-13-01T00:00:00Z"}}), "bad-request");
  is_refused(romeo, form({{"with", "@"}}), "bad-request");
  is_refused(romeo, form({{"{http://example.com/}colour", "red"}}), "feature-not-implemented");
  is_refused(romeo, form({{"start", "2026-11-18T11:05:00Z"}, {"start", "2026-11-18T11:05:00Z"}}),
             "bad-request");
  is_refused(romeo, "<x xmlns='jabber:x:data' type='submit'/>", "bad-request");
  is_refused(romeo, "<x xmlns='jabber:x:data' type='cancel'/>", "bad-request");
  is_refused(romeo, set("<max>-1</max>"), "bad-request");
  is_refused(romeo, set("<max>many</max>"), "bad-request");
  is_refused(romeo, set("<index>5</index>"), "feature-not-implemented");
  romeo.asks("<iq type='set' id='n'><query xmlns='urn:xmpp:mam:2' node='x'/></iq>",
             "<iq type='error'/>");
  std::string ids =
      "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
      "<value>urn:xmpp:mam:2</value></field><field var='ids'>";
  for (std::size_t i = 0; i <= bounds::archive_ids; ++i) ids += "<value>" + unknown + "</value>";
  is_refused(romeo, ids + "</field></x>", "not-acceptable");
}

// HOSTILE 120.
TEST_F(ArchiveTest, IsNobodyElses) {
  for (const char* whose : {"juliet@xmpp.test", "nobody@xmpp.test"})
    for (const char* what : {"set", "get"})
      romeo.asks("<iq type='" + std::string(what) + "' id='o' to='" + whose +
                     "'><query xmlns='urn:xmpp:mam:2'/></iq>",
                 "<iq type='error'><error type='auth'><forbidden "
                 "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

TEST_F(ArchiveTest, BoundsTheQuestionsOfOneUser) {
  talk(1, 3);
  romeo.skips();
  std::string many;
  for (int i = 0; i < 10; ++i)
    many += "<iq type='set' id='q" + std::to_string(i) + "'><query xmlns='urn:xmpp:mam:2'/></iq>";
  romeo.sends(many);
  unsigned refused = 0, answered = 0;
  while (romeo.waiting() != 0) {
    if (romeo.takes("<iq type='error'><error type='wait'><resource-constraint "
                    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"))
      ++refused;
    else if (romeo.takes("<iq type='result'/>"))
      ++answered;
    else
      romeo.takes("<message/>");
  }
  EXPECT_EQ(answered, bounds::archive_queries);
  EXPECT_EQ(refused, 10 - bounds::archive_queries);
  EXPECT_EQ(ask(romeo, "").bodies.size(), 3u);
}

TEST_F(ArchiveTest, TellsItsEnds) {
  constexpr auto question = "<iq type='get' id='m'><metadata xmlns='urn:xmpp:mam:2'/></iq>";
  romeo.asks(question,
             "<iq type='result'><metadata xmlns='urn:xmpp:mam:2'>"
             "<ABSENT><start/></ABSENT></metadata></iq>");
  talk(1, 3);
  const Answer all = ask(romeo, "");
  romeo.asks(question,
             "<iq type='result'><metadata xmlns='urn:xmpp:mam:2'>"
             "<start id='" +
                 all.first +
                 "' timestamp='{any}'/>"
                 "<end id='" +
                 all.last + "' timestamp='{any}'/></metadata></iq>");
  EXPECT_NE(all.first, all.last);
}

// --- what happens in between ---

TEST_F(ArchiveTest, LosesNothingWhenTheServerDies) {
  talk(1, 3);
  server.is_killed();  // within archive_settle_time
  romeo.resumes();
  juliet.resumes();
  EXPECT_EQ(ask(romeo, "").bodies, (Texts{"1", "2", "3"}));
  EXPECT_EQ(ask(juliet, "").bodies, (Texts{"1", "2", "3"}));
  talk(4, 4);
  server.passes(Seconds(5));
  server.is_killed();
  juliet.resumes();
  talk(5, 5);
  server.restarts();
  romeo.resumes();
  EXPECT_EQ(ask(romeo, "").bodies, (Texts{"1", "2", "3", "4", "5"}));
}

// What a stanza on its way brings to an archive that has been stopped comes with the next start.
TEST(ArchiveStop, TakesWhatIsStillOnItsWay) {
  TestServer server({.shards = 1});
  Shard& shard = server.process().server().shard(0);
  StanzaHead head = StanzaHead::of(MessageType::chat);
  head.from = Jid::trusted("juliet@xmpp.test/balcony");
  head.to = Jid::trusted("romeo@xmpp.test/orchard");
  Stanza said(std::move(head), std::string_view("<body>1</body>"));
  said.accepted = server.wall();
  said.waits = waiting_for::sent | waiting_for::received;
  ASSERT_TRUE(shard.commit_again(said));
  server.passes(Seconds(0));
  shard.archive().keep(said.head.from.bare(), said, "romeo@xmpp.test", waiting_for::sent);
  shard.archive().stop();
  shard.archive().keep(said.head.to.bare(), said, "juliet@xmpp.test", waiting_for::received);
  server.restarts();
  for (const std::string_view client : {"romeo/orchard", "juliet/balcony"})
    EXPECT_EQ(ask(server.comes_online(client), "").bodies, (Texts{"1"}));
}

// What its client acknowledged does not come again because the archive was late.
TEST_F(ArchiveTest, DeliversNothingTwiceForItsOwnSake) {
  talk(1, 2);
  romeo.receives("<message><body>1</body></message>");
  romeo.receives("<message><body>2</body></message>");
  server.is_killed();
  TestClient& again = server.signs_in("romeo/street");
  again.sends("<presence/>");
  EXPECT_FALSE(again.takes("<message/>"));
  EXPECT_EQ(ask(again, "").bodies, (Texts{"1", "2"}));
}

TEST_F(ArchiveTest, ForgetsTheJournalsCopyOnceItIsStored) {
  talk(1, 3);
  romeo.skips();
  server.passes(Seconds(70));
  EXPECT_EQ(server.process().open_stanzas(), 0u);
}

// HOSTILE 129.
TEST_F(ArchiveTest, KeepsItsOrderWhenTheClockStepsBack) {
  talk(1, 3);
  server.clock_is_set(-Seconds(86400));
  talk(4, 6);
  const Answer all = ask(romeo, "");
  EXPECT_EQ(all.bodies, (Texts{"1", "2", "3", "4", "5", "6"}));
  EXPECT_EQ(ask(romeo, set(after(all.ids[2]))).bodies, (Texts{"4", "5", "6"}));
  EXPECT_EQ(ask(romeo, form({{"end", "2026-11-18T00:00:00Z"}})).bodies, (Texts{"4", "5", "6"}));
}

// Section 6.1.1: what a client has read does not wait for it any more.
TEST_F(ArchiveTest, SparesAClientWhatItHasRead) {
  romeo.signs_off();
  talk(1, 3);
  server.passes(Seconds(2));
  TestClient& again = server.signs_in("romeo/street");
  EXPECT_EQ(ask(again, set(max(2))).bodies, (Texts{"1", "2"}));
  again.sends("<presence/>");
  again.takes("<presence/>");
  again.receives("<message><body>3</body></message>");
  again.receives_nothing();
}

// XEP-0431.
TEST_F(ArchiveTest, FindsWords) {
  says("Where art thou, Romeo?");
  says("I am here");
  says("Romeo, where", "type='chat'", "<encryption xmlns='urn:xmpp:eme:0' namespace='x'/>");
  says("WHERE is Romeo");
  const auto words = [](std::string_view text) {
    return form({{"{urn:xmpp:fulltext:0}fulltext", text}});
  };
  EXPECT_EQ(ask(romeo, words("romeo where")).bodies,
            (Texts{"Where art thou, Romeo?", "WHERE is Romeo"}));
  EXPECT_EQ(ask(romeo, words("romeo where") + set(max(1) + "<before/>")).bodies,
            (Texts{"WHERE is Romeo"}));
  EXPECT_TRUE(ask(romeo, words("juliet")).complete);
  EXPECT_TRUE(ask(romeo, words("\" OR *")).bodies.empty());
}

TEST(ArchiveRetention, TakesWhatIsOld) {
  TestServer server({.modules = "[module.archive]\nkeep = '2h'"});
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard");
  const auto says = [&](std::string_view body) {
    juliet.sends("<message to='romeo@xmpp.test' type='chat'><body>" + std::string(body) +
                 "</body></message>");
  };
  says("old");
  server.passes(Seconds(7000));
  says("young");
  EXPECT_EQ(ask(romeo, "").bodies.size(), 2u);
  server.passes(Seconds(4000));
  EXPECT_EQ(ask(romeo, "").bodies, (Texts{"young"}));
  EXPECT_EQ(ask(juliet, "").bodies, (Texts{"young"}));
}

// DECISIONS.md 9: what was not delivered waits all the same.
TEST(ArchiveRetention, TakesWhatIsTooMuchButNothingThatWaits) {
  TestServer server({.limits = "archive_bytes = '1MiB'\noffline_bytes = '10MiB'\n"
                               "sm_queue_bytes = '20MiB'\narchive_page = 100"});
  TestClient& juliet = server.comes_online("juliet/balcony");
  const std::string body(100'000, 'x');
  for (int i = 0; i < 15; ++i)
    juliet.sends("<message to='romeo@xmpp.test' type='chat'><body>" + body + "</body></message>");
  server.passes(Seconds(3700));
  const std::size_t kept = ask(juliet, "").bodies.size();
  EXPECT_EQ(kept, 10u);
  TestClient& romeo = server.signs_in("romeo/orchard");
  romeo.sends("<presence/>");
  server.passes(Seconds(5));
  romeo.takes("<presence/>");
  EXPECT_EQ(romeo.waiting(), 15u);
}

// Of all archives of the domain together the oldest messages go, whoever's they are.
TEST(ArchiveRetention, TakesTheOldestOfADomain) {
  TestServer server({.modules = "[module.archive]\ntotal = '256KiB'"});
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& paris = server.comes_online("paris/street");
  const auto says = [&](TestClient& from, TestClient& to, int number) {
    from.sends("<message to='" + to.bare() + "' type='chat'><body>" + std::to_string(number) +
               std::string(5'000, 'x') + "</body></message>");
    to.skips();
    server.passes(Seconds(60));
  };
  const auto numbers = [](const Texts& bodies) {
    std::vector<int> found;
    for (const std::string& body : bodies) found.push_back(std::stoi(body));
    return found;
  };
  for (int i = 0; i < 10; ++i) says(juliet, romeo, i);  // in two archives each
  for (int i = 10; i < 40; ++i) says(juliet, paris, i);
  EXPECT_EQ(ask(romeo, "").bodies.size(), 10u);
  server.passes(Seconds(3700));
  EXPECT_TRUE(ask(romeo, "").bodies.empty());
  const std::vector<int> hers = numbers(ask(juliet, "").bodies);
  const std::vector<int> his = numbers(ask(paris, "").bodies);
  // Some 50 of them are in 256 KiB. No more has gone than had to, but for a sixteenth of the time.
  EXPECT_LE(hers.size() + his.size(), 52u);
  EXPECT_GE(hers.size() + his.size(), 44u);
  for (const std::vector<int>& kept : {hers, his}) {
    ASSERT_FALSE(kept.empty());
    EXPECT_GE(kept.front(), 10);
    EXPECT_EQ(kept.back(), 39);
    EXPECT_EQ(kept.size(), static_cast<std::size_t>(40 - kept.front()));
  }
}

TEST_F(ArchiveTest, GoesWithItsAccount) {
  talk(1, 3);
  romeo.sends("<iq type='set' id='x'><query xmlns='jabber:iq:register'><remove/></query></iq>");
  server.passes(Seconds(5));
  std::optional<std::uint64_t> count;
  server.stores().messages().count({"romeo@xmpp.test", store::BoxKind::archive, ""}, {},
                                   [&](auto found) { count = *found; });
  server.passes(Seconds(1));
  EXPECT_EQ(count, 0u);
  EXPECT_EQ(ask(juliet, "").bodies.size(), 3u);
}

TEST_F(ArchiveTest, KeepsManyWithOneCommit) {
  const std::uint64_t before = server.process().server().database().statistics().transactions;
  talk(1, 40);
  server.passes(Seconds(3));
  EXPECT_LE(server.process().server().database().statistics().transactions - before, 12u);
}

}  // namespace
}  // namespace herold::server
