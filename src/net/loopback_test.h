// For tests: a client and a server on loopback, both on one loop that runs until something is so.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string_view>

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

  SystemClock clock_;
  Limits limits_;
  NoLog log_;
  std::unique_ptr<EpollLoop> loop_ = *EpollLoop::open(clock_, limits_);
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<TestPeer> client_, server_;
};

}  // namespace herold::net
