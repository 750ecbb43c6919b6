// XEP-0440 SASL Channel-Binding Type Capability.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view sasl_channel_binding = "urn:xmpp:sasl-cb:0";
}

struct ChannelBindingType {
  std::string type;  // e.g. "tls-exporter"
  static constexpr ElementName element{"channel-binding", ns::sasl_channel_binding};
  static constexpr std::tuple fields{attribute("type", &ChannelBindingType::type, required)};
};

// Stream feature, beside the mechanisms.
struct ChannelBindings {
  std::vector<ChannelBindingType> types;
  static constexpr ElementName element{"sasl-channel-binding", ns::sasl_channel_binding};
  static constexpr std::tuple fields{child(&ChannelBindings::types)};
};

}  // namespace herold::xmpp
