// Rules for new accounts.
#include "server/registration.h"

#include <algorithm>

#include "xmpp/unicode.h"

namespace herold::server {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

xmpp::Answer<xmpp::Jid> account_name(std::string_view domain, std::string_view username) {
  using xmpp::Condition;
  if (username.empty()) return xmpp::fail(Condition::not_acceptable, "A username is needed");
  auto address = xmpp::Jid::make(username, domain);
  if (!address) return xmpp::fail(Condition::not_acceptable, "No such username can be used");
  const std::string_view name = address->local();
  const bool misleading = !is_ascii(name) && (!xmpp::unicode::is_plausible_script_mix(name) ||
                                              is_ascii(xmpp::unicode::skeleton(name)));
  if (misleading) return xmpp::fail(Condition::not_acceptable, "The username looks like another");
  return std::move(*address);
}

bool RegistrationCounts::take(const std::string& prefix, MonotonicTime now, const Limits& limits) {
  const MonotonicTime old = now - Seconds(limits.registration_window);
  for (auto entry = times_.begin(); entry != times_.end();) {
    std::deque<MonotonicTime>& times = entry->second;
    while (!times.empty() && times.front() <= old) times.pop_front();
    entry = times.empty() ? times_.erase(entry) : std::next(entry);
  }
  std::deque<MonotonicTime>& times = times_[prefix];
  if (times.size() >= limits.registrations_per_prefix) return false;
  times.push_back(now);
  return true;
}

}  // namespace herold::server
