// XEP-0494 Client Access Management.
#pragma once

#include "xmpp/payload.h"

namespace herold::xmpp {

namespace ns {
inline constexpr std::string_view client_access = "urn:xmpp:cam:0";
}

// Where a session with a certificate or an app password shows up in <auth/>: its own namespace, as
// section 3.1 asks for.
inline constexpr std::string_view ns_client_access_auth = "urn:xmpp:herold:auth:0";

struct AccessAuth {
  bool password = false;
  bool fast = false;
  bool app_password = false;
  bool certificate = false;
  static constexpr ElementName element{"auth", ns::client_access};
  static constexpr std::tuple fields{
      flag("password", &AccessAuth::password), flag("fast", &AccessAuth::fast),
      flag("app-password", &AccessAuth::app_password, ns_client_access_auth),
      flag("certificate", &AccessAuth::certificate, ns_client_access_auth)};
};

enum class AccessStatus : std::uint8_t { unrestricted, normal, restricted };
inline constexpr std::string_view access_status_names[] = {"unrestricted", "normal", "restricted"};
constexpr EnumNames names_of(AccessStatus) { return access_status_names; }

struct AccessPermission {
  AccessStatus status = AccessStatus::unrestricted;
  static constexpr ElementName element{"permission", ns::client_access};
  static constexpr std::tuple fields{attribute("status", &AccessPermission::status, required)};
};

struct AccessAgent {
  std::string software, uri, device;
  static constexpr ElementName element{"user-agent", ns::client_access};
  static constexpr std::tuple fields{child_text("software", &AccessAgent::software),
                                     child_text("uri", &AccessAgent::uri),
                                     child_text("device", &AccessAgent::device)};
};

// Sessions have or had one on the server; access alone may never have been used.
enum class AccessType : std::uint8_t { session, access };
inline constexpr std::string_view access_type_names[] = {"session", "access"};
constexpr EnumNames names_of(AccessType) { return access_type_names; }

struct AccessClient {
  std::string id;
  AccessType type = AccessType::session;
  bool connected = false;
  std::optional<WallTime> first_seen, last_seen;
  AccessAuth auth;
  AccessPermission permission;
  AccessAgent agent;
  static constexpr ElementName element{"client", ns::client_access};
  static constexpr std::tuple fields{attribute("connected", &AccessClient::connected, required),
                                     attribute("id", &AccessClient::id, required),
                                     attribute("type", &AccessClient::type, required),
                                     child_text("first-seen", &AccessClient::first_seen),
                                     child_text("last-seen", &AccessClient::last_seen),
                                     child(&AccessClient::auth),
                                     child(&AccessClient::permission),
                                     child(&AccessClient::agent)};
};

struct AccessList {
  static constexpr ElementName element{"list", ns::client_access};
};
struct AccessClients {
  std::vector<AccessClient> clients;
  static constexpr ElementName element{"clients", ns::client_access};
  static constexpr std::tuple fields{child(&AccessClients::clients)};
};
struct AccessRevoke {
  std::string id;
  static constexpr ElementName element{"revoke", ns::client_access};
  static constexpr std::tuple fields{attribute("id", &AccessRevoke::id, required)};
};

// Application condition: the client knows the password, so only another one keeps it out.
inline constexpr ElementName password_reset_required{"password-reset-required", ns::client_access};

}  // namespace herold::xmpp
