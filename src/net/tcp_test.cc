// TCP on loopback: streams, ends, back-pressure, moves between loops, listeners without files.
#include "net/tcp.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <vector>

#include "net/address.h"
#include "net/loopback_test.h"

namespace herold::net {
namespace {

TEST(Address, ReadsAndWritesLiterals) {
  for (const char* text :
       {"127.0.0.1:5222", "[::1]:5222", "0.0.0.0:0", "[::]:65535", "unix:/run/herold.sock"})
    EXPECT_EQ(parse_address(text).value().text(), text);
  EXPECT_EQ(parse_address("[0:0::0:1]:1").value().host(), "::1");
  EXPECT_EQ(parse_address("[::ffff:10.0.0.1]:1").value().host(), "10.0.0.1");
}

TEST(Address, RefusesEverythingElse) {
  const std::string long_path(200, 'x');
  for (const std::string& bad :
       {std::string(""), std::string("127.0.0.1"), std::string("localhost:5222"),
        std::string("127.0.0.1:"), std::string("127.0.0.1:65536"), std::string("127.0.0.1:-1"),
        std::string("127.0.0.1:+1"), std::string("127.0.0.1:5222 "), std::string("::1:5222"),
        std::string("[::1]"), std::string("[]:1"), std::string("[127.0.0.1]:1"),
        std::string("unix:"), "unix:" + long_path, std::string("unix:/a\0b", 9)})
    EXPECT_FALSE(parse_address(bad)) << bad;
}

using TcpTest = LoopbackTest;

TEST_F(TcpTest, Echoes) {
  pair();
  client_->send("hello");
  run_until_received(*server_, 5);
  server_->send(server_->received);
  run_until_received(*client_, 5);
  EXPECT_EQ(client_->received, "hello");
  EXPECT_EQ(server_->transport().peer_address(), "127.0.0.1");
  EXPECT_FALSE(server_->transport().secured());
}

TEST_F(TcpTest, SpeaksIpv6AndLocalSockets) {
  listen("[::1]:0");
  pair();
  EXPECT_EQ(server_->transport().peer_address(), "::1");
  const std::string path = testing::TempDir() + "herold_tcp_test.sock";
  ::unlink(path.c_str());
  listen("unix:" + path);
  pair();
  client_->send("local");
  run_until_received(*server_, 5);
  EXPECT_EQ(server_->received, "local");
  EXPECT_EQ(server_->transport().peer_address(), "");
  ::unlink(path.c_str());
}

TEST_F(TcpTest, TellsTheEndAfterTheLastByte) {
  pair();
  client_->send("last words");
  client_->transport().shutdown();
  run_until_end(*server_);
  EXPECT_EQ(server_->received, "last words");
  EXPECT_EQ(server_->ended, Ending::peer_closed);
  // The other direction is still open: half-closed.
  server_->send("answer");
  server_->close();
  run_until_end(*client_);
  EXPECT_EQ(client_->received, "answer");
}

TEST_F(TcpTest, TheEndWaitsWhileReadingIsOff) {
  pair();
  server_->transport().set_reading(false);
  client_->send("unread");
  client_->close();
  // Several turns with everything that the kernel has to tell.
  int turns = 20;
  std::function<void()> again = [&] {
    --turns > 0 ? loop_->post([&] { again(); }) : loop_->stop();
  };
  again();
  loop_->run();
  EXPECT_FALSE(server_->ended);
  EXPECT_EQ(server_->received, "");
  server_->transport().set_reading(true);
  run_until_end(*server_);
  EXPECT_EQ(server_->received, "unread");
}

TEST_F(TcpTest, TellsAReset) {
  pair();
  server_->on_end = [&] { loop_->stop(); };
  // Unread bytes at the closing side make the kernel send RST.
  client_->transport().set_reading(false);
  server_->send("nobody reads this");
  std::function<void()> close = [&] { client_->close(); };
  Timer timer;
  timer.start(*loop_, Milliseconds(1), [&] { close(); });
  loop_->run();
  EXPECT_EQ(server_->ended, Ending::reset);
  EXPECT_EQ(server_->detail, "Connection reset by peer");
  EXPECT_EQ(server_->transport().write("more"), 0u);
}

TEST_F(TcpTest, AFailedWriteEndsAConnectionThatIsNotRead) {
  pair();
  server_->transport().set_reading(false);
  server_->on_end = [&] { loop_->stop(); };
  client_->close();
  // Fills the socket; the peer's kernel answers with RST.
  server_->send(std::string(32 << 20, 'x'));
  if (!server_->ended) loop_->run();
  EXPECT_EQ(server_->ended, Ending::reset);
}

TEST_F(TcpTest, RefusedConnectionsEnd) {
  const std::string address = listener_->address();
  listener_.reset();
  client_ = std::make_unique<TestPeer>(*loop_, *connect(address, limits_));
  run_until_end(*client_);
  EXPECT_EQ(client_->ended, Ending::reset);
  EXPECT_EQ(client_->detail, "Connection refused");
}

TEST_F(TcpTest, ConnectsFromAChosenAddress) {
  client_ =
      std::make_unique<TestPeer>(*loop_, *connect(listener_->address(), limits_, "127.0.0.2:0"));
  loop_->run();
  EXPECT_EQ(server_->transport().peer_address(), "127.0.0.2");
  EXPECT_FALSE(connect("nonsense", limits_));
  EXPECT_FALSE(connect(listener_->address(), limits_, "nonsense"));
}

TEST_F(TcpTest, LargeTransfersBothWaysWithShortWrites) {
  pair();
  const std::string text = numbered_bytes(8 << 20);
  client_->send(text);
  server_->send(text);
  EXPECT_GT(client_->unsent(), 0u);  // more than the kernel takes at once
  run_until_received(*server_, text.size());
  run_until_received(*client_, text.size());
  EXPECT_TRUE(server_->received == text);
  EXPECT_TRUE(client_->received == text);
}

TEST_F(TcpTest, ATurnReadsABoundedNumberOfBytes) {
  limits_.turn_bytes = 10000;
  listen("127.0.0.1:0");
  pair();
  const std::string text = numbered_bytes(1 << 20);
  std::size_t most = 0, before = 0;
  loop_->set_turn_end([&] {
    most = std::max(most, server_->received.size() - before);
    before = server_->received.size();
  });
  client_->send(text);
  run_until_received(*server_, text.size());
  EXPECT_TRUE(server_->received == text);
  // One event of the kernel and one of the list of unfinished ones may fall into one turn.
  EXPECT_LE(most, 20000u);
  EXPECT_GT(most, 0u);
}

TEST_F(TcpTest, AReaderThatStopsHoldsTheWriter) {
  pair();
  server_->transport().set_reading(false);
  const std::string text = numbered_bytes(32 << 20);
  client_->send(text);
  // Until nothing moves any more for some turns.
  std::size_t last = 0;
  int still = 0;
  std::function<void()> look = [&] {
    still = client_->unsent() == last ? still + 1 : 0;
    last = client_->unsent();
    still < 1000 ? loop_->post([&] { look(); }) : loop_->stop();
  };
  look();
  loop_->run();
  EXPECT_GT(client_->unsent(), 1u << 20);
  EXPECT_EQ(server_->received.size(), 0u);
  server_->transport().set_reading(true);
  run_until_received(*server_, text.size());
  EXPECT_TRUE(server_->received == text);
}

TEST_F(TcpTest, MayBeDestroyedInsideEachCallback) {
  pair();
  server_->on_bytes = [&] {
    server_.reset();
    loop_->stop();
  };
  client_->send("x");
  loop_->run();
  EXPECT_EQ(server_, nullptr);
  client_->on_end = [&] {
    client_.reset();
    loop_->stop();
  };
  loop_->run();
  EXPECT_EQ(client_, nullptr);
}

TEST_F(TcpTest, MovesBetweenLoopsUnderLoadWithoutLosingAByte) {
  pair();
  server_->read_size = 30000;
  move_under_load(24 << 20, 20);
}

TEST_F(TcpTest, AcceptsABoundedNumberATurn) {
  limits_.turn_accepts = 3;
  std::vector<std::unique_ptr<Transport>> clients, accepted;
  std::size_t before = 0, most = 0;
  const auto listener = *Listener::open("127.0.0.1:0", limits_, log_);
  ASSERT_TRUE(listener->start(*loop_, [&](std::unique_ptr<Transport> transport) {
    accepted.push_back(std::move(transport));
    if (accepted.size() == 20) loop_->stop();
  }));
  loop_->set_turn_end([&] {
    most = std::max(most, accepted.size() - before);
    before = accepted.size();
  });
  for (int i = 0; i < 20; ++i) clients.push_back(*connect(listener->address(), limits_));
  loop_->run();
  EXPECT_EQ(accepted.size(), 20u);
  EXPECT_LE(most, 6u);
}

TEST_F(TcpTest, APausedListenerLeavesConnectionsInTheKernel) {
  listener_->pause();
  client_ = std::make_unique<TestPeer>(*loop_, *connect(listener_->address(), limits_));
  Timer timer;
  timer.start(*loop_, Milliseconds(5), [&] { loop_->stop(); });
  loop_->run();
  EXPECT_EQ(server_, nullptr);
  listener_->resume();
  loop_->run();
  EXPECT_NE(server_, nullptr);
}

TEST_F(TcpTest, AnAcceptCallbackMayDestroyTheListener) {
  auto listener = *Listener::open("127.0.0.1:0", limits_, log_);
  int accepted = 0;
  ASSERT_TRUE(listener->start(*loop_, [&](std::unique_ptr<Transport>) {
    ++accepted;
    loop_->post([&] { loop_->stop(); });
    listener.reset();
  }));
  const auto one = *connect(listener->address(), limits_);
  const auto two = *connect(listener->address(), limits_);
  loop_->run();
  EXPECT_EQ(accepted, 1);
}

TEST_F(TcpTest, AdoptsAListeningSocketAndNothingElse) {
  FileHandle bound(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in any{.sin_family = AF_INET};
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(bound.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
  EXPECT_FALSE(Listener::adopt(FileHandle(::dup(bound.get())), limits_, log_));
  ASSERT_EQ(::listen(bound.get(), 5), 0);
  listener_ = *Listener::adopt(std::move(bound), limits_, log_);
  ASSERT_TRUE(listener_->start(
      *loop_, [this](std::unique_ptr<Transport> accepted) { accept(std::move(accepted)); }));
  pair();
  EXPECT_EQ(server_->transport().peer_address(), "127.0.0.1");
}

TEST_F(TcpTest, AnAddressInUseIsAnError) {
  const auto second = Listener::open(listener_->address(), limits_, log_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().text, "listen " + listener_->address() + ": Address already in use");
}

TEST_F(TcpTest, SetsNoDelayAndKeepalive) {
  std::array<int, 2> ends;
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
  const FileHandle other(ends[1]);
  make_transport(FileHandle(ends[0]), limits_);  // harmless where there is no TCP
  FileHandle fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  const int number = fd.get();
  const auto transport = make_transport(std::move(fd), limits_);
  int no_delay = 0, keepalive = 0;
  socklen_t size = sizeof no_delay;
  ::getsockopt(number, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
  ::getsockopt(number, SOL_SOCKET, SO_KEEPALIVE, &keepalive, &size);
  EXPECT_EQ(no_delay, 1);
  EXPECT_EQ(keepalive, 1);
}

struct CountingLog final : Log {
  int errors = 0;
  bool wants(LogLevel) const override { return true; }
  void write(LogLevel level, std::string_view event, std::span<const LogField>) override {
    if (level == LogLevel::error && event == "accept_paused") ++errors;
  }
};

// HOSTILE.md 168: the process has no file left.
TEST_F(TcpTest, WithoutFilesItPausesAndGoesOnLater) {
  CountingLog log;
  limits_.accept_pause = 1;
  std::vector<std::unique_ptr<Transport>> accepted;
  const auto listener = *Listener::open("127.0.0.1:0", limits_, log);
  int turns = 0;
  ASSERT_TRUE(listener->start(*loop_, [&](std::unique_ptr<Transport> transport) {
    accepted.push_back(std::move(transport));
    loop_->stop();
  }));
  client_ = std::make_unique<TestPeer>(*loop_, *connect(listener->address(), limits_));
  auto second = std::make_unique<TestPeer>(*loop_, *connect(listener->address(), limits_));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  std::vector<FileHandle> all;
  rlimit few = before;
  few.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  while (all.empty() || all.back()) all.emplace_back(::dup(0));

  loop_->set_turn_end([&] { ++turns; });
  run_until_end(*client_);  // told by closing, instead of hanging
  EXPECT_TRUE(accepted.empty());
  EXPECT_EQ(log.errors, 1);
  all.clear();
  ::setrlimit(RLIMIT_NOFILE, &before);
  loop_->run();  // until the pause is over
  EXPECT_EQ(accepted.size(), 1u);
  EXPECT_LT(turns, 50);
}

}  // namespace
}  // namespace herold::net
