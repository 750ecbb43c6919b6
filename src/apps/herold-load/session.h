// One user's session: signs in, enters the roster and presence, then reads stanzas by their bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "apps/herold-load/connection.h"
#include "base/clock.h"
#include "xmpp/stream/client_stream.h"

namespace herold::load {

class Session;

enum class StanzaKind : std::uint8_t { message, presence, iq };

// What a session tells whoever plays with it. Everything that goes wrong ends the whole run.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  virtual void on_ready(Session& session) = 0;  // the roster is here, presence is sent
  virtual void on_stanza(Session&, StanzaKind, std::string_view) {}
  virtual void on_left(Session&) {}  // after leave(); login() is possible again
};

class Session final : public Connection, public xmpp::ClientStreamHost {
 public:
  // `number` is the user's.
  Session(Worker& worker, SessionOwner& owner, unsigned number);
  ~Session() override;

  void login();
  void leave();
  void send_stanza(std::string_view stanza);

  unsigned number() const { return number_; }
  const std::string& address() const { return address_; }  // full, once bound
  const std::string& roster() const { return roster_; }    // its result, until forget_roster()
  void forget_roster() { roster_ = {}; }
  MonotonicTime login_time() const { return login_time_; }  // when login() was called
  std::string mechanism() const { return mechanism_; }

 private:
  enum class State : std::uint8_t { away, signing_in, entering, ready, leaving };

  // Connection
  void on_tls() override;
  void take(xml::Scanner::Token token, std::string_view bytes) override;
  void on_lost(std::string text) override;

  // ClientStreamHost
  void send(std::string_view bytes) override { Connection::send(bytes); }
  bool has_unread_input() const override { return has_unread(); }
  void restart_input() override { restart_scanner(); }
  void begin_tls() override { Connection::begin_tls(); }
  void on_keys(const xmpp::ClientKeys& keys) override { config_.credentials.keys = keys; }
  void on_token(const xmpp::FastToken& token, xmpp::Mechanism mechanism) override;
  void on_success(xml::Element) override { mechanism_ = xmpp::name_of(*stream_->mechanism()); }
  void on_signed_in(xml::Element features) override;
  void on_bound(const xmpp::Jid& address) override;
  void on_bind_failed(const xmpp::StanzaError& error) override;
  void on_element(xml::Document) override {}
  void on_closed(const xmpp::ClientStreamError* error) override;

  void negotiate(xml::Scanner::Token token, std::string_view bytes);
  void take_element(std::string_view element);
  void take_iq(std::string_view iq);
  void take_other(std::string_view element);
  void acknowledge();
  void be_left();
  void fail(std::string_view text);

  SessionOwner& owner_;
  const unsigned number_;
  xmpp::ClientStreamConfig config_;
  std::unique_ptr<xmpp::ClientStream> stream_;  // until bound
  xml::NamespaceScope scope_;
  std::string address_;
  std::string roster_;
  std::string mechanism_;
  MonotonicTime login_time_{};
  std::uint32_t received_ = 0;      // stanzas since stream management was enabled
  std::uint32_t sent_unasked_ = 0;  // stanzas since the last request for an acknowledgement
  bool wants_legacy_session_ = false;
  State state_ = State::away;
};

}  // namespace herold::load
