// The rules for code points behind PRECIS and IDNA: derived property, contexts, bidi text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "xmpp/precis.h"

namespace herold::xmpp::precis {

// RFC 8264 section 8.
enum class Derived : std::uint8_t {
  valid,          // in both classes
  freeform_only,  // ID_DIS or FREE_PVAL
  context_joiner,
  context_other,
  disallowed,
  unassigned,
};

Derived derive(char32_t code_point);

// The contextual ones may stand where their rule is met.
bool may_stand(Derived derived, StringClass in);

// Whether every code point is allowed where it stands: by its derived property, and by its rule of
// RFC 5892 appendix A. Time grows with the length of the text and no faster.
bool conforms(std::u32string_view text, StringClass in);

// RFC 5893 section 2, where `text` holds anything that is written from right to left.
bool follows_bidi_rule(std::u32string_view text);

}  // namespace herold::xmpp::precis
