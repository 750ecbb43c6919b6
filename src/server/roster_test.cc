// The packed roster holds what a list of items would, whatever is put and removed (RFC 6121).
#include "server/roster.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"

namespace herold::server {
namespace {

using store::RosterItem;

RosterItem item(std::string address, std::string name = "", std::vector<std::string> groups = {}) {
  RosterItem made;
  made.address = std::move(address);
  made.name = std::move(name);
  made.groups = std::move(groups);
  return made;
}

TEST(Roster, GivesBackWhatWasPut) {
  Roster roster;
  RosterItem romeo = item("romeo@example.net", "Romeo", {"Friends", "Lovers \xE2\x99\xA5"});
  romeo.subscription = Subscription::both;
  romeo.ask = true;
  romeo.approved = true;
  roster.put(romeo);
  roster.put(item("nurse@example.net"));
  EXPECT_EQ(roster.size(), 2u);
  EXPECT_EQ(roster.find("romeo@example.net").item(), romeo);
  EXPECT_EQ(roster.find("nurse@example.net").item(), item("nurse@example.net"));
  EXPECT_TRUE(roster.find("nurse@example.net").groups.empty());
}

TEST(Roster, FindsOnlyWhatIsThere) {
  Roster roster;
  EXPECT_FALSE(roster.find("a@b"));
  roster.put(item("a@b.test"));
  EXPECT_FALSE(roster.find("a@b"));
  EXPECT_FALSE(roster.find("a@b.test2"));
  EXPECT_FALSE(roster.find(""));
  roster.remove("a@b");
  EXPECT_EQ(roster.size(), 1u);
}

TEST(Roster, ReplacesAndRemoves) {
  Roster roster;
  roster.put(item("a@b.test", "A", {"one"}));
  roster.put(item("c@b.test", "C"));
  roster.put(item("a@b.test", "a longer name", {"two", "three"}));
  EXPECT_EQ(roster.size(), 2u);
  EXPECT_EQ(roster.find("a@b.test").item(), item("a@b.test", "a longer name", {"two", "three"}));
  roster.remove(roster.find("a@b.test").address);  // a view into the roster itself
  EXPECT_EQ(roster.size(), 1u);
  EXPECT_FALSE(roster.find("a@b.test"));
  EXPECT_EQ(roster.find("c@b.test").name, "C");
}

TEST(Roster, LoadsAsStored) {
  Roster roster;
  roster.put(item("old@b.test"));
  roster.load({.version = 7,
               .items = {item("a@b.test", "A"), item("c@b.test")},
               .requests = {{.from = "x@b.test", .stanza = "", .received = {}}}});
  EXPECT_EQ(roster.version, 7u);
  EXPECT_EQ(roster.size(), 2u);
  EXPECT_EQ(roster.requests.size(), 1u);
  EXPECT_FALSE(roster.find("old@b.test"));
  int seen = 0;
  roster.for_each([&](const ContactView& contact) { seen += contact ? 1 : 100; });
  EXPECT_EQ(seen, 2);
}

// Texts at the edge of their packed sizes.
TEST(Roster, TakesTheLongestTexts) {
  Roster roster;
  const std::string name(UINT16_MAX, 'n');
  const std::string address = std::string(1023, 'a') + "@" + std::string(1023, 'b');
  roster.put(item(address, name, {std::string(5000, 'g'), ""}));
  roster.put(item("last@b.test"));
  EXPECT_EQ(roster.find(address).name.size(), name.size());
  EXPECT_EQ(roster.find(address).item().groups.size(), 2u);
  EXPECT_TRUE(roster.find("last@b.test"));
}

TEST(Roster, AgreesWithAMapOverManyChanges) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SeededRandom random(seed);
    std::map<std::string, RosterItem, std::less<>> model;
    Roster roster;
    for (int step = 0; step < 200; ++step) {
      const std::string address = "u" + std::to_string(random.below(12)) + "@b.test";
      if (random.below(3) == 0) {
        roster.remove(address);
        model.erase(address);
        continue;
      }
      RosterItem made = item(address, std::string(random.below(20), 'n'));
      made.subscription = static_cast<Subscription>(random.below(4));
      for (std::uint64_t group = random.below(4); group > 0; --group)
        made.groups.push_back(std::string(random.below(9), 'g'));
      roster.put(made);
      model[address] = made;
    }
    ASSERT_EQ(roster.size(), model.size()) << "seed " << seed;
    std::size_t seen = 0;
    roster.for_each([&](const ContactView& contact) {
      ++seen;
      EXPECT_EQ(contact.item(), model.find(contact.address)->second) << "seed " << seed;
    });
    EXPECT_EQ(seen, model.size());
  }
}

TEST(Roster, KnowsWhoSeesWhom) {
  EXPECT_TRUE(sees_contact(Subscription::to) && sees_contact(Subscription::both));
  EXPECT_FALSE(sees_contact(Subscription::from) || sees_contact(Subscription::none));
  EXPECT_TRUE(seen_by_contact(Subscription::from) && seen_by_contact(Subscription::both));
  EXPECT_FALSE(seen_by_contact(Subscription::to) || seen_by_contact(Subscription::none));
}

}  // namespace
}  // namespace herold::server
