// Streams between servers with a byte changed on its way: nobody crashes, nobody sends after the
// end, and nobody gets to speak for a domain that he did not prove to be.
#include <gtest/gtest.h>

#include <algorithm>

#include "xmpp/stream/testing/peers.h"

namespace herold::xmpp {
namespace {

using testing::pair_of;
using testing::Realm;
using testing::TestInbound;
using testing::TestOutbound;

struct Worlds {
  Realm capulet{{"capulet.example"}, "s3cr3tf0rd14lb4ck"};
  Realm montague{{"montague.example", "chat.montague.example"}, "d14lb4ck43v3r"};
};

// One stream, whose `at`-th byte in all becomes something else.
class Life {
 public:
  Life(Worlds& worlds, bool has_certificates, std::size_t at, char mask)
      : in(worlds.montague, Channel::open),
        out(worlds.capulet,
            {.pair = pair_of("capulet.example", "montague.example"), .trust = Trust::dialback}),
        worlds_(worlds),
        at_(at),
        mask_(mask) {
    if (has_certificates) in.certified = {"capulet.example"};
    out.certified = {"montague.example"};
  }

  // The count of bytes that went both ways.
  std::size_t run() {
    out.stream.start();
    for (int round = 0; round < 20; ++round) {
      in.sent += in.take(changed(out.output()));
      answer();
      out.sent += out.take(changed(in.output()));
      if (in.wants_tls && !in.is_closed) in.stream.on_tls();
      if (out.wants_tls && !out.is_closed && in.wants_tls) out.stream.on_tls();
      in.wants_tls = out.wants_tls = false;
      if (round == 12 && !out.is_closed)
        out.send("<message from='j@capulet.example' to='r@montague.example'><body/></message>");
    }
    return seen_;
  }
  TestInbound in;
  TestOutbound out;

 private:
  std::string changed(std::string bytes) {
    if (at_ >= seen_ && at_ < seen_ + bytes.size()) bytes[at_ - seen_] ^= mask_;
    seen_ += bytes.size();
    return bytes;
  }
  // What the server that really has pair.sender says.
  void answer() {
    for (const auto& asked : std::exchange(in.asked, {})) {
      const bool is_right =
          worlds_.capulet.domains.contains(asked.pair.sender.text()) &&
          worlds_.capulet.keys.verify(asked.key, asked.pair.target, asked.pair.sender, asked.id);
      in.stream.on_key_verdict(asked.ticket,
                               {is_right ? DialbackType::valid : DialbackType::invalid, {}});
    }
  }
  Worlds& worlds_;
  std::size_t at_, seen_ = 0;
  char mask_;
};

TEST(PeerMutation, OneByteChangesNobodysRights) {
  for (const bool has_certificates : {false, true}) {
    Worlds worlds;
    worlds.montague.policy.trust = Trust::dialback;
    Life whole(worlds, has_certificates, SIZE_MAX, 0);
    const std::size_t size = whole.run();
    ASSERT_EQ(whole.in.stanzas.size(), 1u);
    ASSERT_TRUE(whole.out.stream.is_authorised(*Jid::parse("capulet.example"),
                                               *Jid::parse("montague.example")));
    for (std::size_t at = 0; at < size; ++at)
      for (const char mask : {'\x01', '\x02', '\x10', '\x20', '\x7f'}) {
        Life life(worlds, has_certificates, at, mask);
        life.run();
        const std::string heard = life.in.heard();
        for (std::size_t i = heard.find("accepted:"); i != std::string::npos;
             i = heard.find("accepted:", i + 1)) {
          const std::string_view pair = std::string_view(heard).substr(i + 9);
          EXPECT_TRUE(pair.starts_with("capulet.example>montague.example:")) << at << heard;
        }
        if (life.in.is_closed) EXPECT_EQ(life.in.take("<message/>"), "");
        if (life.out.is_closed) EXPECT_EQ(life.out.take("<message/>"), "");
      }
  }
}

}  // namespace
}  // namespace herold::xmpp
