// What the stream machines of both kinds of streams share with their hosts.
#pragma once

#include <cstdint>

namespace herold::xmpp {

// How far the bytes of this stream are protected (DECISIONS 26).
enum class Channel : std::uint8_t {
  open,     // plain TCP: STARTTLS is required and nothing else is offered
  trusted,  // plain, but counted as secured (`client_plain`): SCRAM without -PLUS
  proxied,  // plain behind a proxy that does TLS (`behind_tls_proxy`): PLAIN as well
  tls,      // TLS of our own: everything
};

// Names one question to the host. An answer to a question that nobody asks any more is ignored.
enum class Ticket : std::uint32_t {};

}  // namespace herold::xmpp
