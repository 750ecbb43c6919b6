// Clients that say nothing: who wants to know of them is told, for the price of one timer in all.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "net/loop.h"
#include "server/journal_records.h"

namespace herold::server {

class ModuleHost;
class Session;

// How long a client may be silent: while it is active, and while nobody looks at it (XEP-0352).
struct Silence {
  Duration active{0}, inactive{0};  // 0 while active: it is not watched
};

// Held by whoever asked for it by ModuleHost::when_silent(), and ends with it, as a timer does.
class SilenceWatch {
 public:
  using Act = std::function<void(Session&)>;

  SilenceWatch() = default;
  SilenceWatch(const SilenceWatch&) = delete;
  ~SilenceWatch() { stop(); }

  void stop();

 private:
  friend class ModuleHost;
  // A session, and its last word before a silence that was told already.
  struct Watched {
    SessionKey key;
    MonotonicTime told{};
  };

  void start(ModuleHost& host, Silence patience, Act act);
  void add(const Session& session);
  void put(Watched watched, Duration wait);
  void turn();
  Duration look(Session& session, Watched& watched);
  Duration patience_with(const Session& session) const;

  ModuleHost* host_ = nullptr;
  Silence patience_;
  Act act_;
  // A wheel of ticks: when a session's turn comes, its connection knows when it was heard last.
  std::array<std::vector<Watched>, 32> wheel_;
  Duration tick_{0};
  std::size_t now_ = 0;
  net::Timer timer_;
};

}  // namespace herold::server
