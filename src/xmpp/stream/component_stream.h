// XEP-0114: a component's stream as the server sees it, its method "accept".
//
// A state machine without I/O, driven like ServerStream; its input is parsed in the scope that
// stanza_scope() makes of the header's. Inside calls marked "last" the host may close or destroy
// the stream; inside others it may call fail() and nothing else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "crypto/secret.h"
#include "xml/element.h"
#include "xml/parser.h"
#include "xmpp/errors.h"
#include "xmpp/jid.h"
#include "xmpp/stanza.h"
#include "xmpp/stream/server_stream.h"

namespace herold::xmpp {

class ComponentStreamHost {
 public:
  virtual ~ComponentStreamHost() = default;

  virtual void send(std::string_view bytes) = 0;
  // What the component of this domain has to know; nothing where none is configured.
  virtual std::optional<crypto::SecretString> find_secret(const Jid& domain) = 0;
  // Whether the component may write in the name of another domain than its own: one below it.
  virtual bool speaks_for(const Jid& domain, const Jid& other) = 0;
  // For the log and for rate limits.
  virtual void on_auth_failure(const Jid& domain) = 0;
  // Last. It knows the secret. Input waits for admit(), or for fail() where another stream of that
  // domain is there already.
  virtual void on_proven(const Jid& domain) = 0;
  // The component ended the stream with an error; on_closed() follows.
  virtual void on_peer_error(const StreamError&) {}
  // Last. A stanza from the component's domain, in the namespace jabber:client; what has no `from`
  // comes from that. Where `head` is an error, salvage_head() has what is needed for an answer.
  virtual void on_stanza(Answer<StanzaHead> head, xml::Document stanza) = 0;
  // Last. The stream is over: flush and close the connection. `error` is what was sent, nullptr
  // when the stream ended in peace. Comes once.
  virtual void on_closed(const StreamError* error) = 0;
};

class ComponentStream {
 public:
  ComponentStream(ComponentStreamHost& host, const StreamEnvironment& environment)
      : host_(&host), environment_(&environment) {}
  ComponentStream(const ComponentStream&) = delete;
  ComponentStream& operator=(const ComponentStream&) = delete;

  bool wants_input() const { return state_ != State::proven && state_ != State::closed; }
  void on_header(const xml::StreamHeader& header);
  void on_element(xml::Document element);
  void on_footer() { close(); }
  void on_whitespace() {}

  // After on_proven(): the component may send, and stanzas may be sent to it.
  void admit();
  void fail(const StreamError& error);
  void close();  // in peace
  void move_to(ComponentStreamHost& host, const StreamEnvironment& environment);

  bool is_ready() const { return state_ == State::ready; }
  const Jid& domain() const { return domain_; }  // empty before the header

 private:
  enum class State : std::uint8_t { header, handshake, proven, ready, closed };

  void send_header();
  void take_handshake(xml::Element element);
  void take_stanza(xml::Document element);

  ComponentStreamHost* host_;
  const StreamEnvironment* environment_;
  Jid domain_;
  std::string id_;
  State state_ = State::header;
};

}  // namespace herold::xmpp
