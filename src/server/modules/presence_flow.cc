// RFC 6121 section 4.4.2: presence in bounds, from a client that floods and to one that reads
// slowly.
//
// HOSTILE 93. Presence says how things are now, so of several that wait only the newest matters.
#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "server/module.h"

namespace herold::server {
namespace {

// Two buckets that fill with `presence_rate` a second: what may go out at once, and what may come
// before it is too much.
struct Bucket {
  double broadcasts;
  double presences;
  MonotonicTime at;
  std::optional<Stanza> newest;  // waits for its turn
};

}  // namespace

class PresenceFlow {
 public:
  static constexpr About about{
      .version = "", .title = "Bounds on presence", .features = {}, .rfc = 6121};

  static constexpr auto handlers() {
    return std::tuple{
        on<PresenceSent>(&PresenceFlow::limit, Stage::screen), on<SlowClient>(&PresenceFlow::hold),
        on<ClientReads>(&PresenceFlow::resume_reading), on<SessionResumed>(&PresenceFlow::resume),
        on<SessionEnded>(&PresenceFlow::forget, Stage::observe)};
  }

  explicit PresenceFlow(ModuleHost& host) : host_(host) {}

  void stop() { timer_.stop(); }

 private:
  // --- from a client that floods ---

  Flow limit(PresenceSent& event) {
    const StanzaHead& head = event.stanza.head;
    const bool broadcast = head.is(PresenceType::available) || head.is(PresenceType::unavailable);
    if (head.to || !broadcast || is_releasing_) return Flow::go_on;
    Bucket& bucket = refill(event.session.key());
    if (--bucket.presences < 0) {
      event.session.disconnect({xmpp::StreamCondition::policy_violation, "Too much presence"});
      return Flow::stop;
    }
    if (!bucket.newest && take(bucket)) return Flow::go_on;
    bucket.newest = event.stanza.copy();
    return Flow::stop;
  }

  static bool take(Bucket& bucket) {
    if (bucket.broadcasts < 1) return false;
    --bucket.broadcasts;
    return true;
  }

  double burst() const { return static_cast<double>(host_.limits().presence_burst); }

  Bucket& refill(SessionKey key) {
    const MonotonicTime now = host_.clock().now();
    const auto [entry, is_new] = buckets_.try_emplace(key, Bucket{burst(), 4 * burst(), now, {}});
    if (is_new && !timer_.running()) host_.after(timer_, Seconds(1), [this] { tick(); });
    Bucket& bucket = entry->second;
    const double earned = std::chrono::duration<double>(now - bucket.at).count() *
                          static_cast<double>(host_.limits().presence_rate);
    bucket.broadcasts = std::min(burst(), bucket.broadcasts + earned);
    bucket.presences = std::min(4 * burst(), bucket.presences + earned);
    bucket.at = now;
    return bucket;
  }

  // Every second: what waits goes out, and who has been quiet is forgotten.
  void tick() {
    std::vector<SessionKey> keys;
    for (const auto& [key, bucket] : buckets_) keys.push_back(key);
    for (const SessionKey key : keys) {
      if (!buckets_.contains(key)) continue;
      Bucket& bucket = refill(key);
      if (bucket.newest && take(bucket))
        release(key, *std::exchange(bucket.newest, {}));  // after which it may be gone
      else if (bucket.presences >= 4 * burst())
        buckets_.erase(key);
    }
    if (!buckets_.empty()) host_.after(timer_, Seconds(1), [this] { tick(); });
  }

  void release(SessionKey key, Stanza stanza) {
    Session* session = host_.find_session(key);
    if (session == nullptr) return;
    PresenceSent event{*session, stanza};
    is_releasing_ = true;
    const Outcome outcome = host_.hooks().fire(event);
    is_releasing_ = false;
    if (!outcome) host_.bounce(stanza, outcome.error());
  }

  // --- to a client that reads slowly or is away ---

  // Whatever else comes from the same address goes behind its presence, as it was sent.
  Flow hold(SlowClient& event) {
    const Stanza& stanza = event.stanza;
    const std::string& from = stanza.head.from.text();
    const bool can_wait =
        stanza.head.is(PresenceType::available) || stanza.head.is(PresenceType::unavailable);
    const auto known = held_.find(event.session.key());
    if (!can_wait) {
      if (known == held_.end()) return Flow::go_on;
      if (const auto before = known->second.extract(from)) event.session.write(before.mapped());
      return Flow::go_on;
    }
    auto& waiting = known != held_.end() ? known->second : held_[event.session.key()];
    if (!waiting.contains(from) && waiting.size() >= host_.limits().held_presences)
      return Flow::go_on;
    waiting.insert_or_assign(from, stanza.copy());
    event.session.hold_back();
    return Flow::stop;
  }

  void resume_reading(ClientReads& event) { flush(event.session); }
  void resume(SessionResumed& event) { flush(event.session); }

  void flush(Session& session) {
    auto node = held_.extract(session.key());
    if (!node) return;
    for (const auto& [from, stanza] : node.mapped()) session.write(stanza);
  }

  void forget(SessionEnded& event) {
    buckets_.erase(event.session.key());
    held_.erase(event.session.key());
  }

  ModuleHost& host_;
  std::unordered_map<SessionKey, Bucket> buckets_;  // of those who sent presence lately
  std::unordered_map<SessionKey, std::map<std::string, Stanza>> held_;  // by sender
  Timer timer_;
  bool is_releasing_ = false;
};

}  // namespace herold::server

HEROLD_MODULE(presence_flow, PresenceFlow)
