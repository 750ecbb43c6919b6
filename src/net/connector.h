// How connections to other machines are begun: by the kernel, or in a simulated network.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "base/result.h"
#include "net/tcp.h"
#include "net/transport.h"

namespace herold::net {

// Used by many threads at once.
class Connector {
 public:
  virtual ~Connector() = default;
  // To "192.0.2.1:5269" or "[2001:db8::1]:5269". on_writable() tells when the connection is there,
  // on_ended() when it failed.
  virtual Result<std::unique_ptr<Transport>> connect(std::string_view address) = 0;
};

class TcpConnector final : public Connector {
 public:
  explicit TcpConnector(const Limits& limits) : limits_(limits) {}
  Result<std::unique_ptr<Transport>> connect(std::string_view address) override {
    return net::connect(address, limits_);
  }

 private:
  const Limits& limits_;
};

}  // namespace herold::net
