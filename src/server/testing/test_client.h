// A client of a TestServer: signs in, says what the test writes, and shows what it was sent.
#pragma once

#include <deque>
#include <initializer_list>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>

#include "net/sim/network.h"
#include "xml/scanner.h"
#include "xmpp/stream/client_stream.h"

namespace herold::server {

class TestServer;

struct ClientSetup {
  int priority = 0;           // of its first presence
  std::string password{};     // empty: that of the accounts that the test server begins with
  bool managed = false;       // XEP-0198: enabled for resumption; its acks are sent by themselves
  bool acknowledges = true;   // what it has got
  bool answers_pings = true;  // unseen by the test
  std::string peer{};         // its network address; empty: one of its own each time
  bool anonymous = false;     // signs in without an account; its address is made by the server
  // The id of its installation: it signs in by SASL2 (XEP-0388), binds and resumes in the same
  // step, and keeps the tokens that it is given. Its resource begins with the one that it asked
  // for.
  std::string agent{};
};

// Addresses may be shortened to what differs: "romeo/orchard" is romeo@xmpp.test/orchard. What a
// test expects is a pattern (pattern.h). Expectations that fail tell the line that stated them.
class TestClient final : private net::Transport::Handler, private xmpp::ClientStreamHost {
 public:
  using Place = std::source_location;

  // Without a resource: a stranger, who opens a stream and goes on by hand.
  TestClient(TestServer& server, std::string address, ClientSetup setup);
  ~TestClient() override;

  const std::string& address() const { return address_; }  // the full one, once it is bound
  std::string bare() const { return address_.substr(0, address_.find('/')); }
  // After the login, or of a stranger's stream, as text.
  const std::string& features() const { return features_; }

  // Sends it, and lets everything happen that comes of it.
  void sends(std::string_view xml, Place place = Place::current());
  // Sends a request, whose answer must be as `pattern`; what else comes stays to be looked at.
  void asks(std::string_view request, std::string_view pattern, Place place = Place::current());
  // The oldest stanza that nobody has looked at is such a one.
  void receives(std::string_view pattern, Place place = Place::current());
  // The next ones are these, in whatever order.
  void receives_all(std::initializer_list<std::string_view> patterns,
                    Place place = Place::current());
  void receives_nothing(Place place = Place::current());
  // Whether such a one waits to be looked at, wherever; it is looked at by this.
  bool takes(std::string_view pattern);
  // What has come so far does not matter.
  void skips() { inbox_.clear(); }
  // How many wait to be looked at.
  std::size_t waiting() const { return inbox_.size(); }
  // All that waits, which is looked at by this.
  std::deque<xml::Document> takes_all() { return std::exchange(inbox_, {}); }
  // What was looked at last.
  xml::Element last() const { return last_.root(); }

  bool is_connected() const { return transport_ != nullptr; }
  void is_disconnected(std::string_view condition, Place place = Place::current());
  void stops_reading();
  void reads_again();
  void signs_off();  // in peace
  void loses_connection();
  // On a new connection, what it missed being sent again; its presence is not.
  void resumes(Place place = Place::current());
  void cannot_resume(Place place = Place::current());
  // Whether it could.
  bool tries_to_resume();
  // A new session on a new connection.
  void signs_in_again(Place place = Place::current());
  void cannot_sign_in(std::string_view condition, Place place = Place::current());

  // --- of a client with an `agent`
  const std::string& token() const { return fast_token_; }
  void takes_token(std::string token) { fast_token_ = std::move(token); }
  void counts_uses_from(std::uint64_t count) { uses_ = count; }
  void invalidates_its_token() { config_.modern->invalidates_token = true; }
  void answers_with_code(std::string code) { code_ = std::move(code); }
  // What it signed in with the last time.
  std::string_view mechanism() const { return mechanism_; }

 private:
  friend class TestServer;

  // net::Transport::Handler
  void on_readable() override;
  void on_writable() override { flush(); }
  void on_secured() override {}
  void on_ended(net::Ending ending, std::string_view detail) override;

  // xmpp::ClientStreamHost
  void send(std::string_view bytes) override;
  bool has_unread_input() const override { return !input_.empty(); }
  void restart_input() override;
  void begin_tls() override {}
  void on_signed_in(xml::Element features) override;
  void on_bound(const xmpp::Jid& address) override;
  void on_bind_failed(const xmpp::StanzaError& error) override;
  void on_element(xml::Document element) override;
  void on_closed(const xmpp::ClientStreamError* error) override;
  void on_code_wanted() override { stream_->answer_code(code_); }
  void on_token(const xmpp::FastToken& token, xmpp::Mechanism mechanism) override;
  void on_token_refused() override { fast_token_.clear(); }
  void on_success(xml::Element success) override;
  void on_resumed(std::uint32_t) override { state_ = State::ready; }

  enum class State : std::uint8_t { away, opening, ready, refused };
  bool is_stranger() const { return address_.find('/') == std::string::npos; }
  void connect();
  void connect(State goal, Place place);
  void prepare_modern();
  void flush();
  void feed();
  void take_item(xml::Scanner::Token token, std::string_view item);
  void take_as_stranger(xml::Document element);
  void take_management(xml::Element element);
  bool take_ping(xml::Element element);
  void drop();
  void expect(bool holds, const std::string& sentence, Place place) const;
  std::string story() const;

  TestServer& server_;
  std::string address_;
  const ClientSetup setup_;
  xmpp::ClientStreamConfig config_;
  State state_ = State::away;
  net::sim::SimNetwork::Link link_{};
  std::unique_ptr<net::Transport> transport_;
  std::unique_ptr<xmpp::ClientStream> stream_;
  xml::Scanner scanner_;
  xml::NamespaceScope scope_;
  std::string input_, output_;
  std::string features_, failure_;
  std::deque<xml::Document> inbox_;
  xml::Document last_;
  std::string token_;  // of the session to resume
  std::string fast_token_, code_, mechanism_;
  xmpp::Mechanism token_mechanism_ = xmpp::Mechanism::ht_sha_256_none;
  std::optional<std::uint64_t> uses_;
  bool is_resuming_ = false;
  bool is_counting_ = false;
  std::uint32_t got_ = 0;  // of the server's stanzas, while it counts
};

}  // namespace herold::server
