// Looking up enum values by their names.
#include "xmpp/enum_names.h"

#include <algorithm>

namespace herold::xmpp {

std::optional<std::size_t> find_name(EnumNames names, std::string_view name) {
  if (name.empty()) return std::nullopt;
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

}  // namespace herold::xmpp
