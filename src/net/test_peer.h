// For tests: one end of a connection that sends what it is given and remembers what happened.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "net/loop.h"
#include "net/transport.h"

namespace herold::net {

class TestPeer final : public Transport::Handler {
 public:
  TestPeer(Loop& loop, std::unique_ptr<Transport> transport)
      : loop_(&loop), transport_(std::move(transport)) {
    transport_->attach(loop, *this);
  }

  Transport& transport() { return *transport_; }
  void send(std::string_view bytes) {
    out_ += bytes;
    flush();
  }
  std::size_t unsent() const { return out_.size(); }

  // Moves to another loop; called on the old one's thread.
  void move_to(Loop& loop) {
    transport_->detach();
    loop.post([this, &loop] {
      loop_ = &loop;
      transport_->attach(loop, *this);
      flush();
    });
  }
  void close() { transport_.reset(); }
  // The same once everything has been taken.
  void finish() {
    on_drained = [this] { transport_.reset(); };
    if (out_.empty()) on_drained();
  }

  Loop& loop() { return *loop_; }
  std::string received;
  std::optional<Ending> ended;
  std::string detail;
  int secured = 0;
  std::size_t read_size = 4096;
  std::function<void()> on_bytes, on_drained, on_secure, on_end;

 private:
  void flush() {
    const std::size_t took = transport_->write(out_);
    out_.erase(0, took);
    if (took > 0 && out_.empty() && on_drained) on_drained();
  }
  void on_readable() override {
    std::string buffer(read_size, '\0');
    const std::size_t before = received.size();
    while (const std::size_t got = transport_->read({buffer.data(), buffer.size()}))
      received.append(buffer, 0, got);
    if (received.size() != before && on_bytes) on_bytes();
  }
  void on_writable() override { flush(); }
  void on_secured() override {
    ++secured;
    if (on_secure) on_secure();
  }
  void on_ended(Ending ending, std::string_view why) override {
    ended = ending;
    detail = why;
    if (on_end) on_end();
  }

  Loop* loop_;
  std::unique_ptr<Transport> transport_;
  std::string out_;
};

// A long text in which every byte's place matters.
inline std::string numbered_bytes(std::size_t size) {
  std::string text;
  text.reserve(size + 16);
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i * 2654435761u) + ',';
  text.resize(size);
  return text;
}

}  // namespace herold::net
