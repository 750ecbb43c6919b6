// One request, one line back.
#include "server/admin/admin_client.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>

#include "base/limits.h"
#include "server/admin/protocol.h"
#include "server/admin/socket_address.h"

namespace herold::server {
namespace {

std::unexpected<Error> lost(int reason) {
  const bool is_late = reason == EAGAIN || reason == EWOULDBLOCK;
  return fail(Fault::unavailable,
              is_late ? "the server does not answer" : "the connection to the server was lost");
}

}  // namespace

Result<AdminClient> AdminClient::connect(const std::string& path) {
  const SocketAddress address = TRY(SocketAddress::make(path));
  net::FileHandle socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail(Fault::unavailable, std::strerror(errno));
  if (::connect(socket.get(), address.address(), address.size()) == 0)
    return AdminClient(std::move(socket));
  const int reason = errno;
  const bool is_absent = reason == ENOENT || reason == ECONNREFUSED || reason == ENOTDIR;
  const bool is_refused = reason == EACCES || reason == EPERM;
  return fail(is_absent    ? Fault::not_found
              : is_refused ? Fault::refused
                           : Fault::unavailable,
              path + ": " + std::strerror(reason));
}

AdminReply AdminClient::ask(const AdminCommand& command, Seconds patience) {
  const timeval limit{.tv_sec = patience.count(), .tv_usec = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const std::string line = write_command(command) + '\n';
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t sent = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent > 0) rest.remove_prefix(static_cast<std::size_t>(sent));
    if (sent < 0 && errno == EPIPE) break;  // what it said before closing is read below
    if (sent < 0 && errno != EINTR) return lost(errno);
  }
  std::string answer;
  char buffer[16384];
  while (answer.size() < bounds::admin_answer) {
    const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return lost(got == 0 ? 0 : errno);
    answer.append(buffer, static_cast<std::size_t>(got));
    if (answer.back() == '\n') return read_reply(answer);
  }
  return fail(Fault::limit, "the server's answer is too long");
}

}  // namespace herold::server
