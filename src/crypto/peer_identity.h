// For which domains the certificate of a server speaks (RFC 6120 section 13.7, RFC 9525, RFC 4985).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace herold::crypto {

// Whether an authority stands behind it is another question: Transport::peer_certificate().
struct PeerIdentity {
  // Lower case; whatever is no well-formed name is left out. The common name never counts.
  std::vector<std::string> domains;    // dNSName: "example.org", "*.example.org"
  std::vector<std::string> services;   // id-on-dnsSRV: the domains of "_xmpp-server."
  std::vector<std::string> addresses;  // id-on-xmppAddr: domains as in addresses, UTF-8
  std::vector<std::string> hosts;      // iPAddress: "192.0.2.1", "2001:db8::1"
  WallTime begins, ends;
  std::string fingerprint;  // SHA-256: "0A:1B:...", 95 characters

  // `ascii` is the domain in A-labels, or an address ("192.0.2.1", "[::1]"); `prepared` the same as
  // addresses have it, for id-on-xmppAddr, where it is different.
  bool is_for(std::string_view ascii, std::string_view prepared = {}) const;
  bool is_valid_at(WallTime now) const { return begins <= now && now <= ends; }
};

// Of the first certificate in the text; the first bounds::peer_names of its names. Fault::refused
// when it, or one behind it, is made for something that is not TLS: a server shows the same one as
// the server and as the client, whichever of the two it is for. Implemented by openssl/.
Result<PeerIdentity> read_peer_identity(std::string_view chain_pem);

// For the implementation: what a certificate may present. A wildcard is the whole first label, with
// two labels behind it at least.
bool is_presented_domain(std::string_view lower_case);

}  // namespace herold::crypto
