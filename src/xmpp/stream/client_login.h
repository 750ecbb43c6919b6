// What a ClientStream needs until it is signed in; private to its .cc files.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "xmpp/sasl/client.h"
#include "xmpp/stream/client_stream.h"
#include "xmpp/stream/stream_text.h"

namespace herold::xmpp {

struct ClientStream::Login {
  std::vector<ChannelBinding> bindings;
  std::string tls_version;
  SaslOffer offer;
  std::unique_ptr<ClientMechanism> mechanism;

  // SASL2 alone.
  std::optional<Sasl2Offer> modern;
  std::optional<Mechanism> wanted_token;
  bool uses_token = false;
  bool is_token_refused = false;
  bool is_pipelined = false;  // <authenticate/> left before the features came
  bool is_proven = false;     // the mechanism is done, tasks follow
  std::string task;           // that runs
};

inline ClientStreamError protocol_error(std::string text) {
  return {.kind = ClientStreamError::Kind::protocol, .text = std::move(text)};
}

// RFC 6120 section 6.5: unknown conditions are taken for not-authorized.
inline SaslCondition failure_condition(xml::Element failure) {
  for (const xml::Element child : failure.children()) {
    if (const auto condition = value_of<SaslCondition>(child.name())) return *condition;
  }
  return SaslCondition::not_authorized;
}

}  // namespace herold::xmpp
