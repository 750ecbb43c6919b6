// A simulated client: signs in, chats, acknowledges, loses its connection and resumes (XEP-0198),
// and checks whatever the server tells it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/random.h"
#include "book.h"
#include "contacts.h"
#include "net/loop.h"
#include "net/sim/network.h"
#include "room_book.h"
#include "xml/scanner.h"
#include "xmpp/stream/client_stream.h"

namespace herold::sim {

inline constexpr std::string_view domain = "sim.test";

struct Persona {
  unsigned number = 0;
  std::string account;  // bare
  std::string resource;
  std::int8_t priority = 0;
  bool managed = true;  // XEP-0198
  bool carbons = false;
  bool inactive = false;  // XEP-0352, now and then
  bool lazy = false;      // acknowledges late
};

// All outlive the client.
struct ClientWorld {
  net::sim::SimNetwork& network;
  net::Loop& loop;
  const crypto::Crypto& crypto;
  Random& random;
  Book& book;
  RoomBook& room;
  const xmpp::ClientKeys& keys;
  Duration resume_time;  // that the server gives
  // The server's end of a new connection; false when nobody listens.
  std::function<bool(std::unique_ptr<net::Transport>)> dial;
  // Whether the server said that the session at this address cannot be resumed.
  std::function<bool(const std::string& address)> ran_over;
};

class Client final : private net::Transport::Handler, private xmpp::ClientStreamHost {
 public:
  Client(ClientWorld world, Persona persona);
  ~Client() override;

  enum class State : std::uint8_t { offline, signing_in, online, leaving };
  State state() const { return state_; }
  const Persona& persona() const { return persona_; }
  std::string address() const { return persona_.account + "/" + persona_.resource; }

  void connect();
  void send_message(const std::string& to, std::string_view filler);
  void ask_for_ack();
  void ask_server();  // a request that must get an answer, whatever happens
  void toggle_activity();
  void change_contacts(const std::string& other);  // what the tie to `other` allows
  void visit_room(std::string_view filler);        // enters it, or says something
  void sign_off();                                 // in peace
  // The connection breaks; `how` the server learns of it.
  enum class Loss : std::uint8_t { reset, closed, silent };
  void lose_connection(Loss how);
  // Its memory of the session is gone as well: it will sign in afresh.
  void forget();
  void set_reading(bool on);
  bool reading() const { return reading_; }
  bool is_active() const { return active_; }

  // Its roster, once it has loaded it in this session.
  const View* contacts() const { return has_contacts_ ? &contacts_ : nullptr; }
  // The contact that it alone gives names to, which are numbers; 0: none was acknowledged.
  std::string own_contact() const { return "c" + std::to_string(persona_.number) + "@other.test"; }
  unsigned name_acked() const { return name_acked_; }

  bool waits_for_room() const { return stay_ && !is_in_room_; }

  std::size_t unacked() const { return unacked_.size(); }
  unsigned session() const { return sessions_; }  // 0: none so far
  bool can_resume() const { return !token_.empty(); }
  std::size_t unanswered() const { return asked_.size(); }
  MonotonicTime since() const { return since_; }  // in this state
  // What resuming on the next connection must lead to; set by whoever knows what befell the
  // server.
  enum class Expect : std::uint8_t { anything, resumed, refused };
  void expect(Expect expected) { next_expected_ = expected; }
  unsigned resumptions = 0, refusals = 0;

 private:
  struct Sent {
    enum class Kind : std::uint8_t { other, message, to_room };
    std::string xml;
    Kind kind = Kind::other;
    std::uint32_t serial = 0;
    std::string to{};
  };

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

  void feed();
  void take_item(xml::Scanner::Token token, const std::string& item);
  void flush();
  void drop_connection();
  void set_state(State state);
  void bind();
  void begin_session();
  void end_stay();
  std::string occupant() const;
  void send_stanza(Sent stanza);
  void take_message(xml::Element message);
  void take_iq(xml::Element iq);
  void take_presence(xml::Element presence);
  void take_room_presence(xml::Element presence);
  void hear(xml::Element message);
  void load_contacts();
  void set_contact(const std::string& item);
  void take_answer(const std::string& id, xml::Element iq);
  void show_contacts(xml::Element query);
  void take_management(xml::Element element);
  void take_ack(std::uint32_t h);
  void take_refusal();
  void blame(const std::string& what) { world_.book.blame(address() + ": " + what); }

  ClientWorld world_;
  const Persona persona_;
  xmpp::ClientStreamConfig config_;
  State state_ = State::offline;
  MonotonicTime since_{};
  std::uint64_t connection_ = 0;  // counts; tells a callback that its connection has gone
  std::unique_ptr<net::Transport> transport_;
  std::unique_ptr<xmpp::ClientStream> stream_;
  net::sim::SimNetwork::Link link_{};
  xml::Scanner scanner_;
  xml::NamespaceScope scope_;
  std::string input_, output_;
  bool reading_ = true;
  bool active_ = true;

  Reception reception_;
  unsigned sessions_ = 0;
  std::string token_;
  bool counting_ = false;     // <enabled/> has come
  bool enabling_ = false;     // <enable/> was sent: our stanzas count
  bool exposed_ = false;      // bound, perhaps, and <enabled/> has not come
  bool was_exposed_ = false;  // when a connection was lost
  std::uint32_t got_ = 0;     // of the server's stanzas
  std::uint32_t acked_ = 0;
  std::deque<Sent> unacked_;
  std::set<std::string> asked_;  // ids of requests of this session
  unsigned questions_ = 0;
  View contacts_;
  bool has_contacts_ = false;
  unsigned names_ = 0, name_acked_ = 0;
  std::optional<RoomBook::StayNumber> stay_;  // it asked to enter in this session
  bool is_in_room_ = false;                   // and was told that it did
  MonotonicTime lost_at_{};                   // the connection of a session that may be resumed
  net::Timer lazy_ack_;
  std::deque<std::uint32_t> sent_plainly_;  // without stream management, not answered for
  Expect next_expected_ = Expect::anything, expected_ = Expect::anything;
};

}  // namespace herold::sim
