// Fuzzes our stream to another server: nothing is authorised that was not asked for.
#include "base/check.h"
#include "xmpp/stream/testing/peers.h"

using namespace herold::xmpp;
// The first byte chooses TLS and policy, the rest is what the peer sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static herold::xmpp::testing::Realm realm{{"capulet.example"}, "s3cr3tf0rd14lb4ck"};
  if (size == 0) return 0;
  herold::xmpp::testing::TestOutbound peer(
      realm, {.pair = herold::xmpp::testing::pair_of("capulet.example", "montague.example"),
              .tls = static_cast<OutboundPeerConfig::Tls>(data[0] & 2),  // starttls or never
              .wants_bidi = (data[0] & 4) != 0});
  peer.stream.start();
  peer.take({reinterpret_cast<const char*>(data + 1), size - 1});
  CHECK(!peer.stream.is_authorised(*Jid::parse("capulet.example"), *Jid::parse("other.example")));
  CHECK(peer.stanzas.empty() || (data[0] & 4) != 0);
  CHECK(!peer.is_closed || peer.take("<message/>").empty());
  return 0;
}
