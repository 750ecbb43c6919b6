// A client's connection: a stream that signs in and has a session; it moves to its account's home
// shard after the login (DECISIONS.md 12).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/transport.h"
#include "server/gate.h"
#include "server/session.h"
#include "server/stanza.h"
#include "server/wire.h"
#include "store/clients.h"
#include "xmpp/stream/server_stream.h"

namespace herold::server {

class Account;
class ModuleHost;
class Session;
class Shard;
struct PendingSignIn;

// Who comes to a listener, and how.
enum class ListenerKind : std::uint8_t {
  starttls,
  direct_tls,
  plain,
  proxied,
  peer,
  peer_tls,
  component,
  component_tls,
};

class Connection final : public Wire, private xmpp::ServerStreamHost {
 public:
  Connection(Shard& shard, ConnectionId id, std::unique_ptr<net::Transport> transport,
             ListenerKind kind);
  Connection(const Connection&) = delete;
  ~Connection() override;

  Session* session() const { return session_; }
  const ClientIdentity& client() const { return client_; }

  void start();
  void arrive(Shard& shard) override;

  void send_text(std::string_view xml) { write(xml); }
  // Its session goes on here: says so, as the client asked for it.
  void say_resumed(const Session& session, const xmpp::SmResumed& resumed);

  void fail(const xmpp::StreamError& error) override { stream_.fail(error); }
  // The session is over or goes on elsewhere: nothing of it is touched any more.
  void forget_session() { session_ = nullptr; }
  // Sends a stream error and closes; the session goes on as after any loss of its connection.
  void lose(const xmpp::StreamError& error);
  // Closes without a word that ends the session: its client is meant to come back.
  void abandon() override;
  // A client that can resume is cut off without a word that would end its session.
  void stop() override;
  // What no client took goes on its way again, and its places are others'.
  void give_back() override;

  // Answers of other threads and shards.
  void on_credentials(xmpp::Ticket ticket, const xmpp::CredentialsAnswer& answer);
  void on_verdict(xmpp::Ticket ticket, const xmpp::VerdictAnswer& answer);
  // A place among the anonymous ones of its prefix was taken for it; it gives that back.
  void on_admitted(xmpp::Ticket ticket);
  void on_tokens(xmpp::Ticket ticket, const xmpp::TokensAnswer& answer);
  // The answer to a request before the login, which the stream waited for.
  void on_answer(const Stanza& answer);

 private:
  // net::Transport::Handler
  void on_secured() override;
  void on_ended(net::Ending ending, std::string_view detail) override;

  // Wire
  bool wants_input() const override { return stream_.wants_input(); }
  xml::Bounds bounds() const override;
  void take_header(const xml::StreamHeader& header) override { stream_.on_header(header); }
  void take_element(xml::Document element) override { stream_.on_element(std::move(element)); }
  void take_footer() override { stream_.on_footer(); }
  void take_whitespace() override { stream_.on_whitespace(); }
  void take_oversized(std::string_view front) override;
  void skipped(bool is_whole) override;
  bool spend(std::size_t bytes) override;
  bool refill() override;
  void move_on() override { move_home(); }
  void begin_handshake() override { shake_hands(); }
  void unthrottled() override;

  // xmpp::ServerStreamHost (connection_stream.cc)
  void send(std::string_view bytes) override { write(bytes); }
  bool has_unread_input() const override { return has_unread(); }
  void restart_input() override { restart_scanner(); }
  void begin_tls() override { start_tls_after_flush(); }
  void on_closed(const xmpp::StreamError* error) override;
  std::optional<xmpp::DomainSettings> find_domain(std::string_view domain) override;
  void on_opened(std::string_view domain, std::string_view lang) override;
  std::string preauth_features() override;
  std::string postauth_features() override;
  void find_credentials(xmpp::Ticket ticket, const xmpp::Jid& account,
                        xmpp::HashAlgorithm hash) override;
  void check_password(xmpp::Ticket ticket, const xmpp::Jid& account,
                      crypto::SecretString password) override;
  void check_account(xmpp::Ticket ticket, const xmpp::Jid& account) override;
  void admit_anonymous(xmpp::Ticket ticket, const xmpp::Jid& account) override;
  void on_auth_failure(const xmpp::AuthFailure& failure) override;
  void on_authenticated(const xmpp::Jid& account, xmpp::Mechanism mechanism,
                        const xmpp::Proof& proof, const xmpp::AccountFacts& facts) override;
  // The same for SASL2 (connection_sign_in.cc).
  std::string inline_features() override;
  void find_tokens(xmpp::Ticket ticket, const xmpp::Jid& account,
                   const std::string& agent) override;
  void check_code(xmpp::Ticket ticket, const xmpp::Jid& account, std::string code) override;
  void add_credentials(xmpp::Ticket ticket, const xmpp::Jid& account,
                       xmpp::StoredCredentials added) override;
  void complete_sign_in(xmpp::Ticket ticket, xmpp::SignedIn who) override;
  bool on_preauth_iq(const xml::Document& iq) override;
  void on_element(xml::Document element) override;

  void move_home();
  void shake_hands();
  std::vector<xmpp::Jid> certified_accounts();
  void await_login();
  Duration time_left() const;  // of all that signing in may take
  void leave_gate(ConnectionGate::Outcome outcome);
  void leave_anonymous_place();
  void note_signed_in(const xmpp::Jid& account, xmpp::Mechanism mechanism);

  // A sign-in by SASL2 on its way to <success/> (connection_sign_in.cc).
  const xmpp::Jid& account() const;  // whoever proved to be it, signed in or about to be
  void refuse_sign_in(const xmpp::SaslFailure& failure);
  void identify_client();
  void know_client(Result<store::FoundClient> found);
  void enter();
  void cannot_resume(Condition condition);
  void bind_inline();
  void end_older_sessions(const Account& account);
  std::string switch_on(const std::string& features);
  void finish_sign_in(const xmpp::Jid& address, xmpp::SignInResult::Stream stream);

  // What is not a stanza of a session (connection_session.cc).
  bool take_nonza(xml::Element root);
  using Admitted = std::move_only_function<void(Connection&)>;
  void when_admitted(Admitted then);
  void take_bind(const xml::Document& iq);
  void bind(StanzaHead head, std::string resource);
  std::string enable_management(xml::Element enable, std::string_view scope);
  void resume(xml::Element root);
  void begin_resumption(const std::string& token, std::uint32_t h);
  void resume_session(const std::string& token, std::uint32_t h);
  void resume_later(const std::string& token, std::uint32_t h);
  void take_ack(xml::Element root);
  void refuse_count(std::optional<std::uint32_t> h);
  void sm_failed(Condition condition, std::optional<std::uint32_t> h = {});

  Session* session_ = nullptr;
  xmpp::ServerStream stream_;
  std::unique_ptr<PendingSignIn> pending_;
  ClientIdentity client_;                  // that signed in
  store::Generation generation_ = 0;       // of the account when it did
  std::unique_ptr<StanzaHead> oversized_;  // of the stanza that is being skipped
  ModuleHost* host_ = nullptr;             // of the stream's domain, on this shard

  std::string lang_;  // the stream's default, for stanzas without xml:lang
  std::uint64_t preauth_bytes_ = 0;
  MonotonicTime login_until_{};
  ListenerKind kind_;
  bool counted_ = true;  // among the unauthenticated
  bool has_anonymous_place_ = false;
  // Which request for resumption of its shard is its own: of several for one session the last wins.
  std::uint64_t resumption_ = 0;
};

}  // namespace herold::server
