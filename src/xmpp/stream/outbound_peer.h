// Our stream to another server (RFC 6120 section 4 to 6): STARTTLS, then SASL EXTERNAL (XEP-0178)
// or dialback (XEP-0220) for its first pair of domains, dialback for more of them, and questions
// about keys that were shown to us elsewhere.
//
// A state machine without I/O, driven like ClientStream. Its input is parsed in the scope that
// stanza_scope() makes of the header's. Inside calls marked "last" the host may answer at once,
// close or destroy the stream; inside others it may call fail() and nothing else.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "xml/parser.h"
#include "xmpp/stream/peer.h"

namespace herold::xmpp {

class PeerAcceptor;

struct OutboundPeerConfig {
  enum class Tls : std::uint8_t {
    starttls,  // required: a peer that does not offer it is left (HOSTILE 154)
    direct,    // comes before the first byte (XEP-0368)
    never,     // the owner says that the way is safe: tests, onion services (XEP-0344)
  };
  enum class Purpose : std::uint8_t {
    stanzas,  // signs in for `pair`
    verify,   // only asks about keys: nothing is proved to the peer
  };
  DomainPair pair;  // ours, theirs
  Tls tls = Tls::starttls;
  Purpose purpose = Purpose::stanzas;
  // `certificate`: without a certificate that is good for pair.target the peer is left.
  Trust trust = Trust::certificate;
  bool may_use_external = true;  // our certificate may be shown
  bool may_use_dialback = true;  // also where EXTERNAL was refused
  bool wants_bidi = true;
  std::string lang = "en";
};

// What the peer said of itself in its latest features.
struct PeerOffer {
  bool starttls = false;
  bool external = false;
  bool dialback = false;         // as a feature or by the header's declaration
  bool dialback_errors = false;  // further pairs may be refused without an end of the stream
  bool bidi = false;
  bool stream_management = false;  // urn:xmpp:sm:3
  StreamLimits limits;
};

// Why a stream ended before the owner wanted it.
struct OutboundPeerError {
  enum class Kind : std::uint8_t {
    protocol,     // the peer broke the rules of RFC 6120
    no_tls,       // it does not offer STARTTLS, or refused it
    untrusted,    // its certificate is not good, and dialback is not enough
    no_way,       // it offers no way of signing in that we may use
    sasl_failed,  // it refused our certificate: see `condition`, `text`
    refused,      // it refused our key: see `answer`
    stream,       // it sent a stream error: see `stream`
    ended,        // it closed the stream
  };
  Kind kind = Kind::protocol;
  SaslCondition condition = SaslCondition::not_authorized;
  DialbackAnswer answer;
  StreamError stream;
  std::string text;

  std::string describe() const;  // a sentence for a person
};

// How far a stream came, for the log and for `herold check`.
enum class OutboundStage : std::uint8_t {
  opening,         // our first header is sent
  securing,        // the peer agreed to STARTTLS
  secured,         // its features over TLS are here
  authenticating,  // <auth/> or a key is sent
  authenticated,   // by SASL: a new header is sent
};

class OutboundPeerHost : public PeerStreamHost {
 public:
  virtual void on_stage(OutboundStage) {}
  // Last. verify() works from here on, before we have signed in; on_authorised() says so too.
  virtual void on_can_verify() {}
  // EXTERNAL failed and dialback is tried: for the log.
  virtual void on_external_refused(SaslCondition, std::string_view /*text*/) {}
  // Last. We may send for this pair from now on: the first one, or what was asked for by
  // authorise(). Where the stream is bidirectional, on_accepted() told of the reversed pair before.
  virtual void on_authorised(const DomainPair& pair, PeerProof proof) = 0;
  // Last. A further pair was refused; of the first one on_closed() tells.
  virtual void on_pair_refused(const DomainPair& pair, const DialbackAnswer& answer) = 0;
  // Last. What verify() asked. Questions without an answer end with the stream, unanswered.
  virtual void on_verify_answer(const DomainPair& pair, const std::string& id,
                                const DialbackAnswer& answer) = 0;
  // Last. The stream is over; nullptr after close(). Comes once.
  virtual void on_closed(const OutboundPeerError* error) = 0;
};

class OutboundPeer {
 public:
  // What is referred to outlives the stream.
  OutboundPeer(OutboundPeerHost& host, OutboundPeerConfig config,
               const PeerEnvironment& environment);
  ~OutboundPeer();
  OutboundPeer(const OutboundPeer&) = delete;
  OutboundPeer& operator=(const OutboundPeer&) = delete;

  // The connection stands: sends the header, except where direct TLS has to come first.
  void start();
  // TLS is up. The host has judged the certificate, and is_certified() tells.
  void on_tls();

  bool wants_input() const { return state_ <= State::ready; }
  void on_header(const xml::StreamHeader& header);
  void on_element(xml::Document element);
  void on_footer();
  void on_whitespace() {}
  // A fault of the input: tells the peer, then on_closed().
  void fail(const StreamError& error);
  void close();  // in peace: sends the footer, then on_closed(nullptr)

  // --- more pairs on the same stream
  // XEP-0220 section 3: asks to send for another pair. False: not here, because too much is asked
  // already, it is asked for, or another target needs a peer that speaks of errors.
  bool authorise(const DomainPair& pair);
  // Asks pair.sender's server whether it made this key, which was shown to pair.target on the
  // stream `id`. False: not yet (on_can_verify()), not any more, or too much is asked already.
  bool verify(const DomainPair& pair, std::string_view id, std::string_view key);
  // On a bidirectional stream the peer may ask for more pairs as well.
  void on_key_verdict(Ticket ticket, const DialbackAnswer& answer);

  bool is_authorised(const Jid& from, const Jid& to) const;  // we may send
  bool is_accepted(const Jid& from, const Jid& to) const;    // stanzas may come in
  bool is_bidirectional() const { return is_bidirectional_; }
  bool is_secured() const { return is_secured_; }
  bool can_verify() const { return state_ == State::waiting || state_ == State::ready; }
  bool is_closed() const { return state_ == State::closed; }
  const PeerOffer& offer() const { return offer_; }
  const std::string& stream_id() const { return stream_id_; }
  const OutboundPeerConfig& config() const { return config_; }
  const Jid& local() const { return config_.pair.sender; }
  const Jid& remote() const { return config_.pair.target; }

 private:
  // Up to `ready` the machine takes input.
  enum class State : std::uint8_t {
    header,
    features,
    proceed,   // STARTTLS was asked for
    exchange,  // SASL
    waiting,   // for the answer to the first key
    ready,     // a pair is authorised, or only keys are asked about
    idle,      // before start(), or TLS is being set up
    closed,
  };
  struct Question {  // asked by verify()
    DomainPair pair;
    std::string id;
  };

  void open();
  void take_features(xml::Element features);
  void take_offer(xml::Element features);
  void take_proceed(xml::Element element);
  void sign_in();
  void take_sasl(xml::Element element);
  void take_refusal(xml::Element failure);
  void show_key();
  void go_ready(PeerProof proof);
  void take_dialback(xml::Element element);
  void take_result(xml::Element element);
  void take_verdict(const DomainPair& pair, const DialbackAnswer& answer);
  void take_answer(xml::Element element);
  void take_stanza(xml::Document element);
  void accept(const DomainPair& pair);
  void stop(OutboundPeerError error);

  OutboundPeerHost& host_;
  const PeerEnvironment& environment_;
  OutboundPeerConfig config_;
  std::unique_ptr<PeerAcceptor> acceptor_;  // of a bidirectional stream
  std::vector<DomainPair> authorised_;
  std::vector<DomainPair> asked_;  // keys that were shown
  std::vector<Question> questions_;
  PeerOffer offer_;
  std::string stream_id_;
  State state_ = State::idle;
  bool is_secured_ = false;
  bool is_external_ = false;  // SASL was a success
  bool is_bidirectional_ = false;
  bool is_foreign_ = false;         // the header came from another domain: only an error may follow
  bool declares_dialback_ = false;  // the header does
  std::optional<OutboundPeerError> refusal_;  // of EXTERNAL, where dialback is tried after it
};

}  // namespace herold::xmpp
