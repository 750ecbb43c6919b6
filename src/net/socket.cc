// System calls of a stream socket; MSG_NOSIGNAL everywhere, so that SIGPIPE never comes.
#include "net/socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace herold::net {

void Socket::note(Readiness ready) {
  readable_ |= ready.in;
  writable_ |= ready.out;
  hangup_ |= ready.hangup;
}

void Socket::forget() { readable_ = writable_ = false; }

std::size_t Socket::read(std::span<char> buffer) {
  const std::size_t wanted = std::min<std::size_t>(buffer.size(), budget_);
  if (!readable() || wanted == 0) return 0;
  ssize_t got;
  do got = ::recv(fd(), buffer.data(), wanted, 0);
  while (got < 0 && errno == EINTR);
  if (got < 0) {
    if (errno != EAGAIN) read_error_ = errno;
    readable_ = false;
    return 0;
  }
  if (got == 0) {
    end_ = true;
    return 0;
  }
  const auto taken = static_cast<std::size_t>(got);
  budget_ -= static_cast<std::uint32_t>(taken);
  // A short read emptied the kernel's buffer; only an end that was announced can be left in it.
  if (taken < wanted && !hangup_) readable_ = false;
  return taken;
}

std::size_t Socket::write(std::string_view bytes) {
  if (!writable_ || write_error_ != 0 || bytes.empty()) return 0;
  ssize_t took;
  do took = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  while (took < 0 && errno == EINTR);
  if (took < 0) {
    if (errno != EAGAIN) write_error_ = errno;
    writable_ = false;
    return 0;
  }
  const auto taken = static_cast<std::size_t>(took);
  if (taken < bytes.size()) writable_ = false;
  return taken;
}

void Socket::send_fin() {
  // Fails only on a connection that is gone, which reading will tell.
  ::shutdown(fd(), SHUT_WR);
}

void Socket::drain() {
  std::array<char, 4096> dropped;
  begin_turn();
  while (read(dropped) > 0) {
  }
}

}  // namespace herold::net
