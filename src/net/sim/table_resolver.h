// Names from a table, in virtual time: answers late, out of order, or never in time.
#pragma once

#include <compare>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/resolver.h"
#include "net/sim/world.h"

namespace herold::net::sim {

// Outlived by its world. Whoever is not in the table does not exist.
class TableResolver final : public Resolver {
 public:
  explicit TableResolver(SimWorld& world, Duration most_delay = Milliseconds(20))
      : world_(world), most_delay_(most_delay) {}

  void ask(DnsQuestion question, Loop& home, Then then) override;

  void set(DnsQuestion question, DnsAnswer answer);
  void set_services(std::string_view name, std::vector<DnsService> services);
  void set_addresses(std::string_view name, std::vector<std::string> addresses);  // both families
  // Nobody answers: the question fails after bounds::dns_time.
  void set_mute(DnsQuestion question);
  void forget(const DnsQuestion& question);

  std::uint64_t questions() const { return asked_; }

 private:
  struct Row {
    DnsAnswer answer;
    bool is_mute = false;
  };
  using Key = std::pair<std::string, DnsType>;

  SimWorld& world_;
  const Duration most_delay_;
  std::map<Key, Row> rows_;
  std::uint64_t asked_ = 0;
  std::map<std::uint64_t, Timer> open_;  // by the number of the question
};

}  // namespace herold::net::sim
