// Large rooms in small numbers: rounds, slices, order, fairness, and who has to wait.
#include "server/rooms/crowds.h"

#include <gtest/gtest.h>

namespace herold::server {
namespace {

Jid jid(std::string_view text) { return *Jid::parse(text); }

// Clients are called 0 to 9; a slice has those with the same half.
class CrowdsTest : public testing::Test {
 protected:
  static Stanza stanza(std::string_view room, std::string id) {
    StanzaHead head = StanzaHead::of(MessageType::groupchat);
    head.from = jid(room);
    head.id = std::move(id);
    return Stanza(std::move(head), std::string_view());
  }
  static std::vector<Jid> clients(std::string_view names) {
    std::vector<Jid> all;
    for (const char name : names) all.push_back(jid(std::string(1, name) + "@a.test"));
    return all;
  }
  void say(std::string_view room, std::string id, std::string_view names) {
    crowds.send(stanza(room, std::move(id)), clients(names));
  }
  // What is sent in the next turn, as "id:clients", with "..." where that is not all.
  std::string turn() {
    heard.clear();
    for (net::Task& task : std::exchange(turns, {})) task();
    return heard;
  }

  std::string heard;
  std::vector<net::Task> turns;
  Crowds crowds{
      [this](const Stanza& stanza, const std::vector<Jid>& told, Crowds::Rest rest) {
        heard += (heard.empty() ? "" : " ") + stanza.head.id + ":";
        for (const Jid& client : told) heard += client.local();
        if (rest == Crowds::Rest::more) heard += "...";
      },
      [this](net::Task task) { turns.push_back(std::move(task)); },
      [](const Jid& client) {
        return static_cast<std::uint64_t>(client.local().front() - '0') / 2;
      },
      {.at_once = 4, .at_least = 2, .slices = 5, .most_ahead = 3, .line = 100, .lines = 150}};
};

TEST_F(CrowdsTest, FewAreToldAtOnce) {
  say("cave@r.test/a", "1", "0123");
  EXPECT_EQ(heard, "1:0123");
  EXPECT_FALSE(crowds.has("cave@r.test"));
  EXPECT_TRUE(turns.empty());
}

TEST_F(CrowdsTest, ManyAreToldInPieces) {
  say("cave@r.test/a", "1", "0123456");
  EXPECT_TRUE(crowds.has("cave@r.test"));
  EXPECT_EQ(heard, "");
  EXPECT_EQ(turns.size(), 1u);
  EXPECT_EQ(turn(), "1:01... 1:23...");
  EXPECT_EQ(turn(), "1:45... 1:6");
  EXPECT_FALSE(crowds.has("cave@r.test"));
  EXPECT_EQ(turn(), "");
  EXPECT_TRUE(turns.empty());
}

TEST_F(CrowdsTest, EachClientGetsAllInItsOrder) {
  say("cave@r.test/a", "1", "6543210");
  say("cave@r.test/b", "2", "0");  // behind it, though it is for one
  say("cave@r.test/b", "3", "146");
  EXPECT_EQ(turn(), "1:10... 2:0 3:1...");
  say("cave@r.test", "4", "50");  // of the next round
  EXPECT_EQ(turn(), "1:32... 1:54... 3:4...");
  EXPECT_EQ(turn(), "1:6 3:6 4:0... 4:5");
  EXPECT_FALSE(crowds.has("cave@r.test"));
}

TEST_F(CrowdsTest, WhatIsInNoHurryWaitsForATurn) {
  crowds.send_later(stanza("cave@r.test/a", "1"), clients("01"));
  crowds.send_later(stanza("cave@r.test/b", "2"), clients("10"));
  crowds.send_later(stanza("cave@r.test/b", "3"), {});
  EXPECT_EQ(heard, "3:");  // for nobody
  say("cave@r.test/b", "4", "3");
  EXPECT_EQ(turn(), "1:01 2:10");
  EXPECT_EQ(turn(), "4:3");
}

TEST_F(CrowdsTest, RoomsShareATurn) {
  say("cave@r.test/a", "1", "01234567");
  say("heath@r.test/a", "2", "01234567");
  say("hut@r.test/a", "3", "0");
  EXPECT_EQ(heard, "3:0");  // nobody's business but its own
  EXPECT_EQ(turn(), "1:01... 2:01...");
  say("moor@r.test/a", "4", "01234567");
  EXPECT_EQ(turn(), "1:23... 2:23... 4:01...");  // at least two each
}

TEST_F(CrowdsTest, WhoeverWantsSomethingOfARoomThatIsBehindWaitsInLine) {
  EXPECT_FALSE(crowds.is_behind("cave@r.test"));
  for (const char* id : {"1", "2", "3"}) say("cave@r.test/a", id, "02468");
  ASSERT_TRUE(crowds.is_behind("cave@r.test"));
  EXPECT_FALSE(crowds.is_behind("heath@r.test"));
  std::string done;
  crowds.wait("cave@r.test", 60, [&] {
    done += "a";
    for (const char* id : {"4", "5", "6"}) say("cave@r.test/a", id, "0");  // and it is behind again
  });
  crowds.wait("cave@r.test", 60, [&] { done += "b"; });
  EXPECT_TRUE(crowds.is_full("cave@r.test", Crowds::Wish::any));
  EXPECT_FALSE(crowds.is_full("cave@r.test", Crowds::Wish::to_leave));
  EXPECT_EQ(turn(), "1:0... 2:0... 3:0... 1:2... 2:2... 3:2...");
  EXPECT_EQ(done, "");
  EXPECT_EQ(turn(), "1:4... 2:4... 3:4... 1:6... 2:6... 3:6...");
  EXPECT_EQ(turn(), "1:8 2:8 3:8");
  EXPECT_EQ(done, "a");
  EXPECT_FALSE(crowds.is_full("cave@r.test", Crowds::Wish::any));
  EXPECT_TRUE(crowds.is_behind("cave@r.test"));
  EXPECT_EQ(turn(), "4:0 5:0 6:0");
  EXPECT_EQ(done, "ab");
  EXPECT_FALSE(crowds.is_behind("cave@r.test"));
  EXPECT_FALSE(crowds.has("cave@r.test"));
}

TEST_F(CrowdsTest, TheLineOfOneRoomIsBounded) {
  for (const char* id : {"1", "2", "3"}) say("cave@r.test/a", id, "01234");
  for (const char* id : {"4", "5", "6"}) say("heath@r.test/a", id, "01234");
  const auto any = Crowds::Wish::any, to_leave = Crowds::Wish::to_leave;
  crowds.wait("cave@r.test", 99, [] {});
  EXPECT_FALSE(crowds.is_full("cave@r.test", any));
  crowds.wait("cave@r.test", 1, [] {});
  EXPECT_TRUE(crowds.is_full("cave@r.test", any));
  EXPECT_FALSE(crowds.is_full("cave@r.test", to_leave));
  EXPECT_FALSE(crowds.is_full("heath@r.test", any));
  EXPECT_FALSE(crowds.is_full("moor@r.test", any));  // it is not behind
  crowds.wait("cave@r.test", 100, [] {});
  EXPECT_TRUE(crowds.is_full("cave@r.test", to_leave));
  while (!turns.empty()) turn();
  EXPECT_FALSE(crowds.is_full("cave@r.test", any));
}

TEST_F(CrowdsTest, SoAreAllLinesTogether) {
  for (const char* room : {"cave@r.test/a", "heath@r.test/a"})
    for (const char* id : {"1", "2", "3"}) say(room, id, "01234");
  const auto any = Crowds::Wish::any;
  crowds.wait("cave@r.test", 90, [] {});
  EXPECT_FALSE(crowds.is_full("heath@r.test", any));
  crowds.wait("heath@r.test", 60, [] {});
  EXPECT_TRUE(crowds.is_full("heath@r.test", any));
  EXPECT_TRUE(crowds.is_full("cave@r.test", any));
  EXPECT_FALSE(crowds.is_full("cave@r.test", Crowds::Wish::to_leave));
}

TEST_F(CrowdsTest, OneRequestMayFillAnotherRoom) {
  for (const char* id : {"1", "2", "3"}) say("cave@r.test/a", id, "01234");
  crowds.wait("cave@r.test", 60, [&] { say("arbour@r.test/a", "0", "01234"); });
  for (int i = 0; i < 3; ++i) turn();
  EXPECT_EQ(turns.size(), 1u);
  EXPECT_TRUE(crowds.has("arbour@r.test"));
  EXPECT_FALSE(crowds.has("cave@r.test"));
  EXPECT_EQ(turn(), "0:01... 0:23...");
}

}  // namespace
}  // namespace herold::server
