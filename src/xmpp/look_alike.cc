// Skeletons of UTS 39, without their case.
#include "xmpp/look_alike.h"

#include "xmpp/unicode.h"

namespace herold::xmpp {

// Skeletons keep the case: that of "0" is "O", which names in lower case do not have. In lower case
// a skeleton may be confusable again.
std::string look_alike_key(std::string_view name) {
  return unicode::skeleton(unicode::to_lower(unicode::skeleton(name)));
}

std::string look_alike_version() { return "1 unicode " + std::string(unicode::version()); }

}  // namespace herold::xmpp
