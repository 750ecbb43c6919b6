// A client's connection: bytes in and out, cut into elements for the stream machine and the
// session; it moves to its account's home shard after the login (DECISIONS.md 12).
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/loop.h"
#include "net/transport.h"
#include "server/gate.h"
#include "server/session.h"
#include "server/stanza.h"
#include "store/clients.h"
#include "xml/scanner.h"
#include "xmpp/stream/server_stream.h"

namespace herold::server {

class Account;
class ModuleHost;
class Session;
class Shard;
struct PendingSignIn;

using ConnectionId = std::uint64_t;

// How a listener treats its clients.
enum class ListenerKind : std::uint8_t { starttls, direct_tls, plain, proxied };

class Connection final : private net::Transport::Handler, private xmpp::ServerStreamHost {
 public:
  Connection(Shard& shard, ConnectionId id, std::unique_ptr<net::Transport> transport,
             ListenerKind kind);
  Connection(const Connection&) = delete;
  ~Connection() override;

  ConnectionId id() const { return id_; }
  Shard& shard() const { return *shard_; }
  const std::string& peer() const { return peer_; }
  Session* session() const { return session_; }
  const ClientIdentity& client() const { return client_; }
  // When bytes came from the signed-in client the last time.
  MonotonicTime last_heard() const { return tokens_at_; }

  void start();
  // Arrives at another shard: detached from its loop there by leave().
  void leave();
  void arrive(Shard& shard);

  // --- output ---
  // Where stanzas are written to; wrote() follows each. `id`: a committed stanza that counts as
  // delivered when its bytes were taken by the transport; 0: none such.
  std::string& output();
  void send_text(std::string_view xml) { send(xml); }
  // Its session goes on here: says so, as the client asked for it.
  void say_resumed(const Session& session, const xmpp::SmResumed& resumed);
  void wrote(MessageId id);
  // False while a slow reader has enough before it.
  bool takes_more() const;
  std::size_t waiting() const { return output_.size() - output_taken_; }
  // Its reader is behind: the transport did not take all it was given.
  bool blocked() const { return blocked_ || is_held_; }
  // At the end of the turn: all of it in one write.
  void flush();
  // Its output depends on what the journal could not write yet: nothing leaves until release().
  void hold();
  void release();

  // --- input ---
  void read_input();

  // Sends a stream error and closes.
  void fail(const xmpp::StreamError& error) { stream_.fail(error); }
  // The session is over or goes on elsewhere: nothing of it is touched any more.
  void forget_session() { session_ = nullptr; }
  // Sends a stream error and closes; the session goes on as after any loss of its connection.
  void lose(const xmpp::StreamError& error);
  // Closes without a word that ends the session: its client is meant to come back.
  void abandon();
  // It goes now: what no client took goes on its way again, and its places are others'.
  void give_back();

  // Answers of other threads and shards.
  void on_credentials(xmpp::Ticket ticket, const xmpp::CredentialsAnswer& answer);
  void on_verdict(xmpp::Ticket ticket, const xmpp::VerdictAnswer& answer);
  // A place among the anonymous ones of its prefix was taken for it; it gives that back.
  void on_admitted(xmpp::Ticket ticket);
  void on_tokens(xmpp::Ticket ticket, const xmpp::TokensAnswer& answer);
  // The answer to a request before the login, which the stream waited for.
  void on_answer(const Stanza& answer);

 private:
  enum class Phase : std::uint8_t { open, moving, closing, closed };

  // net::Transport::Handler
  void on_readable() override { read_input(); }
  void on_writable() override;
  void on_secured() override;
  void on_ended(net::Ending ending, std::string_view detail) override;

  // xmpp::ServerStreamHost (connection_stream.cc)
  void send(std::string_view bytes) override;
  bool has_unread_input() const override { return unread_; }
  void restart_input() override;
  void begin_tls() override;
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

  // input
  void take(std::string_view bytes);
  std::size_t cut(std::string_view input);
  void take_item(xml::Scanner::Token token, std::string_view bytes);
  void too_large(std::string_view front);
  void skipped(xml::Scanner::Token token);
  bool reading() const;
  void pause_reading(bool on);
  void read_some();
  bool spend(std::size_t bytes);
  xml::Bounds bounds() const;
  void move_home();
  void count_output(std::size_t taken);
  void slow_reader();
  void finish_close();
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

  Shard* shard_;
  ConnectionId id_;
  std::unique_ptr<net::Transport> transport_;
  // What every write touches stands together.
  std::string output_;            // what this turn produced, and what the transport did not take
  std::size_t output_taken_ = 0;  // bytes of output_ that are gone already
  std::uint64_t sent_total_ = 0;
  Session* session_ = nullptr;
  Phase phase_ = Phase::open;
  bool flush_wanted_ = false;
  bool blocked_ = false;  // the transport takes no more now
  bool is_held_ = false;  // see hold()
  bool start_tls_after_flush_ = false;
  xml::Scanner scanner_;
  xmpp::ServerStream stream_;
  xml::NamespaceScope scope_;
  std::unique_ptr<PendingSignIn> pending_;
  ClientIdentity client_;                  // that signed in
  store::Generation generation_ = 0;       // of the account when it did
  std::unique_ptr<StanzaHead> oversized_;  // of the stanza that is being skipped
  ModuleHost* host_ = nullptr;  // of the stream's domain, on this shard

  std::string input_;             // an element that has not arrived in full
  std::deque<std::pair<std::uint64_t, MessageId>> unconfirmed_;  // id, gone when the total is there

  std::string peer_;
  std::string lang_;     // the stream's default, for stanzas without xml:lang
  net::Timer deadline_;  // until signed in; then for closing and for bandwidth
  std::uint64_t preauth_bytes_ = 0;
  std::int64_t tokens_ = 0;  // bytes that may be read now (bandwidth)
  MonotonicTime tokens_at_{};
  MonotonicTime login_until_{};
  ListenerKind kind_;
  bool counted_ = true;  // among the unauthenticated
  bool has_anonymous_place_ = false;
  bool unread_ = false;  // bytes follow the element that is being handled
  bool in_input_ = false;
  bool read_wanted_ = false;
  bool is_slow_ = false;       // and too much waits: it will be abandoned
  bool is_paused_ = false;     // the transport was told not to read
  bool is_throttled_ = false;  // over the bandwidth; a timer ends it
  bool is_waiting_ = false;    // for the account or for an answer; input waits
  // Which request for resumption of its shard is its own: of several for one session the last wins.
  std::uint64_t resumption_ = 0;
};

}  // namespace herold::server
