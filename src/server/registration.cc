// Rules for new accounts.
#include "server/registration.h"

#include <algorithm>

#include "xmpp/sasl/anonymous.h"
#include "xmpp/unicode.h"

namespace herold::server {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

PlaceCounts::Bounds bounds(const Limits& limits) {
  return {limits.registrations_per_prefix, Seconds(limits.registration_window),
          limits.counted_places};
}

}  // namespace

xmpp::Answer<xmpp::Jid> account_name(std::string_view domain, std::string_view username) {
  using xmpp::Condition;
  if (username.empty()) return xmpp::fail(Condition::not_acceptable, "A username is needed");
  auto address = xmpp::Jid::make(username, domain);
  if (!address) return xmpp::fail(Condition::not_acceptable, "No such username can be used");
  const std::string_view name = address->local();
  if (xmpp::is_anonymous_name(name))
    return xmpp::fail(Condition::not_acceptable, "Such names are for those without an account");
  const bool misleading = !is_ascii(name) && (!xmpp::unicode::is_plausible_script_mix(name) ||
                                              is_ascii(xmpp::unicode::skeleton(name)));
  if (misleading) return xmpp::fail(Condition::not_acceptable, "The username looks like another");
  return std::move(*address);
}

bool RegistrationCounts::take(std::string_view prefix, MonotonicTime now, const Limits& limits) {
  if (counts_.is_over(prefix, now, bounds(limits))) return false;
  counts_.note(prefix, now, bounds(limits));
  return true;
}

void RegistrationCounts::tidy(MonotonicTime now, const Limits& limits) {
  counts_.tidy(now, bounds(limits));
}

}  // namespace herold::server
