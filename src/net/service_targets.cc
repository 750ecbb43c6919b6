// Merges, sorts and draws lots.
#include "net/service_targets.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/limits.h"

namespace herold::net {
namespace {

using Status = DnsAnswer::Status;

struct Candidate {
  std::uint16_t priority;
  std::uint16_t weight;
  ServiceTarget target;
};

void add(std::vector<Candidate>& all, const DnsAnswer& answer, TlsBegin tls) {
  if (answer.status != Status::found) return;
  for (const DnsService& one : answer.services)
    // "." says that there is no service; nothing listens on port 0.
    if (!one.target.empty() && one.port != 0)
      all.push_back({one.priority, one.weight, {one.target, one.port, tls, answer.secure}});
}

// RFC 2782: among those of one priority, each comes first as often as its weight says. Those with
// weight 0 stand at the beginning, where they have a small chance beside others; among themselves
// they are equal.
void draw_lots(std::span<Candidate> group, Random& random) {
  for (std::size_t left = group.size(); left > 1; --left)
    std::swap(group[left - 1], group[random.below(left)]);
  std::ranges::stable_partition(group, [](const Candidate& one) { return one.weight == 0; });
  for (; group.size() > 1; group = group.subspan(1)) {
    std::uint64_t sum = 0;
    for (const Candidate& one : group) sum += one.weight;
    const std::uint64_t least = group.front().weight == 0 ? 0 : 1;
    const std::uint64_t lot = least + random.below(sum + 1 - least);
    std::uint64_t running = 0;
    const auto chosen = std::ranges::find_if(
        group, [&](const Candidate& one) { return (running += one.weight) >= lot; });
    std::rotate(group.begin(), chosen, chosen + 1);
  }
}

}  // namespace

DnsQuestion direct_tls_question(std::string_view domain) {
  return {"_xmpps-server._tcp." + std::string(domain), DnsType::srv};
}

DnsQuestion starttls_question(std::string_view domain) {
  return {"_xmpp-server._tcp." + std::string(domain), DnsType::srv};
}

Result<std::vector<ServiceTarget>> choose_targets(std::string_view domain, const DnsAnswer& direct,
                                                  const DnsAnswer& starttls, Random& random) {
  std::vector<Candidate> all;
  add(all, direct, TlsBegin::at_once);
  add(all, starttls, TlsBegin::by_starttls);
  if (all.empty()) {
    // Deviation: RFC 6120 section 3.2.1 falls back to the domain's address also when nobody
    // answers; but who can suppress answers is not to choose the way (RFC 7673 section 3.1).
    for (const DnsAnswer* answer : {&starttls, &direct})
      if (answer->status == Status::failed)
        return fail(Fault::unavailable, "SRV records: " + answer->why);
    if (starttls.status == Status::found)
      return fail(Fault::not_found, "says that it has no server (SRV \".\")");
    return std::vector{ServiceTarget{.host = std::string(domain), .is_secure = starttls.secure}};
  }
  std::ranges::stable_sort(all, {}, &Candidate::priority);
  for (auto first = all.begin(); first != all.end();) {
    const auto last = std::find_if(
        first, all.end(), [&](const Candidate& one) { return one.priority != first->priority; });
    draw_lots({first, last}, random);
    first = last;
  }
  std::vector<ServiceTarget> targets;
  for (Candidate& one : all)
    if (targets.size() < bounds::dial_targets &&
        std::ranges::find(targets, one.target) == targets.end())
      targets.push_back(std::move(one.target));
  return targets;
}

}  // namespace herold::net
