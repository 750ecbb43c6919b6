// The transport over a socket: plain at first, TLS when asked. All it keeps is what is under way.
#include "net/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/check.h"
#include "net/address.h"
#include "net/socket.h"
#include "net/tls.h"
#include "net/tls_stream.h"

namespace herold::net {
namespace {

class SocketTransport final : public Transport, private Ready {
 public:
  enum class State : std::uint8_t { connecting, open };

  SocketTransport(FileHandle file, State state, const Limits& limits)
      : socket_(std::move(file), static_cast<std::uint32_t>(limits.turn_bytes)),
        connecting_(state == State::connecting) {}
  ~SocketTransport() override {
    if (loop_) leave();
  }

  void attach(Loop& loop, Handler& handler) override;
  void detach() override;
  std::size_t read(std::span<char> buffer) override;
  void set_reading(bool on) override;
  std::size_t write(std::string_view bytes) override;
  void shutdown() override;
  void start_tls(TlsServerContext& context) override;
  void start_tls(TlsClientContext& context, std::string_view name) override;

  bool secured() const override { return tls_ && tls_->secured(); }
  std::optional<std::string> channel_binding(std::string_view type) const override {
    return facts() ? facts()->channel_binding(type) : std::nullopt;
  }
  std::string tls_server_name() const override { return facts() ? facts()->server_name() : ""; }
  std::string tls_description() const override { return secured() ? tls_->description() : ""; }
  std::string tls_protocol() const override { return facts() ? facts()->protocol() : ""; }
  std::optional<PeerCertificate> peer_certificate() const override {
    return facts() ? facts()->peer_certificate() : std::nullopt;
  }
  void forget_handshake() override {
    if (secured()) tls_->forget_handshake();
  }
  std::string peer_address() const override { return remote_address(socket_.fd()).host(); }

 private:
  struct End {
    Ending ending;
    std::string detail;
  };

  void on_ready(Readiness ready) override;
  bool establish();
  bool shake_hands();
  void leave();
  void send_close();
  void find_end();
  void end(Ending ending, std::string detail);
  void tell_end();
  void look_again();
  bool can_read() const;
  const OpensslStream* facts() const { return secured() ? tls_->facts() : nullptr; }
  TlsWorkspace& space() const { return loop_->tls_workspace(); }
  bool established() const { return !connecting_ && (!tls_ || tls_->secured()); }

  Socket socket_;
  std::unique_ptr<TlsStream> tls_;
  EpollLoop* loop_ = nullptr;
  EpollLoop::Watch watch_ = EpollLoop::Watch::none;
  Handler* handler_ = nullptr;
  std::unique_ptr<End> end_;  // found, to be told
  bool connecting_;
  bool reading_ = true;
  bool owes_writable_ = false;
  bool closing_ = false;  // shutdown() was called
  bool fin_sent_ = false;
  bool told_end_ = false;
};

void SocketTransport::attach(Loop& loop, Handler& handler) {
  CHECK(loop_ == nullptr);
  auto* epoll_loop = dynamic_cast<EpollLoop*>(&loop);
  CHECK(epoll_loop != nullptr);
  loop_ = epoll_loop;
  handler_ = &handler;
  // Fails when the kernel's bound on watches is reached. Connections share the bound on files,
  // which is far below it, so what is left is a machine out of memory.
  const auto watch = loop_->watch(socket_.fd(), *this);
  CHECK(watch.has_value());
  watch_ = *watch;
  // The kernel tells what it holds, but not what TLS holds, nor an end that was found already.
  look_again();
}

void SocketTransport::detach() {
  CHECK(loop_ != nullptr);
  leave();
  handler_ = nullptr;
  socket_.forget();
}

void SocketTransport::leave() {
  if (tls_) tls_->leave(space());
  loop_->unwatch(socket_.fd(), watch_);
  loop_ = nullptr;
}

std::size_t SocketTransport::read(std::span<char> buffer) {
  if (!loop_ || !established() || end_ || told_end_) return 0;
  const std::size_t got = tls_ ? tls_->read(buffer, space()) : socket_.read(buffer);
  if (got == 0) find_end();
  return got;
}

void SocketTransport::set_reading(bool on) {
  reading_ = on;
  if (on) look_again();
}

std::size_t SocketTransport::write(std::string_view bytes) {
  const bool gone = closing_ || socket_.write_failed() || (tls_ && tls_->failed());
  if (bytes.empty() || gone) return 0;
  std::size_t took = 0;
  if (loop_ && established()) took = tls_ ? tls_->write(bytes, space()) : socket_.write(bytes);
  owes_writable_ = took < bytes.size();
  if (socket_.write_failed()) look_again();
  return took;
}

void SocketTransport::shutdown() {
  if (std::exchange(closing_, true)) return;
  owes_writable_ = false;
  send_close();
}

void SocketTransport::send_close() {
  if (fin_sent_) return;
  if (secured() && !(loop_ && tls_->send_close(space()))) return;  // again when there is room
  fin_sent_ = true;
  socket_.send_fin();
}

void SocketTransport::start_tls(TlsServerContext& context) {
  CHECK(!tls_);
  tls_ = context.accept(socket_);
  look_again();
}

void SocketTransport::start_tls(TlsClientContext& context, std::string_view name) {
  CHECK(!tls_);
  tls_ = context.connect(socket_, name);
  look_again();
}

// Each step may call the handler, which may destroy or detach this transport: then the watch has
// gone and nothing of this object is touched any more.
void SocketTransport::on_ready(Readiness ready) {
  EpollLoop& loop = *loop_;
  const EpollLoop::Watch watch = watch_;
  socket_.note(ready);
  socket_.begin_turn();
  if (told_end_) return;
  if (connecting_ && !establish()) return;
  if (tls_ && !tls_->secured() && !end_) {
    if (shake_hands()) handler_->on_secured();
    if (!loop.watches(watch)) return;
  }
  if (tls_ && socket_.writable()) tls_->flush(space());
  if (closing_) send_close();
  if (owes_writable_ && socket_.writable() && established()) {
    owes_writable_ = false;
    handler_->on_writable();
    if (!loop.watches(watch)) return;
  }
  if (reading_ && can_read()) {
    handler_->on_readable();
    if (!loop.watches(watch)) return;
  }
  find_end();
  if (end_) return tell_end();
  if (reading_ && can_read()) loop.again(watch);
}

// False while the connection is not there.
bool SocketTransport::establish() {
  if (!socket_.writable()) return false;
  int error = 0;
  socklen_t size = sizeof error;
  CHECK(::getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &size) == 0);
  if (error == 0) {
    connecting_ = false;
    owes_writable_ = true;
    return true;
  }
  end(error == ETIMEDOUT ? Ending::timed_out : Ending::reset, std::strerror(error));
  tell_end();
  return false;
}

// True when the handshake has just been finished.
bool SocketTransport::shake_hands() {
  switch (tls_->handshake()) {
    case TlsStream::Progress::waiting:
      return false;
    case TlsStream::Progress::done:
      return true;
    case TlsStream::Progress::failed:
      find_end();
      return false;
  }
  return false;
}

bool SocketTransport::can_read() const {
  if (!established() || end_) return false;
  if (!tls_) return socket_.readable();
  if (tls_->failed() || tls_->closed_by_peer() || tls_->cut()) return false;
  if (tls_->reading_needs_room() && !socket_.writable()) return false;
  return socket_.readable() || socket_.at_end() || tls_->has_bytes();
}

// Looks whether what reading and writing have shown is the end of the connection.
void SocketTransport::find_end() {
  if (end_ || told_end_) return;
  if (tls_ && tls_->failed()) {
    // The alert has been written; the peer sees it before the end.
    socket_.send_fin();
    socket_.drain();
    end(Ending::tls_failed, tls_->failure());
  } else if (tls_ && tls_->closed_by_peer()) {
    end(Ending::peer_closed, "close_notify");
  } else if (socket_.at_end() && (!tls_ || tls_->cut())) {
    const int error = socket_.error();
    if (error == 0) return end(Ending::peer_closed, "");
    end(error == ETIMEDOUT ? Ending::timed_out : Ending::reset, std::strerror(error));
  } else if (socket_.write_failed() && !(reading_ && can_read())) {
    end(Ending::reset, std::strerror(socket_.error()));
  }
}

void SocketTransport::end(Ending ending, std::string detail) {
  end_ = std::make_unique<End>(ending, std::move(detail));
  look_again();
}

void SocketTransport::tell_end() {
  told_end_ = true;
  const std::unique_ptr<End> found = std::move(end_);
  handler_->on_ended(found->ending, found->detail);
}

void SocketTransport::look_again() {
  if (loop_) loop_->again(watch_);
}

void set_option(int fd, int level, int option, int value) {
  // Best effort: a local socket has none of them.
  ::setsockopt(fd, level, option, &value, sizeof value);
}

// Small writes leave at once, and a peer that vanished is noticed within a few minutes.
void tune(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 300);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 30);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

}  // namespace

std::unique_ptr<Transport> make_transport(FileHandle connected, const Limits& limits) {
  tune(connected.get());
  return std::make_unique<SocketTransport>(std::move(connected), SocketTransport::State::open,
                                           limits);
}

Result<std::unique_ptr<Transport>> connect(std::string_view text, const Limits& limits,
                                           std::string_view from) {
  const SocketAddress address = TRY(parse_address(text));
  FileHandle fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto failed = [&] {
    return fail(Fault::unavailable, "connect " + std::string(text) + ": " + std::strerror(errno));
  };
  if (!fd) return failed();
  if (!from.empty()) {
    const SocketAddress local = TRY(parse_address(from));
    // The port is chosen when connecting, so that each local address has all ports to each peer.
    set_option(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    if (::bind(fd.get(), local.get(), local.length) != 0) return failed();
  }
  tune(fd.get());
  if (::connect(fd.get(), address.get(), address.length) != 0 && errno != EINPROGRESS)
    return failed();
  return std::make_unique<SocketTransport>(std::move(fd), SocketTransport::State::connecting,
                                           limits);
}

}  // namespace herold::net
