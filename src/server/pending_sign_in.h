// A sign-in by SASL2 whose proof is accepted and whose <success/> is not sent yet (XEP-0388).
#pragma once

#include <string>

#include "server/session.h"
#include "xmpp/stream/server_stream.h"

namespace herold::server {

struct PendingSignIn {
  xmpp::Ticket ticket;
  xmpp::SignedIn who;
  ClientIdentity client{};
  std::string results{};  // for <success/>
  std::string token{};    // the same, last
};

}  // namespace herold::server
