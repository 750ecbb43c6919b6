// Hooks: handlers run in the order of their stages, and the first that ends an event ends it.
#include "server/hooks.h"

#include <gtest/gtest.h>

#include <string>

#include "server/iq.h"
#include "xmpp/testing.h"

namespace herold::server {
namespace {

struct Sent {
  std::string trace;
};
struct Other {};

// A module whose handlers leave their letter.
struct Scribe {
  char letter;
  Outcome outcome = Flow::go_on;

  static Outcome write(void* module, Sent& event) {
    auto& self = *static_cast<Scribe*>(module);
    event.trace += self.letter;
    return self.outcome;
  }
};

using Table = HookTable<Sent, Other>;

TEST(Hooks, RunInTheOrderOfStagesThenOfAdding) {
  Scribe modules[] = {{'a'}, {'b'}, {'c'}, {'d'}, {'e'}};
  Table table;
  table.add(Hook<Sent>{Stage::observe, &modules[0], Scribe::write});
  table.add(Hook<Sent>{Stage::handle, &modules[1], Scribe::write});
  table.add(Hook<Sent>{Stage::screen, &modules[2], Scribe::write});
  table.add(Hook<Sent>{Stage::handle, &modules[3], Scribe::write});
  table.add(Hook<Sent>{Stage::amend, &modules[4], Scribe::write});
  Sent event;
  EXPECT_EQ(table.fire(event), Flow::go_on);
  EXPECT_EQ(event.trace, "cebda");
}

TEST(Hooks, StopAtTheFirstThatStops) {
  Scribe modules[] = {{'a'}, {'b', Flow::stop}, {'c'}};
  Table table;
  for (Scribe& module : modules) table.add(Hook<Sent>{Stage::handle, &module, Scribe::write});
  Sent event;
  EXPECT_EQ(table.fire(event), Flow::stop);
  EXPECT_EQ(event.trace, "ab");
}

TEST(Hooks, StopAtTheFirstError) {
  Scribe modules[] = {
      {'a'}, {'b', std::unexpected(xmpp::StanzaError(xmpp::Condition::forbidden))}, {'c'}};
  Table table;
  for (Scribe& module : modules) table.add(Hook<Sent>{Stage::handle, &module, Scribe::write});
  Sent event;
  const Outcome outcome = table.fire(event);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().condition, xmpp::Condition::forbidden);
  EXPECT_EQ(event.trace, "ab");
}

TEST(Hooks, GoOnWhereNobodyListens) {
  Scribe module{'a'};
  Table table;
  Other other;
  EXPECT_EQ(table.fire(other), Flow::go_on);
  table.add(Hook<Sent>{Stage::handle, &module, Scribe::write});
  EXPECT_TRUE(table.has<Sent>());
  EXPECT_FALSE(table.has<Other>());
  table.clear();
  EXPECT_FALSE(table.has<Sent>());
}

TEST(RequestTable, FindsByTypeElementAndTarget) {
  const auto ignore = [](void*, IqRequest) {};
  const ElementName query{"query", "urn:q"};
  int get = 0, set = 0, other = 0;
  RequestTable table;
  table.add({IqType::get, query, at_server | at_own_account, &get, ignore});
  table.add({IqType::set, query, at_own_account, &set, ignore});
  table.add({IqType::get, query, at_other_account, &other, ignore});
  const auto found = [&](IqType type, std::string_view payload, Targets target) -> void* {
    const xml::Document document = xmpp::parse_test(payload);
    const auto* handler = table.find(type, document.root(), target);
    return handler ? handler->module : nullptr;
  };
  constexpr std::string_view right = "<query xmlns='urn:q'/>";
  EXPECT_EQ(found(IqType::get, right, at_server), &get);
  EXPECT_EQ(found(IqType::get, right, at_own_account), &get);
  EXPECT_EQ(found(IqType::get, right, at_other_account), &other);
  EXPECT_EQ(found(IqType::set, right, at_own_account), &set);
  EXPECT_EQ(found(IqType::set, right, at_server), nullptr);
  EXPECT_EQ(found(IqType::get, "<query xmlns='urn:q '/>", at_server), nullptr);  // HOSTILE 17
  EXPECT_EQ(found(IqType::get, "<queri xmlns='urn:q'/>", at_server), nullptr);
  table.clear();
  EXPECT_EQ(found(IqType::get, right, at_server), nullptr);
}

}  // namespace
}  // namespace herold::server
