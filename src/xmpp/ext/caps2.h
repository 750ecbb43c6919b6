// XEP-0390 Entity Capabilities 2.0 and the hashes of XEP-0300; their input is from xmpp/caps.h.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

// XEP-0300: the digest in Base64.
struct HashValue {
  std::string algorithm;
  std::string value;
  static constexpr ElementName element{"hash", "urn:xmpp:hashes:2"};
  static constexpr std::tuple fields{attribute("algo", &HashValue::algorithm, required),
                                     content(&HashValue::value, required)};
};

struct Caps2 {
  std::vector<HashValue> hashes;
  static constexpr ElementName element{"c", "urn:xmpp:caps"};
  static constexpr std::tuple fields{child(&Caps2::hashes)};
};

}  // namespace herold::xmpp
