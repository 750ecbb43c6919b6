// XEP-0478 Stream Limits Advertisement.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

// Stream feature.
struct StreamLimits {
  std::optional<std::uint64_t> max_bytes;
  std::optional<std::uint64_t> idle_seconds;
  static constexpr ElementName element{"limits", "urn:xmpp:stream-limits:0"};
  static constexpr std::tuple fields{child_text("max-bytes", &StreamLimits::max_bytes),
                                     child_text("idle-seconds", &StreamLimits::idle_seconds)};
};

}  // namespace herold::xmpp
