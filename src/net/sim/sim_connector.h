// Connects through a simulated network.
#pragma once

#include <string>
#include <string_view>

#include "net/connector.h"
#include "net/sim/network.h"

namespace herold::net::sim {

class SimConnector final : public Connector {
 public:
  // `from` is the address that whoever is connected to sees.
  explicit SimConnector(SimNetwork& network, std::string_view from = "127.0.0.1")
      : network_(network), from_(from) {}
  Result<std::unique_ptr<Transport>> connect(std::string_view address) override {
    return network_.dial(address, from_);
  }

 private:
  SimNetwork& network_;
  const std::string from_;
};

}  // namespace herold::net::sim
