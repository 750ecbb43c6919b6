// Rooms without a server: what each occupant is told.
#include "server/rooms/room.h"

#include <gtest/gtest.h>

#include <map>

namespace herold::server {
namespace {

using xmpp::MucAdmin;

struct FakeClock final : Clock {
  MonotonicTime now() const override { return MonotonicTime(Seconds(1000)) + passed; }
  WallTime wall() const override { return WallTime(Seconds(1790000000)) + passed; }
  Duration passed{0};
};

// What each client got, as text.
struct Heard final : RoomOutput {
  void send(Stanza stanza) override { all[stanza.head.to.text()].push_back(stanza.to_xml()); }
  void show(const Jid&, std::vector<Stanza> others) override {
    for (Stanza& one : others) send(std::move(one));
  }
  void send_to_all(Stanza stanza, std::vector<Jid> clients) override {
    for (const Jid& to : clients) {
      Stanza copy = stanza.copy();
      copy.head.to = to;
      send(std::move(copy));
    }
  }
  void send_to_all(const Stanza& stanza, const Audience& audience) override {
    send_to_all(stanza.copy(), audience.clients());
  }
  bool pass_on(const Stanza& said, const std::optional<std::string>& aside,
               const Audience& audience) override {
    if (is_full) return false;
    send_to_all(said, audience);
    if (aside) archived.push_back(said.to_xml());
    return true;
  }
  bool send_safely(Stanza stanza) override {
    if (is_full) return false;
    send(std::move(stanza));
    return true;
  }
  void tell_absent(const Stanza&, const std::vector<Jid>& members) override { absent = members; }
  void recall(const Jid&, const Jid&, WallTime since) override { recalled = since; }
  std::vector<Jid> absent;           // who was told of the last message elsewhere
  std::optional<WallTime> recalled;  // what was asked of the archive
  MessageId next_id() override { return ++last_id; }
  MessageId last_id = 1000;
  bool is_full = false;
  std::vector<std::string> archived;
  void pace(const Jid&, const Jid& client) override { paced.push_back(client); }
  std::vector<Jid> paced;  // who is being shown a large room
  std::vector<std::string> take(const std::string& client) {
    return std::exchange(all[client], {});
  }
  std::map<std::string, std::vector<std::string>> all;
};

Jid jid(std::string_view text) { return *Jid::parse(text); }

class RoomTest : public testing::Test {
 protected:
  RoomTest()
      : room(jid("cave@rooms.test"),
             {.output = heard,
              .clock = clock,
              .limits = limits,
              .occupant_id = [](const Jid& user) { return "id-" + std::string(user.local()); },
              .token = [this] { return "t" + std::to_string(++tokens); },
              .name_of = [](MessageId id) { return std::to_string(id); }}) {}

  Answer<> enter(std::string_view client, std::string nick, xmpp::MucJoin join = {}) {
    return room.enter({jid(client), std::move(nick), std::move(join), "e"}, SharedBytes());
  }
  // The owner enters, and the room is open.
  void open() {
    room.create(jid("crone@a.test"));
    ASSERT_TRUE(enter("crone@a.test/desk", "first"));
    ASSERT_TRUE(room.own(jid("crone@a.test/desk"), submit()));
    heard.all.clear();
  }
  // Members only; one has been in it for a minute.
  void open_with_member() {
    open();
    const std::string_view owner = "crone@a.test/desk";
    ASSERT_TRUE(room.own(jid(owner), submit({{"muc#roomconfig_membersonly", "1"}})));
    ASSERT_TRUE(affiliate(owner, "hag@a.test", Affiliation::member));
    ASSERT_TRUE(enter("hag@a.test/pda", "hag"));
    clock.passed += Seconds(60);
  }
  static xmpp::MucOwner submit(std::vector<std::pair<std::string, std::string>> fields = {}) {
    xmpp::DataForm form{.type = xmpp::FormType::submit};
    for (auto& [var, value] : fields) form.questions.push_back({.var = var, .values = {value}});
    return {.form = std::move(form)};
  }
  Answer<> role(std::string_view actor, std::string nick, Role wanted) {
    return room.change_list(jid(actor), {{{.nick = std::move(nick), .role = wanted}}});
  }
  Answer<> affiliate(std::string_view actor, std::string_view user, Affiliation wanted) {
    return room.change_list(jid(actor), {{{.affiliation = wanted, .jid = jid(user)}}});
  }
  Answer<> say(std::string_view client, std::string_view body, std::string_view id) {
    StanzaHead head = StanzaHead::of(MessageType::groupchat);
    head.from = jid(client);
    head.to = room.address();
    head.id = "m";
    Stanza said(head, "<body>" + std::string(body) + "</body>");
    said.id = std::stoull(std::string(id));
    return room.speak(jid(client), said);
  }
  static Condition why(const Answer<>& answer) {
    return answer ? Condition::undefined_condition : answer.error().condition;
  }

  FakeClock clock;
  Limits limits;
  Heard heard;
  int tokens = 0;
  Room room;
};

TEST_F(RoomTest, WhoEntersFirstOwnsItAndOthersFindItLocked) {
  room.create(jid("crone@a.test"));
  ASSERT_TRUE(enter("crone@a.test/desk", "first"));
  const auto told = heard.take("crone@a.test/desk");
  ASSERT_EQ(told.size(), 2u);  // self-presence and subject
  EXPECT_NE(told[0].find(R"(affiliation="owner")"), std::string::npos) << told[0];
  EXPECT_NE(told[0].find(R"(<status code="201"/>)"), std::string::npos) << told[0];
  EXPECT_NE(told[1].find("<subject/>"), std::string::npos) << told[1];
  EXPECT_EQ(why(enter("hag@a.test/pda", "third")), Condition::item_not_found);
  ASSERT_TRUE(room.own(jid("crone@a.test/desk"), submit()));
  EXPECT_TRUE(enter("hag@a.test/pda", "third"));
}

TEST_F(RoomTest, TellsInOrderAndHidesAddressesFromMereOccupants) {
  open();
  ASSERT_TRUE(say("crone@a.test/desk", "Thrice", "1"));
  heard.all.clear();
  ASSERT_TRUE(enter("hag@a.test/pda", "third"));
  const auto told = heard.take("hag@a.test/pda");
  ASSERT_EQ(told.size(), 4u);
  EXPECT_NE(told[0].find("cave@rooms.test/first"), std::string::npos);
  EXPECT_EQ(told[0].find("jid="), std::string::npos) << told[0];
  EXPECT_NE(told[1].find(R"(<status code="110"/>)"), std::string::npos);
  EXPECT_NE(told[2].find("Thrice"), std::string::npos);
  EXPECT_NE(told[2].find("<delay"), std::string::npos);
  EXPECT_NE(told[3].find("<subject/>"), std::string::npos);
  const auto owner = heard.take("crone@a.test/desk");
  ASSERT_EQ(owner.size(), 1u);
  EXPECT_NE(owner[0].find(R"(jid="hag@a.test/pda")"), std::string::npos) << owner[0];
}

TEST_F(RoomTest, NicknamesAreComparedAsPeopleReadThem) {
  open();
  ASSERT_TRUE(enter("hag@a.test/pda", "paypal"));
  EXPECT_EQ(why(enter("witch@a.test/x", "PayPal")), Condition::conflict);
  EXPECT_EQ(why(enter("witch@a.test/x", "paypa1")), Condition::not_acceptable);
  EXPECT_EQ(why(enter("witch@a.test/x", std::string(300, 'n'))), Condition::not_acceptable);
  EXPECT_TRUE(enter("hag@a.test/phone", "paypal"));  // the same user, another client
  EXPECT_EQ(room.occupants().size(), 2u);
  EXPECT_EQ(room.client_count(), 3u);
}

TEST_F(RoomTest, SeveralClientsAreOneOccupant) {
  open();
  ASSERT_TRUE(enter("hag@a.test/pda", "third"));
  ASSERT_TRUE(enter("hag@a.test/phone", "third"));
  heard.all.clear();
  ASSERT_TRUE(say("hag@a.test/phone", "hi", "1"));
  EXPECT_EQ(heard.take("hag@a.test/pda").size(), 1u);
  EXPECT_EQ(heard.take("hag@a.test/phone").size(), 1u);
  heard.all.clear();
  room.leave(jid("hag@a.test/phone"), SharedBytes());
  const auto left = heard.take("hag@a.test/phone");
  ASSERT_EQ(left.size(), 1u);
  EXPECT_NE(left[0].find("unavailable"), std::string::npos);
  for (const std::string& told : heard.take("crone@a.test/desk"))
    EXPECT_EQ(told.find("unavailable"), std::string::npos) << told;
  room.leave(jid("hag@a.test/pda"), SharedBytes());
  EXPECT_EQ(room.occupants().size(), 1u);
}

TEST_F(RoomTest, ErrorsOfEntering) {
  open();
  const std::string_view owner = "crone@a.test/desk";
  ASSERT_TRUE(affiliate(owner, "bad@a.test", Affiliation::outcast));
  ASSERT_TRUE(affiliate(owner, "evil.test", Affiliation::outcast));
  EXPECT_EQ(why(enter("bad@a.test/x", "bad")), Condition::forbidden);
  EXPECT_EQ(why(enter("any@evil.test/x", "any")), Condition::forbidden);
  ASSERT_TRUE(room.own(jid(owner), submit({{"muc#roomconfig_passwordprotectedroom", "1"},
                                           {"muc#roomconfig_roomsecret", "cauldron"},
                                           {"muc#roomconfig_maxusers", "2"}})));
  EXPECT_EQ(why(enter("hag@a.test/x", "hag")), Condition::not_authorized);
  EXPECT_TRUE(enter("hag@a.test/x", "hag", {.password = "cauldron"}));
  EXPECT_EQ(why(enter("witch@a.test/x", "w", {.password = "cauldron"})),
            Condition::service_unavailable);
  ASSERT_TRUE(room.own(jid(owner), submit({{"muc#roomconfig_passwordprotectedroom", "0"},
                                           {"muc#roomconfig_maxusers", "none"},
                                           {"muc#roomconfig_membersonly", "1"}})));
  EXPECT_EQ(room.occupants().size(), 1u);  // who is no member had to go
  EXPECT_EQ(why(enter("hag@a.test/x", "hag")), Condition::registration_required);
  ASSERT_TRUE(affiliate(owner, "hag@a.test", Affiliation::member));
  EXPECT_TRUE(enter("hag@a.test/x", "hag"));
}

TEST_F(RoomTest, RightsOfRolesAndAffiliations) {
  open();
  const std::string_view owner = "crone@a.test/desk";
  for (const auto* name : {"admin", "member", "plain"})
    ASSERT_TRUE(enter(std::string(name) + "@a.test/x", name));
  ASSERT_TRUE(affiliate(owner, "admin@a.test", Affiliation::admin));
  ASSERT_TRUE(affiliate(owner, "member@a.test", Affiliation::member));
  EXPECT_EQ(why(role("plain@a.test/x", "member", Role::none)), Condition::forbidden);
  EXPECT_EQ(why(role("admin@a.test/x", "first", Role::none)), Condition::not_allowed);
  EXPECT_EQ(why(role("admin@a.test/x", "first", Role::visitor)), Condition::not_allowed);
  EXPECT_EQ(why(role("admin@a.test/x", "first", Role::participant)), Condition::not_allowed);
  EXPECT_EQ(why(role("admin@a.test/x", "nobody", Role::none)), Condition::item_not_found);
  EXPECT_EQ(why(affiliate("admin@a.test/x", "crone@a.test", Affiliation::outcast)),
            Condition::not_allowed);
  EXPECT_EQ(why(affiliate("admin@a.test/x", "x@a.test", Affiliation::admin)), Condition::forbidden);
  EXPECT_EQ(why(affiliate("admin@a.test/x", "admin@a.test", Affiliation::outcast)),
            Condition::conflict);
  EXPECT_EQ(why(affiliate("member@a.test/x", "x@a.test", Affiliation::member)),
            Condition::forbidden);
  EXPECT_EQ(why(affiliate(owner, "crone@a.test", Affiliation::none)), Condition::conflict);
  // All or nothing.
  EXPECT_EQ(why(room.change_list(
                jid(owner), {{{.affiliation = Affiliation::member, .jid = jid("x@a.test")},
                              {.affiliation = Affiliation::none, .jid = jid("crone@a.test")}}})),
            Condition::conflict);
  EXPECT_EQ(room.affiliation(jid("x@a.test")), Affiliation::none);
  EXPECT_EQ(why(room.change_list(jid(owner), {{{.affiliation = Affiliation::member,
                                                .jid = jid("x@a.test"),
                                                .nick = "x",
                                                .role = Role::visitor}}})),
            Condition::bad_request);
  ASSERT_TRUE(role("admin@a.test/x", "plain", Role::visitor));
  EXPECT_EQ(why(say("plain@a.test/x", "hello", "1")), Condition::forbidden);
  EXPECT_EQ(why(say("nobody@a.test/x", "hello", "2")), Condition::not_acceptable);
}

TEST_F(RoomTest, WhatOnlyRoomsSayIsTakenOut) {
  open();
  StanzaHead head = StanzaHead::of(MessageType::groupchat);
  head.from = jid("crone@a.test/desk");
  Stanza forged(head,
                "<body>x</body><occupant-id xmlns=\"urn:xmpp:occupant-id:0\" id=\"forged\"/>"
                "<stanza-id xmlns=\"urn:xmpp:sid:0\" id=\"forged\" by=\"cave@rooms.test\"/>"
                "<stanza-id xmlns=\"urn:xmpp:sid:0\" id=\"other\" by=\"other@b.test\"/>"
                "<x xmlns=\"http://jabber.org/protocol/muc#user\"><status code=\"forged\"/></x>"
                "<hats xmlns=\"urn:xmpp:hats:0\"><hat title=\"forged\"/></hats>");
  forged.id = 77;
  ASSERT_TRUE(room.speak(head.from, forged));
  const std::string told = heard.take("crone@a.test/desk").at(0);
  EXPECT_EQ(told.find("forged"), std::string::npos) << told;
  EXPECT_NE(told.find("id-crone"), std::string::npos) << told;
  EXPECT_NE(told.find("other"), std::string::npos) << told;
}

TEST_F(RoomTest, HistoryIsWhatWasAskedFor) {
  open();
  for (int i = 0; i < 10; ++i) {
    clock.passed += Seconds(10);
    ASSERT_TRUE(say("crone@a.test/desk", "line " + std::to_string(i), std::to_string(i + 1)));
  }
  int entered = 0;
  const auto shown = [&](std::optional<xmpp::MucHistory> wish) {
    const std::string client = "hag@a.test/" + std::to_string(++entered);
    EXPECT_TRUE(enter(client, "hag", {.history = wish}));
    std::size_t count = 0;
    for (const std::string& told : heard.take(client)) count += told.find("line") != told.npos;
    return count;
  };
  EXPECT_EQ(shown({}), 10u);
  EXPECT_EQ(shown({{.maxstanzas = 3}}), 3u);
  EXPECT_EQ(shown({{.maxstanzas = 1000000000}}), 10u);
  EXPECT_EQ(shown({{.maxchars = 0}}), 0u);
  EXPECT_EQ(shown({{.seconds = 25}}), 3u);
  EXPECT_EQ(shown({{.seconds = UINT64_MAX}}), 10u);
  EXPECT_EQ(shown({{.since = WallTime{}}}), 10u);
  EXPECT_EQ(shown({{.since = clock.wall() - Seconds(15)}}), 2u);
}

TEST_F(RoomTest, HistoryHasNoMarkers) {
  open();
  StanzaHead head = StanzaHead::of(MessageType::groupchat);
  head.from = jid("crone@a.test/desk");
  Stanza marker(head, "<displayed xmlns=\"urn:xmpp:chat-markers:0\" id=\"1\"/>");
  marker.id = 1;
  ASSERT_TRUE(room.speak(head.from, marker));
  EXPECT_EQ(heard.take("crone@a.test/desk").size(), 1u);
  EXPECT_TRUE(room.history().entries().empty());
  ASSERT_TRUE(say("crone@a.test/desk", "kept", "2"));
  EXPECT_TRUE(room.history().has("2"));
}

TEST_F(RoomTest, AMemberGetsWhatWasSaidWhileAway) {
  open();
  const std::string_view owner = "crone@a.test/desk";
  ASSERT_TRUE(room.own(
      jid(owner), submit({{"muc#roomconfig_membersonly", "1"}, {"muc#maxhistoryfetch", "1"}})));
  ASSERT_TRUE(affiliate(owner, "hag@a.test", Affiliation::member));
  ASSERT_TRUE(enter("hag@a.test/pda", "hag"));
  ASSERT_TRUE(say(owner, "before", "1"));
  clock.passed += Seconds(60);
  room.leave(jid("hag@a.test/pda"), SharedBytes());
  EXPECT_TRUE(room.take_changes().members.contains("hag@a.test"));
  clock.passed += Seconds(60);
  for (const char* id : {"2", "3", "4"}) ASSERT_TRUE(say(owner, "missed", id));
  heard.all.clear();
  ASSERT_TRUE(enter("hag@a.test/pda", "hag"));
  std::size_t missed = 0;
  for (const std::string& told : heard.take("hag@a.test/pda")) {
    missed += told.find("missed") != told.npos;
    EXPECT_EQ(told.find("before"), told.npos);
  }
  EXPECT_EQ(missed, 3u);
}

// DECISIONS.md 31: what memory does not have comes from the archive, in its place.
TEST_F(RoomTest, AMemberGetsOlderMessagesFromTheArchive) {
  limits.room_history = 2;
  const std::string_view owner = "crone@a.test/desk";
  open_with_member();
  room.leave(jid("hag@a.test/pda"), SharedBytes());
  const WallTime left = clock.wall();
  clock.passed += Seconds(60);
  for (const char* id : {"2", "3", "4"}) ASSERT_TRUE(say(owner, std::string("said") + id, id));
  EXPECT_EQ(heard.absent, std::vector<Jid>{jid("hag@a.test")});
  heard.all.clear();
  ASSERT_TRUE(enter("hag@a.test/pda", "hag"));
  ASSERT_EQ(heard.recalled, left);
  ASSERT_TRUE(say(owner, "meanwhile", "5"));
  std::vector<RoomHistory::Entry> past;
  for (const char* id : {"2", "3"}) {
    StanzaHead head = StanzaHead::of(MessageType::groupchat);
    head.from = jid("cave@rooms.test/first");
    past.push_back({Stanza(head, "<body>said" + std::string(id) + "</body>"), id, clock.wall()});
  }
  room.recalled(jid("hag@a.test/pda"), std::move(past));
  std::string bodies;
  for (const std::string& told : heard.take("hag@a.test/pda"))
    for (const char* body : {"said2", "said3", "said4", "meanwhile"})
      if (told.find(body) != told.npos) bodies += std::string(body) + ' ';
  EXPECT_EQ(bodies, "said2 said3 said4 meanwhile ");
}

TEST_F(RoomTest, WhatDidNotArriveBeforeSomebodyWasLostIsMissed) {
  const std::string_view owner = "crone@a.test/desk";
  open_with_member();
  ASSERT_TRUE(say(owner, "lost", "2"));
  const WallTime said = clock.wall();
  clock.passed += Seconds(300);
  room.leave(jid("hag@a.test/pda"), SharedBytes());
  EXPECT_EQ(room.find_member(jid("hag@a.test"))->left, clock.wall());
  room.note_missed(jid("hag@a.test/pda"), "no such message");
  room.note_missed(jid("hag@a.test/pda"), "2");
  EXPECT_EQ(room.find_member(jid("hag@a.test"))->left, said);
  room.note_missed(jid("stranger@a.test/x"), "2");
}

TEST_F(RoomTest, WithoutRoomOnTheDiskNothingIsSaid) {
  open();
  heard.is_full = true;
  EXPECT_EQ(why(say("crone@a.test/desk", "x", "1")), Condition::resource_constraint);
  EXPECT_TRUE(heard.take("crone@a.test/desk").empty());
  EXPECT_FALSE(room.history().has("1"));
}

// XEP-0334, and rooms that keep no archive.
TEST_F(RoomTest, TheArchiveGetsWhatIsWorthKeeping) {
  open();
  ASSERT_TRUE(say("crone@a.test/desk", "kept", "1"));
  StanzaHead head = StanzaHead::of(MessageType::groupchat);
  head.from = jid("crone@a.test/desk");
  Stanza hint(head, "<body>x</body><no-store xmlns=\"urn:xmpp:hints\"/>");
  hint.id = 2;
  ASSERT_TRUE(room.speak(head.from, hint));
  ASSERT_EQ(heard.archived.size(), 1u);
  EXPECT_NE(heard.archived[0].find("kept"), std::string::npos);
  ASSERT_TRUE(room.own(jid("crone@a.test/desk"), submit({{"muc#roomconfig_enablelogging", "0"}})));
  ASSERT_TRUE(say("crone@a.test/desk", "off the record", "3"));
  EXPECT_EQ(heard.archived.size(), 1u);
}

// Roles set by hand last over a restart, and no longer than the stay.
TEST_F(RoomTest, RolesSetByHandAreKept) {
  open();
  ASSERT_TRUE(enter("hag@a.test/pda", "hag"));
  ASSERT_TRUE(role("crone@a.test/desk", "hag", Role::moderator));
  EXPECT_TRUE(room.take_changes().roles.contains("hag@a.test/hag"));
  EXPECT_EQ(room.roles().at("hag@a.test/hag"), Role::moderator);
  Room again(jid("cave@rooms.test"), {.output = heard,
                                      .clock = clock,
                                      .limits = limits,
                                      .occupant_id = [](const Jid&) { return "i"; },
                                      .token = [] { return "t"; },
                                      .name_of = [](MessageId) { return "n"; }});
  again.restore_role("hag@a.test/hag", Role::moderator);
  again.restore_client(jid("hag@a.test/pda"), "hag", SharedBytes());
  EXPECT_EQ(again.find_nick("hag")->role, Role::moderator);
  room.leave(jid("hag@a.test/pda"), SharedBytes());
  EXPECT_TRUE(room.roles().empty());
}

TEST_F(RoomTest, AFloodIsRefused) {
  limits.room_occupant_burst = 3;
  limits.room_occupant_rate = 1;
  open();
  for (const char* id : {"1", "2"}) EXPECT_TRUE(say("crone@a.test/desk", "x", id));
  while (say("crone@a.test/desk", "x", "9")) {
  }
  EXPECT_EQ(why(say("crone@a.test/desk", "x", "10")), Condition::resource_constraint);
  clock.passed += Seconds(1);
  EXPECT_TRUE(say("crone@a.test/desk", "x", "11"));
}

TEST_F(RoomTest, SlowModeHoldsParticipantsNotModerators) {
  open();
  ASSERT_TRUE(
      room.own(jid("crone@a.test/desk"), submit({{"muc#roomconfig_slow_mode_duration", "20"}})));
  ASSERT_TRUE(enter("hag@a.test/pda", "hag"));
  EXPECT_TRUE(say("hag@a.test/pda", "one", "1"));
  EXPECT_EQ(why(say("hag@a.test/pda", "two", "2")), Condition::policy_violation);
  EXPECT_TRUE(say("crone@a.test/desk", "one", "3"));
  EXPECT_TRUE(say("crone@a.test/desk", "two", "4"));
  clock.passed += Seconds(20);
  EXPECT_TRUE(say("hag@a.test/pda", "two", "5"));
}

// What is kept of it between those who enter does not grow old.
TEST_F(RoomTest, WhoeverEntersSeesOthersAsTheyAreNow) {
  open();
  ASSERT_TRUE(enter("hag@a.test/pda", "third"));
  int visitors = 0;
  const auto shown = [&] {
    const std::string client = "guest" + std::to_string(++visitors) + "@a.test/x";
    EXPECT_TRUE(enter(client, "guest" + std::string(visitors, 'x')));
    std::string found;
    for (const std::string& one : heard.take(client))
      if (one.contains("cave@rooms.test/third")) found = one;
    room.leave(jid(client), SharedBytes());
    return found;
  };
  EXPECT_NE(shown().find(R"(role="participant")"), std::string::npos);
  EXPECT_NE(shown().find(R"(role="participant")"), std::string::npos);
  ASSERT_TRUE(role("crone@a.test/desk", "third", Role::visitor));
  EXPECT_NE(shown().find(R"(role="visitor")"), std::string::npos);
  ASSERT_TRUE(affiliate("crone@a.test/desk", "hag@a.test", Affiliation::member));
  EXPECT_NE(shown().find(R"(affiliation="member")"), std::string::npos);
  ASSERT_TRUE(room.put_hat({.uri = "urn:hat", .title = "Witch"}));
  ASSERT_TRUE(room.assign_hat(jid("hag@a.test"), "urn:hat"));
  EXPECT_NE(shown().find("urn:hat"), std::string::npos);
  ASSERT_TRUE(room.unassign_hat(jid("hag@a.test"), "urn:hat"));
  EXPECT_EQ(shown().find("urn:hat"), std::string::npos);
  ASSERT_TRUE(room.change(jid("hag@a.test/pda"), "third", "", SharedBytes("<show>away</show>")));
  EXPECT_NE(shown().find("away"), std::string::npos);
  // Another client of the occupant is shown, and goes.
  ASSERT_TRUE(enter("hag@a.test/broom", "third"));
  EXPECT_EQ(shown().find("away"), std::string::npos);
  room.leave(jid("hag@a.test/broom"), SharedBytes());
  EXPECT_NE(shown().find("away"), std::string::npos);
  room.restore_client(jid("hag@a.test/cat"), "third", SharedBytes("<show>xa</show>"));
  EXPECT_NE(shown().find("xa"), std::string::npos);
  ASSERT_TRUE(room.own(jid("crone@a.test/desk"), submit({{"muc#roomconfig_whois", "anyone"}})));
  EXPECT_NE(shown().find("hag@a.test/cat"), std::string::npos);
}

TEST_F(RoomTest, WhoHearsFollowsWhoComesAndGoes) {
  open();
  const auto hears = [&] {
    std::set<std::string> all;
    for (const Jid& client : room.audience().clients()) all.insert(client.text());
    EXPECT_EQ(all.size(), room.audience().clients().size());
    return all;
  };
  using Names = std::set<std::string>;
  const std::string crone = "crone@a.test/desk", hag = "hag@a.test/pda", cat = "hag@a.test/cat";
  EXPECT_EQ(hears(), Names{crone});
  ASSERT_TRUE(enter(hag, "third"));
  EXPECT_EQ(hears(), (Names{crone, hag}));
  room.restore_client(jid(cat), "third", SharedBytes());
  EXPECT_EQ(hears(), (Names{crone, hag, cat}));
  room.leave(jid(cat), SharedBytes());
  EXPECT_EQ(hears(), (Names{crone, hag}));
  ASSERT_TRUE(enter(hag, "third"));  // again
  EXPECT_EQ(hears(), (Names{crone, hag}));
  ASSERT_TRUE(role(crone, "third", Role::none));
  EXPECT_EQ(hears(), Names{crone});
  ASSERT_TRUE(enter(hag, "third"));
  ASSERT_TRUE(affiliate(crone, "hag@a.test", Affiliation::outcast));
  EXPECT_EQ(hears(), Names{crone});
  room.close("");
  EXPECT_EQ(hears(), Names());
}

TEST_F(RoomTest, ALargeRoomIsShownPieceByPiece) {
  open();
  ASSERT_TRUE(room.own(jid("crone@a.test/desk"), submit({{"muc#roomconfig_maxusers", "none"}})));
  const auto show_all = [&] {
    while (!heard.paced.empty()) {
      const Jid client = heard.paced.back();
      heard.paced.pop_back();
      room.go_on(client);
    }
  };
  for (int i = 0; i < 450; ++i) {
    const std::string name = "user" + std::to_string(i);
    ASSERT_TRUE(enter(name + "@a.test/x", "n" + std::to_string(i) + "m"));
    show_all();
  }
  heard.all.clear();
  const std::string late = "late@a.test/x";
  ASSERT_TRUE(enter(late, "late"));
  EXPECT_EQ(heard.take(late).size(), 200u);
  ASSERT_EQ(heard.paced.size(), 1u);
  // Meanwhile somebody who was shown and somebody who was not leave, and somebody speaks.
  room.leave(jid("user10@a.test/x"), SharedBytes());
  room.leave(jid("user440@a.test/x"), SharedBytes());
  EXPECT_EQ(std::ranges::count(room.audience().clients(), jid(late)), 0);
  clock.passed += Seconds(1);
  ASSERT_TRUE(say("crone@a.test/desk", "meanwhile", "1"));
  EXPECT_EQ(heard.take(late).size(), 1u);  // of the one who was shown
  room.go_on(jid(late));
  EXPECT_EQ(heard.take(late).size(), 200u);
  room.go_on(jid(late));
  const auto rest = heard.take(late);
  ASSERT_EQ(rest.size(), 50u + 3u);  // of 451 others, 200 were shown, then 200, and one had gone
  EXPECT_NE(rest[50].find(R"(<status code="110"/>)"), std::string::npos);
  EXPECT_NE(rest[51].find("meanwhile"), std::string::npos);
  EXPECT_NE(rest[52].find("<subject/>"), std::string::npos);
  EXPECT_EQ(std::ranges::count(room.audience().clients(), jid(late)), 1);
}

}  // namespace
}  // namespace herold::server
