// TCP: listeners, outgoing connections, and streams that can start TLS (RFC 9293, RFC 6120 s. 3).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/log.h"
#include "base/result.h"
#include "net/epoll_loop.h"
#include "net/file_handle.h"
#include "net/transport.h"

namespace herold::net {

// A transport over a connected stream socket; it attaches to an EpollLoop only.
std::unique_ptr<Transport> make_transport(FileHandle connected, const Limits& limits);

// Begins to connect to an address literal; on_writable() tells when it is done, on_ended() when it
// failed. `from` is the local address to use ("127.0.0.2:0"), or empty.
Result<std::unique_ptr<Transport>> connect(std::string_view address, const Limits& limits,
                                           std::string_view from = {});

enum class PortSharing { alone, between_processes };  // SO_REUSEPORT

// Accepts connections on one address. Belongs to one loop once started.
class Listener final : private Ready {
 public:
  using Accept = std::move_only_function<void(std::unique_ptr<Transport>)>;

  // Port 0 takes a free one, which address() tells. `limits` and `log` outlive the listener.
  static Result<std::unique_ptr<Listener>> open(std::string_view address, const Limits& limits,
                                                Log& log, PortSharing sharing = PortSharing::alone);
  // A socket that already listens (socket activation); takes it over.
  static Result<std::unique_ptr<Listener>> adopt(FileHandle listening, const Limits& limits,
                                                 Log& log);
  // For the two above.
  Listener(FileHandle listening, FileHandle reserve, const Limits& limits, Log& log);
  ~Listener() override;

  std::string address() const;  // "127.0.0.1:5222", with the real port
  std::uint16_t port() const;

  // `accept` is called from the loop's turns and may destroy the listener.
  Result<> start(EpollLoop& loop, Accept accept);
  // Stops accepting until resume(); the kernel keeps up to its backlog waiting.
  void pause();
  void resume();

 private:
  void on_ready(Readiness ready) override;
  void wait_for_files(int error);

  FileHandle listening_;
  FileHandle reserve_;  // given up for a moment when there is no other file left
  const Limits& limits_;
  Log& log_;
  EpollLoop* loop_ = nullptr;
  EpollLoop::Watch watch_ = EpollLoop::Watch::none;
  Accept accept_;
  Timer pause_timer_;
  bool paused_ = false;
  bool waiting_ = false;  // the kernel said that a connection waits
};

}  // namespace herold::net
