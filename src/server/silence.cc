// The wheel of a watch.
#include "server/silence.h"

#include <algorithm>
#include <utility>

#include "server/module_host.h"

namespace herold::server {

void SilenceWatch::start(ModuleHost& host, Silence patience, Act act) {
  stop();
  host_ = &host;
  patience_ = patience;
  act_ = std::move(act);
  tick_ = std::max<Duration>(patience.active / 16, Milliseconds(250));
  host.watches_.push_back(this);
  host.for_each_session([this](const Session& session) { add(session); });
  host.after(timer_, tick_, [this] { turn(); });
}

void SilenceWatch::stop() {
  timer_.stop();
  for (auto& tick : wheel_) tick.clear();
  if (ModuleHost* host = std::exchange(host_, nullptr)) std::erase(host->watches_, this);
}

void SilenceWatch::add(const Session& session) { put({session.key()}, patience_.active); }

// What lies behind the wheel's last tick is looked at there, and put again.
void SilenceWatch::put(Watched watched, Duration wait) {
  const auto ticks = static_cast<std::size_t>(std::max<std::int64_t>(wait / tick_, 0)) + 1;
  wheel_[(now_ + std::min(ticks, wheel_.size() - 1)) % wheel_.size()].push_back(watched);
}

void SilenceWatch::turn() {
  host_->after(timer_, tick_, [this] { turn(); });
  now_ = (now_ + 1) % wheel_.size();
  for (Watched& watched : std::exchange(wheel_[now_], {})) {
    Session* session = host_->find_session(watched.key);
    if (session == nullptr) continue;
    const Duration wait = look(*session, watched);
    put(watched, wait);
  }
}

// Says when to look at it again: at least as often as an active client may be silent, because an
// inactive one may become active meanwhile.
Duration SilenceWatch::look(Session& session, Watched& watched) {
  if (!session.connected()) return patience_.active;
  const MonotonicTime heard = session.last_heard();
  const Duration left = patience_with(session) - (host_->clock().now() - heard);
  if (left > Duration(0)) return std::min(left, patience_.active);
  if (std::exchange(watched.told, heard) != heard) act_(session);
  return patience_.active;
}

Duration SilenceWatch::patience_with(const Session& session) const {
  return session.has(SessionFlag::inactive) ? patience_.inactive : patience_.active;
}

}  // namespace herold::server
