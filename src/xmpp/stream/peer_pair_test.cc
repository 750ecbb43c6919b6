// Both machines of streams between servers against each other through a pipe in memory.
#include <gtest/gtest.h>

#include "xmpp/stream/testing/peers.h"

namespace herold::xmpp {
namespace {

using testing::converse;
using testing::domain;
using testing::pair_of;
using testing::Realm;
using testing::TestInbound;
using testing::TestOutbound;
using Tls = OutboundPeerConfig::Tls;
using Kind = OutboundPeerError::Kind;

enum class Certificates { none, both };

// capulet.example speaks to montague.example, and each has rooms as well.
class PeerPair : public ::testing::Test {
 protected:
  Realm capulet{{"capulet.example", "rooms.capulet.example"}, "s3cr3tf0rd14lb4ck"};
  Realm montague{{"montague.example", "chat.montague.example"}, "d14lb4ck43v3r"};

  OutboundPeerConfig config{.pair = pair_of("capulet.example", "montague.example")};

  // As far as the two come with each other alone.
  void connect(TestOutbound& out, TestInbound& in, Certificates certificates,
               std::size_t step = SIZE_MAX) {
    if (certificates == Certificates::both) {
      in.certified = {"capulet.example", "rooms.capulet.example"};
      out.certified = {"montague.example", "chat.montague.example"};
    }
    out.stream.start();
    if (config.tls == Tls::direct) {
      in.stream.on_tls();
      out.stream.on_tls();
    }
    converse(out, in, step);
  }
  // What the authoritative server says of each key that was shown, on a stream of its own.
  void verify_keys(TestInbound& in) {
    TestOutbound asks(montague, {.pair = pair_of("montague.example", "capulet.example"),
                                 .purpose = OutboundPeerConfig::Purpose::verify,
                                 .trust = Trust::dialback});
    TestInbound answers(capulet, Channel::open);
    asks.stream.start();
    converse(asks, answers);
    EXPECT_EQ(asks.heard(), "can-verify");
    for (const auto& asked : std::exchange(in.asked, {})) {
      ASSERT_TRUE(asks.stream.verify(asked.pair, asked.id, asked.key));
      converse(asks, answers);
      const std::string heard = asks.heard();
      const bool is_valid = heard.ends_with(":valid");
      in.stream.on_key_verdict(asked.ticket,
                               {is_valid ? DialbackType::valid : DialbackType::invalid, {}});
    }
  }
  static std::string message(std::string_view from, std::string_view to) {
    return "<message from=\"" + std::string(from) + "\" to=\"" + std::string(to) +
           "\"><body>hi</body></message>";
  }
};

TEST_F(PeerPair, StartTlsAndExternal) {
  TestInbound in(montague, Channel::open);
  TestOutbound out(capulet, config);
  connect(out, in, Certificates::both);
  EXPECT_EQ(out.heard(),
            "accepted:montague.example>capulet.example:certificate "
            "authorised:capulet.example>montague.example:certificate");
  EXPECT_EQ(in.heard(),
            "opened:capulet.example>montague.example opened:capulet.example>montague.example "
            "opened:capulet.example>montague.example "
            "accepted:capulet.example>montague.example:certificate");
  EXPECT_TRUE(in.stream.is_bidirectional());
  EXPECT_TRUE(out.stream.offer().stream_management);
  EXPECT_EQ(out.stream.offer().limits.max_bytes, montague.limits.peer_stanza_bytes);
  EXPECT_EQ(in.stream.peer_limits().max_bytes, capulet.limits.peer_stanza_bytes);

  out.send(message("juliet@capulet.example", "romeo@montague.example"));
  in.send(message("romeo@montague.example", "juliet@capulet.example"));
  converse(out, in);
  ASSERT_EQ(in.stanzas.size(), 1u);
  ASSERT_EQ(out.stanzas.size(), 1u);
  EXPECT_EQ(in.stanzas[0], message("juliet@capulet.example", "romeo@montague.example"));

  out.stream.close();
  converse(out, in);
  EXPECT_TRUE(in.is_closed);
  EXPECT_FALSE(out.error);
}

TEST_F(PeerPair, StartTlsAndDialback) {
  montague.policy.trust = Trust::dialback;
  config.trust = Trust::dialback;
  config.wants_bidi = false;
  TestInbound in(montague, Channel::open);
  TestOutbound out(capulet, config);
  connect(out, in, Certificates::none);
  EXPECT_EQ(out.heard(), "can-verify");
  EXPECT_FALSE(out.stream.is_authorised(config.pair.sender, config.pair.target));
  verify_keys(in);
  converse(out, in);
  EXPECT_EQ(out.heard(), "authorised:capulet.example>montague.example:dialback");
  EXPECT_TRUE(in.stream.is_accepted(domain("capulet.example"), domain("montague.example")));
  EXPECT_FALSE(in.stream.is_bidirectional());
  out.send(message("juliet@capulet.example", "romeo@montague.example"));
  converse(out, in);
  EXPECT_EQ(in.stanzas.size(), 1u);
}

// Every way of TLS, of proof and of reading, with and without the way back.
TEST_F(PeerPair, AllCombinations) {
  for (const Tls tls : {Tls::starttls, Tls::direct, Tls::never})
    for (const Certificates certificates : {Certificates::none, Certificates::both})
      for (const bool wants_bidi : {false, true})
        for (const std::size_t step : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
          montague.policy.trust = config.trust = Trust::dialback;
          config.tls = tls;
          config.wants_bidi = wants_bidi;
          TestInbound in(montague, tls == Tls::starttls ? Channel::open
                                   : tls == Tls::direct ? Channel::tls
                                                        : Channel::trusted);
          TestOutbound out(capulet, config);
          connect(out, in, tls == Tls::never ? Certificates::none : certificates, step);
          verify_keys(in);
          converse(out, in, step);
          EXPECT_TRUE(out.stream.is_authorised(config.pair.sender, config.pair.target));
          EXPECT_TRUE(in.stream.is_accepted(config.pair.sender, config.pair.target));
          EXPECT_EQ(in.stream.is_bidirectional(), wants_bidi);
          EXPECT_EQ(out.stream.is_accepted(config.pair.target, config.pair.sender), wants_bidi);
          EXPECT_FALSE(out.is_closed || in.is_closed);
        }
}

TEST_F(PeerPair, ExternalRefusedFallsBackToDialback) {
  // The peer's own name for us is in no certificate, but it offered EXTERNAL for another one.
  montague.policy.trust = Trust::dialback;
  TestInbound in(montague, Channel::open);
  TestOutbound out(capulet, config);
  out.certified = {"montague.example"};
  in.certified = {"capulet.example"};
  out.stream.start();
  for (int i = 0; i < 3; ++i) {
    in.sent += in.take(out.output());
    if (in.wants_tls) in.stream.on_tls();
    in.wants_tls = false;
    out.sent += out.take(in.output());
    if (out.wants_tls) out.stream.on_tls();
    out.wants_tls = false;
  }
  in.certified.clear();
  converse(out, in);
  EXPECT_EQ(out.heard(), "external-refused:not-authorized can-verify");
  verify_keys(in);
  converse(out, in);
  EXPECT_TRUE(out.heard().ends_with("authorised:capulet.example>montague.example:dialback"));
}

TEST_F(PeerPair, MorePairsOnTheSameStream) {
  TestInbound in(montague, Channel::open);
  TestOutbound out(capulet, config);
  connect(out, in, Certificates::both);
  out.heard(), in.heard();
  const DomainPair rooms = pair_of("rooms.capulet.example", "chat.montague.example");
  EXPECT_TRUE(out.stream.authorise(rooms));
  EXPECT_FALSE(out.stream.authorise(rooms));  // asked already
  converse(out, in);
  EXPECT_EQ(in.heard(), "accepted:rooms.capulet.example>chat.montague.example:certificate");
  EXPECT_EQ(out.heard(),
            "accepted:chat.montague.example>rooms.capulet.example:certificate "
            "authorised:rooms.capulet.example>chat.montague.example:dialback");
  EXPECT_FALSE(out.stream.authorise(rooms));  // it may already
  EXPECT_FALSE(in.stream.is_accepted(rooms.sender, domain("montague.example")));

  EXPECT_TRUE(out.stream.authorise(pair_of("capulet.example", "chat.montague.example")));
  converse(out, in);
  EXPECT_EQ(in.heard(), "accepted:capulet.example>chat.montague.example:certificate");
}

TEST_F(PeerPair, RefusedPairsLeaveTheStreamAsItIs) {
  TestInbound in(montague, Channel::open);
  TestOutbound out(capulet, config);
  connect(out, in, Certificates::both);
  out.heard(), in.heard();
  in.certified.erase("rooms.capulet.example");
  out.certified.insert("mercutio.example");
  EXPECT_TRUE(out.stream.authorise(pair_of("rooms.capulet.example", "montague.example")));
  EXPECT_TRUE(out.stream.authorise(pair_of("capulet.example", "mercutio.example")));
  EXPECT_FALSE(out.stream.authorise(pair_of("capulet.example", "tybalt.example")));
  converse(out, in);
  EXPECT_EQ(out.heard(),
            "pair-refused:rooms.capulet.example>montague.example:not-authorized "
            "pair-refused:capulet.example>mercutio.example:item-not-found");
  EXPECT_FALSE(out.is_closed || in.is_closed);
  EXPECT_TRUE(in.stream.is_accepted(domain("capulet.example"), domain("montague.example")));
}

// XEP-0288 section 2: the receiving server asks to send for more of its domains.
TEST_F(PeerPair, TheWayBackMayCarryMore) {
  TestInbound in(montague, Channel::open);
  TestOutbound out(capulet, config);
  connect(out, in, Certificates::both);
  out.heard();
  const std::string answer =
      out.take("<db:result from='chat.montague.example' to='capulet.example'>key</db:result>");
  EXPECT_EQ(answer,
            "<db:result from=\"capulet.example\" to=\"chat.montague.example\" type=\"valid\"/>");
  EXPECT_EQ(out.heard(), "accepted:chat.montague.example>capulet.example:certificate");
}

TEST_F(PeerPair, WrongKeyEndsTheStream) {
  montague.policy.trust = config.trust = Trust::dialback;
  TestInbound in(montague, Channel::open);
  TestOutbound out(capulet, config);
  connect(out, in, Certificates::none);
  ASSERT_EQ(in.asked.size(), 1u);
  in.asked[0].key[0] ^= 1;
  verify_keys(in);
  converse(out, in);
  EXPECT_TRUE(in.heard().ends_with(
      "refused:capulet.example>montague.example:forbidden closed:not-authorized"));
  EXPECT_EQ(out.error->kind, Kind::refused);
  EXPECT_EQ(out.error->answer.type, DialbackType::invalid);
  EXPECT_EQ(out.error->describe(),
            "The other server refused dialback: it says that the key is wrong.");
}

TEST_F(PeerPair, NoCertificateWhereOneIsNeeded) {
  TestInbound in(montague, Channel::open);
  TestOutbound out(capulet, config);
  connect(out, in, Certificates::none);
  EXPECT_EQ(out.error->kind, Kind::untrusted);

  TestInbound strict(montague, Channel::open);
  TestOutbound second(capulet, config);
  second.certified = {"montague.example"};
  second.stream.start();
  converse(second, strict);
  EXPECT_EQ(second.error->kind, Kind::refused);
  EXPECT_EQ(second.error->answer.error.condition, Condition::not_authorized);
}

}  // namespace
}  // namespace herold::xmpp
