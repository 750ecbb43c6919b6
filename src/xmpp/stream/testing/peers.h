// Hosts for tests of streams between servers: two small servers, montague.example with its rooms
// and capulet.example, that record what they hear and answer from what they know.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/openssl/openssl_crypto.h"
#include "xmpp/stream/inbound_peer.h"
#include "xmpp/stream/outbound_peer.h"
#include "xmpp/stream/reader.h"

namespace herold::xmpp::testing {

inline Jid domain(std::string_view text) { return *Jid::parse(text); }
inline DomainPair pair_of(std::string_view sender, std::string_view target) {
  return {domain(sender), domain(target)};
}
inline std::string describe(const DomainPair& pair) {
  return pair.sender.text() + ">" + pair.target.text();
}
inline std::string describe(const DialbackAnswer& answer) {
  if (answer.type != DialbackType::error) return std::string(name_of(answer.type));
  return std::string(name_of(answer.error.condition));
}

// One server: its domains, its secret, whom it trusts how.
struct Realm {
  Realm(std::set<std::string> own, std::string_view secret)
      : domains(std::move(own)), keys(crypto, secret) {}

  crypto::OpenSslCrypto crypto;
  SeededRandom random{11};
  Limits limits;
  std::set<std::string> domains;
  DialbackKeys keys;
  PeerEnvironment environment{crypto, random, limits, keys, *domains.begin()};
  PeerPolicy policy;
  std::set<std::string> blocked;
};

// What the hosts of both machines have in common. `events` is a line of words.
template <class Base>
class TestPeer : public Base {
 public:
  explicit TestPeer(Realm& own) : realm(own), reader(stanza_bounds(own.limits)) {}

  std::string output() { return std::exchange(sent, {}); }
  std::string heard() { return std::exchange(events, {}); }

  void send(std::string_view bytes) override { sent.append(bytes); }
  bool has_unread_input() const override { return reader.has_unread(); }
  void restart_input() override { reader.restart(); }
  void begin_tls() override { wants_tls = true; }
  void on_peer_error(const StreamError& error) override {
    note("error:" + std::string(name_of(error.condition)));
  }
  bool is_served(const Jid& domain) override { return realm.domains.contains(domain.text()); }
  PeerPolicy policy_of(const Jid&, const Jid& remote) override {
    PeerPolicy policy = realm.policy;
    if (realm.blocked.contains(remote.text())) policy.trust = Trust::none;
    return policy;
  }
  bool is_certified(const Jid& domain) override { return certified.contains(domain.text()); }
  void verify_key(Ticket ticket, const DomainPair& pair, const std::string& id,
                  const std::string& key) override {
    note("verify:" + describe(pair));
    asked.push_back({ticket, pair, id, key});
  }
  void on_accepted(const DomainPair& pair, PeerProof proof) override {
    note("accepted:" + describe(pair) + ":" + std::string(name_of(proof)));
  }
  void on_refused(const DomainPair& pair, const StanzaError& why) override {
    note("refused:" + describe(pair) + ":" + std::string(name_of(why.condition)));
  }
  void on_stanza(Answer<StanzaHead> head, xml::Document stanza) override {
    note(head ? "stanza" : "stanza:" + std::string(name_of(head.error().condition)));
    stanzas.push_back(xml::to_string(stanza.root(), ns::client));
  }
  void on_management(xml::Document element) override { note(std::string(element.root().name())); }
  void note(const std::string& word) {
    if (!events.empty()) events.push_back(' ');
    events.append(word);
  }

  struct Asked {
    Ticket ticket;
    DomainPair pair;
    std::string id, key;
  };
  Realm& realm;
  StreamReader reader;
  std::set<std::string> certified;  // domains that the other side's certificate is good for
  std::vector<Asked> asked;
  std::vector<std::string> stanzas;
  std::string sent, events;
  bool wants_tls = false;
  bool is_closed = false;
};

class TestInbound final : public TestPeer<InboundPeerHost> {
 public:
  TestInbound(Realm& own, Channel channel)
      : TestPeer(own), stream(*this, own.environment, channel) {}
  // Feeds bytes and gives back what was sent since the last call.
  std::string take(std::string_view bytes) {
    reader.feed(stream, bytes);
    return output();
  }
  void on_opened(const Jid& local, const Jid& remote) override {
    note("opened:" + describe(DomainPair{remote, local}));
  }
  void on_auth_failure(const Jid& remote, SaslCondition condition) override {
    note("failure:" + remote.text() + ":" + std::string(name_of(condition)));
  }
  void on_closed(const StreamError* error) override {
    is_closed = true;
    note(error ? "closed:" + std::string(name_of(error->condition)) : "closed");
  }
  InboundPeer stream;
};

class TestOutbound final : public TestPeer<OutboundPeerHost> {
 public:
  TestOutbound(Realm& own, OutboundPeerConfig config)
      : TestPeer(own), stream(*this, std::move(config), own.environment) {}
  std::string take(std::string_view bytes) {
    reader.feed(stream, bytes);
    return output();
  }
  void on_can_verify() override { note("can-verify"); }
  void on_external_refused(SaslCondition condition, std::string_view) override {
    note("external-refused:" + std::string(name_of(condition)));
  }
  void on_authorised(const DomainPair& pair, PeerProof proof) override {
    note("authorised:" + describe(pair) + ":" + std::string(name_of(proof)));
  }
  void on_pair_refused(const DomainPair& pair, const DialbackAnswer& answer) override {
    note("pair-refused:" + describe(pair) + ":" + testing::describe(answer));
  }
  void on_verify_answer(const DomainPair& pair, const std::string& id,
                        const DialbackAnswer& answer) override {
    note("answer:" + describe(pair) + ":" + id + ":" + testing::describe(answer));
  }
  void on_closed(const OutboundPeerError* reason) override {
    is_closed = true;
    if (reason) error = *reason;
    note(reason ? "closed:" + std::to_string(static_cast<int>(reason->kind)) : "closed");
  }
  OutboundPeer stream;
  std::optional<OutboundPeerError> error;
};

// Moves bytes in pieces of `step`, and TLS, until nobody says anything more.
inline void converse(TestOutbound& out, TestInbound& in, std::size_t step = SIZE_MAX) {
  for (bool moved = true; moved;) {
    const std::string there = out.output();
    for (std::size_t i = 0; i < there.size(); i += std::min(step, there.size()))
      in.sent += in.take(std::string_view(there).substr(i, step));
    const std::string back = in.output();
    for (std::size_t i = 0; i < back.size(); i += std::min(step, back.size()))
      out.sent += out.take(std::string_view(back).substr(i, step));
    moved = !there.empty() || !back.empty();
    if (out.wants_tls && in.wants_tls) {
      out.wants_tls = in.wants_tls = false;
      in.stream.on_tls();
      out.stream.on_tls();
      moved = true;
    }
  }
}

}  // namespace herold::xmpp::testing
