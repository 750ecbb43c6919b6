// A test's client.
#include "server/testing/test_client.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "server/testing/pattern.h"
#include "server/testing/test_server.h"
#include "xml/parser.h"
#include "xml/writer.h"
#include "xmpp/sasl/credentials.h"

namespace herold::server {
namespace {

constexpr xml::Bounds bounds{.bytes = 4 << 20, .elements = 20000, .depth = 200, .attributes = 100};
constexpr std::string_view sm_ns = "urn:xmpp:sm:3";

std::string shown(std::string text) {
  constexpr std::size_t enough = 2000;
  if (text.size() > enough) text.replace(enough, text.size() - enough, " ...");
  return text;
}

std::string shown(xml::Element element) {
  return element ? shown(xml::to_string(element, xmpp::ns::client)) : "nothing";
}

crypto::SecretString prepared(const std::string& password) {
  auto secret = xmpp::prepare_password(password);
  return secret ? std::move(*secret) : crypto::SecretString();
}

}  // namespace

TestClient::TestClient(TestServer& server, std::string address, ClientSetup setup)
    : server_(server), address_(std::move(address)), setup_(std::move(setup)), scanner_(bounds) {
  config_.account = xmpp::Jid::trusted(bare());
  config_.credentials.username = config_.account.local();
  if (setup_.password.empty())
    config_.credentials.keys = server.keys();
  else
    config_.credentials.password = prepared(setup_.password);
  if (setup_.anonymous) {
    config_.account = xmpp::Jid::trusted(std::string(config_.account.domain()));
    config_.policy.login = xmpp::SaslPolicy::Login::anonymous;
  } else {
    config_.policy.forced = xmpp::Mechanism::scram_sha_256;
  }
  config_.tls = xmpp::ClientStreamConfig::Tls::never;
  if (setup_.agent.empty()) return;
  xmpp::ModernSignIn& modern = config_.modern.emplace();
  modern.agent = {setup_.agent, "TestClient", "simulated"};
  modern.tag = address_.substr(address_.find('/') + 1);
  modern.wants_token = true;
  if (setup_.managed)
    modern.features.push_back(
        {std::string(sm_ns), "<enable xmlns=\"urn:xmpp:sm:3\" resume=\"true\"/>"});
}

TestClient::~TestClient() = default;

// --- what a test says ----------------------------------------------------------------------------

void TestClient::sends(std::string_view xml, Place place) {
  expect(is_connected(), "is connected", place);
  send(xml);
  server_.settle();
}

void TestClient::asks(std::string_view request, std::string_view pattern, Place place) {
  const xml::Document wanted = parse_pattern(request);
  sends(request, place);
  const std::string_view id = wanted.root().attribute("id");
  for (auto it = inbox_.begin(); it != inbox_.end(); ++it) {
    const xml::Element answer = it->root();
    const std::string_view type = answer.attribute("type");
    if (answer.attribute("id") != id || (type != "result" && type != "error")) continue;
    last_ = std::move(*it);
    inbox_.erase(it);
    const std::string why = mismatch(parse_pattern(pattern).root(), last());
    return expect(why.empty(), "is answered " + std::string(pattern) + "; but " + why, place);
  }
  expect(false, "is answered", place);
}

void TestClient::receives(std::string_view pattern, Place place) {
  const std::string sentence = "receives " + std::string(pattern);
  if (inbox_.empty()) return expect(false, sentence, place);
  last_ = std::move(inbox_.front());
  inbox_.pop_front();
  const std::string why = mismatch(parse_pattern(pattern).root(), last());
  expect(why.empty(), sentence + "; but " + why, place);
}

bool TestClient::takes(std::string_view pattern) {
  const xml::Document wanted = parse_pattern(pattern);
  const auto found = std::ranges::find_if(
      inbox_, [&](const auto& one) { return mismatch(wanted.root(), one.root()).empty(); });
  if (found == inbox_.end()) return false;
  last_ = std::move(*found);
  inbox_.erase(found);
  return true;
}

void TestClient::receives_all(std::initializer_list<std::string_view> patterns, Place place) {
  std::deque<xml::Document> next;
  while (next.size() < patterns.size() && !inbox_.empty()) {
    next.push_back(std::move(inbox_.front()));
    inbox_.pop_front();
  }
  for (const std::string_view pattern : patterns) {
    const xml::Document wanted = parse_pattern(pattern);
    const auto found = std::ranges::find_if(
        next, [&](const auto& one) { return mismatch(wanted.root(), one.root()).empty(); });
    if (found == next.end()) {
      for (xml::Document& one : next) last_ = std::move(one);
      return expect(false, "receives " + std::string(pattern), place);
    }
    last_ = std::move(*found);
    next.erase(found);
  }
}

void TestClient::receives_nothing(Place place) {
  if (inbox_.empty()) return;
  last_ = std::move(inbox_.front());
  skips();
  expect(false, "receives nothing", place);
}

void TestClient::is_disconnected(std::string_view condition, Place place) {
  expect(!is_connected() && failure_.find(condition) != std::string::npos,
         "is disconnected: " + std::string(condition), place);
}

void TestClient::stops_reading() { transport_->set_reading(false); }

void TestClient::reads_again() {
  transport_->set_reading(true);
  server_.settle();
}

void TestClient::signs_off() {
  send("</stream:stream>");
  server_.settle();
}

void TestClient::loses_connection() {
  server_.network().reset(link_);
  drop();
  server_.settle();
}

void TestClient::resumes(Place place) {
  is_resuming_ = true;
  connect(State::ready, place);
}

void TestClient::cannot_resume(Place place) {
  is_resuming_ = true;
  connect(State::refused, place);
}

bool TestClient::tries_to_resume() {
  is_resuming_ = true;
  connect();
  return state_ == State::ready;
}

void TestClient::expect(bool holds, const std::string& sentence, Place place) const {
  if (holds) return;
  ADD_FAILURE_AT(place.file_name(), static_cast<int>(place.line()))
      << address_ << " " << shown(sentence) << "\n"
      << story();
}

std::string TestClient::story() const {
  std::string text = "looked at last: " + shown(last());
  for (const xml::Document& waiting : inbox_) text += "\nnot looked at:  " + shown(waiting.root());
  if (!failure_.empty()) text += "\nthe stream:     " + failure_;
  for (const std::string& line : server_.log().lines) text += "\nlog: " + line;
  return text;
}

// --- the connection ------------------------------------------------------------------------------

void TestClient::connect() {
  auto pair = server_.network().connect(setup_.peer.empty() ? server_.next_peer() : setup_.peer);
  link_ = pair.link;
  transport_ = std::move(pair.client);
  scanner_ = xml::Scanner(bounds);
  scope_ = {};
  input_.clear();
  output_.clear();
  failure_.clear();
  state_ = State::opening;
  stream_.reset();
  server_.accept(std::move(pair.server));
  transport_->attach(server_.client_loop(), *this);
  if (is_stranger()) {
    send(
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
        "to='" +
        std::string(config_.account.domain()) + "' version='1.0'>");
  } else {
    if (config_.modern) prepare_modern();
    stream_ = std::make_unique<xmpp::ClientStream>(static_cast<xmpp::ClientStreamHost&>(*this),
                                                   config_, server_.crypto(), server_.random());
    stream_->start();
  }
  for (int i = 0; i < 100 && state_ == State::opening; ++i) server_.settle();
}

void TestClient::prepare_modern() {
  xmpp::ModernSignIn& modern = *config_.modern;
  modern.resume.reset();
  if (is_resuming_) modern.resume = {got_, token_};
  modern.token.reset();
  if (fast_token_.empty()) return;
  if (uses_) ++*uses_;
  modern.token.emplace(
      xmpp::ClientToken{token_mechanism_, crypto::SecretString(fast_token_), uses_});
}

void TestClient::signs_in_again(Place place) {
  is_resuming_ = false;
  connect(State::ready, place);
}

void TestClient::cannot_sign_in(std::string_view condition, Place place) {
  is_resuming_ = false;
  connect();
  expect(failure_.find(condition) != std::string::npos,
         "cannot sign in: " + std::string(condition) + ", but: " + failure_, place);
}

void TestClient::connect(State goal, Place place) {
  connect();
  const char* what = !is_resuming_          ? "signs in"
                     : goal == State::ready ? "resumes"
                                            : "must not resume";
  expect(state_ == goal, what, place);
}

void TestClient::drop() {
  if (transport_) transport_->detach();
  transport_.reset();
  server_.client_loop().post([stream = std::move(stream_)] {});  // it may be what runs
  state_ = State::away;
  is_counting_ = false;
}

void TestClient::send(std::string_view bytes) {
  output_ += bytes;
  flush();
}

void TestClient::flush() {
  if (transport_) output_.erase(0, transport_->write(output_));
}

void TestClient::restart_input() {
  scanner_.restart();
  scope_ = {};
}

void TestClient::on_ended(net::Ending, std::string_view detail) {
  if (failure_.empty()) failure_ = "the connection ended " + std::string(detail);
  drop();
}

void TestClient::on_readable() {
  std::string buffer(4096, '\0');
  while (transport_) {
    const std::size_t size = transport_->read(buffer);
    if (size == 0) return;
    input_.append(buffer, 0, size);
    feed();
  }
}

void TestClient::feed() {
  while (transport_ && !input_.empty() && (is_stranger() || stream_->wants_input())) {
    const auto [token, size] = scanner_.next(input_);
    if (token == xml::Scanner::Token::need_more) return;
    const std::string item = input_.substr(0, size);
    input_.erase(0, size);
    take_item(token, item);
  }
}

void TestClient::take_item(xml::Scanner::Token token, std::string_view item) {
  using Token = xml::Scanner::Token;
  if (token == Token::header) {
    auto header = xml::parse_header(item, bounds);
    ASSERT_TRUE(header) << item;
    scope_ = header->scope;
    if (!is_stranger()) stream_->on_header(*header);
  } else if (token == Token::element) {
    auto element = xml::parse_element(item, scope_, bounds);
    ASSERT_TRUE(element) << item;
    if (is_stranger()) return take_as_stranger(std::move(*element));
    stream_->on_element(std::move(*element));
  } else if (token == Token::footer) {
    if (!is_stranger()) return stream_->on_footer();
    drop();
  } else if (token != Token::whitespace) {
    FAIL() << "bytes that are no stream: " << item;
  }
}

void TestClient::take_as_stranger(xml::Document element) {
  if (element.root().is("features", xmpp::ns::streams)) {
    features_ = xml::to_string(element.root());
    state_ = State::ready;
  } else if (element.root().ns() == xmpp::ns::streams) {
    failure_ = xml::to_string(element.root());
  } else {
    if (element.root().is("success", xmpp::ns::sasl)) restart_input();
    inbox_.push_back(std::move(element));
  }
}

void TestClient::on_closed(const xmpp::ClientStreamError* error) {
  failure_ = error == nullptr ? "closed" : error->describe();
  if (error != nullptr && error->kind == xmpp::ClientStreamError::Kind::stream)
    failure_ = std::string(xmpp::name_of(error->stream.condition)) + ": " + error->stream.text;
  flush();
  drop();
}

// --- its session ---------------------------------------------------------------------------------

void TestClient::on_signed_in(xml::Element features) {
  features_ = xml::to_string(features);
  if (!is_resuming_) return stream_->bind(address_.substr(address_.find('/') + 1));
  send("<resume xmlns='urn:xmpp:sm:3' h='" + std::to_string(got_) + "' previd='" + token_ + "'/>");
}

void TestClient::on_bind_failed(const xmpp::StanzaError& error) {
  failure_ = "cannot bind: " + std::string(xmpp::name_of(error.condition));
  state_ = State::refused;
}

void TestClient::on_token(const xmpp::FastToken& token, xmpp::Mechanism mechanism) {
  fast_token_ = token.token;
  token_mechanism_ = mechanism;
}

void TestClient::on_success(xml::Element success) {
  if (const auto used = stream_->mechanism()) mechanism_ = xmpp::name_of(*used);
  const xml::Element enabled = success.child("bound", xmpp::ns::bind2).child("enabled", sm_ns);
  is_counting_ = enabled || success.child("resumed", sm_ns);
  if (!enabled) return;
  token_ = enabled.attribute("id");
  got_ = 0;
}

void TestClient::on_bound(const xmpp::Jid& address) {
  address_ = address.text();
  if (is_resuming_ && config_.modern) {
    state_ = State::refused;  // a new session in its place
    return;
  }
  if (!setup_.managed || config_.modern) {
    state_ = State::ready;
    return;
  }
  send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
}

void TestClient::on_element(xml::Document document) {
  const xml::Element element = document.root();
  if (element.ns() == sm_ns) return take_management(element);
  if (is_counting_) ++got_;
  if (setup_.answers_pings && take_ping(element)) return;
  inbox_.push_back(std::move(document));
}

void TestClient::take_management(xml::Element element) {
  if (element.name() == "r") {
    if (setup_.acknowledges) send("<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(got_) + "'/>");
  } else if (element.name() == "enabled") {
    token_ = element.attribute("id");
    is_counting_ = true;
    got_ = 0;
    state_ = State::ready;
  } else if (element.name() == "resumed") {
    is_counting_ = true;
    state_ = State::ready;
  } else if (element.name() == "failed") {
    state_ = State::refused;
  }
}

bool TestClient::take_ping(xml::Element element) {
  const bool is_ping = element.name() == "iq" && element.attribute("type") == "get" &&
                       element.child("ping", "urn:xmpp:ping") &&
                       element.attribute("from") == config_.account.domain();
  if (is_ping)
    send("<iq type='result' to='" + std::string(config_.account.domain()) + "' id='" +
         std::string(element.attribute("id")) + "'/>");
  return is_ping;
}

}  // namespace herold::server
