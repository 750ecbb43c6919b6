// Which messages a user wants to have in the archive (XEP-0441), in memory with the account.
#pragma once

#include <algorithm>
#include <vector>

#include "server/account.h"
#include "xmpp/ext/archive.h"

namespace herold::server {

struct ArchiveChoice {
  xmpp::ArchiveDefault by_default = xmpp::ArchiveDefault::always;
  std::vector<Jid> always, never;

  // Section 2.3: `other` is whom a message is to or from.
  bool wants(const Account& account, const Jid& other) const {
    if (lists(always, other)) return true;
    if (lists(never, other)) return false;
    switch (by_default) {
      case xmpp::ArchiveDefault::always:
        return true;
      case xmpp::ArchiveDefault::never:
        return false;
      case xmpp::ArchiveDefault::roster:
        return bool(account.roster().find(other.bare_text()));
    }
    return true;
  }

 private:
  static bool lists(const std::vector<Jid>& list, const Jid& other) {
    return std::ranges::any_of(list, [&](const Jid& listed) {
      return listed.is_full() ? listed == other : listed.same_bare(other);
    });
  }
};

// What the users of a domain get who have not chosen.
struct ArchiveDefaults {
  xmpp::ArchiveDefault by_default = xmpp::ArchiveDefault::always;
};

}  // namespace herold::server
