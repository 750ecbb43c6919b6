// XEP-0133: what the commands do to accounts and sessions, wherever these live.
#include <gtest/gtest.h>

#include "server/testing/command_text.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

std::string error(std::string_view condition) {
  return "<iq type='error'><error><" + std::string(condition) +
         " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
}

std::string accounts(std::initializer_list<std::string_view> addresses) {
  std::string xml = "<field var='accountjids'>";
  for (const std::string_view address : addresses)
    xml += "<value>" + std::string(address) + "</value>";
  return xml + "</field>";
}

std::string new_user(std::string_view address, std::string_view password = "pw",
                     std::string_view again = "pw") {
  return field("accountjid", address) + field("password", password) +
         field("password-verify", again);
}

// Three shards, so that the administrator and the others live apart.
struct Administration : ::testing::Test {
  TestServer server{{.shards = 3}};
  TestClient& admin = server.comes_online("admin/desk");
  TestClient& romeo = server.comes_online("romeo/orchard");
  TestClient& street = server.comes_online("romeo/street");
  TestClient& juliet = server.comes_online("juliet/balcony");
};

TEST_F(Administration, AddsUsersOfThisDomainOnce) {
  fills_in(admin, "add-user", new_user("peter@xmpp.test"), completed);
  server.signs_in("peter/house", {.password = "pw"});
  fills_in(admin, "add-user", new_user("peter@xmpp.test"), error("conflict"));
  fills_in(admin, "add-user", new_user("peter@elsewhere.test"), error("bad-request"));
  fills_in(admin, "add-user", new_user("xmpp.test"), error("bad-request"));
  fills_in(admin, "add-user", new_user("paul@xmpp.test/x"), error("bad-request"));
  fills_in(admin, "add-user", new_user("paul@xmpp.test", "a", "b"), error("bad-request"));
  const std::string too_long(1024, 'x');
  fills_in(admin, "add-user", new_user("paul@xmpp.test", too_long, too_long),
           error("not-acceptable"));
}

TEST_F(Administration, DeletesUsersAndTheirSessions) {
  server.befriend(romeo, juliet);
  fills_in(admin, "delete-user", accounts({"romeo@xmpp.test", "paris@xmpp.test"}), completed);
  romeo.is_disconnected("not-authorized");
  street.is_disconnected("not-authorized");
  EXPECT_TRUE(juliet.takes("<presence type='unavailable' from='romeo@xmpp.test/orchard'/>"));
  EXPECT_TRUE(juliet.takes("<presence type='unavailable' from='romeo@xmpp.test/street'/>"));
  fills_in(admin, "delete-user", accounts({"romeo@xmpp.test"}), error("item-not-found"));
  fills_in(admin, "delete-user", accounts({"tybalt@elsewhere.test"}), error("bad-request"));
}

TEST_F(Administration, DisablesAndEnablesUsers) {
  fills_in(admin, "disable-user", accounts({"romeo@xmpp.test"}), completed);
  EXPECT_FALSE(romeo.is_connected());
  EXPECT_FALSE(street.is_connected());
  EXPECT_TRUE(juliet.is_connected());
  fills_in(admin, "reenable-user", accounts({"romeo@xmpp.test"}), completed);
  server.comes_online("romeo/orchard");
}

TEST_F(Administration, EndsOneSessionOrAll) {
  fills_in(admin, "end-user-session", accounts({"romeo@xmpp.test/orchard"}), completed);
  romeo.is_disconnected("policy-violation");
  EXPECT_TRUE(street.is_connected());
  fills_in(admin, "end-user-session", accounts({"romeo@xmpp.test", "juliet@xmpp.test"}), completed);
  street.is_disconnected("policy-violation");
  juliet.is_disconnected("policy-violation");
  fills_in(admin, "end-user-session", accounts({"romeo@xmpp.test"}), completed);  // nobody there
}

TEST_F(Administration, ChangesPasswords) {
  fills_in(admin, "change-user-password",
           field("accountjid", "romeo@xmpp.test") + field("password", "new"), completed);
  server.signs_in("romeo/house", {.password = "new"});
  fills_in(admin, "change-user-password",
           field("accountjid", "nobody@xmpp.test") + field("password", "new"),
           error("item-not-found"));
}

TEST_F(Administration, AnnouncesToEverybodyWhoIsOnline) {
  TestClient& tybalt = server.signs_in("tybalt/street");
  fills_in(admin, "announce",
           field("subject", "Night") +
               "<field var='announcement'><value>We close</value><value>at ten</value></field>",
           completed);
  for (TestClient* client : {&romeo, &street, &juliet})
    client->receives(
        "<message type='headline' from='xmpp.test'><subject>Night</subject>"
        "<body>We close\nat ten</body></message>");
  tybalt.receives_nothing();
}

TEST_F(Administration, OthersAreRefused) {
  for (const char* command : {"add-user", "delete-user", "announce", "end-user-session"})
    romeo.asks(command_xml(command, ""), error("forbidden"));
}

}  // namespace
}  // namespace herold::server
