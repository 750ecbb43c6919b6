// XEP-0400 Multi-factor Authentication with SASL2: setting up codes.
#pragma once

#include "xmpp/ext/sasl2.h"

namespace herold::xmpp {

// Empty: asks for a secret, which the answer has as a URI; else a code made with it.
struct FactorSetup {
  std::string text;
  static constexpr ElementName element{"setup", ns::second_factor};
  static constexpr std::tuple fields{content(&FactorSetup::text)};
};

}  // namespace herold::xmpp
