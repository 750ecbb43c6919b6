// A test's component.
#include "server/testing/test_component.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/base64.h"
#include "server/testing/pattern.h"
#include "server/testing/test_server.h"
#include "xml/writer.h"
#include "xmpp/stream/stream_text.h"

namespace herold::server {
namespace {

constexpr xml::Bounds bounds{.bytes = 4 << 20, .elements = 20000, .depth = 200, .attributes = 100};

}  // namespace

TestComponent::TestComponent(TestServer& server, std::string name, std::string secret)
    : server_(server), name_(std::move(name)), secret_(std::move(secret)), scanner_(bounds) {}

TestComponent::~TestComponent() { drop(); }

// --- what a test says ----------------------------------------------------------------------------

void TestComponent::connects(Place place) {
  connect();
  expect(is_admitted_, "connects", place);
}

void TestComponent::cannot_connect(std::string_view condition, Place place) {
  connect();
  is_disconnected(condition, place);
}

void TestComponent::sends(std::string_view xml, Place place) {
  expect(is_connected(), "is connected", place);
  send(xml);
  server_.settle();
}

void TestComponent::receives(std::string_view pattern, Place place) {
  const std::string sentence = "receives " + std::string(pattern);
  if (inbox_.empty()) return expect(false, sentence, place);
  last_ = std::move(inbox_.front());
  inbox_.pop_front();
  const std::string why = mismatch(parse_pattern(pattern).root(), last());
  expect(why.empty(), sentence + "; but " + why, place);
}

void TestComponent::receives_nothing(Place place) {
  if (inbox_.empty()) return;
  last_ = std::move(inbox_.front());
  skips();
  expect(false, "receives nothing", place);
}

bool TestComponent::takes(std::string_view pattern) {
  const xml::Document wanted = parse_pattern(pattern);
  const auto found = std::ranges::find_if(
      inbox_, [&](const auto& one) { return mismatch(wanted.root(), one.root()).empty(); });
  if (found == inbox_.end()) return false;
  last_ = std::move(*found);
  inbox_.erase(found);
  return true;
}

void TestComponent::is_disconnected(std::string_view condition, Place place) {
  expect(!is_connected() && failure_.find(condition) != std::string::npos,
         "is disconnected: " + std::string(condition) + ", but: " + failure_, place);
}

void TestComponent::dies() {
  if (is_connected()) server_.network().reset(link_);
  drop();
  server_.settle();
}

void TestComponent::stops_reading() { transport_->set_reading(false); }

void TestComponent::expect(bool holds, const std::string& sentence, Place place) const {
  if (holds) return;
  std::string story = last() ? "looked at last: " + xml::to_string(last()) : "nothing looked at";
  for (const xml::Document& waiting : inbox_)
    story += "\nnot looked at:  " + xml::to_string(waiting.root());
  ADD_FAILURE_AT(place.file_name(), static_cast<int>(place.line()))
      << name_ << " " << sentence << "\n"
      << story << "\n"
      << failure_;
}

// --- the connection ------------------------------------------------------------------------------

void TestComponent::connect() {
  drop();
  auto pair = server_.network().connect("127.0.0.1");
  link_ = pair.link;
  transport_ = std::move(pair.client);
  scanner_ = xml::Scanner(bounds);
  scope_ = {};
  input_.clear();
  output_.clear();
  failure_.clear();
  is_admitted_ = false;
  server_.accept(std::move(pair.server), ListenerKind::component);
  transport_->attach(server_.client_loop(), *this);
  send(
      "<stream:stream xmlns='jabber:component:accept' "
      "xmlns:stream='http://etherx.jabber.org/streams' to='" +
      name_ + "'>");
  for (int i = 0; i < 20 && is_connected() && !is_admitted_; ++i) server_.settle();
}

void TestComponent::drop() {
  if (transport_) transport_->detach();
  transport_.reset();
}

void TestComponent::send(std::string_view bytes) {
  output_ += bytes;
  flush();
}

void TestComponent::flush() {
  if (transport_) output_.erase(0, transport_->write(output_));
}

void TestComponent::on_ended(net::Ending, std::string_view detail) {
  if (failure_.empty()) failure_ = "the connection ended " + std::string(detail);
  drop();
}

void TestComponent::on_readable() {
  std::string buffer(4096, '\0');
  while (transport_) {
    const std::size_t size = transport_->read(buffer);
    if (size == 0) return;
    input_.append(buffer, 0, size);
    feed();
  }
}

void TestComponent::feed() {
  while (transport_ && !input_.empty()) {
    const auto [token, size] = scanner_.next(input_);
    if (token == xml::Scanner::Token::need_more) return;
    const std::string item = input_.substr(0, size);
    input_.erase(0, size);
    take_item(token, item);
  }
}

void TestComponent::take_item(xml::Scanner::Token token, std::string_view item) {
  using Token = xml::Scanner::Token;
  if (token == Token::header) {
    auto header = xml::parse_header(item, bounds);
    ASSERT_TRUE(header) << item;
    scope_ = xmpp::stanza_scope(header->scope);
    const std::string_view id = header->element.root().attribute("id");
    const crypto::Digest digest =
        server_.crypto().digest(crypto::HashAlgorithm::sha1, std::string(id) + secret_);
    send("<handshake>" + hex_encode(digest.view()) + "</handshake>");
  } else if (token == Token::element) {
    auto element = xml::parse_element(item, scope_, bounds);
    ASSERT_TRUE(element) << item;
    take_element(std::move(*element));
  } else if (token == Token::footer) {
    drop();
  } else if (token != Token::whitespace) {
    FAIL() << "bytes that are no stream: " << item;
  }
}

void TestComponent::take_element(xml::Document document) {
  const xml::Element element = document.root();
  if (element.ns() == xmpp::ns::streams) {
    failure_ = xml::to_string(element);
  } else if (element.name() == "handshake") {
    is_admitted_ = true;
  } else if (element.child("ping", "urn:xmpp:ping")) {
    if (answers_pings_)
      send("<iq type='result' from='" + name_ + "' to='" + std::string(element.attribute("from")) +
           "' id='" + std::string(element.attribute("id")) + "'/>");
  } else {
    inbox_.push_back(std::move(document));
  }
}

}  // namespace herold::server
