// Components, after the examples of XEP-0114, and what they must not do.
#include "xmpp/stream/component_stream.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "crypto/openssl/openssl_crypto.h"
#include "xml/writer.h"
#include "xmpp/stream/reader.h"

namespace herold::xmpp {
namespace {

const std::string header =
    "<stream:stream xmlns='jabber:component:accept' "
    "xmlns:stream='http://etherx.jabber.org/streams' to='plays.shakespeare.example'>";

class TestComponent final : public ComponentStreamHost {
 public:
  std::string take(std::string_view bytes) {
    reader.feed(stream, bytes);
    return std::exchange(sent, {});
  }
  // The element that the secret gives for the stream that `answer` opened.
  std::string handshake(const std::string& answer, std::string_view secret) const {
    const std::size_t at = answer.find(" id=\"") + 5;
    const std::string id = answer.substr(at, answer.find('"', at) - at);
    const auto digest = crypto.digest(crypto::HashAlgorithm::sha1, id + std::string(secret));
    return "<handshake>" + hex_encode(digest.view()) + "</handshake>";
  }
  void sign_in() {
    EXPECT_EQ(take(handshake(take(header), "secret")), "<handshake/>");
    EXPECT_EQ(std::exchange(events, {}), "proven ");
  }

  void send(std::string_view bytes) override { sent.append(bytes); }
  std::optional<crypto::SecretString> find_secret(const Jid& domain) override {
    if (domain.text() != "plays.shakespeare.example") return {};
    return crypto::SecretString("secret");
  }
  bool speaks_for(const Jid& domain, const Jid& other) override {
    return has_subdomains && other.text().ends_with("." + domain.text());
  }
  void on_auth_failure(const Jid& domain) override { events += "failure:" + domain.text() + " "; }
  void on_proven(const Jid&) override {
    events += "proven ";
    if (is_waiting) return;
    refusal ? stream.fail(*refusal) : stream.admit();
  }
  void on_peer_error(const StreamError& error) override {
    events += "error:" + std::string(name_of(error.condition)) + " ";
  }
  void on_stanza(Answer<StanzaHead> head, xml::Document stanza) override {
    events += head ? "stanza " : std::string(name_of(head.error().condition)) + " ";
    last = xml::to_string(stanza.root(), ns::client);
  }
  void on_closed(const StreamError* error) override {
    events += error ? "closed:" + std::string(name_of(error->condition)) : "closed";
  }

  crypto::OpenSslCrypto crypto;
  SeededRandom random{11};
  Limits limits;
  StreamEnvironment environment{crypto, random, limits, "shakespeare.example"};
  StreamReader reader{stanza_bounds(limits)};
  ComponentStream stream{*this, environment};
  std::optional<StreamError> refusal;
  bool has_subdomains = false, is_waiting = false;
  std::string sent, events, last;
};

TEST(ComponentStreamTest, ShakesHandsAndSpeaks) {
  TestComponent component;
  const std::string answer = component.take(header);
  EXPECT_TRUE(answer.starts_with(
      "<?xml version=\"1.0\"?><stream:stream xmlns=\"jabber:component:accept\" "
      "xmlns:stream=\"http://etherx.jabber.org/streams\" from=\"plays.shakespeare.example\" id="));
  EXPECT_EQ(answer.find("version=\"1.0\"", 20), std::string::npos);
  EXPECT_FALSE(component.stream.is_ready());
  EXPECT_EQ(component.take(component.handshake(answer, "secret")), "<handshake/>");
  EXPECT_TRUE(component.stream.is_ready());
  EXPECT_EQ(component.take("<message from='a@plays.shakespeare.example/b' to='c@d.example' "
                           "xmlns='jabber:component:accept'><body>hi</body></message>"),
            "");
  EXPECT_EQ(component.last,
            "<message from=\"a@plays.shakespeare.example/b\" to=\"c@d.example\"><body>hi</body>"
            "</message>");
  EXPECT_EQ(component.take("</stream:stream>"), "</stream:stream>");
  EXPECT_EQ(component.events, "proven stanza closed");
}

// HOSTILE 155.
TEST(ComponentStreamTest, WrongHandshakes) {
  const auto fate = [](const auto& make) {
    TestComponent component;
    const std::string answer = component.take(make(component, component.take(header)));
    EXPECT_TRUE(answer.ends_with("</stream:stream>")) << answer;
    EXPECT_FALSE(component.stream.is_ready());
    return component.events;
  };
  using C = TestComponent;
  const std::string failed = "failure:plays.shakespeare.example closed:not-authorized";
  EXPECT_EQ(fate([](C& c, const std::string& a) { return c.handshake(a, "wrong"); }), failed);
  EXPECT_EQ(fate([](C&, const std::string&) { return "<handshake/>"; }), failed);
  EXPECT_EQ(fate([](C& c, const std::string&) { return c.handshake(" id=\"x\"", "secret"); }),
            failed);
  EXPECT_EQ(fate([](C&, const std::string&) {
              return "<message from='a@plays.shakespeare.example' to='b@c.example'/>";
            }),
            "closed:not-authorized");
  EXPECT_EQ(fate([](C&, const std::string&) { return "<x xmlns='urn:x'/>"; }),
            "closed:unsupported-stanza-type");
  EXPECT_EQ(fate([](C& c, const std::string& a) {
              c.refusal = StreamError(StreamCondition::conflict);
              return c.handshake(a, "secret");
            }),
            "proven closed:conflict");
}

TEST(ComponentStreamTest, WaitsUntilItIsAdmitted) {
  TestComponent component;
  component.is_waiting = true;
  const std::string answer = component.take(header);
  EXPECT_EQ(component.take(component.handshake(answer, "secret") +
                           "<message to='a@b.example'/><stream:error><reset xmlns='urn:ietf:params:"
                           "xml:ns:xmpp-streams'/></stream:error>"),
            "");
  EXPECT_FALSE(component.stream.is_ready());
  component.stream.admit();
  EXPECT_EQ(component.take(""), "<handshake/></stream:stream>");
  EXPECT_EQ(component.last, "<message to=\"a@b.example\"/>");
  EXPECT_EQ(component.events, "proven stanza error:reset closed");
}

TEST(ComponentStreamTest, HandshakesOfOtherWritersAreTaken) {
  TestComponent component;
  std::string text = component.handshake(component.take(header), "secret");
  for (char& c : text)
    if (c >= 'a' && c <= 'f' && &c > &text[10] && &c < &text[text.size() - 12])
      c = static_cast<char>(c - 32);
  text.insert(11, "\n  ");
  EXPECT_EQ(component.take(text), "<handshake/>");
}

TEST(ComponentStreamTest, HeadersThatAreRefused) {
  const auto fate = [](std::string bytes, std::string_view from, std::string_view to) {
    TestComponent component;
    if (!from.empty()) bytes.replace(bytes.find(from), from.size(), to);
    EXPECT_TRUE(component.take(bytes).ends_with("</stream:stream>"));
    EXPECT_EQ(component.take(header), "");
    return component.events;
  };
  EXPECT_EQ(fate(header, "plays.", "other."), "closed:host-unknown");
  EXPECT_EQ(fate(header, "plays.", "a@plays."), "closed:host-unknown");
  EXPECT_EQ(fate(header, " to='plays.shakespeare.example'", ""), "closed:improper-addressing");
  EXPECT_EQ(fate(header, "jabber:component:accept", "jabber:client"), "closed:invalid-namespace");
  EXPECT_EQ(fate(header, "jabber:component:accept", "jabber:component:connect"),
            "closed:invalid-namespace");
  EXPECT_EQ(fate("GET / HTTP/1.1", "", ""), "closed:not-well-formed");
}

TEST(ComponentStreamTest, SpeaksForItselfAlone) {
  const auto fate = [](std::string_view from) {
    TestComponent component;
    component.sign_in();
    component.take("<message to='a@b.example' from='" + std::string(from) + "'/>");
    return component.events;
  };
  EXPECT_EQ(fate("x@plays.shakespeare.example/y"), "stanza ");
  EXPECT_EQ(fate("plays.shakespeare.example"), "stanza ");
  EXPECT_EQ(fate("shakespeare.example"), "closed:invalid-from");
  EXPECT_EQ(fate("x.plays.shakespeare.example"), "closed:invalid-from");
  EXPECT_EQ(fate(""), "closed:invalid-from");
  EXPECT_EQ(fate("x y@plays.shakespeare.example"), "jid-malformed ");
  TestComponent wide;
  wide.has_subdomains = true;
  wide.sign_in();
  wide.take("<message to='a@b.example' from='a@x.plays.shakespeare.example'/>");
  EXPECT_EQ(wide.events, "stanza ");
  TestComponent component;
  component.sign_in();
  component.take("<message from='plays.shakespeare.example'/>");
  component.take("<query/>");
  EXPECT_EQ(component.events, "bad-request closed:unsupported-stanza-type");
}

}  // namespace
}  // namespace herold::xmpp
