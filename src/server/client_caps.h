// Learns what clients can do from the hashes in their presence (XEP-0115 section 6.2, XEP-0390
// section 4.3): asks once for each hash, and believes only what has it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "crypto/crypto.h"
#include "server/stanza.h"
#include "xmpp/ext/disco.h"

namespace herold::server {

class ModuleHost;
class Session;
struct Capabilities;

// A hash that a client announced, of an algorithm that we know.
struct AnnouncedCaps {
  enum class Format { xep_0115, xep_0390 };
  Format format;
  crypto::HashAlgorithm algorithm;
  std::string name;   // of the algorithm on the wire
  std::string value;  // Base64
  std::string node;   // where to ask for what it stands for

  std::string key() const;  // in CapsCache: equal texts of both formats are different
};

// Nothing where there is none, or its value cannot be of that algorithm.
std::optional<AnnouncedCaps> find_caps(xml::Element presence);

// Whether `info`, from a stanza in `lang`, is what the hash stands for.
bool verify_caps(const crypto::Crypto& crypto, const AnnouncedCaps& caps,
                 const xmpp::DiscoInfo& info, std::string_view lang);

// On the session's shard, when it sent presence; CapabilitiesKnown is fired once they are known: at
// once, after its client or another one with the same hash was asked, or never.
void learn_caps(Session& session, xml::Element presence);
// The same with the presence that it has sent last.
void learn_caps(Session& session);

// The same for a client elsewhere that is seen by the account `asking`. `then` may be called later,
// or never.
void learn_caps_of(ModuleHost& host, const Jid& asking, const Jid& client, xml::Element presence,
                   std::move_only_function<void(const Capabilities&)> then);

}  // namespace herold::server
