// What clients know messages by (XEP-0359): the server's ids under a secret permutation.
//
// XEP-0313 section 3 asks for ids that nobody can predict, XEP-0359 section 8 for ids that tell
// nothing: ours are counters. In the store and the journal they stay counters, so that rows are
// appended.
#pragma once

#include <string>
#include <string_view>

#include "base/hash.h"
#include "server/stanza.h"

namespace herold::server {

class MessageNames {
 public:
  // `secret` has at least 16 bytes, and stays the same as long as there are messages.
  explicit MessageNames(std::string_view secret);
  std::string text(MessageId id) const;          // 16 hexadecimal digits
  MessageId parse(std::string_view text) const;  // 0 for a text that is none

 private:
  HashKey key_;
};

}  // namespace herold::server
