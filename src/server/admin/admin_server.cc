// One thread with poll(2): accepts, reads lines, and writes answers when they come.
#include "server/admin/admin_server.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "server/admin/protocol.h"
#include "server/admin/socket_address.h"

namespace herold::server {
namespace {

using ConnectionId = std::uint64_t;

// Where answers from other threads wait for the socket's thread.
class Inbox {
 public:
  Inbox() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  void put(ConnectionId connection, std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(connection, std::move(line));
    wake();
  }
  std::vector<std::pair<ConnectionId, std::string>> take() {
    const std::lock_guard lock(mutex_);
    std::uint64_t count = 0;
    (void)!::read(wake_.get(), &count, sizeof count);
    return std::exchange(lines_, {});
  }
  void stop() {
    stopping_ = true;
    wake();
  }
  bool stopping() const { return stopping_; }
  int descriptor() const { return wake_.get(); }

 private:
  void wake() {
    const std::uint64_t one = 1;
    (void)!::write(wake_.get(), &one, sizeof one);  // full: it is awake already
  }

  net::FileHandle wake_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::vector<std::pair<ConnectionId, std::string>> lines_;
};

struct Connection {
  net::FileHandle socket;
  std::string input;
  std::string output;
  bool is_busy = false;     // a command is under way
  bool is_closing = false;  // once the output is written
  MonotonicTime deadline{};
};

std::unexpected<Error> cannot(const std::string& what) {
  return fail(Fault::unavailable, what + ": " + std::strerror(errno));
}

bool is_allowed(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

net::FileHandle make_socket() {
  return net::FileHandle(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

bool somebody_listens(const std::string& path) {
  const auto address = SocketAddress::make(path);
  const net::FileHandle socket = make_socket();
  return address && socket && ::connect(socket.get(), address->address(), address->size()) == 0;
}

// Appears under its name complete: bound under another, given its mode, listening, then renamed.
Result<net::FileHandle> listen_at(const std::string& path) {
  if (somebody_listens(path)) return fail(Fault::conflict, path + ": another server listens here");
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  const SocketAddress address = TRY(SocketAddress::make(fresh));
  net::FileHandle socket = make_socket();
  if (!socket) return cannot(path);
  if (::bind(socket.get(), address.address(), address.size()) != 0) return cannot(fresh);
  if (::chmod(fresh.c_str(), S_IRUSR | S_IWUSR) != 0) return cannot(fresh);
  if (::listen(socket.get(), 16) != 0) return cannot(fresh);
  if (::rename(fresh.c_str(), path.c_str()) != 0) return cannot(path);
  return socket;
}

}  // namespace

class AdminServer::Worker {
 public:
  Worker(net::FileHandle listener, Administration& administration, const Limits& limits,
         const Clock& clock, Log& log)
      : listener_(std::move(listener)),
        administration_(administration),
        limits_(limits),
        clock_(clock),
        log_(log),
        inbox_(std::make_shared<Inbox>()) {}

  void run();
  void stop() { inbox_->stop(); }  // from another thread

 private:
  void wait();
  void accept();
  void deliver_answers();
  void read(ConnectionId id, Connection& connection);
  void take_commands(ConnectionId id, Connection& connection);
  void perform(ConnectionId id, Connection& connection, AdminCommand command);
  void answer(Connection& connection, const AdminReply& reply);
  void write(Connection& connection);
  void close_late();
  void touch(Connection& connection) {
    connection.deadline = clock_.now() + Seconds(limits_.preauth_time);
  }

  const net::FileHandle listener_;
  Administration& administration_;
  const Limits limits_;
  const Clock& clock_;
  Log& log_;
  // Shared with the answers that other threads still owe, which may come after our end.
  std::shared_ptr<Inbox> inbox_;
  std::map<ConnectionId, Connection> connections_;
  ConnectionId next_ = 1;
  MonotonicTime accept_after_{};
};

void AdminServer::Worker::run() {
  sigset_t all;  // signals are for the main thread
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (!inbox_->stopping()) {
    wait();
    deliver_answers();
    close_late();
    std::erase_if(connections_, [](const auto& entry) { return !entry.second.socket; });
  }
}

void AdminServer::Worker::wait() {
  std::vector<pollfd> polled;
  std::vector<ConnectionId> ids;
  const bool has_room =
      connections_.size() < limits_.admin_connections && clock_.now() >= accept_after_;
  polled.push_back({.fd = inbox_->descriptor(), .events = POLLIN, .revents = 0});
  polled.push_back({.fd = has_room ? listener_.get() : -1, .events = POLLIN, .revents = 0});
  for (const auto& [id, connection] : connections_) {
    const bool reads = !connection.is_busy && connection.output.empty();
    const int events = (reads ? POLLIN : 0) | (connection.output.empty() ? 0 : POLLOUT);
    polled.push_back(
        {.fd = connection.socket.get(), .events = static_cast<short>(events), .revents = 0});
    ids.push_back(id);
  }
  constexpr int look_at_deadlines = 1000;  // milliseconds
  const bool waits_for_time = !connections_.empty() || !has_room;
  if (::poll(polled.data(), polled.size(), waits_for_time ? look_at_deadlines : -1) <= 0) return;
  if (polled[1].revents != 0) accept();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const int happened = polled[i + 2].revents;
    Connection& connection = connections_.at(ids[i]);
    if ((happened & POLLIN) != 0)
      read(ids[i], connection);
    else if ((happened & POLLOUT) != 0)
      write(connection);
    else if ((happened & (POLLHUP | POLLERR | POLLNVAL)) != 0)
      connection.socket.reset();
  }
}

void AdminServer::Worker::accept() {
  net::FileHandle socket(
      ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) {
    // Without a free descriptor the listener stays readable: no spinning (HOSTILE 168).
    accept_after_ = clock_.now() + Seconds(1);
    return;
  }
  Connection& connection = connections_[next_++];
  connection.socket = std::move(socket);
  touch(connection);
  if (is_allowed(connection.socket.get())) return;
  log_.warning("administration_refused");
  connection.is_closing = true;
  answer(connection, fail(Fault::refused, "only root and the server's own user may do this"));
}

void AdminServer::Worker::deliver_answers() {
  for (auto& [id, line] : inbox_->take()) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) continue;  // it did not wait
    found->second.is_busy = false;
    found->second.output += line;
    touch(found->second);
    write(found->second);
    take_commands(id, found->second);
  }
}

void AdminServer::Worker::read(ConnectionId id, Connection& connection) {
  char buffer[4096];
  const ssize_t got = ::read(connection.socket.get(), buffer, sizeof buffer);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return connection.socket.reset();
  if (connection.input.empty()) touch(connection);  // a slow line does not buy time
  connection.input.append(buffer, static_cast<std::size_t>(got));
  take_commands(id, connection);
}

// All whole requests that wait, one after another.
void AdminServer::Worker::take_commands(ConnectionId id, Connection& connection) {
  while (connection.socket && !connection.is_busy && !connection.is_closing &&
         connection.output.empty()) {
    const std::size_t end = connection.input.find('\n');
    if (std::min(end, connection.input.size()) > limits_.admin_line_bytes) {
      connection.is_closing = true;
      return answer(connection, fail(Fault::limit, "the request is longer than admin_line_bytes"));
    }
    if (end == std::string::npos) return;
    auto command = read_command(std::string_view(connection.input).substr(0, end));
    // A password may have stood there.
    std::fill_n(connection.input.begin(), end, '\0');
    connection.input.erase(0, end + 1);
    if (command)
      perform(id, connection, *std::move(command));
    else
      answer(connection, std::unexpected(std::move(command).error()));
  }
}

void AdminServer::Worker::perform(ConnectionId id, Connection& connection, AdminCommand command) {
  connection.is_busy = true;
  log_.info("administration", {{"command", command.name}});
  administration_.perform(std::move(command), [inbox = inbox_, id](const AdminReply& reply) {
    inbox->put(id, write_reply(reply) + '\n');
  });
}

void AdminServer::Worker::answer(Connection& connection, const AdminReply& reply) {
  connection.output += write_reply(reply) + '\n';
  write(connection);
}

void AdminServer::Worker::write(Connection& connection) {
  while (!connection.output.empty()) {
    const ssize_t written = ::send(connection.socket.get(), connection.output.data(),
                                   connection.output.size(), MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) return;
    if (written <= 0) return connection.socket.reset();
    connection.output.erase(0, static_cast<std::size_t>(written));
    touch(connection);
  }
  if (connection.is_closing) connection.socket.reset();
}

void AdminServer::Worker::close_late() {
  const MonotonicTime now = clock_.now();
  for (auto& [id, connection] : connections_)
    if (!connection.is_busy && now >= connection.deadline) connection.socket.reset();
}

AdminServer::AdminServer(std::string path, std::unique_ptr<Worker> worker)
    : path_(std::move(path)),
      worker_(std::move(worker)),
      thread_([worker = worker_.get()] { worker->run(); }) {}

AdminServer::~AdminServer() {
  worker_->stop();
  thread_.join();
  ::unlink(path_.c_str());
}

Result<std::unique_ptr<AdminServer>> AdminServer::start(const std::string& path,
                                                        Administration& administration,
                                                        const Limits& limits, const Clock& clock,
                                                        Log& log) {
  net::FileHandle listener = TRY(listen_at(path));
  auto worker = std::make_unique<Worker>(std::move(listener), administration, limits, clock, log);
  return std::make_unique<AdminServer>(path, std::move(worker));
}

}  // namespace herold::server
