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

  // The client that has tokens, by its id; an empty token is none.
  std::string agent = "d4565fa7-4d72-4749-b3d3-740edbf87770";
  std::string fresh_token, current_token, token_mechanism = "HT-SHA-256-EXPR";
  WallTime now{Seconds(1'000'000)}, token_expiry{Seconds(1'000'100)};
  std::uint64_t token_count = 0;
  std::optional<AppPassword> app_password;

  Token token(const std::string& secret) const {
    return {crypto::SecretString(secret), token_mechanism, token_expiry, token_count};
  }
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
      answer = {CredentialsAnswer::Kind::found, world_.credentials(asked_hash), state, {}, facts};
      if (world_.app_password) answer.app_passwords = {*world_.app_password};
    }
    stream.on_credentials(asked_ticket, answer);
  }
  void check_password(Ticket ticket, const Jid& account, crypto::SecretString password) override {
    asked_ticket = ticket;
    const bool is_right =
        account.local() == "user" &&
        verify_password(world_.crypto, world_.credentials(HashAlgorithm::sha1), password.view());
    if (answers == Answers::at_once) {
      stream.on_verdict(ticket, {is_right ? Verdict::accepted : Verdict::refused, {}, facts});
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
  std::string inline_features() override {
    return "<sm xmlns=\"urn:xmpp:sm:3\"/><bind xmlns=\"urn:xmpp:bind:0\"><inline>"
           "<feature var=\"urn:xmpp:carbons:2\"/></inline></bind>";
  }
  void find_tokens(Ticket ticket, const Jid& account, const std::string& agent) override {
    TokensAnswer answer;
    if (account.local() == "user" && agent == world_.agent) {
      answer.kind = CredentialsAnswer::Kind::found;
      answer.client = 7;
      answer.state = state;
      answer.fresh = world_.token(world_.fresh_token);
      answer.current = world_.token(world_.current_token);
      answer.now = world_.now;
    }
    stream.on_tokens(ticket, answer);
  }
  void check_code(Ticket ticket, const Jid&, std::string code) override {
    stream.on_verdict(ticket, code == "123456" ? Verdict::accepted : Verdict::refused);
  }
  void add_credentials(Ticket ticket, const Jid&, StoredCredentials given) override {
    added = std::move(given);
    stream.on_verdict(ticket, Verdict::accepted);
  }
  void complete_sign_in(Ticket ticket, SignedIn who) override {
    asked_ticket = ticket;
    completed = std::move(who);
    signed_in = completed.account.text() + " " + std::string(name_of(completed.mechanism));
    if (answers == Answers::at_once) finish();
  }
  // Binds or resumes as it was asked to; `refusal`: does not.
  void finish() {
    if (refusal) return stream.refuse_sign_in(asked_ticket, {*refusal, completed.account});
    const Authenticate& request = completed.request;
    SignInResult result{completed.account, {}, SignInResult::Stream::unbound};
    if (request.resume && request.resume->previd == "known") {
      result.address = *completed.account.with_resource("old");
      result.stream = SignInResult::Stream::resumed;
      result.results = "<resumed xmlns=\"urn:xmpp:sm:3\" h=\"5\" previd=\"known\"/>";
    } else if (request.bind) {
      if (request.resume)
        result.results =
            "<failed xmlns=\"urn:xmpp:sm:3\"><item-not-found "
            "xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/></failed>";
      result.address = *completed.account.with_resource(request.bind->tag + "/r");
      result.stream = SignInResult::Stream::bound;
      result.results += "<bound xmlns=\"urn:xmpp:bind:0\"/>";
    }
    if (request.token_request)
      result.results +=
          "<token xmlns=\"urn:xmpp:fast:0\" expiry=\"2030-01-01T00:00:00Z\" token=\"given\"/>";
    stream.finish_sign_in(asked_ticket, result);
    reader_.set_bounds(stanza_bounds(world_.limits));
  }
  void on_authenticated(const Jid& account, Mechanism mechanism, const Proof&,
                        const AccountFacts&) override {
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
  AccountFacts facts{
      false, false, {HashAlgorithm::sha1, HashAlgorithm::sha256, HashAlgorithm::sha512}};
  SignedIn completed;
  std::optional<StoredCredentials> added;
  std::optional<SaslCondition> refusal;
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
  void on_config_version(std::string_view version) override { config_version = version; }
  void on_code_wanted() override { stream.answer_code(code); }
  void on_token(const FastToken& given, Mechanism mechanism) override {
    token = given.token + " " + std::string(name_of(mechanism));
  }
  void on_token_refused() override { token = "refused"; }
  void on_success(xml::Element element) override { success = xml::to_string(element); }
  void on_resumed(std::uint32_t h) override { resumed = h; }
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
  std::string sent, features, address, bind_error, config_version, token, success;
  std::string code = "123456";
  std::optional<std::uint32_t> resumed;
  bool wants_tls = false;
  bool is_closed = false;
  std::vector<ClientStage> stages;
  std::vector<std::string> elements;
  std::optional<ClientKeys> keys;
  std::optional<ClientStreamError> error;
};

}  // namespace herold::xmpp::testing
