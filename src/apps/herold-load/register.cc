// The register scenario: makes the users by in-band registration (XEP-0077), one a connection.
#include <algorithm>

#include "apps/herold-load/scenario.h"
#include "apps/herold-load/stanza_text.h"
#include "xmpp/stream/stream_text.h"

namespace herold::load {
namespace {

class Registration;

class Registry {
 public:
  virtual ~Registry() = default;
  virtual void on_registered(Registration& registration) = 0;
  virtual void on_conflict(Registration& registration) = 0;  // the user exists
};

// Signs up one user after the other, each on a fresh connection.
class Registration final : public Connection {
 public:
  Registration(Worker& worker, Registry& registry) : Connection(worker), registry_(registry) {}

  void begin(unsigned number) {
    number_ = number;
    is_secured_ = false;
    open();
    if (is_open() && worker_.options().transport != TransportKind::tls) send_header();
  }

 private:
  void on_tls() override {
    is_secured_ = true;
    send_header();
  }
  void on_lost(std::string text) override { fail(text); }

  void take(xml::Scanner::Token token, std::string_view bytes) override {
    if (token == xml::Scanner::Token::footer) return fail("the server closed the stream");
    if (token != xml::Scanner::Token::element) return;
    const std::string_view name = element_name(bytes);
    if (name == "stream:features") {
      if (worker_.options().transport == TransportKind::starttls && !is_secured_)
        return send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
      return send_account();
    }
    if (name == "proceed") {
      restart_scanner();
      return begin_tls();
    }
    if (name != "iq") return fail("unexpected: " + std::string(bytes.substr(0, 300)));
    if (attribute(bytes, "type") == "result") return end(&Registry::on_registered);
    if (bytes.find("<conflict") != bytes.npos) return end(&Registry::on_conflict);
    fail("was refused: " + std::string(bytes.substr(0, 400)));
  }

  void send_header() {
    send(xmpp::write_header({.from = {}, .to = worker_.options().domain, .id = {}}));
  }
  void send_account() {
    send("<iq type='set' id='load-register'><query xmlns='jabber:iq:register'><username>" +
         worker_.options().user(number_) + "</username><password>" + worker_.options().password +
         "</password></query></iq>");
  }
  void end(void (Registry::*event)(Registration&)) {
    send(xmpp::stream_footer);
    drop();
    (registry_.*event)(*this);
  }
  void fail(std::string_view text) {
    worker_.fail("registering " + worker_.options().user(number_) + ": " + std::string(text));
  }

  Registry& registry_;
  unsigned number_ = 0;
  bool is_secured_ = false;
};

class RegisterUsers final : public Scenario, public Registry {
 public:
  explicit RegisterUsers(Worker& worker) : Scenario(worker) {
    const unsigned parallel = std::min(options().parallel, worker.share().sessions);
    for (unsigned i = 0; i < parallel; ++i)
      registrations_.push_back(std::make_unique<Registration>(worker, *this));
  }

  void prepare() override { worker_.arrive(); }
  void measure() override {
    for (const auto& registration : registrations_) begin_next(*registration);
  }
  void disconnect() override { registrations_.clear(); }
  std::string describe() const override {
    return std::to_string(counters_.done) + " users registered";
  }

 private:
  void begin_next(Registration& registration) {
    if (next_ < worker_.share().sessions) registration.begin(worker_.share().first + next_++);
  }
  void on_conflict(Registration& registration) override {
    ++counters_.existing;
    on_registered(registration);
  }
  void on_registered(Registration& registration) override {
    worker_.note_progress();
    if (++counters_.done == worker_.share().sessions) return worker_.arrive();
    begin_next(registration);
  }

  std::vector<std::unique_ptr<Registration>> registrations_;
  unsigned next_ = 0;
};

}  // namespace

std::unique_ptr<Scenario> make_register(Worker& worker) {
  return std::make_unique<RegisterUsers>(worker);
}

}  // namespace herold::load
