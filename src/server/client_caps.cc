// From an announced hash to a verified entry of the shard's cache.
#include "server/client_caps.h"

#include <algorithm>
#include <map>

#include "base/base64.h"
#include "server/module_host.h"
#include "server/session.h"
#include "server/shard.h"
#include "xmpp/caps.h"
#include "xmpp/ext/caps.h"
#include "xmpp/ext/caps2.h"

namespace herold::server {
namespace {

using crypto::HashAlgorithm;
using Format = AnnouncedCaps::Format;

constexpr Seconds patience{60};

struct KnownHash {
  std::string_view name;
  HashAlgorithm algorithm;
};
// The better one first: of several of XEP-0390 one is enough. SHA-1 is only XEP-0115's.
constexpr KnownHash known_hashes[] = {{"sha-256", HashAlgorithm::sha256},
                                      {"sha3-256", HashAlgorithm::sha3_256},
                                      {"sha-512", HashAlgorithm::sha512},
                                      {"sha-1", HashAlgorithm::sha1}};

bool may_be(std::string_view base64, HashAlgorithm algorithm) {
  const auto decoded = base64_decode(base64);
  return decoded && decoded->size() == crypto::digest_size(algorithm);
}

std::optional<AnnouncedCaps> find_caps2(xml::Element presence) {
  const auto caps = xmpp::read<xmpp::Caps2>(xmpp::find<xmpp::Caps2>(presence));
  if (!caps) return std::nullopt;
  for (const KnownHash& known : known_hashes)
    for (const xmpp::HashValue& hash : caps->hashes)
      if (hash.algorithm == known.name && known.algorithm != HashAlgorithm::sha1 &&
          may_be(hash.value, known.algorithm))
        return AnnouncedCaps{Format::xep_0390, known.algorithm, hash.algorithm, hash.value,
                             xmpp::caps2_node(hash.algorithm, hash.value)};
  return std::nullopt;
}

}  // namespace

std::string AnnouncedCaps::key() const {
  return (format == Format::xep_0390 ? "390 " : "115 ") + name + ' ' + value;
}

std::optional<AnnouncedCaps> find_caps(xml::Element presence) {
  if (xmpp::find<xmpp::Caps2>(presence))
    if (auto caps = find_caps2(presence)) return caps;
  const xml::Element element = xmpp::find<xmpp::Caps>(presence);
  if (!element) return std::nullopt;
  const auto caps = xmpp::read<xmpp::Caps>(element);
  if (!caps) return std::nullopt;
  const auto known = std::ranges::find(known_hashes, caps->hash, &KnownHash::name);
  if (known == std::end(known_hashes) || !may_be(caps->ver, known->algorithm)) return std::nullopt;
  return AnnouncedCaps{Format::xep_0115, known->algorithm, caps->hash, caps->ver,
                       caps->node + '#' + caps->ver};
}

bool verify_caps(const crypto::Crypto& crypto, const AnnouncedCaps& caps,
                 const xmpp::DiscoInfo& info, std::string_view lang) {
  const auto text =
      caps.format == Format::xep_0390 ? xmpp::caps2_string(info, lang) : xmpp::caps_string(info);
  return text && base64_encode(crypto.digest(caps.algorithm, *text).view()) == caps.value;
}

namespace {

void tell(Session& session, const Capabilities& capabilities) {
  CapabilitiesKnown known{session, capabilities};
  std::ignore = session.host().hooks().fire(known);
}

// Nothing where the answer is none, or is not what has the hash.
std::optional<Capabilities> believe(ModuleHost& host, const AnnouncedCaps& caps,
                                    const Stanza* answer) {
  if (answer == nullptr || !answer->head.is(IqType::result)) return std::nullopt;
  const auto info = xmpp::read<xmpp::DiscoInfo>(answer->root().first_child());
  if (!info || !verify_caps(host.crypto(), caps, *info, answer->head.lang)) {
    host.log().info("capabilities-not-verified",
                    {{"jid", answer->head.from.text()}, {"hash", caps.key()}});
    return std::nullopt;
  }
  Capabilities capabilities;
  for (const xmpp::DiscoFeature& feature : info->features)
    capabilities.features.push_back(feature.var);
  std::ranges::sort(capabilities.features);
  return capabilities;
}

// The session that was asked, and those that announced the same hash meanwhile.
void take_answer(ModuleHost& host, const AnnouncedCaps& caps, SessionKey asked,
                 const Stanza* answer) {
  CapsCache& cache = host.shard().caps_cache();
  const std::string key = caps.key();
  const std::optional<Capabilities> capabilities = believe(host, caps, answer);
  std::vector<SessionKey> waiting;
  if (capabilities) {
    cache.put(key, *capabilities, host.limits());
    waiting = cache.take_waiting(key);
    waiting.push_back(asked);
    cache.end_question(key);
  } else {
    waiting = cache.end_question(key);
  }
  for (const SessionKey who : waiting) {
    Session* session = host.find_session(who);
    if (session == nullptr) continue;
    if (capabilities)
      tell(*session, *capabilities);
    else
      learn_caps(*session);
  }
}

}  // namespace

void learn_caps(Session& session, xml::Element presence) {
  const auto caps = find_caps(presence);
  if (!caps) return;
  ModuleHost& host = session.host();
  CapsCache& cache = host.shard().caps_cache();
  const std::string key = caps->key();
  if (const Capabilities* known = cache.find(key)) return tell(session, *known);
  if (!cache.begin_question(key, session.key(), host.clock().now(), host.limits())) return;
  StanzaHead head = StanzaHead::of(IqType::get);
  head.from = host.address();
  head.to = session.address();
  const xmpp::DiscoInfo question{.node = caps->node};
  host.ask(Stanza(std::move(head), xmpp::to_xml(question, xmpp::ns::client)), patience,
           [&host, caps = *caps, asked = session.key()](const Stanza* answer) {
             take_answer(host, caps, asked, answer);
           });
}

void learn_caps(Session& session) {
  if (!session.available()) return;
  const Stanza presence(StanzaHead::of(PresenceType::available), session.presence());
  learn_caps(session, presence.root());
}

namespace {

// Programs that a shard asks about at once, and clients that wait for one; others are asked when
// they say something again.
constexpr std::size_t distant_questions = 64, distant_waiting = 1000;

// Hashes that clients elsewhere are being asked about, and who waits for it.
struct DistantQuestions {
  using Then = std::move_only_function<void(const Capabilities&)>;
  std::map<std::string, std::vector<Then>> waiting;
};

}  // namespace

void learn_caps_of(ModuleHost& host, const Jid& asking, const Jid& client, xml::Element presence,
                   std::move_only_function<void(const Capabilities&)> then) {
  const auto caps = find_caps(presence);
  if (!caps) return;
  const std::string key = caps->key();
  if (const Capabilities* known = host.shard().caps_cache().find(key)) return then(*known);
  auto& waiting = host.data<DistantQuestions>().waiting;
  const auto asked = waiting.find(key);
  if (asked != waiting.end()) {
    if (asked->second.size() < distant_waiting) asked->second.push_back(std::move(then));
    return;
  }
  if (waiting.size() >= distant_questions) return;
  waiting[key].push_back(std::move(then));
  StanzaHead head = StanzaHead::of(IqType::get);
  head.from = asking;
  head.to = client;
  const xmpp::DiscoInfo question{.node = caps->node};
  host.ask(Stanza(std::move(head), xmpp::to_xml(question, xmpp::ns::client)), patience,
           [&host, caps = *caps, key](const Stanza* answer) {
             auto found = host.data<DistantQuestions>().waiting.extract(key);
             const auto capabilities = believe(host, caps, answer);
             if (!capabilities || found.empty()) return;
             host.shard().caps_cache().put(key, *capabilities, host.limits());
             for (auto& one : found.mapped()) one(*capabilities);
           });
}

}  // namespace herold::server
