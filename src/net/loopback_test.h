// For tests: a client and a server on loopback, both on one loop that runs until something is so.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string_view>
#include <thread>

#include "net/epoll_loop.h"
#include "net/tcp.h"
#include "net/test_peer.h"

namespace herold::net {

class LoopbackTest : public testing::Test {
 protected:
  void SetUp() override { listen("127.0.0.1:0"); }
  void listen(std::string_view address) {
    listener_ = *Listener::open(address, limits_, log_);
    ASSERT_TRUE(listener_->start(
        *loop_, [this](std::unique_ptr<Transport> accepted) { accept(std::move(accepted)); }));
  }
  // Runs until something is so; whatever may change it stops the loop.
  template <class Condition>
  void run_until(Condition condition) {
    while (!condition()) loop_->run();
  }
  // Connects, and runs until both ends are there.
  void pair() {
    server_.reset();
    client_ = std::make_unique<TestPeer>(*loop_, *connect(listener_->address(), limits_));
    run_until([this] { return server_ != nullptr; });
  }
  virtual void accept(std::unique_ptr<Transport> accepted) {
    server_ = std::make_unique<TestPeer>(*loop_, std::move(accepted));
    loop_->stop();
  }
  void run_until_end(TestPeer& peer) {
    peer.on_end = [this] { loop_->stop(); };
    run_until([&peer] { return peer.ended.has_value(); });
  }
  void run_until_received(TestPeer& peer, std::size_t bytes) {
    peer.on_bytes = [this] { loop_->stop(); };
    run_until([&peer, bytes] { return peer.received.size() >= bytes; });
    peer.on_bytes = nullptr;
  }

  // Both send `size` bytes while the server's end moves to another thread's loop and back with
  // whatever it has read, more than `least` times; not a byte may be missing.
  void move_under_load(std::size_t size, int least) {
    const auto other = *EpollLoop::open(clock_, limits_);
    std::jthread thread([&] { other->run(); });
    const std::string text = numbered_bytes(size);
    int moves = 0;
    server_->on_bytes = [&] {
      const bool here = &server_->loop() == loop_.get();
      const bool all = server_->received.size() == text.size();
      if (all && here) return loop_->stop();  // stays here in the end
      ++moves;
      // From here on it belongs to the other thread.
      server_->move_to(here ? static_cast<Loop&>(*other) : *loop_);
      if (all) loop_->post([&] { loop_->stop(); });
    };
    client_->send(text);
    server_->send(text);
    loop_->run();
    other->stop();
    thread.join();
    EXPECT_GT(moves, least);
    EXPECT_TRUE(server_->received == text);
    run_until_received(*client_, text.size());
    EXPECT_TRUE(client_->received == text);
  }

  SystemClock clock_;
  Limits limits_;
  NoLog log_;
  std::unique_ptr<EpollLoop> loop_ = *EpollLoop::open(clock_, limits_);
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<TestPeer> client_, server_;
};

}  // namespace herold::net
