// Hosts for tests of the stream machines: they record what is asked and answer from a small world.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/openssl/openssl_crypto.h"
#include "xmpp/stream/client_stream.h"
#include "xmpp/stream/reader.h"
#include "xmpp/stream/server_stream.h"

namespace herold::xmpp::testing {

// What both ends share: cryptography, numbers, limits and two accounts with the password "pencil".
struct World {
  crypto::OpenSslCrypto crypto;
  SeededRandom random{11};
  Limits limits;
  StreamEnvironment environment{crypto, random, limits, "default.example"};
  std::vector<ChannelBinding> bindings{{"tls-exporter", "exported"},
                                       {"tls-server-end-point", "certificate"}};
  std::vector<Mechanism> mechanisms{Mechanism::scram_sha_256_plus, Mechanism::scram_sha_1_plus,
                                    Mechanism::scram_sha_256, Mechanism::scram_sha_1,
                                    Mechanism::plain};

  StoredCredentials credentials(HashAlgorithm hash) const {
    return derive_credentials(crypto, "pencil", "0123456789abcdef", 4096, hash);
  }
};

enum class Answers { at_once, later };

class TestServer final : public ServerStreamHost {
 public:
  TestServer(World& world, Channel channel)
      : world_(world),
        reader_(preauth_bounds(world.limits)),
        stream(*this, world.environment, channel) {}

  // Feeds bytes and gives back what was sent since the last call.
  std::string take(std::string_view bytes) {
    reader_.feed(stream, bytes);
    return output();
  }
  std::string output() { return std::exchange(sent, {}); }

  void send(std::string_view bytes) override { sent.append(bytes); }
  bool has_unread_input() const override { return reader_.has_unread(); }
  void restart_input() override { reader_.restart(); }
  void begin_tls() override { events.append("tls "); }
  void on_closed(const StreamError* error) override {
    events.append("closed ");
    is_closed = true;
    if (error) closed_with = std::string(name_of(error->condition));
  }
  std::optional<DomainSettings> find_domain(std::string_view domain) override {
    if (domain != "example.org" && domain != "example.com") return {};
    return DomainSettings{world_.mechanisms, 4096, std::string(32, 's'), DowngradeProtection::on};
  }
  void on_opened(std::string_view domain, std::string_view lang) override {
    opened.assign(domain).append(" ").append(lang);
  }
  std::string preauth_features() override {
    return "<register xmlns=\"http://jabber.org/features/iq-register\"/>";
  }
  std::string postauth_features() override {
    return "<bind xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\"/>";
  }
  void find_credentials(Ticket ticket, const Jid& account, HashAlgorithm hash) override {
    asked_ticket = ticket;
    asked_account = account;
    asked_hash = hash;
    if (answers == Answers::at_once) answer_credentials();
  }
  void answer_credentials() {
    CredentialsAnswer answer;
    if (asked_account.local() == "busy") answer.kind = CredentialsAnswer::Kind::unavailable;
    if (asked_account.local() == "user") {
      answer = {CredentialsAnswer::Kind::found, world_.credentials(asked_hash), state};
    }
    stream.on_credentials(asked_ticket, answer);
  }
  void check_password(Ticket ticket, const Jid& account, crypto::SecretString password) override {
    asked_ticket = ticket;
    const bool is_right =
        account.local() == "user" &&
        verify_password(world_.crypto, world_.credentials(HashAlgorithm::sha1), password.view());
    if (answers == Answers::at_once) {
      stream.on_verdict(ticket, is_right ? Verdict::accepted : Verdict::refused);
    }
  }
  void check_account(Ticket ticket, const Jid&) override {
    stream.on_verdict(ticket, Verdict::accepted);
  }
  void admit_anonymous(Ticket ticket, const Jid&) override {
    stream.on_verdict(ticket, admits ? Verdict::accepted : Verdict::unavailable);
  }
  void on_auth_failure(const AuthFailure& failure) override {
    failures.push_back(failure.account.text() + " " + std::string(name_of(failure.condition)));
    alarm = failure.alarm;
    if (fails_at_failure) stream.fail({StreamCondition::policy_violation, "enough"});
  }
  void on_authenticated(const Jid& account, Mechanism mechanism) override {
    events.append("authenticated ");
    signed_in = account.text() + " " + std::string(name_of(mechanism));
    reader_.set_bounds(stanza_bounds(world_.limits));
  }
  bool on_preauth_iq(const xml::Document& iq) override {
    if (!allows_registration) return false;
    send("<iq type=\"result\" id=\"" + std::string(iq.root().attribute("id")) + "\"/>");
    return true;
  }
  void on_element(xml::Document element) override {
    elements.push_back(xml::to_string(element.root()));
    if (!element.root().child("bind", ns::bind)) return;
    send("<iq type=\"result\" id=\"" + std::string(element.root().attribute("id")) +
         "\"><bind xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\"><jid>" + stream.account().text() +
         "/r</jid></bind></iq>");
  }

 private:
  World& world_;
  StreamReader reader_;

 public:
  ServerStream stream;
  Answers answers = Answers::at_once;
  AccountState state = AccountState::enabled;
  bool allows_registration = false;
  bool fails_at_failure = false;
  bool admits = true;  // anonymous ones
  std::string sent, events, opened, signed_in, closed_with;
  bool is_closed = false;
  std::vector<std::string> failures, elements;
  AuthAlarm alarm = AuthAlarm::none;
  Ticket asked_ticket{};
  Jid asked_account;
  HashAlgorithm asked_hash = HashAlgorithm::sha1;
};

class TestClient final : public ClientStreamHost {
 public:
  TestClient(World& world, ClientStreamConfig config)
      : config_(std::move(config)),
        reader_(stanza_bounds(world.limits)),
        stream(*this, config_, world.crypto, world.random) {}

  std::string take(std::string_view bytes) {
    reader_.feed(stream, bytes);
    return output();
  }
  std::string output() { return std::exchange(sent, {}); }

  void send(std::string_view bytes) override { sent.append(bytes); }
  bool has_unread_input() const override { return reader_.has_unread(); }
  void restart_input() override { reader_.restart(); }
  void begin_tls() override { wants_tls = true; }
  void on_stage(ClientStage stage) override { stages.push_back(stage); }
  void on_keys(const ClientKeys& used) override { keys = used; }
  void on_signed_in(xml::Element offered) override {
    features = xml::to_string(offered);
    stream.bind(resource);
  }
  void on_bound(const Jid& jid) override { address = jid.text(); }
  void on_bind_failed(const StanzaError& failure) override {
    bind_error = std::string(name_of(failure.condition));
  }
  void on_element(xml::Document element) override {
    elements.push_back(xml::to_string(element.root()));
  }
  void on_closed(const ClientStreamError* reason) override {
    is_closed = true;
    if (reason) error = *reason;
  }

 private:
  ClientStreamConfig config_;
  StreamReader reader_;

 public:
  ClientStream stream;
  std::string resource = "r";
  std::string sent, features, address, bind_error;
  bool wants_tls = false;
  bool is_closed = false;
  std::vector<ClientStage> stages;
  std::vector<std::string> elements;
  std::optional<ClientKeys> keys;
  std::optional<ClientStreamError> error;
};

}  // namespace herold::xmpp::testing
