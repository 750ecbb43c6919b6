// The strings whose hashes name an entity's capabilities: XEP-0115 section 5.1, XEP-0390 section 4.
//
// The digest is the caller's: XEP-0115 takes SHA-1 of the one, XEP-0390 any hash of the other.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "xmpp/ext/disco.h"

namespace herold::xmpp {

// What is hashed for XEP-0115. Nothing where section 5.4 calls the answer ill-formed, and where a
// value holds "<", which would let one answer pass for another.
std::optional<std::string> caps_string(const DiscoInfo& info);

// What is hashed for XEP-0390. Nothing where a form has no FORM_TYPE, a table in it, or a value
// holds one of the separators. Identities without a language have that of the stanza.
std::optional<std::string> caps2_string(const DiscoInfo& info, std::string_view lang = {});

// "urn:xmpp:caps#sha-256.<Base64>": the node to ask for disco#info at (XEP-0390 section 4.3).
std::string caps2_node(std::string_view algorithm, std::string_view base64);

}  // namespace herold::xmpp
