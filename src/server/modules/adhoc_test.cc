// XEP-0050: who may run what, stages, and sessions that end, by time and number.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

constexpr std::string_view add_user = "http://jabber.org/protocol/admin#add-user";
constexpr std::string_view count_users =
    "http://jabber.org/protocol/admin#get-registered-users-num";

std::string command(std::string_view node, std::string_view more = "",
                    std::string_view content = "") {
  return "<iq type='set' id='c' to='xmpp.test'><command "
         "xmlns='http://jabber.org/protocol/commands' node='" +
         std::string(node) + "' " + std::string(more) + ">" + std::string(content) +
         "</command></iq>";
}

std::string status(std::string_view value) {
  return "<iq type='result'><command xmlns='http://jabber.org/protocol/commands' status='" +
         std::string(value) + "' sessionid='{any}'/></iq>";
}

std::string error(std::string_view condition, std::string_view detail = "") {
  std::string xml = "<iq type='error'><error><" + std::string(condition) +
                    " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>";
  if (!detail.empty())
    xml += "<" + std::string(detail) + " xmlns='http://jabber.org/protocol/commands'/>";
  return xml + "</error></iq>";
}

constexpr auto form =
    "<x xmlns='jabber:x:data' type='submit'>"
    "<field var='FORM_TYPE'><value>http://jabber.org/protocol/admin</value></field>"
    "<field var='accountjid'><value>peter@xmpp.test</value></field>"
    "<field var='password'><value>pw</value></field>"
    "<field var='password-verify'><value>pw</value></field></x>";

struct Adhoc : ::testing::Test {
  // Begins to add a user, and gives the session's id.
  std::string begin(TestClient& client) {
    client.asks(command(add_user), status("executing"));
    return "sessionid='" + std::string(client.last().first_child().attribute("sessionid")) + "'";
  }

  TestServer server{{.limits = "adhoc_sessions = 2\nadhoc_session_time = 60"}};
  TestClient& admin = server.signs_in("admin/desk");
  TestClient& romeo = server.signs_in("romeo/orchard");
};

TEST_F(Adhoc, OnlyWhoMayRunThemSeesThem) {
  constexpr auto items =
      "<iq type='get' id='i' to='xmpp.test'><query node='http://jabber.org/protocol/commands' "
      "xmlns='http://jabber.org/protocol/disco#items'/></iq>";
  admin.asks(items,
             "<iq><query xmlns='http://jabber.org/protocol/disco#items'><item "
             "jid='xmpp.test' node='" +
                 std::string(add_user) + "'/></query></iq>");
  romeo.asks(items,
             "<iq type='result'><query xmlns='http://jabber.org/protocol/disco#items'>"
             "<ABSENT><item node='" +
                 std::string(add_user) + "'/></ABSENT></query></iq>");
  const std::string info = "<iq type='get' id='i' to='xmpp.test'><query node='" +
                           std::string(add_user) +
                           "' xmlns='http://jabber.org/protocol/disco#info'/></iq>";
  admin.asks(info,
             "<iq><query xmlns='http://jabber.org/protocol/disco#info'>"
             "<identity category='automation' type='command-node'/>"
             "<feature var='http://jabber.org/protocol/commands'/></query></iq>");
  romeo.asks(info, error("forbidden"));
}

TEST_F(Adhoc, OthersMayNotRunThem) {
  romeo.asks(command(add_user), error("forbidden"));
  romeo.asks(command("urn:no-such"), error("item-not-found"));
}

TEST_F(Adhoc, OneWithoutAFormRunsAtOnce) { admin.asks(command(count_users), status("completed")); }

TEST_F(Adhoc, OneWithAFormRunsOnce) {
  const std::string session = begin(admin);
  admin.asks(command(add_user, session, form), status("completed"));
  server.signs_in("peter/house", {.password = "pw"});
  admin.asks(command(add_user, session, form), error("bad-request", "bad-sessionid"));
}

TEST_F(Adhoc, AFormThatIsRefusedMayBeMended) {
  const std::string session = begin(admin);
  admin.asks(command(add_user, session), error("bad-request", "bad-payload"));
  admin.asks(command(add_user, session, "<x xmlns='jabber:x:data' type='submit'/>"),
             "<iq type='error'/>");
  admin.asks(command(add_user, session, form), status("completed"));
}

TEST_F(Adhoc, CanBeCancelled) {
  const std::string session = begin(admin);
  admin.asks(command(add_user, "action='cancel' " + session), status("canceled"));
  admin.asks(command(add_user, session, form), error("bad-request", "bad-sessionid"));
}

TEST_F(Adhoc, HasNoOtherStages) {
  admin.asks(command(add_user, "action='next'"), error("bad-request", "bad-action"));
  const std::string session = begin(admin);
  admin.asks(command(add_user, "action='prev' " + session, form),
             error("bad-request", "bad-action"));
  admin.asks(command(add_user, "action='dance' " + session, form), "<iq type='error'/>");
}

// A session is one user's, one client's, and one command's.
TEST_F(Adhoc, ASessionCannotBeTakenOver) {
  const std::string session = begin(admin);
  TestClient& other = server.signs_in("admin/couch");
  other.asks(command(add_user, session, form), error("bad-request", "bad-sessionid"));
  admin.asks(command(count_users, session, form), error("bad-request", "bad-sessionid"));
  admin.asks(command(add_user, "sessionid='made-up'", form), error("bad-request", "bad-sessionid"));
}

TEST_F(Adhoc, ASessionWaitsAsLongAsTheLimitSays) {
  const std::string first = begin(admin);
  server.passes(Seconds(58));
  const std::string second = begin(admin);
  server.passes(Seconds(3));
  admin.asks(command(add_user, first, form), error("not-allowed", "session-expired"));
  admin.asks(command(add_user, second, form), status("completed"));
}

TEST_F(Adhoc, ThereAreAsManySessionsAsTheLimitSays) {
  begin(admin);
  begin(admin);
  admin.asks(command(add_user), error("resource-constraint"));
  server.passes(Seconds(61));
  begin(admin);
}

}  // namespace
}  // namespace herold::server
