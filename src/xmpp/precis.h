// PRECIS (RFC 8264): the profiles that XMPP prepares names, resources and passwords with.
//
// Every function refuses what its profile forbids with Fault::malformed, and is idempotent: what it
// returns, it returns again. ASCII text takes one pass.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace herold::xmpp {

// RFC 8265 section 3.3: lower case, narrow, composed. For account names.
Result<std::string> username_case_mapped(std::string_view text);

// RFC 8265 section 4.2: kept but for exotic spaces and composition. For passwords and resources.
Result<std::string> opaque_string(std::string_view text);

// RFC 8266: spaces trimmed, compatibility forms folded. The second is for comparing: lower case.
Result<std::string> nickname(std::string_view text);
Result<std::string> nickname_key(std::string_view text);

enum class StringClass { identifier, freeform };

// RFC 8264 section 8 for one code point, contextual rules left aside (they count as allowed).
bool is_allowed(char32_t code_point, StringClass in);

}  // namespace herold::xmpp
