// Who wants to know of cards (XEP-0054) that their owners have stored: one a domain and shard.
#pragma once

#include <functional>
#include <string>

#include "xmpp/jid.h"

namespace herold::server {

struct VCardListener {
  // `card` is canonical XML in the scope of vcard-temp.
  std::function<void(const xmpp::Jid& owner, const std::string& card)> stored;
};

}  // namespace herold::server
