// Answers are not journalled, but that they are owed is: whoever resumes after a crash gets an
// error in place of each that it was told is handled and has not got. No request ends in silence.
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

std::string ping(std::string_view id) {
  return "<iq type='get' id='" + std::string(id) +
         "' to='xmpp.test'><ping xmlns='urn:xmpp:ping'/></iq>";
}

std::string lost(std::string_view kind, std::string_view id) {
  return "<" + std::string(kind) + " type='error' id='" + std::string(id) +
         "'><error type='wait'><internal-server-error "
         "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></" +
         std::string(kind) + ">";
}

constexpr auto asks_for_ack = "<r xmlns='urn:xmpp:sm:3'/>";
constexpr auto own_presence = "<presence from='romeo@xmpp.test/orchard'/>";

class LostAnswers : public ::testing::Test {
 protected:
  TestServer server;
  TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
};

TEST_F(LostAnswers, AreReplacedByAnError) {
  romeo.stops_reading();
  romeo.sends(ping("one") + ping("two") + asks_for_ack);
  server.is_killed();
  romeo.resumes();
  romeo.receives_all({lost("iq", "one"), lost("iq", "two"), own_presence});
  romeo.receives_nothing();
}

TEST_F(LostAnswers, AreNotOwedForWhatWasNotHandled) {
  romeo.stops_reading();
  romeo.sends(ping("one"));  // its `h` was never said: the client sends it again
  server.is_killed();
  romeo.resumes();
  romeo.receives(own_presence);
  romeo.receives_nothing();
  romeo.asks(ping("one"), "<iq type='result'/>");
}

TEST_F(LostAnswers, AreNotMissedByWhoHasThem) {
  romeo.sends(ping("one") + asks_for_ack);
  romeo.receives("<iq type='result' id='one'/>");
  server.passes(Seconds(5));
  romeo.loses_connection();
  server.is_killed();
  romeo.resumes();
  romeo.receives(own_presence);
  romeo.receives_nothing();
}

TEST_F(LostAnswers, AreOwedOverASecondDeath) {
  romeo.stops_reading();
  romeo.sends(ping("one") + asks_for_ack);
  server.is_killed();
  server.is_killed();
  romeo.resumes();
  romeo.receives_all({lost("iq", "one"), own_presence});
  server.passes(Seconds(5));
  server.is_killed();  // and once it was acknowledged, no more
  romeo.resumes();
  romeo.receives(own_presence);
  romeo.receives_nothing();
}

// What was refused was handled; the client does not send it again.
TEST_F(LostAnswers, AreOwedForWhatWasRefused) {
  romeo.asks(
      "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'>"
      "<item jid='juliet@xmpp.test'/></block></iq>",
      "<iq type='result'/>");
  server.passes(Seconds(5));
  romeo.stops_reading();
  romeo.sends("<message type='chat' id='m' to='juliet@xmpp.test'><body>hi</body></message>");
  server.is_killed();
  romeo.resumes();
  romeo.receives_all({lost("message", "m"), own_presence});
  romeo.receives_nothing();
}

}  // namespace
}  // namespace herold::server
