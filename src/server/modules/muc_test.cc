// Rooms on a whole server: who may make them, bounds, restarts, sessions that come back, accounts
// that go.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

std::string join(std::string_view address) {
  return "<presence to='" + std::string(address) +
         "'><x xmlns='http://jabber.org/protocol/muc'/></presence>";
}

std::string owner(std::string_view room, std::string_view fields = {}) {
  return "<iq type='set' id='o' to='" + std::string(room) +
         "'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' "
         "type='submit'>" +
         std::string(fields) + "</x></query></iq>";
}

std::string field(std::string_view name, std::string_view value) {
  return "<field var='muc#roomconfig_" + std::string(name) + "'><value>" + std::string(value) +
         "</value></field>";
}

// An open room of the client's.
void opens(TestClient& client, std::string_view address, std::string_view fields = {}) {
  client.sends(join(address));
  client.asks(owner(address.substr(0, address.find('/')), fields), "<iq type='result'/>");
  client.skips();
}

std::string error(std::string_view condition) {
  return "<presence type='error'><error><" + std::string(condition) +
         " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>";
}

std::string said(std::string_view from, std::string_view body) {
  return "<message type='groupchat' from='" + std::string(from) + "'><body>" + std::string(body) +
         "</body></message>";
}

TEST(Muc, TheServiceSaysWhatItIs) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.asks(
      "<iq type='get' id='q' to='conference.xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>"
      "<identity category='conference' type='text'/>"
      "<feature var='http://jabber.org/protocol/muc'/></query></iq>");
}

TEST(Muc, StrangersMakeNoRooms) {
  TestServer server({.modules = "[module.muc]\ncreation = 'admins'"});
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.sends(join("cave@conference.xmpp.test/romeo"));
  romeo.receives(error("not-allowed"));
  TestClient& admin = server.comes_online("admin/desk");
  opens(admin, "cave@conference.xmpp.test/admin");
  romeo.sends(join("cave@conference.xmpp.test/romeo"));
  romeo.receives("<presence from='cave@conference.xmpp.test/admin'/>");
}

TEST(Muc, AnAccountOwnsSoManyRooms) {
  TestServer server({.limits = "rooms_per_account = 2"});
  TestClient& romeo = server.comes_online("romeo/orchard");
  opens(romeo, "one@conference.xmpp.test/romeo");
  opens(romeo, "two@conference.xmpp.test/romeo");
  romeo.sends(join("three@conference.xmpp.test/romeo"));
  romeo.receives(error("resource-constraint"));
  romeo.asks(
      "<iq type='set' id='d' to='one@conference.xmpp.test'><query "
      "xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query></iq>",
      "<iq type='result' id='d'/>");
  romeo.skips();
  opens(romeo, "three@conference.xmpp.test/romeo");
}

TEST(Muc, ASessionIsInSoManyRooms) {
  TestServer server({.limits = "rooms_joined = 2"});
  TestClient& romeo = server.comes_online("romeo/orchard");
  opens(romeo, "one@conference.xmpp.test/romeo");
  opens(romeo, "two@conference.xmpp.test/romeo");
  romeo.sends(join("three@conference.xmpp.test/romeo"));
  romeo.receives(error("resource-constraint"));
  romeo.sends("<presence type='unavailable' to='one@conference.xmpp.test/romeo'/>");
  romeo.skips();
  opens(romeo, "three@conference.xmpp.test/romeo");
}

// More than are told at once of what others do: the rest of the room's words stay behind that.
TEST(Muc, ManyAreToldInOrder) {
  TestServer server({.limits = "resources = 100"});
  TestClient& admin = server.comes_online("admin/desk");
  const std::string room = "cave@conference.xmpp.test", nick = room + "/admin";
  opens(admin, nick, field("presencebroadcast", "moderator") + field("maxusers", "none"));
  std::vector<TestClient*> all;
  for (const std::string name : {"romeo", "juliet", "tybalt"})
    for (int i = 0; i < 70; ++i) {
      const std::string resource = "r" + std::to_string(i);
      all.push_back(&server.comes_online(name + "/" + resource, {.managed = i == 0}));
      all.back()->sends(join(room + "/" + name + resource));
      all.back()->skips();
    }
  admin.skips();
  const auto speaks = [&](std::string_view show, std::string_view body) {
    admin.sends("<presence to='" + nick + "'><show>" + std::string(show) + "</show></presence>" +
                "<message type='groupchat' to='" + room + "'><body>" + std::string(body) +
                "</body></message>");
  };
  speaks("away", "one");
  for (TestClient* client : all) {
    client->receives("<presence from='" + nick + "'><show>away</show></presence>");
    client->receives(said(nick, "one"));
    client->receives_nothing();
  }
  all.front()->loses_connection();
  speaks("dnd", "two");
  server.is_killed();
  all.front()->resumes();
  all.front()->receives(said(nick, "two"));
}

TEST(Muc, ATemporaryRoomWhoseOccupantsStayAwayEnds) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
  opens(romeo, "brief@conference.xmpp.test/romeo");
  server.is_killed();
  TestClient& juliet = server.comes_online("juliet/balcony");
  const std::string_view asked =
      "<iq type='get' id='q' to='brief@conference.xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>";
  juliet.asks(asked, "<iq type='result'/>");
  server.passes(Seconds(1000));
  juliet.asks(asked, "<iq type='error'/>");
}

TEST(Muc, PersistentRoomsStayAndTemporaryOnesGo) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  opens(romeo, "cave@conference.xmpp.test/romeo",
        field("persistentroom", "1") + field("roomname", "A Dark Cave"));
  opens(romeo, "brief@conference.xmpp.test/romeo");
  romeo.sends(
      "<message type='groupchat' to='cave@conference.xmpp.test'>"
      "<subject>Bubble</subject></message>");
  romeo.sends(
      "<iq type='set' id='m' to='cave@conference.xmpp.test'><query "
      "xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='outcast' "
      "jid='paris@xmpp.test'/></query></iq>");
  romeo.signs_off();
  server.passes(Seconds(120));  // nobody is in it: it leaves the memory
  server.restarts();
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.asks(
      "<iq type='get' id='i' to='conference.xmpp.test'>"
      "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'>"
      "<item jid='cave@conference.xmpp.test' name='A Dark Cave'/>"
      "<ABSENT><item jid='brief@conference.xmpp.test'/></ABSENT></query></iq>");
  juliet.sends(join("cave@conference.xmpp.test/juliet"));
  juliet.receives("<presence from='cave@conference.xmpp.test/juliet'/>");
  juliet.receives(
      "<message from='cave@conference.xmpp.test/romeo'><subject>Bubble</subject>"
      "</message>");
  TestClient& paris = server.comes_online("paris/street");
  paris.sends(join("cave@conference.xmpp.test/paris"));
  paris.receives(error("forbidden"));
}

TEST(Muc, WhoResumesAfterAKillIsStillInTheRoom) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
  TestClient& juliet = server.comes_online("juliet/balcony", {.managed = true});
  opens(romeo, "cave@conference.xmpp.test/romeo");
  juliet.sends(join("cave@conference.xmpp.test/juliet"));
  romeo.skips();
  juliet.skips();
  server.is_killed();
  romeo.resumes();
  juliet.resumes();
  romeo.skips();
  juliet.skips();
  juliet.sends(
      "<message type='groupchat' to='cave@conference.xmpp.test'><body>hi</body></message>");
  romeo.receives(said("cave@conference.xmpp.test/juliet", "hi"));
  juliet.receives(said("cave@conference.xmpp.test/juliet", "hi"));
}

TEST(Muc, WhoDoesNotReturnIsAnnouncedUnavailable) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
  TestClient& juliet = server.comes_online("juliet/balcony", {.managed = true});
  opens(romeo, "cave@conference.xmpp.test/romeo");
  juliet.sends(join("cave@conference.xmpp.test/juliet"));
  server.is_killed();
  romeo.resumes();
  romeo.skips();
  server.passes(Seconds(900));
  romeo.receives("<presence type='unavailable' from='cave@conference.xmpp.test/juliet'/>");
}

TEST(Muc, ALostConnectionKeepsThePlaceUntilTheSessionEnds) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony", {.managed = true});
  opens(romeo, "cave@conference.xmpp.test/romeo");
  juliet.sends(join("cave@conference.xmpp.test/juliet"));
  romeo.skips();
  juliet.skips();
  juliet.loses_connection();
  romeo.sends("<message type='groupchat' to='cave@conference.xmpp.test'><body>hi</body></message>");
  romeo.receives(said("cave@conference.xmpp.test/romeo", "hi"));
  juliet.resumes();
  juliet.receives(said("cave@conference.xmpp.test/romeo", "hi"));
}

TEST(Muc, AnAccountThatGoesTakesItsStandingWithIt) {
  TestServer server({.domain = "registration = 'open'"});
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
  opens(romeo, "cave@conference.xmpp.test/romeo");
  romeo.asks(
      "<iq type='set' id='m' to='cave@conference.xmpp.test'><query "
      "xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='owner' "
      "jid='juliet@xmpp.test'/></query></iq>",
      "<iq type='result' id='m'/>");
  juliet.sends("<iq type='set' id='r'><query xmlns='jabber:iq:register'><remove/></query></iq>");
  romeo.skips();
  romeo.asks(
      "<iq type='get' id='l' to='cave@conference.xmpp.test'><query "
      "xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='owner'/></query></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/muc#admin'>"
      "<item jid='romeo@xmpp.test'/><ABSENT><item jid='juliet@xmpp.test'/></ABSENT></query>"
      "</iq>");
}

TEST(Muc, SettingsKeepTheOccupants) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  opens(romeo, "cave@conference.xmpp.test/romeo");
  server.takes_settings({.modules = "[module.muc]\ncreation = 'everybody'"});
  romeo.sends("<message type='groupchat' to='cave@conference.xmpp.test'><body>hi</body></message>");
  romeo.receives(said("cave@conference.xmpp.test/romeo", "hi"));
}

TEST(Muc, RoomsAreListedPageByPage) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  for (const char* name : {"a", "b", "c", "d", "e"})
    opens(romeo, std::string(name) + "@conference.xmpp.test/romeo");
  const auto page = [](std::string_view set) {
    return "<iq type='get' id='i' to='conference.xmpp.test'>"
           "<query xmlns='http://jabber.org/protocol/disco#items'>"
           "<set xmlns='http://jabber.org/protocol/rsm'>" +
           std::string(set) + "</set></query></iq>";
  };
  const std::string start =
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'>";
  const std::string end =
      "<set xmlns='http://jabber.org/protocol/rsm'><count>5</count></set></query></iq>";
  romeo.asks(page("<max>2</max>"), start +
                                       "<item jid='a@conference.xmpp.test'/>"
                                       "<item jid='b@conference.xmpp.test'/>" +
                                       end);
  romeo.asks(
      page("<max>2</max><after>b@conference.xmpp.test</after>"),
      start + "<item jid='c@conference.xmpp.test'/><item jid='d@conference.xmpp.test'/>" + end);
  romeo.asks(
      page("<max>2</max><before/>"),
      start + "<item jid='d@conference.xmpp.test'/><item jid='e@conference.xmpp.test'/>" + end);
}

std::string groupchat(std::string_view body) {
  return "<message type='groupchat' to='cave@conference.xmpp.test'><body>" + std::string(body) +
         "</body></message>";
}

// Whatever dies while its clients are away, each gets every message once, in order.
TEST(Muc, WhoResumesAfterAKillHasEveryMessage) {
  for (const unsigned shards : {1u, 2u, 3u}) {
    TestServer server({.shards = shards});
    TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
    TestClient& juliet = server.comes_online("juliet/balcony", {.managed = true});
    TestClient& nurse = server.comes_online("nurse/kitchen", {.managed = true});
    opens(romeo, "cave@conference.xmpp.test/romeo");
    juliet.sends(join("cave@conference.xmpp.test/juliet"));
    nurse.sends(join("cave@conference.xmpp.test/nurse"));
    juliet.sends(groupchat("first"));
    for (TestClient* one : {&romeo, &juliet, &nurse}) one->skips();
    juliet.loses_connection();
    romeo.sends(groupchat("two"));
    server.is_killed();
    romeo.resumes();
    romeo.sends(groupchat("three"));  // juliet has not come back since
    server.is_killed();
    nurse.resumes();
    nurse.takes("<presence/>");
    server.is_killed();
    juliet.resumes();
    for (const char* body : {"two", "three"})
      EXPECT_TRUE(juliet.takes(said("cave@conference.xmpp.test/romeo", body))) << body;
    EXPECT_FALSE(juliet.takes(said("cave@conference.xmpp.test/juliet", "first")));
    EXPECT_FALSE(juliet.takes(said("cave@conference.xmpp.test/romeo", "two")));
    nurse.resumes();
    EXPECT_TRUE(nurse.takes(said("cave@conference.xmpp.test/romeo", "three")));
  }
}

// An address of a service is nobody's account; that it is told what it missed came to no home.
TEST(Muc, AMemberMayBeTheAddressOfAnotherRoom) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  opens(romeo, "cave@conference.xmpp.test/romeo",
        field("membersonly", "1") + field("persistentroom", "1"));
  romeo.asks(
      "<iq type='set' id='m' to='cave@conference.xmpp.test'><query "
      "xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='member' "
      "jid='other@conference.xmpp.test'/></query></iq>",
      "<iq type='result'/>");
  romeo.sends(groupchat("hi"));
  romeo.receives(said("cave@conference.xmpp.test/romeo", "hi"));
}

// Nothing stays open in the journal when all have what was said.
TEST(Muc, TheJournalForgetsWhatEverybodyHas) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
  TestClient& juliet = server.comes_online("juliet/balcony", {.managed = true});
  TestClient& nurse = server.comes_online("nurse/kitchen");
  opens(romeo, "cave@conference.xmpp.test/romeo");
  juliet.sends(join("cave@conference.xmpp.test/juliet"));
  nurse.sends(join("cave@conference.xmpp.test/nurse"));
  for (const char* body : {"one", "two", "three"}) romeo.sends(groupchat(body));
  server.passes(Seconds(120));
  server.restarts();
  EXPECT_FALSE(server.log().has("recovered sessions=2 stanzas=1"));
  EXPECT_TRUE(server.log().has("recovered sessions=2 stanzas=0"));
}

TEST(Muc, AMemberWhoWasLostGetsWhatHeMissedOnReturning) {
  TestServer server({.limits = "room_history = 2"});
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony", {.managed = true});
  opens(romeo, "cave@conference.xmpp.test/romeo",
        field("membersonly", "1") + field("persistentroom", "1"));
  romeo.sends(
      "<iq type='set' id='m' to='cave@conference.xmpp.test'><query "
      "xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='member' "
      "jid='juliet@xmpp.test'/></query></iq>");
  juliet.sends(join("cave@conference.xmpp.test/juliet"));
  romeo.sends(groupchat("heard"));
  juliet.skips();
  server.passes(Seconds(10));
  juliet.loses_connection();
  romeo.sends(groupchat("unheard"));
  server.passes(Seconds(2000));  // it is not resumed
  for (const char* body : {"a", "b", "c"}) romeo.sends(groupchat(body));
  juliet.signs_in_again();
  juliet.sends("<presence/>");
  juliet.sends(join("cave@conference.xmpp.test/juliet"));
  for (const char* body : {"unheard", "a", "b", "c"})
    EXPECT_TRUE(juliet.takes(said("cave@conference.xmpp.test/romeo", body))) << body;
  EXPECT_FALSE(juliet.takes(said("cave@conference.xmpp.test/romeo", "heard")));
}

// A new room of an old name has nothing of what was said in the old one.
TEST(Muc, ARoomThatEndsTakesItsArchiveWithIt) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  const std::string_view query =
      "<iq type='set' id='q' to='cave@conference.xmpp.test'><query xmlns='urn:xmpp:mam:2'/></iq>";
  opens(romeo, "cave@conference.xmpp.test/romeo");
  romeo.sends(groupchat("secret"));
  romeo.skips();
  romeo.asks(query, "<iq type='result' id='q'/>");
  EXPECT_TRUE(romeo.takes("<message><result xmlns='urn:xmpp:mam:2'/></message>"));
  romeo.asks(
      "<iq type='set' id='d' to='cave@conference.xmpp.test'><query "
      "xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query></iq>",
      "<iq type='result' id='d'/>");
  opens(romeo, "cave@conference.xmpp.test/romeo");
  romeo.asks(query, "<iq type='result' id='q'/>");
  EXPECT_FALSE(romeo.takes("<message><result xmlns='urn:xmpp:mam:2'/></message>"));
}

// The archive has what was said before a kill, once, and the history comes from it.
TEST(Muc, TheArchiveOutlivesAKill) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
  opens(romeo, "cave@conference.xmpp.test/romeo", field("persistentroom", "1"));
  romeo.sends(groupchat("kept"));
  server.is_killed();
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends(join("cave@conference.xmpp.test/juliet"));
  EXPECT_TRUE(juliet.takes(said("cave@conference.xmpp.test/romeo", "kept")));
  juliet.skips();
  juliet.asks(
      "<iq type='set' id='q' to='cave@conference.xmpp.test'><query xmlns='urn:xmpp:mam:2'/></iq>",
      "<iq type='result' id='q'/>");
  EXPECT_TRUE(juliet.takes("<message><result xmlns='urn:xmpp:mam:2'/></message>"));
  EXPECT_FALSE(juliet.takes("<message><result xmlns='urn:xmpp:mam:2'/></message>"));
}

// --- without an account (XEP-0175) ---

TEST(Muc, WhoHasNoAccountIsGoneAfterARestart) {
  TestServer server({.domain = "anonymous = true"});
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
  opens(romeo, "cave@conference.xmpp.test/romeo", field("persistentroom", "1"));
  TestClient& guest = server.comes_online("guest/window", {.managed = true, .anonymous = true});
  guest.sends(join("cave@conference.xmpp.test/ghost"));
  guest.skips();
  romeo.skips();
  server.is_killed();
  romeo.resumes();
  romeo.receives("<presence type='unavailable' from='cave@conference.xmpp.test/ghost'/>");
  romeo.skips();
  romeo.asks(
      "<iq type='get' id='i' to='cave@conference.xmpp.test'><query "
      "xmlns='http://jabber.org/protocol/disco#items'/></iq>",
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'>"
      "<item jid='cave@conference.xmpp.test/romeo'/></query></iq>");
  server.passes(Seconds(60));
  server.is_killed();
  romeo.resumes();
  romeo.skips();
}

TEST(Muc, WhatIsSaidWithoutAnAccountIsSaidOnce) {
  TestServer server({.domain = "anonymous = true"});
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
  opens(romeo, "cave@conference.xmpp.test/romeo", field("persistentroom", "1"));
  TestClient& guest = server.comes_online("guest/window", {.managed = true, .anonymous = true});
  guest.sends(join("cave@conference.xmpp.test/guest"));
  guest.skips();
  romeo.skips();
  guest.sends("<message type='groupchat' to='cave@conference.xmpp.test'><body>hi</body></message>");
  romeo.receives(said("cave@conference.xmpp.test/guest", "hi"));
  server.passes(Seconds(10));
  server.is_killed();
  romeo.resumes();
  server.passes(Seconds(10));
  EXPECT_FALSE(romeo.takes(said("cave@conference.xmpp.test/guest", "hi")));
}

TEST(Muc, NobodyWithoutAnAccountHasALastingPlace) {
  TestServer server(
      {.modules = "[module.muc]\ncreation = 'everybody'", .domain = "anonymous = true"});
  TestClient& romeo = server.comes_online("romeo/orchard");
  opens(romeo, "cave@conference.xmpp.test/romeo", field("persistentroom", "1"));
  TestClient& guest = server.comes_online("guest/window", {.anonymous = true});
  guest.sends(join("mine@conference.xmpp.test/guest"));
  guest.receives(error("not-allowed"));
  guest.sends(join("cave@conference.xmpp.test/guest"));
  guest.skips();
  romeo.skips();
  guest.asks(
      "<iq type='get' id='r' to='cave@conference.xmpp.test'>"
      "<query xmlns='jabber:iq:register'/></iq>",
      "<iq type='error' id='r'><error><not-allowed "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  const std::string bare = guest.address().substr(0, guest.address().find('/'));
  const auto gives = [&](std::string_view affiliation) {
    return "<iq type='set' id='a' to='cave@conference.xmpp.test'><query "
           "xmlns='http://jabber.org/protocol/muc#admin'><item jid='" +
           bare + "' affiliation='" + std::string(affiliation) + "'/></query></iq>";
  };
  for (const std::string_view affiliation : {"member", "admin", "owner"})
    romeo.asks(gives(affiliation),
               "<iq type='error' id='a'><error><not-allowed "
               "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  romeo.asks(gives("outcast"), "<iq type='result' id='a'/>");
}

// --- rooms without an owner ---

std::string admin_set(std::string_view id, std::string_view room, std::string_view item) {
  return "<iq type='set' id='" + std::string(id) + "' to='" + std::string(room) +
         "'><query xmlns='http://jabber.org/protocol/muc#admin'>" + std::string(item) +
         "</query></iq>";
}

TEST(Muc, ARoomWhoseOwnerIsRemovedPassesToItsAdmins) {
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
  opens(romeo, "cave@conference.xmpp.test/romeo", field("persistentroom", "1"));
  romeo.asks(admin_set("a", "cave@conference.xmpp.test",
                       "<item jid='juliet@xmpp.test' affiliation='admin'/>"
                       "<item jid='tybalt@xmpp.test' affiliation='member'/>"),
             "<iq type='result' id='a'/>");
  juliet.sends(join("cave@conference.xmpp.test/juliet"));
  juliet.skips();
  romeo.sends("<iq type='set' id='r'><query xmlns='jabber:iq:register'><remove/></query></iq>");
  juliet.receives_all({"<presence type='unavailable' from='cave@conference.xmpp.test/romeo'/>",
                       "<presence from='cave@conference.xmpp.test/juliet'>"
                       "<x xmlns='http://jabber.org/protocol/muc#user'><item "
                       "affiliation='owner'/></x></presence>"});
  juliet.asks(
      "<iq type='get' id='l' to='cave@conference.xmpp.test'><query "
      "xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='owner'/></query></iq>",
      "<iq type='result' id='l'><query xmlns='http://jabber.org/protocol/muc#admin'>"
      "<item jid='juliet@xmpp.test'/><ABSENT><item jid='romeo@xmpp.test'/></ABSENT></query></iq>");
  server.is_killed();
  TestClient& again = server.comes_online("juliet/balcony");
  again.asks(owner("cave@conference.xmpp.test", field("roomname", "Mine")),
             "<iq type='result' id='o'/>");
}

// Where there is no admin either, the domain's administrators find somebody.
TEST(Muc, AdministratorsGiveARoomAnOwner) {
  TestServer server({.domain = "anonymous = true"});
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& admin = server.comes_online("admin/desk");
  opens(romeo, "cave@conference.xmpp.test/romeo", field("persistentroom", "1"));
  romeo.sends("<iq type='set' id='r'><query xmlns='jabber:iq:register'><remove/></query></iq>");
  romeo.skips();
  juliet.asks(owner("cave@conference.xmpp.test"), "<iq type='error' id='o'/>");
  const auto appoints = [&](std::string_view room, std::string_view who, std::string_view answer) {
    admin.sends(
        "<iq type='set' id='c' to='xmpp.test'><command "
        "xmlns='http://jabber.org/protocol/commands' node='urn:herold:rooms:appoint'/></iq>");
    admin.receives("<iq type='result' id='c'/>");
    const std::string session(admin.last()
                                  .child("command", "http://jabber.org/protocol/commands")
                                  .attribute("sessionid"));
    admin.asks(
        "<iq type='set' id='d' to='xmpp.test'><command "
        "xmlns='http://jabber.org/protocol/commands' node='urn:herold:rooms:appoint' "
        "sessionid='" +
            session +
            "'><x xmlns='jabber:x:data' type='submit'>"
            "<field var='room'><value>" +
            std::string(room) + "</value></field><field var='owner'><value>" + std::string(who) +
            "</value></field></x></command></iq>",
        answer);
  };
  const auto refused = [](std::string_view condition) {
    return "<iq type='error' id='d'><error><" + std::string(condition) +
           " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
  };
  appoints("none@conference.xmpp.test", "juliet@xmpp.test", refused("item-not-found"));
  appoints("cave@elsewhere.test", "juliet@xmpp.test", refused("bad-request"));
  appoints("cave@conference.xmpp.test", "xmpp.test", refused("bad-request"));
  TestClient& guest = server.comes_online("guest/window", {.anonymous = true});
  appoints("cave@conference.xmpp.test", guest.address(), refused("not-allowed"));
  appoints("cave@conference.xmpp.test", "juliet@xmpp.test", "<iq type='result' id='d'/>");
  juliet.receives(
      "<message from='cave@conference.xmpp.test'>"
      "<x xmlns='http://jabber.org/protocol/muc#user'><status code='101'/></x></message>");
  juliet.asks(owner("cave@conference.xmpp.test"), "<iq type='result' id='o'/>");
}

}  // namespace
}  // namespace herold::server
