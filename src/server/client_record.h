// What the server remembers of a client when it signs in, and which token it gets (XEP-0388
// section 2.3, XEP-0484).
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"
#include "store/clients.h"
#include "xmpp/stream/server_stream.h"

namespace herold::server {

struct ClientUpdate {
  store::Client client;
  bool must_be_stored = false;           // before <success/>; else only that it was seen
  std::optional<xmpp::FastToken> token;  // for <success/>
};

// `known` is what was stored of the installation that the request names.
ClientUpdate update_client(std::optional<store::Client> known, const xmpp::SignedIn& who,
                           WallTime now, const Limits& limits, Random& random);

// The resource that a client binds (XEP-0386 section 3.2.1): its tag, and for an installation
// always the same text behind it, so that a new session takes the place of its old one.
std::string resource_for(const crypto::Crypto& crypto, const std::string& tag,
                         const xmpp::Jid& account, std::uint64_t client, Random& random);

// At most `bounds::client_name` bytes of what a client calls itself, cut between characters.
std::string client_name(std::string_view text);

// As its owner sees the id of a client.
std::string client_id_text(std::uint64_t id);

}  // namespace herold::server
