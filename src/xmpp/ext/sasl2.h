// XEP-0388 Extensible SASL Profile: <authenticate/> with all that may stand inside (XEP-0386, 0484,
// 0480, 0509, 0198), and the tasks that follow it.
#pragma once

#include "xmpp/ext/stream_management.h"
#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view sasl2 = "urn:xmpp:sasl:2";
inline constexpr std::string_view bind2 = "urn:xmpp:bind:0";                 // XEP-0386
inline constexpr std::string_view fast = "urn:xmpp:fast:0";                  // XEP-0484
inline constexpr std::string_view sasl_upgrade = "urn:xmpp:sasl:upgrade:0";  // XEP-0480
inline constexpr std::string_view scram_upgrade = "urn:xmpp:scram-upgrade:0";
inline constexpr std::string_view config_version = "urn:xmpp:iap:0";  // XEP-0509
inline constexpr std::string_view second_factor = "urn:xmpp:mfa:0";   // XEP-0400
}  // namespace ns

// XEP-0388 section 2.3: which client it is. The id is a version 4 UUID that stays the same.
struct UserAgent {
  std::string id;
  std::string software;
  std::string device;
  static constexpr ElementName element{"user-agent", ns::sasl2};
  static constexpr std::tuple fields{attribute("id", &UserAgent::id),
                                     child_text("software", &UserAgent::software),
                                     child_text("device", &UserAgent::device)};
};

// XEP-0386 section 3.2: `features` are those of other specifications, to be switched on at once.
struct Bind2 {
  std::string tag;
  std::string features;
  static constexpr ElementName element{"bind", ns::bind2};
  static constexpr std::tuple fields{child_text("tag", &Bind2::tag), raw(&Bind2::features)};
};

// XEP-0484 sections 3.2, 3.4 and 3.6.
struct FastRequest {
  std::string mechanism;
  static constexpr ElementName element{"request-token", ns::fast};
  static constexpr std::tuple fields{attribute("mechanism", &FastRequest::mechanism, required)};
};
struct FastUse {
  std::optional<std::uint64_t> count;
  bool invalidate = false;
  static constexpr ElementName element{"fast", ns::fast};
  static constexpr std::tuple fields{attribute("count", &FastUse::count),
                                     attribute("invalidate", &FastUse::invalidate)};
};
struct FastToken {
  WallTime expiry{};
  std::string token;
  static constexpr ElementName element{"token", ns::fast};
  static constexpr std::tuple fields{attribute("expiry", &FastToken::expiry, required),
                                     attribute("token", &FastToken::token, required)};
};

// XEP-0509 section 2.
struct ConfigVersion {
  std::string scheme;
  std::string value;
  static constexpr ElementName element{"config-version", ns::config_version};
  static constexpr std::tuple fields{attribute("scheme", &ConfigVersion::scheme),
                                     attribute("value", &ConfigVersion::value, required)};
};

struct Authenticate {
  std::string mechanism;
  std::optional<std::string> initial_response;  // base64
  std::optional<UserAgent> agent;
  std::optional<SmResume> resume;
  std::optional<Bind2> bind;
  std::optional<FastRequest> token_request;
  std::optional<FastUse> token_use;
  std::vector<std::string> upgrades;  // XEP-0480: names of tasks
  std::optional<ConfigVersion> config_version;
  static constexpr ElementName element{"authenticate", ns::sasl2};
  static constexpr std::tuple fields{
      attribute("mechanism", &Authenticate::mechanism, required),
      child_text("initial-response", &Authenticate::initial_response),
      child(&Authenticate::agent),
      child(&Authenticate::resume),
      child(&Authenticate::bind),
      child(&Authenticate::token_request),
      child(&Authenticate::token_use),
      child_text("upgrade", &Authenticate::upgrades, ns::sasl_upgrade),
      child(&Authenticate::config_version)};
};

// XEP-0388 section 2.6.3: the client chooses one of the tasks that <continue/> names.
struct NextTask {
  std::string task;
  std::string code;  // of TOTP (XEP-0400 section 6.2)
  static constexpr ElementName element{"next", ns::sasl2};
  static constexpr std::tuple fields{attribute("task", &NextTask::task, required),
                                     child_text("totp", &NextTask::code, ns::second_factor)};
};
struct UpgradeSalt {
  std::uint32_t iterations = 0;
  std::string salt;  // base64
  static constexpr ElementName element{"salt", ns::scram_upgrade};
  static constexpr std::tuple fields{attribute("iterations", &UpgradeSalt::iterations, required),
                                     content(&UpgradeSalt::salt)};
};
// What the client says inside a task: a code, or SCRAM's SaltedPassword (XEP-0480 section 3).
struct TaskData {
  std::string code;
  std::string hash;  // base64
  static constexpr ElementName element{"task-data", ns::sasl2};
  static constexpr std::tuple fields{child_text("totp", &TaskData::code, ns::second_factor),
                                     child_text("hash", &TaskData::hash, ns::scram_upgrade)};
};

}  // namespace herold::xmpp
