// One end of a simulated connection. Internal to net/sim.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/sim/network.h"

namespace herold::net::sim {

class SimTransport final : public Transport {
 public:
  SimTransport(SimNetwork& network, SimNetwork::Link link, std::size_t end)
      : network_(network), link_(link), end_(end) {}
  ~SimTransport() override;

  void attach(Loop& loop, Handler& handler) override;
  void detach() override;
  std::size_t read(std::span<char> buffer) override;
  void set_reading(bool on) override;
  std::size_t write(std::string_view bytes) override;
  void shutdown() override;
  // The contexts are not looked at: both ends are secured once both have started.
  void start_tls(TlsServerContext& context) override;
  void start_tls(TlsClientContext& context, std::string_view name) override;

  bool secured() const override { return tls_ == Tls::secured; }
  std::optional<std::string> channel_binding(std::string_view) const override {
    return std::nullopt;
  }
  std::string tls_server_name() const override { return server_name_; }
  std::string tls_description() const override { return secured() ? "simulated" : ""; }
  std::string peer_address() const override;

  // For the network: something has changed; looks at it in a later turn of the loop.
  void look_again();
  void break_connection();  // RST arrived
  void begin_connecting() { connecting_ = true; }
  void finish_connecting();
  void refuse();

 private:
  enum class Tls : std::uint8_t { none, started, secured };
  struct End {
    Ending ending;
    std::string detail;
  };

  SimNetwork::State& state() const { return network_.state(link_); }
  SimNetwork::Pipe& inward() const { return state().pipes[1 - end_]; }
  SimNetwork::Pipe& outward() const { return state().pipes[end_]; }
  bool established() const { return !connecting_ && tls_ != Tls::started; }
  bool can_read() const;
  std::size_t room() const;
  void begin_tls();
  void on_ready();
  bool shake_hands();
  void find_end();

  SimNetwork& network_;
  const SimNetwork::Link link_;
  const std::size_t end_;  // 0: client, 1: server
  Loop* loop_ = nullptr;
  Handler* handler_ = nullptr;
  // Alive as long as this attachment: shared with the tasks posted to its loop, which do nothing
  // when it has gone.
  std::shared_ptr<SimTransport*> attachment_;
  std::optional<End> found_end_;
  std::string server_name_;
  Tls tls_ = Tls::none;
  bool connecting_ = false;
  bool scheduled_ = false;
  bool reading_ = true;
  bool owes_writable_ = false;
  bool closing_ = false;
  bool broken_ = false;
  bool told_end_ = false;
};

}  // namespace herold::net::sim
