// Looks names up and lets time pass.
#include "net/sim/table_resolver.h"

#include "base/limits.h"
#include "net/dns_records.h"

namespace herold::net::sim {

void TableResolver::ask(DnsQuestion question, Loop& home, Then then) {
  const auto found = rows_.find({question.name, question.type});
  DnsAnswer answer{.status = DnsAnswer::Status::nothing};
  Duration delay(world_.random().below(static_cast<std::uint64_t>(most_delay_.count()) + 1));
  if (!is_dns_name(question.name)) {
    answer = {.why = "not a name"};
  } else if (found != rows_.end() && found->second.is_mute) {
    answer = {.why = "no answer in time"};
    delay = Seconds(bounds::dns_time);
  } else if (found != rows_.end()) {
    answer = found->second.answer;
  }
  const std::uint64_t number = asked_++;
  open_[number].start(home, delay,
                      [this, number, then = std::move(then), answer = std::move(answer)]() mutable {
                        open_.erase(number);
                        then(std::move(answer));
                      });
}

void TableResolver::set(DnsQuestion question, DnsAnswer answer) {
  rows_[{std::move(question.name), question.type}] = {std::move(answer)};
}

void TableResolver::set_services(std::string_view name, std::vector<DnsService> services) {
  set({std::string(name), DnsType::srv},
      {.status = DnsAnswer::Status::found, .services = std::move(services)});
}

void TableResolver::set_addresses(std::string_view name, std::vector<std::string> addresses) {
  DnsAnswer is_short, is_long;
  for (std::string& address : addresses) {
    DnsAnswer& family = address.contains(':') ? is_long : is_short;
    family.status = DnsAnswer::Status::found;
    family.addresses.push_back(std::move(address));
  }
  for (auto& [type, answer] : {std::pair{DnsType::a, &is_short}, {DnsType::aaaa, &is_long}})
    if (answer->status == DnsAnswer::Status::found)
      set({std::string(name), type}, std::move(*answer));
    else
      forget({std::string(name), type});
}

void TableResolver::set_mute(DnsQuestion question) {
  rows_[{std::move(question.name), question.type}] = {.answer = {}, .is_mute = true};
}

void TableResolver::forget(const DnsQuestion& question) {
  rows_.erase({question.name, question.type});
}

}  // namespace herold::net::sim
