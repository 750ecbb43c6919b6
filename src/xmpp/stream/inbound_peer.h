// A stream that another server opened to us (RFC 6120 section 4 to 6): STARTTLS, then SASL EXTERNAL
// (XEP-0178) or dialback (XEP-0220) for each pair of domains that it carries.
//
// A state machine without I/O, driven like ServerStream: its owner, the host, feeds it header,
// elements and footer one at a time, only while wants_input(), each parsed in the scope that
// stanza_scope() makes of the header's. Inside calls marked "last" the host may answer at once,
// close, move or destroy the stream; inside others it may call fail() and nothing else. The owner
// bounds bytes and time before is_authenticated().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "xml/parser.h"
#include "xmpp/stream/peer.h"

namespace herold::xmpp {

class PeerAcceptor;

class InboundPeerHost : public PeerStreamHost {
 public:
  // The header was accepted, for the first time or anew: whom it is for, and who it says it comes
  // from, which is nobody's word yet and may be empty.
  virtual void on_opened(const Jid& local, const Jid& remote) = 0;
  // SASL EXTERNAL failed, for the log: `remote` may be empty.
  virtual void on_auth_failure(const Jid& remote, SaslCondition condition) = 0;
  // Last. The stream is over: flush and close the connection. `error` is what was sent to the peer,
  // nullptr when the stream ended in peace or by the peer's error. Comes once.
  virtual void on_closed(const StreamError* error) = 0;
};

class InboundPeer {
 public:
  // Where the channel is not open, no TLS is asked for.
  InboundPeer(InboundPeerHost& host, const PeerEnvironment& environment, Channel channel);
  ~InboundPeer();
  InboundPeer(const InboundPeer&) = delete;
  InboundPeer& operator=(const InboundPeer&) = delete;

  // --- input
  bool wants_input() const { return state_ <= State::ready; }
  void on_header(const xml::StreamHeader& header);
  void on_element(xml::Document element);
  void on_footer();
  void on_whitespace() {}
  // TLS is up: after begin_tls(), or before the first byte (direct TLS). From here on the host
  // answers is_certified().
  void on_tls();

  // --- answers
  void on_key_verdict(Ticket ticket, const DialbackAnswer& answer);

  // --- from the host
  // Writes the response header if none was sent, <stream:error/> and the footer, then on_closed().
  void fail(const StreamError& error);
  void close();  // in peace: sends the footer, then on_closed(nullptr)
  void move_to(InboundPeerHost& host, const PeerEnvironment& environment);

  // Whether stanzas from one to the other may come in here; only the domains are looked at.
  bool is_accepted(const Jid& from, const Jid& to) const;
  // At least one pair is: what is allowed to whoever signed in is allowed.
  bool is_authenticated() const;
  // The peer wants stanzas back on this stream, for the reverse of each accepted pair.
  bool is_bidirectional() const { return is_bidirectional_; }
  bool is_closed() const { return state_ == State::closed; }
  const Jid& local() const { return local_; }    // of the header; empty before it
  const Jid& remote() const { return remote_; }  // as the header says; may be empty
  const std::string& stream_id() const { return stream_id_; }
  Channel channel() const { return channel_; }
  // What the peer takes, where it said so (in <bidi/>); nothing is known otherwise.
  const StreamLimits& peer_limits() const { return peer_limits_; }

 private:
  // Up to `ready` the machine takes input.
  enum class State : std::uint8_t {
    header,       // a stream header must come, also after STARTTLS and SASL
    features,     // features were sent
    challenged,   // SASL EXTERNAL without its initial response
    ready,        // signed in by SASL, features were sent
    handshaking,  // STARTTLS
    closed,
  };

  std::optional<StreamError> judge_addresses(xml::Element header);
  void send_header();
  void send_features();
  bool may_use_external() const;
  void take_tls(xml::Element element);
  void take_sasl(xml::Element element);
  void take_authzid(std::string_view text);
  void fail_sasl(SaslCondition condition, std::string_view text);
  void take_dialback(xml::Element element);
  void take_result(xml::Element element);
  void take_bidi(xml::Element element);
  void take_stanza(xml::Document element);
  void settle(const DomainPair& pair, const DialbackAnswer& answer);

  InboundPeerHost* host_;
  const PeerEnvironment* environment_;
  std::unique_ptr<PeerAcceptor> acceptor_;
  Jid local_, remote_;
  std::string stream_id_;
  StreamLimits peer_limits_;
  State state_ = State::header;
  Channel channel_;
  std::uint8_t failures_ = 0;
  bool is_header_sent_ = false;
  bool is_external_ = false;  // signed in by SASL
  bool is_bidirectional_ = false;
};

}  // namespace herold::xmpp
