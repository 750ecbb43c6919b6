// Elements of private storage (XEP-0049) that a module keeps somewhere else as well.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "xmpp/errors.h"
#include "xmpp/jid.h"

namespace herold::server {

struct PrivatePart {
  using Told = std::move_only_function<void(std::string)>;
  using Kept = std::move_only_function<void(xmpp::Answer<>)>;
  // What a client gets that asks for it, of what stands in the store, or the empty element.
  std::function<void(const xmpp::Jid& owner, std::string stored, Told told)> tell;
  // A client has stored it.
  std::function<void(const xmpp::Jid& owner, const std::string& element, Kept kept)> keep;
};

// By name and namespace with a space between; of a domain on its shard.
struct PrivateParts {
  std::map<std::string, PrivatePart, std::less<>> parts;
};

}  // namespace herold::server
