// Who may take which account name, and how often (XEP-0077 section 14; HOSTILE 72).
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/limits.h"
#include "xmpp/errors.h"
#include "xmpp/jid.h"

namespace herold::server {

// The address for a username that somebody asks for. not-acceptable: it cannot be one, or it
// mixes scripts, or it is not ASCII and looks as if it was (UTS 39).
xmpp::Answer<xmpp::Jid> account_name(std::string_view domain, std::string_view username);

// New accounts by the prefix of the network address, within a window of time.
class RegistrationCounts {
 public:
  // Counts one more; false when there were enough.
  bool take(const std::string& prefix, MonotonicTime now, const Limits& limits);

 private:
  std::map<std::string, std::deque<MonotonicTime>> times_;  // oldest first
};

}  // namespace herold::server
