// XEP-0199 XMPP Ping: answers pings, and closes connections whose client no longer answers ours.
#include "xmpp/ext/ping.h"

#include "server/module.h"

namespace herold::server {

class Ping {
 public:
  static constexpr About about{199, "2.0.1", "XMPP Ping", {xmpp::PingQuery::element.ns}};

  struct Config {
    Seconds idle{300}, idle_inactive{900}, patience{60};
    static constexpr std::tuple options{
        option("idle", &Config::idle, "Ping a client silent for this long; 0 turns this off."),
        option("idle_inactive", &Config::idle_inactive, "The same while it is inactive (CSI)."),
        option("patience", &Config::patience,
               "Close the connection if it stays silent this long.")};
  };

  static constexpr auto handlers() {
    return std::tuple{on<Get<xmpp::PingQuery>>(&Ping::answer), on<SessionBound>(&Ping::watch_new),
                      on<SessionResumed>(&Ping::watch_recovered)};
  }

  Ping(ModuleHost& host, const Config& config)
      : host_(host),
        config_(config),
        tick_(std::max<Duration>(Duration(config.idle) / 16, Milliseconds(250))) {
    if (config.idle.count() == 0) return;
    host_.for_each_session([&](Session& session) { watch(session); });
    host_.after(timer_, tick_, [this] { turn(); });
  }

  void stop() { timer_.stop(); }

 private:
  Answer<Nothing> answer(const IqContext&, const xmpp::PingQuery&) { return Nothing{}; }

  void watch_new(SessionBound& event) { watch(event.session); }
  void watch_recovered(SessionResumed& event) {
    if (event.after_restart) watch(event.session);
  }

  // A wheel of ticks holds nothing but the key of every session: when its turn comes, the
  // connection knows when it was heard the last time.
  void watch(const Session& session) {
    if (config_.idle.count() != 0) put(session.key(), idle_of(session));
  }

  void put(SessionKey key, Duration wait) {
    const auto ticks = static_cast<std::size_t>(std::max<std::int64_t>(wait / tick_, 0)) + 1;
    wheel_[(now_ + std::min(ticks, wheel_.size() - 1)) % wheel_.size()].push_back(key);
  }

  Seconds idle_of(const Session& session) const {
    return session.has(SessionFlag::inactive) ? config_.idle_inactive : config_.idle;
  }

  void turn() {
    host_.after(timer_, tick_, [this] { turn(); });
    now_ = (now_ + 1) % wheel_.size();
    for (const SessionKey key : std::exchange(wheel_[now_], {})) {
      const Session* session = host_.find_session(key);
      if (session != nullptr) put(key, attend(*session));
    }
  }

  // Says when to look at the session again.
  Duration attend(const Session& session) {
    const Duration idle = idle_of(session);
    if (!session.connected()) return idle;
    const Duration left = idle - (host_.clock().now() - session.last_heard());
    if (left > Duration(0)) return left;
    ping(session);
    return idle + config_.patience;
  }

  // Section 4.1. Whatever comes meanwhile is as good as the answer.
  void ping(const Session& session) {
    StanzaHead head = StanzaHead::of(IqType::get);
    head.from = host_.address();
    head.to = session.address();
    const auto asked = host_.clock().now();
    host_.ask(Stanza(std::move(head), xmpp::to_xml(xmpp::PingQuery{}, xmpp::ns::client)),
              config_.patience, [&host = host_, key = session.key(), asked](const Stanza* answer) {
                if (answer != nullptr) return;
                Session* silent = host.find_session(key);
                if (silent == nullptr || !silent->connected()) return;
                if (silent->last_heard() < asked)
                  silent->disconnect({xmpp::StreamCondition::connection_timeout, "No answer"});
              });
  }

  ModuleHost& host_;
  Config config_;
  Duration tick_;
  std::array<std::vector<SessionKey>, 64> wheel_;
  std::size_t now_ = 0;
  Timer timer_;
};

}  // namespace herold::server

HEROLD_MODULE(ping, Ping)
