// Who may take which account name, and how often (XEP-0077 section 14; HOSTILE 72).
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/limits.h"
#include "server/place_counts.h"
#include "xmpp/errors.h"
#include "xmpp/jid.h"

namespace herold::server {

// The address for a username that somebody asks for. not-acceptable: it cannot be one, or it
// mixes scripts, or it is not ASCII and looks as if it was (UTS 39).
xmpp::Answer<xmpp::Jid> account_name(std::string_view domain, std::string_view username);

// New accounts by the prefix of the network address, within a window of time.
class RegistrationCounts {
 public:
  explicit RegistrationCounts(HashKey key) : counts_(key) {}
  // Counts one more; false when there were enough.
  bool take(std::string_view prefix, MonotonicTime now, const Limits& limits);
  void tidy(MonotonicTime now, const Limits& limits);

 private:
  PlaceCounts counts_;
};

}  // namespace herold::server
