// What both machines of streams between servers share: pairs of domains, policy, and the calls that
// both make of their hosts (RFC 6120, XEP-0178, XEP-0220, XEP-0288).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/random.h"
#include "crypto/crypto.h"
#include "xml/element.h"
#include "xmpp/dialback_key.h"
#include "xmpp/errors.h"
#include "xmpp/ext/dialback.h"
#include "xmpp/ext/stream_limits.h"
#include "xmpp/jid.h"
#include "xmpp/stanza.h"
#include "xmpp/stream/channel.h"

namespace herold::xmpp {

// What a stream is allowed to carry, one way: stanzas from one domain to another (XEP-0220
// section 1.2). Both are domains alone.
struct DomainPair {
  Jid sender;
  Jid target;
  DomainPair reversed() const { return {target, sender}; }
  friend bool operator==(const DomainPair&, const DomainPair&) = default;
};

// How a domain elsewhere may prove to one of ours who it is.
enum class Trust : std::uint8_t {
  none,         // it is not spoken with
  certificate,  // by its certificate alone
  dialback,     // by its certificate, or by what its own server says (XEP-0220)
};

// How it did.
enum class PeerProof : std::uint8_t { certificate, dialback };
inline constexpr std::string_view peer_proof_names[] = {"certificate", "dialback"};
constexpr EnumNames names_of(PeerProof) { return peer_proof_names; }

// What one of our domains wants of streams with a domain elsewhere.
struct PeerPolicy {
  Trust trust = Trust::certificate;
  bool offers_bidi = true;
  bool offers_stream_management = true;
};

class PeerStreamHost {
 public:
  virtual ~PeerStreamHost() = default;

  // --- the connection
  virtual void send(std::string_view bytes) = 0;
  // Whether bytes that the peer sent behind the current element are already here.
  virtual bool has_unread_input() const = 0;
  // The next input is a new stream header: Scanner::restart().
  virtual void restart_input() = 0;
  // Last. Begin TLS as soon as the output is flushed, and call on_tls() when it is up.
  virtual void begin_tls() = 0;
  // The peer ended the stream with an error; on_closed() follows.
  virtual void on_peer_error(const StreamError&) {}

  // --- policy; asked again each time
  virtual bool is_served(const Jid& domain) = 0;
  // `remote` is empty where the peer has not said who it is.
  virtual PeerPolicy policy_of(const Jid& local, const Jid& remote) = 0;
  // Whether the certificate that the peer showed on this connection is good for that domain.
  virtual bool is_certified(const Jid& domain) = 0;

  // --- who may send here
  // A key was shown on this stream, whose id is `id`: ask pair.sender's own server whether it is
  // its own, over another connection than this one (XEP-0288 section 2). Last. Answered at once or
  // later by on_key_verdict(); meanwhile the stream goes on.
  virtual void verify_key(Ticket ticket, const DomainPair& pair, const std::string& id,
                          const std::string& key) = 0;
  // The peer may send for this pair from now on. Where the stream is bidirectional, we may send for
  // the reversed one.
  virtual void on_accepted(const DomainPair& pair, PeerProof proof) = 0;
  // For the log and for rate limits: a peer could not prove that it is pair.sender.
  virtual void on_refused(const DomainPair& pair, const StanzaError& why) = 0;

  // --- stanzas
  // Last. A stanza of an accepted pair, in the namespace jabber:client. `head` is what parse_head()
  // says of it; where that is an error, salvage_head() has what is needed for an answer.
  virtual void on_stanza(Answer<StanzaHead> head, xml::Document stanza) = 0;
  // Last. An element of XEP-0198, once a pair is accepted or authorised: counting is the owner's.
  virtual void on_management(xml::Document element) = 0;
};

// What a stream takes from its surroundings; outlives it.
struct PeerEnvironment {
  const crypto::Crypto& crypto;
  Random& random;
  const Limits& limits;
  const DialbackKeys& keys;
  std::string default_domain;  // speaks where the peer named no domain of ours
};

}  // namespace herold::xmpp
