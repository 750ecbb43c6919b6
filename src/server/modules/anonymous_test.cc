// XEP-0175: sessions without an account, what they may do, and that nothing of them stays.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr std::string_view stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas";

std::string error(std::string_view stanza, std::string_view condition) {
  return "<" + std::string(stanza) + " type='error'><error><" + std::string(condition) +
         " xmlns='" + std::string(stanzas) + "'/></error></" + std::string(stanza) + ">";
}

ServerSetup open_to_all(std::string limits = {}) {
  return {.limits = std::move(limits), .domain = "anonymous = true"};
}

struct Anonymous : ::testing::Test {
  TestClient& guest(ClientSetup setup = {}) {
    setup.anonymous = true;
    return server.comes_online("guest/window", std::move(setup));
  }
  static std::string chat(std::string_view to, std::string_view text) {
    return "<message type='chat' id='m' to='" + std::string(to) + "'><body>" + std::string(text) +
           "</body></message>";
  }

  TestServer server{open_to_all()};
};

TEST_F(Anonymous, AreOfferedOnlyWhereTheDomainSaysSo) {
  constexpr auto offer = "<mechanism>ANONYMOUS</mechanism>";
  EXPECT_NE(server.opens_stream().features().find(offer), std::string::npos);
  EXPECT_NE(server.opens_stream().features().find("SCRAM-SHA-256"), std::string::npos);
  server.takes_settings({});
  TestClient& stranger = server.opens_stream();
  EXPECT_EQ(stranger.features().find(offer), std::string::npos);
  stranger.sends("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>");
  stranger.receives(
      "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><invalid-mechanism/></failure>");
}

TEST_F(Anonymous, GetNameAndResourceFromTheServer) {
  TestClient& one = guest();
  TestClient& other = guest();
  EXPECT_TRUE(one.address().starts_with("anon-")) << one.address();
  EXPECT_FALSE(one.address().ends_with("/window")) << one.address();
  EXPECT_NE(one.bare(), other.bare());
}

TEST_F(Anonymous, TalkWithUsersAndWithEachOther) {
  TestClient& one = guest();
  TestClient& other = guest();
  TestClient& juliet = server.comes_online("juliet/balcony");
  one.sends(chat("juliet@xmpp.test", "help"));
  juliet.receives("<message from='" + one.address() + "'><body>help</body></message>");
  juliet.sends(chat(one.bare(), "soon"));
  one.receives("<message from='juliet@xmpp.test/balcony'><body>soon</body></message>");
  one.sends(chat(other.address(), "you too?"));
  other.receives("<message from='" + one.address() + "'><body>you too?</body></message>");
  one.asks("<iq type='get' id='v' to='xmpp.test'><query xmlns='jabber:iq:version'/></iq>",
           "<iq type='result'/>");
}

TEST_F(Anonymous, WriteToWhoIsAway) {
  TestClient& one = guest();
  one.sends(chat("juliet@xmpp.test", "later"));
  one.receives_nothing();
  TestClient& juliet = server.signs_in("juliet/balcony");
  juliet.sends("<presence/>");
  EXPECT_TRUE(juliet.takes("<message from='" + one.address() + "'><body>later</body></message>"));
}

TEST_F(Anonymous, TellWhatTheyAre) {
  TestClient& one = guest();
  TestClient& juliet = server.comes_online("juliet/balcony");
  const std::string question = "<iq type='get' id='d' to='" + one.bare() +
                               "'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>";
  const auto answer =
      "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#info'>"
      "<identity category='account' type='anonymous'/>"
      "<ABSENT><identity type='registered'/></ABSENT></query></iq>";
  one.asks(question, answer);
  juliet.asks(question, answer);
  one.signs_off();
  juliet.asks(question, error("iq", "service-unavailable"));
}

// --- nothing is kept ---

TEST_F(Anonymous, KeepNothing) {
  TestClient& one = guest();
  one.asks(
      "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>",
      "<iq type='result'><query xmlns='jabber:iq:roster'><ABSENT><item/></ABSENT></query></iq>");
  for (const char* request :
       {"<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='juliet@xmpp.test'/>"
        "</query></iq>",
        "<iq type='set' id='2'><vCard xmlns='vcard-temp'><FN>X</FN></vCard></iq>",
        "<iq type='set' id='3'><query xmlns='jabber:iq:private'><a xmlns='urn:a'/></query></iq>",
        "<iq type='set' id='4'><block xmlns='urn:xmpp:blocking'><item jid='juliet@xmpp.test'/>"
        "</block></iq>"})
    one.asks(request, error("iq", "forbidden"));
  one.asks("<iq type='get' id='5'><query xmlns='jabber:iq:private'><a xmlns='urn:a'/></query></iq>",
           "<iq type='result'/>");
  one.asks("<iq type='get' id='6'><vCard xmlns='vcard-temp'/></iq>", error("iq", "item-not-found"));
  one.asks("<iq type='get' id='7'><blocklist xmlns='urn:xmpp:blocking'/></iq>",
           "<iq type='result'><blocklist xmlns='urn:xmpp:blocking'><ABSENT><item/></ABSENT>"
           "</blocklist></iq>");
  one.asks("<iq type='get' id='8'><query xmlns='jabber:iq:roster' ver='7'/></iq>",
           "<iq type='result'><query xmlns='jabber:iq:roster'/></iq>");
  one.receives_nothing();
  one.signs_off();
  EXPECT_FALSE(server.log().has("last-activity-not-stored"));
}

TEST_F(Anonymous, HaveNoAccountToChangeOrRemove) {
  TestClient& one = guest();
  const std::string name = one.bare().substr(0, one.bare().find('@'));
  one.asks("<iq type='get' id='1'><query xmlns='jabber:iq:register'/></iq>",
           error("iq", "registration-required"));
  one.asks("<iq type='set' id='2'><query xmlns='jabber:iq:register'><remove/></query></iq>",
           error("iq", "registration-required"));
  one.asks("<iq type='set' id='3'><query xmlns='jabber:iq:register'><username>" + name +
               "</username><password>x</password></query></iq>",
           error("iq", "registration-required"));
  EXPECT_TRUE(one.is_connected());
}

TEST_F(Anonymous, HaveNoContacts) {
  TestClient& one = guest();
  TestClient& juliet = server.comes_online("juliet/balcony");
  for (const char* type : {"subscribe", "subscribed", "unsubscribe", "unsubscribed"}) {
    one.sends("<presence id='s' to='juliet@xmpp.test' type='" + std::string(type) + "'/>");
    one.receives(error("presence", "forbidden"));
  }
  juliet.receives_nothing();
  juliet.asks("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>",
              "<iq type='result'/>");
  juliet.sends("<presence id='s' to='" + one.bare() + "' type='subscribe'/>");
  EXPECT_TRUE(juliet.takes("<presence from='" + one.bare() + "' type='unsubscribed'/>"));
  juliet.skips();  // roster pushes: asked, denied
  one.receives_nothing();
  for (const char* type : {"subscribed", "unsubscribe", "unsubscribed"})
    juliet.sends("<presence to='" + one.bare() + "' type='" + std::string(type) + "'/>");
  one.receives_nothing();
}

TEST_F(Anonymous, DirectTheirPresenceUntilTheEnd) {
  TestClient& one = guest();
  TestClient& juliet = server.comes_online("juliet/balcony");
  one.sends("<presence to='juliet@xmpp.test'><status>waiting</status></presence>");
  juliet.receives("<presence from='" + one.address() + "'><status>waiting</status></presence>");
  one.loses_connection();
  juliet.receives("<presence from='" + one.address() + "' type='unavailable'/>");
}

TEST_F(Anonymous, DoNotLeaveForOtherServers) {
  TestClient& one = guest();
  one.sends(chat("juliet@elsewhere.example", "hi"));
  one.receives(error("message", "forbidden"));
  one.sends("<presence id='p' to='juliet@elsewhere.example'/>");
  one.receives(error("presence", "forbidden"));
  one.asks("<iq type='get' id='p' to='elsewhere.example'><ping xmlns='urn:xmpp:ping'/></iq>",
           error("iq", "forbidden"));
}

// --- the end ---

TEST_F(Anonymous, AreGoneForGoodWithTheirSession) {
  TestClient& one = guest();
  TestClient& juliet = server.comes_online("juliet/balcony");
  const std::string address = one.address(), bare = one.bare();
  one.signs_off();
  for (const std::string& to : {address, bare}) {
    juliet.sends(chat(to, "still there?"));
    juliet.receives(error("message", "service-unavailable"));
  }
  juliet.sends("<presence to='" + bare + "'/>");
  juliet.receives_nothing();
}

TEST_F(Anonymous, AreNotWrittenToWhileUnavailable) {
  TestClient& one = server.signs_in("guest/window", {.anonymous = true});
  TestClient& juliet = server.comes_online("juliet/balcony");
  juliet.sends(chat(one.bare(), "hello?"));
  juliet.receives(error("message", "service-unavailable"));
  juliet.sends(chat(one.address(), "hello!"));
  one.receives("<message><body>hello!</body></message>");
}

// Acknowledgements work, resumption is not offered: the client is told so.
TEST_F(Anonymous, CannotResume) {
  TestClient& one = guest({.managed = true, .acknowledges = false});
  TestClient& juliet = server.comes_online("juliet/balcony");
  one.asks("<iq type='get' id='v' to='xmpp.test'><query xmlns='jabber:iq:version'/></iq>",
           "<iq type='result'/>");
  juliet.sends(chat(one.address(), "lost"));
  one.receives("<message><body>lost</body></message>");
  one.loses_connection();
  juliet.receives(error("message", "service-unavailable"));
  one.cannot_resume();
}

TEST_F(Anonymous, AreForgottenByAServerThatDies) {
  TestClient& one = guest({.managed = true});
  TestClient& juliet = server.comes_online("juliet/balcony", {.managed = true});
  juliet.sends("<presence to='" + one.address() + "'/>");
  juliet.sends(chat(one.address(), "one"));
  server.is_killed();
  juliet.resumes();
  juliet.skips();
  juliet.sends(chat(one.address(), "two"));
  EXPECT_TRUE(juliet.takes(error("message", "service-unavailable")));
  EXPECT_TRUE(guest().is_connected());
}

// --- bounds ---

TEST_F(Anonymous, AreCountedByPlace) {
  server.takes_settings(open_to_all("anonymous_per_prefix = 2"));
  const ClientSetup here{.peer = "192.0.2.1"};
  TestClient& one = guest(here);
  guest(here);
  TestClient& third = server.opens_stream(here);
  constexpr auto auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>";
  constexpr auto full =
      "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><temporary-auth-failure/></failure>";
  third.sends(auth);
  third.receives(full);
  guest({.peer = "192.0.2.2"});
  server.comes_online("juliet/balcony", here);  // whoever has an account is not counted
  one.loses_connection();
  third.sends(auth);
  third.receives("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
}

TEST_F(Anonymous, GiveTheirPlaceBackHoweverTheyEnd) {
  server.takes_settings(open_to_all("anonymous_per_prefix = 1"));
  const ClientSetup here{.peer = "192.0.2.1"};
  guest(here).signs_off();
  TestClient& ended = guest(here);
  TestClient& admin = server.comes_online("admin/desk");
  admin.skips();
  ended.sends("<presence></message>");
  ended.is_disconnected("not-well-formed");
  TestClient& unbound = server.opens_stream(here);
  unbound.sends("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'>=</auth>");
  unbound.receives("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
  server.passes(Seconds(60));  // preauth_time
  EXPECT_FALSE(unbound.is_connected());
  guest(here);
}

// Else whoever comes back under another name could write to everybody.
TEST_F(Anonymous, AreStrangersByPlace) {
  TestServer one_shard({.limits = "strangers = 2", .domain = "anonymous = true", .shards = 1});
  const ClientSetup here{.peer = "192.0.2.1", .anonymous = true};
  for (const char* to : {"tybalt@xmpp.test", "paris@xmpp.test"}) {
    TestClient& one = one_shard.comes_online("guest/a", here);
    one.sends(chat(to, "buy"));
    one.receives_nothing();
    one.signs_off();
  }
  TestClient& again = one_shard.comes_online("guest/a", here);
  again.sends(chat("nurse@xmpp.test", "buy"));
  again.receives(
      "<message type='error'><error><too-many-stanzas xmlns='urn:xmpp:errors'/></error>"
      "</message>");
  TestClient& elsewhere =
      one_shard.comes_online("guest/a", {.peer = "192.0.2.2", .anonymous = true});
  elsewhere.sends(chat("nurse@xmpp.test", "hi"));
  elsewhere.receives_nothing();
}

// --- their names are nobody's ---

TEST_F(Anonymous, NamesCannotBeRegistered) {
  server.takes_settings({.domain = "anonymous = true\nregistration = 'open'"});
  const std::string name = "anon-0123456789abcdef0123456789abcdef";
  TestClient& stranger = server.opens_stream();
  const auto registers = [](const std::string& username) {
    return "<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>" + username +
           "</username><password>x</password></query></iq>";
  };
  stranger.asks(registers(name), error("iq", "not-acceptable"));
  stranger.asks(registers("ANON-0123456789ABCDEF0123456789ABCDEF"), error("iq", "not-acceptable"));
  stranger.asks(registers("anon-ymous"), "<iq type='result'/>");
}

// --- administration ---

TEST_F(Anonymous, AreSeenAndEndedByAdministrators) {
  TestClient& one = guest();
  TestClient& admin = server.comes_online("admin/desk");
  const auto run = [&](std::string_view node, std::string_view field, std::string_view value) {
    const std::string command =
        "<command xmlns='http://jabber.org/protocol/commands' "
        "node='http://jabber.org/protocol/admin#" +
        std::string(node) + "'";
    admin.asks("<iq type='set' id='c' to='xmpp.test'>" + command + "/></iq>",
               "<iq type='result'/>");
    const std::string session(admin.last().first_child().attribute("sessionid"));
    return "<iq type='set' id='c' to='xmpp.test'>" + command + " sessionid='" + session +
           "'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
           "<value>http://jabber.org/protocol/admin</value></field><field var='" +
           std::string(field) + "'><value>" + std::string(value) +
           "</value></field></x></command></iq>";
  };
  admin.asks(run("get-online-users-list", "max_items", "25"), "<iq type='result'/>");
  EXPECT_NE(xml::to_string(admin.last()).find(one.bare()), std::string::npos);
  admin.asks(run("delete-user", "accountjids", one.bare()), error("iq", "item-not-found"));
  admin.asks(run("disable-user", "accountjids", one.bare()), error("iq", "item-not-found"));
  admin.asks(run("get-user-lastlogin", "accountjids", one.bare()), error("iq", "item-not-found"));
  EXPECT_TRUE(one.is_connected());
  admin.asks(run("end-user-session", "accountjids", one.bare()), "<iq type='result'/>");
  EXPECT_FALSE(one.is_connected());
}

TEST_F(Anonymous, AreGreetedOfTheDay) {
  TestClient& admin = server.comes_online("admin/desk");
  const std::string command =
      "<command xmlns='http://jabber.org/protocol/commands' "
      "node='http://jabber.org/protocol/admin#set-motd'";
  admin.asks("<iq type='set' id='c' to='xmpp.test'>" + command + "/></iq>", "<iq type='result'/>");
  const std::string session(admin.last().first_child().attribute("sessionid"));
  admin.asks("<iq type='set' id='c' to='xmpp.test'>" + command + " sessionid='" + session +
                 "'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
                 "<value>http://jabber.org/protocol/admin</value></field><field var='motd'>"
                 "<value>Welcome</value></field></x></command></iq>",
             "<iq type='result'/>");
  TestClient& one = server.signs_in("guest/window", {.anonymous = true});
  one.sends("<presence/>");
  EXPECT_TRUE(one.takes("<message from='xmpp.test'><body>Welcome</body></message>"));
  one.signs_off();
  EXPECT_FALSE(server.log().has("greeting-not-stored"));
}

}  // namespace
}  // namespace herold::server
