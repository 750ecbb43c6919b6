// What clients announce is asked for once and believed only when it has the hash (HOSTILE 92).
#include "server/client_caps.h"

#include <gtest/gtest.h>

#include "crypto/openssl/openssl_crypto.h"
#include "server/testing/pattern.h"
#include "server/testing/test_server.h"

namespace herold::server {
namespace {

// XEP-0115 section 5.2.
constexpr auto exodus =
    "<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' "
    "node='http://code.google.com/p/exodus' ver='QgayPKawpkPSDYmwT/WM94uAlu0='/></presence>";
constexpr auto question =
    "<iq type='get' from='xmpp.test'><query xmlns='http://jabber.org/protocol/disco#info' "
    "node='http://code.google.com/p/exodus#QgayPKawpkPSDYmwT/WM94uAlu0='/></iq>";

void answers(TestClient& client, std::string_view more = {}) {
  client.sends("<iq type='result' to='xmpp.test' id='" +
               std::string(client.last().attribute("id")) +
               "'><query xmlns='http://jabber.org/protocol/disco#info'>"
               "<identity category='client' type='pc' name='Exodus 0.9.1'/>"
               "<feature var='http://jabber.org/protocol/caps'/>"
               "<feature var='http://jabber.org/protocol/disco#info'/>"
               "<feature var='http://jabber.org/protocol/disco#items'/>"
               "<feature var='http://jabber.org/protocol/muc'/>" +
               std::string(more) + "</query></iq>");
}

std::optional<AnnouncedCaps> caps_in(const std::string& payload) {
  return find_caps(parse_pattern("<presence>" + payload + "</presence>").root());
}

TEST(FindCaps, TakesTheBestOfWhatItKnows) {
  const std::string sha1 =
      "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' "
      "ver='QgayPKawpkPSDYmwT/WM94uAlu0='/>";
  ASSERT_TRUE(caps_in(sha1));
  EXPECT_EQ(caps_in(sha1)->node, "n#QgayPKawpkPSDYmwT/WM94uAlu0=");
  const std::string both =
      sha1 +
      "<c xmlns='urn:xmpp:caps'><hash xmlns='urn:xmpp:hashes:2' algo='sha3-256'>"
      "+0UUYWBC7OEGHVdcHSg6IUdfcUjWdOFJsTEMaBQ8Q0M=</hash>"
      "<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>"
      "kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8=</hash></c>";
  ASSERT_TRUE(caps_in(both));
  EXPECT_EQ(caps_in(both)->node,
            "urn:xmpp:caps#sha-256.kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8=");
}

TEST(FindCaps, TakesNothingThatCannotBe) {
  for (const char* wrong :
       {"", "<c xmlns='http://jabber.org/protocol/caps' node='n' ver='1.0'/>",
        "<c xmlns='http://jabber.org/protocol/caps' hash='md5' node='n' ver='AAAA'/>",
        "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='AAAA'/>",
        "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='not base64'/>",
        "<c xmlns='urn:xmpp:caps'><hash xmlns='urn:xmpp:hashes:2' algo='sha-1'>"
        "QgayPKawpkPSDYmwT/WM94uAlu0=</hash></c>",
        "<c xmlns='urn:xmpp:caps'><hash xmlns='urn:xmpp:hashes:2'>AAAA</hash></c>"})
    EXPECT_FALSE(caps_in(wrong)) << wrong;
}

struct LearnCaps : ::testing::Test {
  TestServer server{{.shards = 1}};
  TestClient& romeo = server.signs_in("romeo/orchard");
  TestClient& juliet = server.signs_in("juliet/balcony");
};

TEST_F(LearnCaps, SharesWhatItLearntAmongUsers) {
  romeo.sends(exodus);
  EXPECT_TRUE(romeo.takes(question));
  answers(romeo);
  juliet.sends(exodus);
  EXPECT_FALSE(juliet.takes(question));
  romeo.sends(exodus);
  EXPECT_FALSE(romeo.takes(question));
}

TEST_F(LearnCaps, BelievesNoForgedAnswer) {
  romeo.sends(exodus);
  EXPECT_TRUE(romeo.takes(question));
  answers(romeo, "<feature var='urn:example:forged'/>");
  EXPECT_TRUE(server.log().has("capabilities-not-verified"));
  juliet.sends(exodus);
  EXPECT_TRUE(juliet.takes(question));
}

// Section 5.4 rule 3.3: the same feature twice could hide another answer.
TEST_F(LearnCaps, BelievesNoIllFormedAnswer) {
  romeo.sends(exodus);
  EXPECT_TRUE(romeo.takes(question));
  answers(romeo, "<feature var='http://jabber.org/protocol/muc'/>");
  juliet.sends(exodus);
  EXPECT_TRUE(juliet.takes(question));
}

TEST_F(LearnCaps, WaitsForOneAndAsksAnotherAfterAWhile) {
  romeo.sends(exodus);
  EXPECT_TRUE(romeo.takes(question));
  juliet.sends(exodus);
  EXPECT_FALSE(juliet.takes(question));
  server.passes(Seconds(6));
  juliet.sends(exodus);
  EXPECT_TRUE(juliet.takes(question));
  answers(juliet);
}

TEST_F(LearnCaps, AsksNobodyAboutDirectedPresence) {
  romeo.sends(
      "<presence to='juliet@xmpp.test'><c xmlns='http://jabber.org/protocol/caps' "
      "hash='sha-1' node='n' ver='QgayPKawpkPSDYmwT/WM94uAlu0='/></presence>");
  EXPECT_FALSE(romeo.takes("<iq type='get'/>"));
}

}  // namespace
}  // namespace herold::server
