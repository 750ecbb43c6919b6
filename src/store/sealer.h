// Encryption of secrets at rest under a key file (DECISIONS.md 17), as the store needs it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace herold::store {

// An AEAD under a versioned key. Implementations are thread-safe.
class Sealer {
 public:
  virtual ~Sealer() = default;
  // The result names the key's version. `context` (whose secret, which one) is authenticated, so
  // that a sealed secret cannot be moved to another account.
  virtual Result<std::string> seal(std::string_view plain, std::string_view context) const = 0;
  virtual Result<std::string> open(std::string_view sealed, std::string_view context) const = 0;
};

}  // namespace herold::store
