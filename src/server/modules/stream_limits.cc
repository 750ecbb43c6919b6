// XEP-0478 Stream Limits Advertisement: the largest stanza that the server takes, and its patience.
#include "xmpp/ext/stream_limits.h"

#include "server/module.h"

namespace herold::server {

class StreamLimits {
 public:
  static constexpr About about{478, "0.2.0", "Stream Limits Advertisement"};

  struct Config {
    Seconds idle{300};
    static constexpr std::tuple options{
        option("idle", &Config::idle, "The idle time that is told; as module.ping has it.")};
  };

  static constexpr auto handlers() {
    return std::tuple{on<StreamFeatures>(&StreamLimits::announce)};
  }

  StreamLimits(ModuleHost& host, const Config& config) : host_(host), config_(config) {}

 private:
  // Section 2. Before the login the stream itself says what holds there.
  void announce(StreamFeatures& features) {
    if (features.moment != StreamFeatures::Moment::after_login) return;
    const xmpp::StreamLimits limits{
        .max_bytes = host_.limits().stanza_bytes,
        .idle_seconds = static_cast<std::uint64_t>(config_.idle.count())};
    features.xml += xmpp::to_xml(limits, xmpp::ns::client);
  }

  ModuleHost& host_;
  Config config_;
};

}  // namespace herold::server

HEROLD_MODULE(stream_limits, StreamLimits)
