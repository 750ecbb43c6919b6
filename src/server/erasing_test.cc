// What was removed is gone, whatever dies meanwhile, and at once where that is asked for
// (DECISIONS.md 32); and what a later start must not read again.
#include "server/erasing.h"

#include <gtest/gtest.h>

#include <map>

#include "server/account_actions.h"
#include "server/server.h"
#include "server/testing/process.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr std::string_view journal = "/data/journal";
constexpr std::string_view hall = "hall@conference.xmpp.test";
constexpr std::string_view romeo_bare = "romeo@xmpp.test";

using Files = std::map<std::string, std::string>;

Files files_of(store::SimDisk& disk) {
  Files files;
  const auto names = disk.list(std::string(journal));
  for (const std::string& name : *names) {
    const std::string path = std::string(journal) + '/' + name;
    const auto file = disk.open(path);
    files[path] = *(*file)->read(0, *(*file)->size());
  }
  return files;
}

bool is_in_journal(TestServer& server, std::string_view word) {
  for (const auto& [path, bytes] : files_of(server.disk()))
    if (bytes.contains(word)) return true;
  return false;
}

std::string says(std::string_view to, std::string_view words, std::string_view type = "chat") {
  return "<message type='" + std::string(type) + "' to='" + std::string(to) + "'><body>" +
         std::string(words) + "</body></message>";
}

// --- removing accounts ---------------------------------------------------------------------------

// Juliet has a room; romeo is a member of it, and has said something there this very moment.
void make_room(TestServer& server) {
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends("<presence to='" + std::string(hall) +
               "/juliet'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  juliet.skips();
  juliet.asks("<iq type='set' id='c' to='" + std::string(hall) +
                  "'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' "
                  "type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/"
                  "muc#roomconfig</value></field><field var='muc#roomconfig_persistentroom'>"
                  "<value>1</value></field></x></query></iq>",
              "<iq type='result'/>");
  juliet.asks("<iq type='set' id='a' to='" + std::string(hall) +
                  "'><query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation="
                  "'member' jid='romeo@xmpp.test'/></query></iq>",
              "<iq type='result'/>");
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
  romeo.sends("<presence to='" + std::string(hall) +
              "/romeo'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  romeo.sends(says(hall, "words-of-romeo", "groupchat"));
  romeo.sends(says("romeo@xmpp.test", "words-to-himself"));
}

void begin_removal(TestServer& server, bool& is_done) {
  Server& its = server.process().server();
  Shard& first = its.shard(0);
  first.loop().post([&its, &first, &is_done] {
    AccountActions(its).remove(
        first, Jid::trusted(std::string(romeo_bare)),
        [&is_done](const Result<>& removed) { is_done = removed.has_value(); });
  });
}

struct Left {
  bool account = false, member = false, words = false, own_words = false;
  std::size_t kept = 0, owed = 0;
};

Left left_of(TestServer& server) {
  Left left;
  store::Stores& stores = server.stores();
  int waiting = 6;
  stores.accounts().exists(std::string(romeo_bare), [&](Result<bool> found) {
    left.account = found.value();
    --waiting;
  });
  stores.records().list("muc.members", std::string(hall), "", [&](auto rows) {
    for (const store::Record& row : *rows) left.member |= row.key == romeo_bare;
    --waiting;
  });
  const auto look = [&](std::string_view owner, std::string_view word, bool& found) {
    stores.messages().fetch({std::string(owner), store::BoxKind::archive, {}}, 0, 1000,
                            [&, word](auto messages) {
                              for (const store::StoredMessage& one : *messages)
                                found |= one.message.stanza.view().contains(word);
                              --waiting;
                            });
  };
  look(hall, "words-of-romeo", left.words);
  look(romeo_bare, "words-to-himself", left.own_words);
  for (const char* index : {"muc.memberships", "muc.authors"})
    stores.records().list(index, store::removed_owner(romeo_bare), "", [&](auto rows) {
      left.kept += rows->size();
      --waiting;
    });
  server.passes(Seconds(1));
  EXPECT_EQ(waiting, 0);
  left.owed = server.process().server().database().owed_removals().size();
  return left;
}

void expect_gone(const Left& left) {
  EXPECT_FALSE(left.account);
  EXPECT_FALSE(left.member);
  EXPECT_FALSE(left.words);
  EXPECT_FALSE(left.own_words);
  EXPECT_EQ(left.kept, 0u);
}

TEST(Removal, LeavesNothingWhenItsEndIsTold) {
  for (const unsigned shards : {1u, 2u, 7u}) {
    SCOPED_TRACE(shards);
    TestServer server({.shards = shards});
    make_room(server);
    bool is_done = false;
    begin_removal(server, is_done);
    server.passes(Seconds(2));
    ASSERT_TRUE(is_done);
    expect_gone(left_of(server));
    server.is_killed();
    server.passes(Seconds(2));
    expect_gone(left_of(server));
    EXPECT_EQ(left_of(server).owed, 0u);
  }
}

// At each moment of it the server dies; the next start does the rest.
TEST(Removal, IsFinishedWhateverDies) {
  unsigned times_owed = 0, times_done = 0, times_not_begun = 0;
  for (unsigned cut = 0; cut < 2 * 28; ++cut) {
    SCOPED_TRACE(cut);
    TestServer server({.shards = 1 + cut % 3, .seed = 1 + cut});
    make_room(server);
    bool is_done = false;
    begin_removal(server, is_done);
    server.passes(Milliseconds(1 + 10 * (cut / 2)));
    cut % 2 == 0 ? server.is_killed() : server.loses_power();
    times_done += is_done;
    times_owed += !server.process().server().database().owed_removals().empty();
    server.passes(Seconds(5));
    const Left left = left_of(server);
    if (left.account) {
      EXPECT_FALSE(is_done);
      EXPECT_TRUE(left.member);
      ++times_not_begun;
    } else {
      expect_gone(left);
    }
    server.is_killed();
    EXPECT_TRUE(server.process().server().database().owed_removals().empty());
    if (HasFailure()) return;
  }
  EXPECT_GT(times_owed, 0u);
  EXPECT_GT(times_done, 0u);
  EXPECT_GT(times_not_begun, 0u);
}

TEST(Removal, ItsNameIsFreeAtItsEnd) {
  TestServer server;
  make_room(server);
  bool is_done = false;
  begin_removal(server, is_done);
  Server& its = server.process().server();
  Shard& first = its.shard(0);
  Result<> early, late = fail(Fault::unavailable, "");
  const auto create = [&](Result<>& outcome) {
    first.loop().post([&] {
      AccountActions(its).create(first, Jid::trusted(std::string(romeo_bare)),
                                 crypto::SecretString("secret"), store::LookAlikes::allowed,
                                 [&outcome](Result<> created) { outcome = created; });
    });
    server.passes(Seconds(2));
  };
  create(early);
  EXPECT_FALSE(early);  // it is there, or still going
  ASSERT_TRUE(is_done);
  create(late);
  EXPECT_TRUE(late);
}

// --- erasing -------------------------------------------------------------------------------------

Result<Erased> erase(TestServer& server) {
  Server& its = server.process().server();
  Result<Erased> outcome = fail(Fault::unavailable, "no answer");
  Shard& first = its.shard(0);
  first.loop().post([&] {
    erase_now(its, first, [&outcome](Result<Erased> erased) { outcome = std::move(erased); });
  });
  server.passes(Seconds(5));
  return outcome;
}

TEST(Erasing, LeavesTheFilesOfAllJournals) {
  TestServer server({.shards = 3});
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends(says("mercutio@xmpp.test", "passing-word"));
  romeo.loses_connection();
  juliet.sends(says("romeo@xmpp.test/orchard", "waiting-word"));
  server.passes(Seconds(3));  // archives have it
  TestClient& mercutio = server.signs_in("mercutio/street");
  mercutio.sends("<presence/>");
  EXPECT_TRUE(mercutio.takes("<message from='juliet@xmpp.test/balcony'/>"));
  server.passes(Seconds(1));
  ASSERT_TRUE(is_in_journal(server, "passing-word"));
  const Files old = files_of(server.disk());
  const auto erased = erase(server);
  ASSERT_TRUE(erased) << erased.error().text;
  EXPECT_GE(erased->journal_files, 1u);  // of each shard that had written something
  EXPECT_EQ(erased->owed, 0u);
  EXPECT_FALSE(is_in_journal(server, "passing-word"));
  for (const auto& [path, bytes] : old)
    if (bytes.contains("-word")) EXPECT_FALSE(server.disk().open(path)) << path;
  EXPECT_TRUE(is_in_journal(server, "waiting-word"));
  // All that is open was copied forward.
  server.is_killed();
  romeo.resumes();
  romeo.receives("<message from='juliet@xmpp.test/balcony'><body>waiting-word</body></message>");
  EXPECT_FALSE(romeo.takes("<message/>"));
}

// What an earlier run left is open as well, whoever is not back yet.
TEST(Erasing, KeepsSessionsOfEarlierRuns) {
  TestServer server({.shards = 2});
  make_room(server);
  TestClient& mercutio = server.comes_online("mercutio/street", {.managed = true});
  mercutio.loses_connection();
  server.is_killed();
  ASSERT_TRUE(erase(server));
  server.is_killed();
  ASSERT_TRUE(erase(server));
  mercutio.resumes();
}

TEST(Erasing, SaysWhereTheDiskHasNoRoom) {
  TestServer server({.shards = 1});
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends(says("mercutio@xmpp.test", "a word"));
  server.disk().refuse_writes(true);
  Server& its = server.process().server();
  Result<Erased> outcome;
  Shard& first = its.shard(0);
  first.loop().post([&] {
    erase_now(its, first, [&outcome](Result<Erased> erased) { outcome = std::move(erased); });
  });
  server.passes(Seconds(120));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().fault, Fault::unavailable);
  server.disk().refuse_writes(false);
  server.passes(Seconds(5));
  EXPECT_TRUE(erase(server));
}

// --- taking over ---------------------------------------------------------------------------------

// Of a run that was taken over an old file comes back, without what was written later.
TEST(TakingOver, WhatWasDoneStaysDone) {
  for (const unsigned shards : {1u, 2u, 7u}) {
    SCOPED_TRACE(shards);
    TestServer server({.shards = shards});
    TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
    TestClient& juliet = server.comes_online("juliet/balcony");
    romeo.loses_connection();
    juliet.sends(says("romeo@xmpp.test/orchard", "once"));
    server.passes(Seconds(3));
    const Files old = files_of(server.disk());
    romeo.resumes();
    romeo.receives("<message><body>once</body></message>");
    server.passes(Seconds(3));
    romeo.signs_off();
    server.passes(Seconds(3));
    ASSERT_EQ(server.process().open_stanzas(), 0u);
    server.is_killed();
    server.passes(Seconds(3));
    for (const auto& [path, bytes] : old) EXPECT_FALSE(server.disk().open(path)) << path;
    for (const auto& [path, bytes] : old)
      ASSERT_TRUE((*server.disk().create(path))->write(0, bytes));
    server.is_killed();
    TestClient& again = server.signs_in("romeo/window");
    again.sends("<presence/>");
    server.passes(Seconds(3));
    EXPECT_FALSE(again.takes("<message/>"));
    EXPECT_EQ(server.process().open_stanzas(), 0u);
    for (const auto& [path, bytes] : old) EXPECT_FALSE(server.disk().open(path)) << path;
  }
}

}  // namespace
}  // namespace herold::server
