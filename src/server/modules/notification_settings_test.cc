// XEP-0492: what a bookmark says of notifications decides whether a phone that is away is woken.
#include "xmpp/ext/notification_settings.h"

#include <gtest/gtest.h>

#include "server/chat_settings.h"
#include "server/testing/pubsub_client.h"
#include "server/testing/test_server.h"
#include "xmpp/testing.h"

namespace herold::server {
namespace {

using xmpp::NotifyWhen;

constexpr auto done = "<iq type='result'/>";

std::string bookmark(std::string_view settings) {
  return "<conference xmlns='urn:xmpp:bookmarks:1'><nick>Thirdwitch</nick><extensions>"
         "<notify xmlns='urn:xmpp:notification-settings:1'>" +
         std::string(settings) + "</notify></extensions></conference>";
}

std::optional<NotifyWhen> when(std::string_view settings, std::string_view category,
                               std::string_view type) {
  const auto read = xmpp::read<xmpp::NotifyBookmark>(xmpp::parse_test(bookmark(settings)).root());
  return read->extensions->notify->when(category, type);
}

TEST(NotificationSettings, WhatIsSaidInParticularCounts) {  // section 3
  constexpr auto settings =
      "<never identity-category='client' identity-type='pc'><advanced><x xmlns='custom:1'/>"
      "</advanced></never><on-mention identity-category='client'/><always/>";
  EXPECT_EQ(when(settings, "client", "pc"), NotifyWhen::never);
  EXPECT_EQ(when(settings, "client", "phone"), NotifyWhen::on_mention);
  EXPECT_EQ(when(settings, "gateway", "irc"), NotifyWhen::always);
  EXPECT_EQ(when("", "client", "phone"), std::nullopt);
  EXPECT_EQ(when("<never identity-type='phone'/>", "client", "phone"), NotifyWhen::never);
  EXPECT_EQ(when("<never identity-category='gateway'/>", "client", "phone"), std::nullopt);
}

TEST(NotificationSettings, WhoIsMeant) {
  const Jid user = *Jid::parse("hag66@shakespeare.lit");
  const auto is_meant = [&](std::string_view payload) {
    StanzaHead head = StanzaHead::of(MessageType::groupchat);
    head.from = *Jid::parse("coven@chat.shakespeare.lit/firstwitch");
    return is_mentioned(Stanza(std::move(head), payload), user, "Thirdwitch");
  };
  EXPECT_TRUE(is_meant("<body>thirdwitch: when shall we three meet again?</body>"));
  EXPECT_TRUE(is_meant("<body>ask Thirdwitch</body>"));
  EXPECT_FALSE(is_meant("<body>the thirdwitches</body>"));
  EXPECT_FALSE(is_meant("<body>hail!</body>"));
  EXPECT_FALSE(is_meant(""));
  EXPECT_TRUE(
      is_meant("<reply xmlns='urn:xmpp:reply:0' id='1' "
               "to='coven@chat.shakespeare.lit/Thirdwitch'/>"));
  EXPECT_FALSE(
      is_meant("<reply xmlns='urn:xmpp:reply:0' id='1' "
               "to='coven@chat.shakespeare.lit/other'/>"));
  EXPECT_TRUE(
      is_meant("<reference xmlns='urn:xmpp:reference:0' type='mention' "
               "uri='xmpp:hag66@shakespeare.lit'/>"));
  EXPECT_FALSE(
      is_meant("<reference xmlns='urn:xmpp:reference:0' type='data' "
               "uri='xmpp:hag66@shakespeare.lit'/>"));
  EXPECT_TRUE(is_meant("<mention xmlns='urn:xmpp:mentions:0' jid='hag66@shakespeare.lit'/>"));
  EXPECT_TRUE(
      is_meant("<mention xmlns='urn:xmpp:mentions:0' mentions='urn:xmpp:mentions:0#channel'/>"));
  EXPECT_TRUE(is_meant("<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:omemo:2'/>"));
}

// romeo's phone is woken through the service that the nurse runs.
struct Muted : ::testing::Test {
  Muted() {
    server.befriend(phone, juliet);
    phone.asks(
        "<iq type='set' id='on'><enable xmlns='urn:xmpp:push:0' jid='nurse@xmpp.test/push' "
        "node='n1'/></iq>",
        done);
  }
  void sets(std::string_view chat, std::string_view settings) {
    phone.asks(publish("urn:xmpp:bookmarks:1", chat, bookmark(settings)),
               published("urn:xmpp:bookmarks:1", chat));
  }
  void is_woken() {
    service.receives("<iq type='set' from='romeo@xmpp.test'/>");
    service.sends("<iq to='romeo@xmpp.test' type='result' id='" +
                  std::string(service.last().attribute("id")) + "'/>");
  }
  void says(std::string_view inside) {
    juliet.sends("<message to='romeo@xmpp.test' type='chat'>" + std::string(inside) + "</message>");
  }

  TestServer server{{.limits = "push_rate = 60"}};
  TestClient& service = server.signs_in("nurse/push");
  TestClient& phone = server.comes_online("romeo/phone");
  TestClient& juliet = server.comes_online("juliet/balcony");
};

TEST_F(Muted, AContactThatIsMutedWakesNobody) {
  sets("juliet@xmpp.test", "<always identity-category='client' identity-type='pc'/><never/>");
  phone.signs_off();
  says("<body>asleep?</body>");
  service.receives_nothing();
  // A call that was missed cannot be made up for.
  says("<propose xmlns='urn:xmpp:jingle-message:0' id='1'/>");
  is_woken();
}

TEST_F(Muted, WhatIsChangedCountsAtOnceAndAfterARestart) {
  sets("juliet@xmpp.test", "<never/>");
  sets("juliet@xmpp.test", "<always/>");
  phone.signs_off();
  says("<body>asleep?</body>");
  is_woken();
  phone.signs_in_again();
  sets("juliet@xmpp.test", "<never/>");
  server.restarts();
  service.signs_in_again();
  juliet.signs_in_again();
  says("<body>asleep?</body>");
  service.receives_nothing();
  phone.signs_in_again();
  phone.asks(pubsub_set("<retract node='urn:xmpp:bookmarks:1'><item id='juliet@xmpp.test'/>"
                        "</retract>"),
             done);
  phone.signs_off();
  says("<body>asleep?</body>");
  is_woken();
}

TEST_F(Muted, WhatWasOnItsWayIsJudgedToo) {
  TestClient& watch = server.comes_online("romeo/watch", {.managed = true, .acknowledges = false});
  watch.asks(
      "<iq type='set' id='on'><enable xmlns='urn:xmpp:push:0' jid='nurse@xmpp.test/push' "
      "node='n1'/></iq>",
      done);
  phone.signs_off();
  watch.asks(publish("urn:xmpp:bookmarks:1", "juliet@xmpp.test", bookmark("<never/>")),
             published("urn:xmpp:bookmarks:1", "juliet@xmpp.test"));
  says("<body>into the tunnel</body>");
  watch.loses_connection();
  service.receives_nothing();
}

}  // namespace
}  // namespace herold::server
