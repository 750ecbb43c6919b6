// Whom a component told that it is there, and what takes that back.
#include "server/components/told_presence.h"

#include <gtest/gtest.h>

namespace herold::server {
namespace {

const std::string own =
    "<x xmlns=\"http://jabber.org/protocol/muc#user\"><status code=\"110\"/></x>";
const std::string other = "<x xmlns=\"http://jabber.org/protocol/muc#user\"><item/></x>";

Stanza presence(const std::string& from, const std::string& to, const std::string& payload = {},
                PresenceType type = PresenceType::available) {
  StanzaHead head = StanzaHead::of(type);
  head.from = Jid::trusted(from);
  head.to = Jid::trusted(to);
  return Stanza(std::move(head), payload);
}

TEST(ToldPresence, TakesBackWhatCounts) {
  ToldPresence told;
  told.note(presence("a@irc.test/x", "j@test/r", own), 10);
  told.note(presence("a@irc.test/y", "j@test/r", other), 10);
  told.note(presence("b@irc.test", "j@test"), 10);
  told.note(presence("b@irc.test", "j@test"), 10);
  told.note(presence("c@irc.test", "j@test"), 10);
  told.note(presence("c@irc.test", "j@test", {}, PresenceType::unavailable), 10);
  EXPECT_EQ(told.size(), 2u);
  const std::vector<Stanza> back = told.take_back();
  ASSERT_EQ(back.size(), 2u);
  EXPECT_TRUE(back[0].head.is(PresenceType::unavailable));
  EXPECT_EQ(back[0].head.from.text(), "b@irc.test");
  EXPECT_TRUE(back[0].payload().view().empty());
  EXPECT_EQ(back[1].head.from.text(), "a@irc.test/x");
  EXPECT_NE(back[1].payload().view().find("332"), std::string_view::npos);
  EXPECT_EQ(told.size(), 0u);
  EXPECT_TRUE(told.take_back().empty());
}

TEST(ToldPresence, ForgetsWhoLeft) {
  ToldPresence told;
  told.note(presence("a@irc.test/x", "j@test/r", own), 10);
  told.note(presence("b@irc.test/x", "j@test/r", own), 10);
  told.left(Jid::trusted("j@test/r"), Jid::trusted("a@irc.test/z"));
  told.left(Jid::trusted("k@test/r"), Jid::trusted("b@irc.test/x"));
  EXPECT_EQ(told.size(), 1u);
  told.note(presence("b@irc.test/x", "j@test/r", {}, PresenceType::error), 10);
  EXPECT_EQ(told.size(), 0u);
}

TEST(ToldPresence, IsBounded) {
  ToldPresence told;
  for (int i = 0; i < 5; ++i)
    told.note(presence("a" + std::to_string(i) + "@irc.test", "j@test"), 3);
  EXPECT_EQ(told.size(), 3u);
}

}  // namespace
}  // namespace herold::server
