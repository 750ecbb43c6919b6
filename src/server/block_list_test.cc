// Which addresses a block list stands for (XEP-0191 section 5), and how it is kept.
#include "server/block_list.h"

#include <gtest/gtest.h>

namespace herold::server {
namespace {

xmpp::Jid jid(std::string_view text) { return xmpp::Jid::parse(text).value(); }

BlockList list_of(std::initializer_list<std::string_view> entries) {
  BlockList list;
  for (const std::string_view entry : entries) list.add(jid(entry));
  return list;
}

constexpr std::string_view everybody[] = {
    "romeo@montague.net/orchard", "romeo@montague.net/balcony",
    "romeo@montague.net",         "montague.net",
    "montague.net/orchard",       "benvolio@montague.net",
    "juliet@capulet.com/orchard", "capulet.com",
    "romeo@sub.montague.net"};

std::vector<std::string_view> blocked_by(const BlockList& list) {
  std::vector<std::string_view> blocked;
  for (const std::string_view one : everybody)
    if (list.blocks(jid(one))) blocked.push_back(one);
  return blocked;
}

using Blocked = std::vector<std::string_view>;

TEST(BlockList, NobodyIsBlockedAtFirst) { EXPECT_EQ(blocked_by({}), Blocked()); }

TEST(BlockList, FullAddressMeansThatResource) {
  EXPECT_EQ(blocked_by(list_of({"romeo@montague.net/orchard"})),
            Blocked({"romeo@montague.net/orchard"}));
}

TEST(BlockList, BareAddressMeansAllResources) {
  EXPECT_EQ(
      blocked_by(list_of({"romeo@montague.net"})),
      Blocked({"romeo@montague.net/orchard", "romeo@montague.net/balcony", "romeo@montague.net"}));
}

TEST(BlockList, DomainMeansEverybodyThereButNoSubdomain) {
  EXPECT_EQ(
      blocked_by(list_of({"montague.net"})),
      Blocked({"romeo@montague.net/orchard", "romeo@montague.net/balcony", "romeo@montague.net",
               "montague.net", "montague.net/orchard", "benvolio@montague.net"}));
}

TEST(BlockList, DomainWithResourceMeansThatResource) {
  // Section 5: "only that resource matches", as XEP-0016 has it for a domain's.
  EXPECT_EQ(blocked_by(list_of({"montague.net/orchard"})), Blocked({"montague.net/orchard"}));
}

TEST(BlockList, CoversAgreesWithBlocks) {
  for (const std::string_view entry : everybody)
    for (const std::string_view other : everybody)
      EXPECT_EQ(BlockList::covers(jid(entry), jid(other)), list_of({entry}).blocks(jid(other)))
          << entry << " and " << other;
}

TEST(BlockList, IsStoredAsText) {
  const BlockList list = list_of({"romeo@montague.net", "capulet.com", "a@b.c/with space"});
  EXPECT_EQ(BlockList::parse(list.text()).entries(), list.entries());
  EXPECT_TRUE(BlockList::parse("").empty());
  EXPECT_EQ(BlockList::parse("a@b.c").size(), 1u);
}

TEST(BlockList, AddsOnceAndRemoves) {
  BlockList list = list_of({"b@x.org", "a@x.org", "b@x.org"});
  EXPECT_EQ(list.size(), 2u);
  list.remove(jid("b@x.org"));
  EXPECT_FALSE(list.contains(jid("b@x.org")));
  EXPECT_TRUE(list.contains(jid("a@x.org")));
}

}  // namespace
}  // namespace herold::server
