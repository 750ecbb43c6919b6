// Fuzzes the server's stream machine: the host knows of every login, and nothing follows the end.
#include "base/check.h"
#include "xmpp/stream/testing/hosts.h"

using namespace herold::xmpp;

// The first byte chooses the channel, the rest is what the client sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static herold::xmpp::testing::World world;
  if (size == 0) return 0;
  herold::xmpp::testing::TestServer server(world, static_cast<Channel>(data[0] % 4));
  server.allows_registration = (data[0] & 4) != 0;
  server.state = AccountState::disabled;
  const std::string_view stream(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string output = server.take(stream);
  CHECK(output.find("<success") == std::string::npos || server.stream.is_authenticated());
  CHECK(server.is_closed == output.ends_with(stream_footer));
  if (server.is_closed) {
    server.stream.fail(StreamCondition::reset);
    CHECK(server.output().empty());
  }
  return 0;
}
