// A second factor is set up, asked for, and turned off; app passwords do without it.
#include <gtest/gtest.h>

#include "crypto/openssl/openssl_crypto.h"
#include "server/testing/test_server.h"
#include "xml/element.h"
#include "xmpp/sasl/totp.h"

namespace herold::server {
namespace {

const std::string agent = "d4565fa7-4d72-4749-b3d3-740edbf87770";
const std::string other_agent = "aaaaaaaa-4d72-4749-b3d3-740edbf87770";
const ClientSetup modern{.agent = agent};
const ClientSetup another{.agent = other_agent};

std::string base32_decoded(std::string_view text) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string bytes;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    held = held << 5 | static_cast<std::uint32_t>(letters.find(c));
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<char>(held >> bits & 255));
  }
  return bytes;
}

class SecondFactor : public ::testing::Test {
 protected:
  // The code of now, or of steps away from it.
  std::string code(TestServer& server, int steps = 0) const {
    const auto now = server.wall().time_since_epoch();
    const auto step = std::chrono::duration_cast<Seconds>(now) / xmpp::totp_period + steps;
    return xmpp::totp_code(crypto::OpenSslCrypto(), secret_, static_cast<std::uint64_t>(step));
  }
  static std::string setup(std::string_view text) {
    return "<iq type='set' id='f'><setup xmlns='urn:xmpp:mfa:0'>" + std::string(text) +
           "</setup></iq>";
  }
  void turn_on(TestServer& server, TestClient& client) {
    client.asks(setup(""), "<iq type='result'><setup xmlns='urn:xmpp:mfa:0'/></iq>");
    const std::string uri = client.last().child("setup", "urn:xmpp:mfa:0").text();
    const std::size_t at = uri.find("secret=") + 7;
    secret_ = base32_decoded(uri.substr(at, uri.find('&') - at));
    client.asks(setup(code(server)), "<iq type='result'/>");
    server.passes(xmpp::totp_period);  // that code is used up
  }
  static std::string begin(std::string_view node) {
    return "<iq type='set' to='xmpp.test' id='c'><command "
           "xmlns='http://jabber.org/protocol/commands' node='" +
           std::string(node) + "'/></iq>";
  }
  static std::string submit(TestClient& client, std::string_view node, std::string_view field,
                            std::string_view value) {
    const xml::Element command = client.last().first_child();
    return "<iq type='set' to='xmpp.test' id='c'><command "
           "xmlns='http://jabber.org/protocol/commands' node='" +
           std::string(node) + "' sessionid='" + std::string(command.attribute("sessionid")) +
           "' action='complete'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>"
           "<value>urn:xmpp:herold:sign-in:0</value></field><field var='" +
           std::string(field) + "'><value>" + std::string(value) +
           "</value></field></x></command></iq>";
  }
  std::string app_password(TestClient& client) {
    constexpr std::string_view node = "urn:xmpp:herold:app-password";
    client.asks(begin(node), "<iq type='result'/>");
    client.asks(submit(client, node, "name", "Old phone"), "<iq type='result'/>");
    for (const xml::Element field :
         client.last().first_child().child("x", "jabber:x:data").children())
      if (field.attribute("var") == "password") return field.child("value", "jabber:x:data").text();
    return {};
  }
  std::string secret_;
};

TEST_F(SecondFactor, IsAskedForOnceItIsSetUp) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard", modern);
  turn_on(server, romeo);
  TestClient& phone = server.client("romeo/phone", another);
  phone.answers_with_code(code(server));
  phone.signs_in_again();
  EXPECT_EQ(phone.mechanism(), "SCRAM-SHA-256");
  phone.loses_connection();
  phone.signs_in_again();
  EXPECT_EQ(phone.mechanism(), "HT-SHA-256-NONE");  // a token needs none
}

TEST_F(SecondFactor, ACodeIsGoodOnceAndSoIsItsMemory) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard", modern);
  turn_on(server, romeo);
  TestClient& phone = server.client("romeo/phone", another);
  const std::string now = code(server);
  phone.answers_with_code(now);
  phone.signs_in_again();
  phone.loses_connection();
  phone.takes_token("");
  phone.cannot_sign_in("not-authorized");
  server.is_killed();
  phone.cannot_sign_in("not-authorized");
  server.passes(xmpp::totp_period);
  phone.answers_with_code(code(server));
  phone.signs_in_again();
}

TEST_F(SecondFactor, OldClientsNeedAnAppPassword) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard", modern);
  turn_on(server, romeo);
  TestClient& old = server.client("romeo/old");
  old.cannot_sign_in("mechanism-too-weak");
  const std::string password = app_password(romeo);
  ASSERT_FALSE(password.empty());
  TestClient& phone = server.client("romeo/phone", {.password = password});
  phone.signs_in_again();
  TestClient& new_one = server.client("romeo/new", {.password = password, .agent = other_agent});
  new_one.signs_in_again();  // it is one client, whatever it says
  EXPECT_TRUE(new_one.token().empty());
  romeo.asks("<iq type='get' id='l'><list xmlns='urn:xmpp:cam:0'/></iq>",
             "<iq type='result'><clients xmlns='urn:xmpp:cam:0'><client connected='true'>"
             "<auth><app-password xmlns='urn:xmpp:herold:auth:0'/></auth>"
             "<permission status='normal'/><user-agent><device>Old phone</device></user-agent>"
             "</client></clients></iq>");
  server.is_killed();
  phone.signs_in_again();
}

TEST_F(SecondFactor, AnAppPasswordOpensNoOtherDoors) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard", modern);
  const std::string password = app_password(romeo);
  TestClient& phone = server.client("romeo/phone", {.password = password});
  phone.signs_in_again();
  phone.asks(setup(""),
             "<iq type='error'><error><not-allowed "
             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  phone.asks("<iq type='set' id='r'><revoke xmlns='urn:xmpp:cam:0' id='x'/></iq>",
             "<iq type='error'/>");
  phone.asks(
      "<iq type='set' to='xmpp.test' id='p'><query xmlns='jabber:iq:register'>"
      "<username>romeo</username><password>another</password></query></iq>",
      "<iq type='error'/>");
  constexpr std::string_view node = "urn:xmpp:herold:app-password";
  phone.asks(begin(node), "<iq type='result'/>");
  phone.asks(submit(phone, node, "name", "More"), "<iq type='error'/>");
}

TEST_F(SecondFactor, ARevokedAppPasswordIsGone) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard", modern);
  const std::string password = app_password(romeo);
  TestClient& phone = server.client("romeo/phone", {.password = password});
  phone.signs_in_again();
  romeo.asks("<iq type='get' id='l'><list xmlns='urn:xmpp:cam:0'/></iq>", "<iq type='result'/>");
  std::string id;
  for (const xml::Element client : romeo.last().first_child().children())
    if (client.child("permission", "urn:xmpp:cam:0").attribute("status") == "normal")
      id = client.attribute("id");
  romeo.asks("<iq type='set' id='r'><revoke xmlns='urn:xmpp:cam:0' id='" + id + "'/></iq>",
             "<iq type='result'/>");
  server.passes(Seconds(1));
  phone.is_disconnected("not-authorized");
  phone.cannot_sign_in("not-authorized");
}

TEST_F(SecondFactor, AppPasswordsHaveABound) {
  TestServer server({.limits = "app_passwords = 1"});
  TestClient& romeo = server.signs_in("romeo/orchard", modern);
  EXPECT_FALSE(app_password(romeo).empty());
  constexpr std::string_view node = "urn:xmpp:herold:app-password";
  romeo.asks(begin(node), "<iq type='result'/>");
  romeo.asks(submit(romeo, node, "name", "More"),
             "<iq type='error'><error><resource-constraint "
             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
             "</error></iq>");
}

TEST_F(SecondFactor, GuessingCodesStopsAndTokensGoOn) {
  TestServer server({.limits = "auth_failures_pair = 3"});
  TestClient& romeo = server.signs_in("romeo/orchard", modern);
  turn_on(server, romeo);
  for (int i = 0; i < 4; ++i) {  // each from another network, with the right password
    TestClient& thief = server.client("romeo/thief", another);
    thief.answers_with_code("000000");
    thief.cannot_sign_in(i < 3 ? "not-authorized" : "temporary-auth-failure");
  }
  romeo.loses_connection();
  romeo.signs_in_again();
  EXPECT_EQ(romeo.mechanism(), "HT-SHA-256-NONE");
}

TEST_F(SecondFactor, IsProvenBeforeItCounts) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard", modern);
  romeo.asks(setup("123456"),
             "<iq type='error'><error><unexpected-request "
             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  romeo.asks(setup(""), "<iq type='result'/>");
  romeo.asks(setup("000000"),
             "<iq type='error'><error><not-acceptable "
             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
  server.signs_in("romeo/phone", another);
  turn_on(server, romeo);
  romeo.asks(setup(""),
             "<iq type='error'><error><conflict "
             "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
}

TEST_F(SecondFactor, IsTurnedOffWithACode) {
  TestServer server;
  TestClient& romeo = server.signs_in("romeo/orchard", modern);
  turn_on(server, romeo);
  constexpr std::string_view node = "urn:xmpp:herold:second-factor-off";
  romeo.asks(begin(node), "<iq type='result'/>");
  romeo.asks(submit(romeo, node, "code", "000000"), "<iq type='error'/>");
  romeo.asks(begin(node), "<iq type='result'/>");
  romeo.asks(submit(romeo, node, "code", code(server)), "<iq type='result'/>");
  server.signs_in("romeo/old");
}

}  // namespace
}  // namespace herold::server
