// Accepting: a bounded number a turn, and a pause instead of a spin when files run out.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "net/address.h"
#include "net/tcp.h"

namespace herold::net {
namespace {

std::unexpected<Error> socket_error(std::string_view what, std::string_view address) {
  return fail(Fault::unavailable,
              std::string(what) + " " + std::string(address) + ": " + std::strerror(errno));
}

Result<> set_flag(int fd, int level, int option, std::string_view address) {
  const int on = 1;
  if (::setsockopt(fd, level, option, &on, sizeof on) != 0) return socket_error("listen", address);
  return {};
}

FileHandle open_reserve() { return FileHandle(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

// Errors of accept4() that concern the one connection, which is gone; the next may be fine.
bool concerns_one_connection(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EPERM:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(std::string_view text, const Limits& limits,
                                                 Log& log, PortSharing sharing) {
  const SocketAddress address = TRY(parse_address(text));
  FileHandle fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return socket_error("listen", text);
  if (address.family() != AF_UNIX) TRY(set_flag(fd.get(), SOL_SOCKET, SO_REUSEADDR, text));
  // "[::]:5222" and "0.0.0.0:5222" may stand side by side.
  if (address.family() == AF_INET6) TRY(set_flag(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, text));
  if (sharing == PortSharing::between_processes)
    TRY(set_flag(fd.get(), SOL_SOCKET, SO_REUSEPORT, text));
  if (::bind(fd.get(), address.get(), address.length) != 0) return socket_error("listen", text);
  if (::listen(fd.get(), SOMAXCONN) != 0) return socket_error("listen", text);
  return adopt(std::move(fd), limits, log);
}

Result<std::unique_ptr<Listener>> Listener::adopt(FileHandle listening, const Limits& limits,
                                                  Log& log) {
  int listens = 0;
  socklen_t size = sizeof listens;
  if (::getsockopt(listening.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0)
    return socket_error("adopt", "a socket");
  if (!listens) return fail(Fault::invalid, "the socket handed over does not listen");
  const int flags = ::fcntl(listening.get(), F_GETFL);
  if (flags < 0 || ::fcntl(listening.get(), F_SETFL, flags | O_NONBLOCK) != 0 ||
      ::fcntl(listening.get(), F_SETFD, FD_CLOEXEC) != 0)
    return socket_error("adopt", "a socket");
  FileHandle reserve = open_reserve();
  if (!reserve) return socket_error("open", "/dev/null");
  return std::make_unique<Listener>(std::move(listening), std::move(reserve), limits, log);
}

Listener::Listener(FileHandle listening, FileHandle reserve, const Limits& limits, Log& log)
    : listening_(std::move(listening)), reserve_(std::move(reserve)), limits_(limits), log_(log) {}

Listener::~Listener() {
  if (loop_) loop_->unwatch(listening_.get(), watch_);
}

std::string Listener::address() const { return local_address(listening_.get()).text(); }

std::uint16_t Listener::port() const { return local_address(listening_.get()).port(); }

Result<> Listener::start(EpollLoop& loop, Accept accept) {
  CHECK(loop_ == nullptr);
  watch_ = TRY(loop.watch(listening_.get(), *this));
  loop_ = &loop;
  accept_ = std::move(accept);
  return {};
}

void Listener::pause() { paused_ = true; }

void Listener::resume() {
  paused_ = false;
  pause_timer_.stop();
  if (loop_) loop_->again(watch_);
}

void Listener::on_ready(Readiness ready) {
  waiting_ |= ready.in;
  EpollLoop& loop = *loop_;
  const EpollLoop::Watch watch = watch_;
  for (std::uint64_t left = limits_.turn_accepts; waiting_ && !paused_ && left > 0; --left) {
    FileHandle accepted(
        ::accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!accepted) {
      if (concerns_one_connection(errno)) continue;
      if (errno != EAGAIN) return wait_for_files(errno);
      waiting_ = false;
      return;
    }
    accept_(make_transport(std::move(accepted), limits_));
    if (!loop.watches(watch)) return;
  }
  if (waiting_ && !paused_) loop.again(watch);
}

// EMFILE, ENFILE, ENOBUFS, ENOMEM. The first in the queue is told by closing it, on the file kept
// in reserve, so that it does not hang; the others wait in the kernel until the pause is over.
void Listener::wait_for_files(int error) {
  log_.error("accept_paused", {{"address", address()}, {"reason", std::strerror(error)}});
  reserve_.reset();
  FileHandle(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)).reset();
  reserve_ = open_reserve();
  paused_ = true;
  pause_timer_.start(*loop_, Seconds(limits_.accept_pause), [this] { resume(); });
}

}  // namespace herold::net
