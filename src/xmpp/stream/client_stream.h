// A stream as the client sees it: header, STARTTLS, SASL, restart, binding (RFC 6120 4 to 7); or
// SASL2 (XEP-0388) with binding, resumption and tokens in one go, where the owner wants it.
//
// A state machine without I/O, the counterpart of ServerStream and driven in the same way: its
// owner, the host, feeds it header, elements and footer one at a time, only while wants_input().
// Inside calls marked "last" the host may answer at once, close or destroy the stream.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "crypto/crypto.h"
#include "xml/element.h"
#include "xml/parser.h"
#include "xmpp/errors.h"
#include "xmpp/ext/sasl2.h"
#include "xmpp/jid.h"
#include "xmpp/ns.h"
#include "xmpp/sasl/client.h"

namespace herold::xmpp {

// What SASL2 is told and asked for. A feature that the server does not list is left out.
struct ModernSignIn {
  UserAgent agent;
  std::string tag;  // the front of the resource; empty: all of it is the server's choice
  struct Feature {
    std::string name, xml;  // as XEP-0386 lists it, and what switches it on
  };
  std::vector<Feature> features;
  std::optional<SmResume> resume;    // a session to go on with; else, or if it is gone, a new one
  std::optional<ClientToken> token;  // instead of the password
  bool wants_token = false;
  bool invalidates_token = false;  // signs in with it for the last time
  // XEP-0509: what the server announced the last time. With a token the sign-in then leaves with
  // the header. Empty: not known.
  std::string config_version;
};

struct ClientStreamConfig {
  enum class Tls : std::uint8_t {
    starttls,  // required: a server that does not offer it is left (HOSTILE 32)
    direct,    // comes before the first byte (XEP-0368)
    never,     // the owner says that the way is safe: loopback, measurements
  };
  Jid account;  // bare; for an anonymous login the domain alone
  ClientCredentials credentials;
  SaslPolicy policy;
  Tls tls = Tls::starttls;
  std::string lang = "en";
  std::optional<ModernSignIn> modern{};
};

// Why a stream ended before the owner wanted it.
struct ClientStreamError {
  enum class Kind : std::uint8_t {
    protocol,     // the server broke the rules of RFC 6120
    no_tls,       // it does not offer STARTTLS, or refused it
    sasl,         // we stopped: see `fault`
    sasl_failed,  // the server stopped: see `condition`
    stream,       // the server sent a stream error: see `stream`
    ended,        // the server closed the stream
  };
  Kind kind = Kind::protocol;
  SaslFault fault = SaslFault::malformed;
  SaslCondition condition = SaslCondition::not_authorized;
  StreamError stream;
  std::string text;

  std::string describe() const;  // a sentence for a person
};

// How far a stream came, for faces that show it and tools that measure it.
enum class ClientStage : std::uint8_t {
  opening,         // our first header is sent
  securing,        // the server agreed to STARTTLS
  authenticating,  // <auth/> is sent
  authenticated,   // the server is verified
  signed_in,       // the features after the login are here
  binding,
  bound,
};

class ClientStreamHost {
 public:
  virtual ~ClientStreamHost() = default;

  virtual void send(std::string_view bytes) = 0;
  // Whether bytes behind the current element are here already.
  virtual bool has_unread_input() const = 0;
  // The next input is a new stream header: Scanner::restart().
  virtual void restart_input() = 0;
  // Last. Begin TLS, verify the certificate for the account's domain, then call on_tls().
  virtual void begin_tls() = 0;
  virtual void on_stage(ClientStage) {}
  // The keys that the login used: may be kept instead of the password.
  virtual void on_keys(const ClientKeys&) {}
  // --- SASL2 alone
  // What the features announce (XEP-0509), to be kept until the next sign-in.
  virtual void on_config_version(std::string_view) {}
  // A second factor is due. Last. Answered by ClientStream::answer_code().
  virtual void on_code_wanted() {}
  // To be kept instead of the password; it is there before anything else is done.
  virtual void on_token(const FastToken&, Mechanism) {}
  // The token is worth nothing any more; the password is tried next, where there is one.
  virtual void on_token_refused() {}
  // <success/> with the answers to all that was asked for; nothing follows before it returns.
  virtual void on_success(xml::Element) {}
  // Last. The session goes on; stanzas that it missed follow. Instead of on_signed_in().
  virtual void on_resumed(std::uint32_t) {}

  // Last. Signed in. The owner goes on with ClientStream::bind(), or sends <resume/> of XEP-0198
  // by itself and binds when that fails. `features` are those after the login.
  virtual void on_signed_in(xml::Element features) = 0;
  // Last. The answer to bind(): the full address, or the error; after it bind() may be tried again.
  // Comes instead of on_signed_in() where SASL2 has bound already.
  virtual void on_bound(const Jid& address) = 0;
  virtual void on_bind_failed(const StanzaError& error) = 0;
  // Last. Every other element since signing in.
  virtual void on_element(xml::Document element) = 0;
  // Last. The stream is over; nullptr after close(). Comes once.
  virtual void on_closed(const ClientStreamError* error) = 0;
};

class ClientStream {
 public:
  // What is referred to outlives the stream.
  ClientStream(ClientStreamHost& host, const ClientStreamConfig& config,
               const crypto::Crypto& crypto, Random& random);
  ~ClientStream();
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;

  // The connection stands: sends the header, except where direct TLS has to come first.
  void start();
  // TLS is up and the certificate is right; bindings in the order of preference.
  // `version` is that of TLS, as XEP-0515 writes it: "0304".
  void on_tls(std::vector<ChannelBinding> bindings, std::string_view version = {});

  bool wants_input() const { return state_ <= State::binding; }
  void on_header(const xml::StreamHeader& header);
  void on_element(xml::Document element) {
    if (state_ == State::signed_in && element.root().ns() != ns::streams) [[likely]] {
      return host_.on_element(std::move(element));
    }
    negotiate(std::move(element));
  }
  void on_footer();
  void on_whitespace() {}
  // A fault of the input: tells the server, then on_closed().
  void fail(const StreamError& error);

  // After on_signed_in(). An empty resource leaves the choice to the server.
  void bind(std::string_view resource);
  // After on_code_wanted().
  void answer_code(std::string_view code);
  void close();  // in peace: sends the footer, then on_closed(nullptr)

  bool is_secured() const { return is_secured_; }
  const std::string& stream_id() const { return stream_id_; }
  // What was used to sign in; nothing before <auth/>.
  std::optional<Mechanism> mechanism() const { return mechanism_; }

 private:
  // Up to `binding` the machine takes input.
  enum class State : std::uint8_t {
    header,
    features,
    proceed,   // STARTTLS was asked for
    exchange,  // SASL or SASL2
    signed_in,
    binding,
    idle,  // before start(), or TLS is being set up
    closed,
  };
  struct Login;  // all that is only needed until the login: freed with it

  void negotiate(xml::Document element);
  void open();
  void take_features(xml::Element features);
  void take_proceed(xml::Element element);
  void take_sasl(xml::Element element);
  void take_challenge(xml::Element challenge);
  void take_success(xml::Element success);
  void take_binding(xml::Document element);
  void sign_in(xml::Element features);
  void stop(ClientStreamError error);
  // client_stream_sasl2.cc
  bool pipelines() const;
  void begin_modern();
  void authenticate();
  SaslResult<> choose_modern();
  void take_sasl2(xml::Element element);
  void take_refusal(xml::Element failure);
  void take_continue(xml::Element element);
  void take_task_data(xml::Element data);
  void take_success2(xml::Element success);

  ClientStreamHost& host_;
  const ClientStreamConfig& config_;
  const crypto::Crypto& crypto_;
  Random& random_;
  std::unique_ptr<Login> login_;
  std::string stream_id_;
  std::string bind_id_;
  State state_ = State::idle;
  bool is_secured_ = false;
  bool is_authenticated_ = false;
  std::optional<Jid> bound_;  // by SASL2
  bool is_foreign_ = false;   // the header came from another domain: only an error may follow
  std::optional<Mechanism> mechanism_;
};

}  // namespace herold::xmpp
