// Fuzzes the stream that another server opens: no stanza of a domain that nobody vouched for.
#include "base/check.h"
#include "xmpp/stream/testing/peers.h"

using namespace herold::xmpp;
// The first byte chooses channel, certificate and verdict, the rest is what the peer sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static herold::xmpp::testing::Realm realm{{"montague.example"}, "d14lb4ck43v3r"};
  if (size == 0) return 0;
  realm.policy.trust = (data[0] & 1) != 0 ? Trust::dialback : Trust::certificate;
  herold::xmpp::testing::TestInbound peer(realm, (data[0] & 2) != 0 ? Channel::tls : Channel::open);
  if ((data[0] & 4) != 0) peer.certified = {"capulet.example"};
  std::string output = peer.take({reinterpret_cast<const char*>(data + 1), size - 1});
  for (const auto& asked : peer.asked)
    peer.stream.on_key_verdict(asked.ticket, {static_cast<DialbackType>(data[0] >> 3 & 1), {}});
  output += peer.output();
  CHECK(peer.stanzas.empty() || !peer.certified.empty());
  CHECK(peer.is_closed == output.ends_with(stream_footer));
  return 0;
}
