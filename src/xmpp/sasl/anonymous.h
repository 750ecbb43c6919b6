// The names that SASL ANONYMOUS gives (RFC 4505, XEP-0175 section 3), which no account may have.
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"

namespace herold::xmpp {

// A local part that nobody can guess and nobody had before: "anon-" and 128 random bits in
// hexadecimal digits. With a mark of its own, so that whoever sees it knows what it is; bare UUIDs
// are the names of real accounts elsewhere.
std::string anonymous_name(Random& random);

// Whether a local part has that form.
bool is_anonymous_name(std::string_view local);
// Whether an address has such a local part; given as text, prepared.
bool is_anonymous_address(std::string_view address);

}  // namespace herold::xmpp
