// Who may connect: rates and numbers by address prefix, before anything is known of a client.
//
// Lives on the accepting shard's thread. Over the rate accepting is delayed, over the number of
// connections that have not signed in it is refused (DECISIONS.md 21, HOSTILE 167).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/limits.h"

namespace herold::server {

// The part of an address that one household or provider customer has: /32 of IPv4, /64 of IPv6.
std::string address_prefix(std::string_view address);

class ConnectionGate {
 public:
  enum class Outcome { signed_in, gone };

  // `most_unauthenticated`: over all prefixes, so that the files last.
  ConnectionGate(const Limits& limits, std::uint64_t most_unauthenticated)
      : limits_(limits), most_(most_unauthenticated) {}

  struct Decision {
    bool admitted = false;
    Duration wait{0};  // before it is served
  };
  // Takes a place that leave() gives back.
  Decision enter(std::string_view address, MonotonicTime now);
  void leave(std::string_view address, Outcome outcome, MonotonicTime now);
  // Forgets prefixes that have been quiet.
  void tidy(MonotonicTime now);
  void set_limits(const Limits& limits) { limits_ = limits; }

  std::uint64_t unauthenticated() const { return unauthenticated_; }

 private:
  struct Prefix {
    std::uint64_t unauthenticated = 0;
    double tokens = 0;  // below zero: connections that wait
    MonotonicTime at{};
  };
  void refill(Prefix& prefix, MonotonicTime now) const;

  Limits limits_;
  std::uint64_t most_;
  std::uint64_t unauthenticated_ = 0;
  std::unordered_map<std::string, Prefix> prefixes_;
};

}  // namespace herold::server
