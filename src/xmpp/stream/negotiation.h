// What a ServerStream needs until its client is signed in; private to its .cc files.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "xmpp/ext/sasl2.h"
#include "xmpp/stream/server_stream.h"

namespace herold::xmpp {

struct ServerStream::Negotiation {
  // The two ways to speak SASL: RFC 6120 section 6, and XEP-0388.
  enum class Profile : std::uint8_t { sasl, sasl2 };
  // XEP-0388 section 2.6.3: what has to be done between the mechanism and the success.
  struct Task {
    enum class Kind : std::uint8_t { second_factor, upgrade };
    std::string name;
    Kind kind;
    HashAlgorithm hash = HashAlgorithm::sha256;  // to upgrade to
  };
  enum class TaskState : std::uint8_t { none, offered, begun, judged };

  std::string domain;  // empty before the first header
  Jid from;            // bare, as the header says it; empty: it does not
  TlsFacts facts;
  std::optional<SaslServerContext> context;  // from the features on
  std::string config_version;                // XEP-0509: of the features that were sent
  std::unique_ptr<ServerMechanism> mechanism;
  Mechanism chosen = Mechanism::plain;
  std::uint32_t failures = 0;
  Profile profile = Profile::sasl;  // of the exchange under way, or the last one
  AccountFacts account;             // of who signs in

  // SASL2 alone.
  Authenticate request;
  SaslSuccess login;  // the mechanism's, while tasks or the host follow
  std::deque<Task> tasks;
  TaskState task_state = TaskState::none;
  bool has_continued = false;  // no second attempt on this stream (XEP-0388 section 4.8)
  std::string salt;            // of an upgrade
};

}  // namespace herold::xmpp
