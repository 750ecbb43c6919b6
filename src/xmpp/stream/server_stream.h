// A client's stream as the server sees it: header, STARTTLS, SASL, restart (RFC 6120 4 to 6), or
// SASL2 with all that is asked for in one go (XEP-0388).
//
// A state machine without I/O. Its owner, the host, cuts the input with xml::Scanner, parses it,
// and calls on_header(), on_element(), on_footer() or fail(condition_of(...)), one item at a time
// and only while wants_input(). Everything the machine wants done it asks of ServerStreamHost.
//
// The calls marked "last" are the last thing the machine does before it returns to its caller:
// inside them the host may answer at once, close, move or destroy the stream. Inside the others it
// may call fail() and nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/random.h"
#include "crypto/crypto.h"
#include "xml/element.h"
#include "xml/parser.h"
#include "xmpp/errors.h"
#include "xmpp/ext/sasl2.h"
#include "xmpp/jid.h"
#include "xmpp/ns.h"
#include "xmpp/sasl/server.h"
#include "xmpp/stream/channel.h"

namespace herold::xmpp {

// What a domain offers to its clients. The machine keeps a copy until the login is done.
struct DomainSettings {
  std::vector<Mechanism> mechanisms;  // enabled ones; the machine leaves out what does not fit
  std::uint32_t iterations = 10000;   // shown to unknown users
  std::string unknown_user_secret;    // 32 bytes, kept for as long as the domain exists
  DowngradeProtection downgrade_protection = DowngradeProtection::on;
};

// What TLS tells when its handshake is done.
struct TlsFacts {
  std::vector<ChannelBinding> bindings;  // in the order in which they are advertised
  std::vector<Jid> certificate_jids;     // of a verified client certificate
  std::string version;                   // "0304" for TLS 1.3, as XEP-0515 writes it
};

struct AuthFailure {
  const Jid& account;  // empty when no account was named
  SaslCondition condition;
  AuthAlarm alarm;
};

// Who signed in by SASL2, and what is to be done before its <success/> (XEP-0388 section 2.6.1).
struct SignedIn {
  Jid account;
  Mechanism mechanism = Mechanism::plain;
  Proof proof;
  Authenticate request;
  AccountFacts facts;  // as they were when the proof was judged
};
struct SignInResult {
  enum class Stream : std::uint8_t { bound, unbound, resumed };
  Jid address;          // full, except where nothing was bound
  std::string results;  // elements for <success/>, in the scope of its namespace
  Stream stream = Stream::unbound;
};

class ServerStreamHost {
 public:
  virtual ~ServerStreamHost() = default;

  // --- the connection
  // Appends to the output; the bytes are canonical XML of the stream.
  virtual void send(std::string_view bytes) = 0;
  // Whether bytes that the client sent behind the current element are already here.
  virtual bool has_unread_input() const = 0;
  // The next input is a new stream header: Scanner::restart(), bounds as they fit the state.
  virtual void restart_input() = 0;
  // Last. Begin TLS as soon as the output is flushed, and call on_tls() when it is up.
  virtual void begin_tls() = 0;
  // Last. The stream is over: flush and close the connection. `error` is what was sent to the
  // client, nullptr when the stream ended in peace. Comes once.
  virtual void on_closed(const StreamError* error) = 0;

  // --- signing in
  // Nothing when the domain is not served here.
  virtual std::optional<DomainSettings> find_domain(std::string_view domain) = 0;
  // The header was accepted; `lang` (may be empty) is the default for stanzas (section 4.7.4).
  virtual void on_opened(std::string_view domain, std::string_view lang) = 0;
  // Features before and after the login, as XML in the namespace jabber:client, beside those that
  // the machine writes itself (STARTTLS, SASL, channel bindings, limits before the login).
  virtual std::string preauth_features() = 0;
  virtual std::string postauth_features() = 0;
  // What a client may ask for in its <authenticate/> beside tokens and tasks, in that scope.
  virtual std::string inline_features() = 0;
  // Last. Answered by ServerStream::on_credentials().
  virtual void find_credentials(Ticket ticket, const Jid& account, HashAlgorithm hash) = 0;
  // Last. Answered by ServerStream::on_verdict(). Runs verify_password() on a worker, for an
  // account that does not exist with made_up_credentials().
  virtual void check_password(Ticket ticket, const Jid& account, crypto::SecretString password) = 0;
  // Last. EXTERNAL: may this account sign in? Answered by ServerStream::on_verdict().
  virtual void check_account(Ticket ticket, const Jid& account) = 0;
  // Last. ANONYMOUS: may one more sign in, under this name? Answered by ServerStream::on_verdict().
  virtual void admit_anonymous(Ticket ticket, const Jid& account) = 0;
  // Last. Answered by ServerStream::on_tokens(): the tokens of the client `agent`.
  virtual void find_tokens(Ticket ticket, const Jid& account, const std::string& agent) = 0;
  // Last. Whether it is the code of now (RFC 6238). Answered by ServerStream::on_verdict().
  virtual void check_code(Ticket ticket, const Jid& account, std::string code) = 0;
  // Last. One more hash for the same password. Answered by ServerStream::on_verdict().
  virtual void add_credentials(Ticket ticket, const Jid& account, StoredCredentials added) = 0;
  // Last. Signed in by SASL2: answered by ServerStream::finish_sign_in() or refuse_sign_in(). The
  // stream may be moved meanwhile.
  virtual void complete_sign_in(Ticket ticket, SignedIn who) = 0;
  // For rate limits (HOSTILE 46) and the log; once for each <failure/>.
  virtual void on_auth_failure(const AuthFailure& failure) = 0;
  // Last. <success/> of SASL (not SASL2) is sent; the client's new header follows. `facts` are as
  // they were when the proof was judged.
  virtual void on_authenticated(const Jid& account, Mechanism mechanism, const Proof& proof,
                                const AccountFacts& facts) = 0;

  // --- stanzas
  // In-band registration (XEP-0077) before the login, only over a secured channel. False: not
  // allowed here, the stream is closed with not-authorized.
  virtual bool on_preauth_iq(const xml::Document& iq) = 0;
  // Last. Every element after the login, unjudged but for SASL and STARTTLS.
  virtual void on_element(xml::Document element) = 0;
};

// What a stream takes from its surroundings; outlives it.
struct StreamEnvironment {
  const crypto::Crypto& crypto;
  Random& random;
  const Limits& limits;
  std::string default_domain;  // speaks where the client named no domain of ours
};

class ServerStream {
 public:
  ServerStream(ServerStreamHost& host, const StreamEnvironment& environment, Channel channel);
  ~ServerStream();
  ServerStream(const ServerStream&) = delete;
  ServerStream& operator=(const ServerStream&) = delete;

  // --- input
  // False while an answer or TLS is awaited and when the stream is over: the host reads nothing.
  bool wants_input() const { return state_ <= State::ready; }
  void on_header(const xml::StreamHeader& header);
  void on_element(xml::Document element) {
    if (state_ == State::ready && !is_negotiation(element)) [[likely]] {
      return host_->on_element(std::move(element));
    }
    negotiate(std::move(element));
  }
  void on_footer();
  // White space between elements, which is nothing but a sign of life at all other times.
  void on_whitespace() {
    if (state_ == State::exchange) [[unlikely]]
      whitespace_in_exchange();
  }
  // TLS is up: after begin_tls(), or before the first byte (direct TLS).
  void on_tls(TlsFacts facts);

  // --- answers
  void on_credentials(Ticket ticket, const CredentialsAnswer& answer);
  void on_verdict(Ticket ticket, const VerdictAnswer& answer);
  void on_tokens(Ticket ticket, const TokensAnswer& answer);
  // Sends <success/>, and the features that follow where the stream is not a resumed one.
  void finish_sign_in(Ticket ticket, const SignInResult& result);
  void refuse_sign_in(Ticket ticket, const SaslFailure& failure);

  // --- from the host
  // Faults of the input and errors that the server decides: writes the response header if none
  // was sent, <stream:error/> and the footer, then on_closed().
  void fail(const StreamError& error);
  // Another thread's environment, and another host, after a move. Not while a mechanism runs.
  void move_to(ServerStreamHost& host, const StreamEnvironment& environment);

  bool is_authenticated() const { return static_cast<bool>(account_); }
  bool is_ready() const { return state_ == State::ready; }  // features after login are sent
  const Jid& account() const { return account_; }           // bare; empty before login
  Channel channel() const { return channel_; }

 private:
  // Up to `ready` the machine takes input.
  enum class State : std::uint8_t {
    header,       // a stream header must come, also after STARTTLS and after the login
    features,     // features were sent, no exchange runs
    exchange,     // a SASL exchange waits for the client
    ready,        // signed in, features were sent
    waiting,      // the host owes an answer
    handshaking,  // STARTTLS
    closed,
  };
  struct Negotiation;  // all that is only needed until the login: freed with it

  static bool is_negotiation(const xml::Document& element) {
    const std::string_view name = element.root().ns();
    return name == ns::sasl || name == ns::sasl2 || name == ns::tls || name == ns::streams;
  }
  void negotiate(xml::Document element);
  std::optional<StreamError> judge_addresses(xml::Element header);
  void send_header(std::string_view to);
  void send_features();
  void take_tls(xml::Element element);
  void take_sasl(xml::Element element);
  void take_stanza(const xml::Document& element);
  void begin_exchange(xml::Element auth);
  void take_message(std::string_view text);
  void take_step(SaslStep step);
  void ask_host(SaslStep step);
  void succeed(SaslSuccess success);
  void fail_sasl(const SaslFailure& failure);
  // server_stream_sasl2.cc
  void take_sasl2(xml::Element element);
  void begin_sign_in(xml::Element authenticate);
  std::optional<SaslFailure> choose(const Authenticate& request);
  void take_response(xml::Element response);
  void plan(SaslSuccess login);
  void next_task();
  void begin_task(xml::Element next);
  void take_task_data(xml::Element data);
  void send_salt();
  void take_hash(std::string_view text);
  void take_task_verdict(Verdict verdict);
  void whitespace_in_exchange();
  bool redeem(Ticket ticket);
  Ticket next_ticket();
  std::string_view own_domain() const;

  ServerStreamHost* host_;
  const StreamEnvironment* environment_;
  Jid account_;
  std::unique_ptr<Negotiation> negotiation_;
  std::uint32_t ticket_ = 0;
  State state_ = State::header;
  Channel channel_;
  bool is_header_sent_ = false;
};

static_assert(sizeof(void*) != 8 || sizeof(ServerStream) <= 200);

}  // namespace herold::xmpp
