// XEP-0441: preferences are read, kept over restarts, and obeyed on both sides.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "server/testing/test_server.h"
#include "store/database.h"

namespace herold::server {
namespace {

std::string prefs(std::string_view by_default, std::string_view always = "",
                  std::string_view never = "") {
  return "<prefs xmlns='urn:xmpp:mam:2' default='" + std::string(by_default) + "'><always>" +
         std::string(always) + "</always><never>" + std::string(never) + "</never></prefs>";
}

struct ArchivePreferences : ::testing::Test {
  TestServer server;
  TestClient& juliet = server.comes_online("juliet/balcony");
  TestClient& romeo = server.comes_online("romeo/orchard");

  void chooses(TestClient& client, const std::string& wanted) {
    client.asks("<iq type='set' id='s'>" + wanted + "</iq>",
                "<iq type='result'>" + wanted + "</iq>");
  }
  void says(TestClient& from, const std::string& to) {
    from.sends("<message to='" + to + "' type='chat'><body>x</body></message>");
  }
  // How many messages an archive holds once everything has settled.
  std::uint64_t held(const std::string& owner) {
    server.passes(Seconds(3));
    std::uint64_t count = 0;
    server.stores().messages().count({owner, store::BoxKind::archive, ""}, {},
                                     [&](auto found) { count = *found; });
    server.passes(Seconds(1));
    return count;
  }
};

TEST_F(ArchivePreferences, AreKeptOverRestarts) {
  constexpr auto question = "<iq type='get' id='g'><prefs xmlns='urn:xmpp:mam:2'/></iq>";
  romeo.asks(question, "<iq type='result'>" + prefs("always") + "</iq>");
  const std::string wanted =
      prefs("roster", "<jid>juliet@xmpp.test</jid>", "<jid>nurse@xmpp.test/kitchen</jid>");
  chooses(romeo, wanted);
  server.is_killed();
  TestClient& again = server.comes_online("romeo/orchard");
  again.asks(question, "<iq type='result'>" + wanted + "</iq>");
}

TEST_F(ArchivePreferences, DecideForEachSideByItself) {
  chooses(romeo, prefs("never"));
  says(juliet, "romeo@xmpp.test");
  says(romeo, "juliet@xmpp.test");
  EXPECT_EQ(held("romeo@xmpp.test"), 0u);
  EXPECT_EQ(held("juliet@xmpp.test"), 2u);
}

TEST_F(ArchivePreferences, NameAddressesWithAndWithoutResource) {
  chooses(romeo, prefs("never", "<jid>juliet@xmpp.test/balcony</jid>"));
  says(romeo, "juliet@xmpp.test/balcony");
  says(romeo, "juliet@xmpp.test");
  EXPECT_EQ(held("romeo@xmpp.test"), 1u);
  chooses(romeo, prefs("always", "", "<jid>juliet@xmpp.test</jid>"));
  says(juliet, "romeo@xmpp.test");
  EXPECT_EQ(held("romeo@xmpp.test"), 1u);
}

TEST_F(ArchivePreferences, MeanContactsByTheRoster) {
  chooses(romeo, prefs("roster"));
  says(juliet, "romeo@xmpp.test");
  EXPECT_EQ(held("romeo@xmpp.test"), 0u);
  server.befriend(romeo, juliet);
  says(juliet, "romeo@xmpp.test");
  EXPECT_EQ(held("romeo@xmpp.test"), 1u);
}

TEST_F(ArchivePreferences, AreBounded) {
  std::string many;
  for (std::size_t i = 0; i <= bounds::archive_preferences; ++i)
    many += "<jid>n" + std::to_string(i) + "@y</jid>";
  romeo.asks("<iq type='set' id='s'>" + prefs("never", many) + "</iq>",
             "<iq type='error'><error type='wait'><resource-constraint "
             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  chooses(romeo, prefs("never", many.substr(many.find("<jid>n1@"))));
}

TEST(ArchiveDefault, IsTheDomains) {
  TestServer server({.modules = "[module.archive_preferences]\ndefault = 'roster'"});
  TestClient& romeo = server.comes_online("romeo/orchard");
  romeo.asks("<iq type='get' id='g'><prefs xmlns='urn:xmpp:mam:2'/></iq>",
             "<iq type='result'>" + prefs("roster") + "</iq>");
}

}  // namespace
}  // namespace herold::server
