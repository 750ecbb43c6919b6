// What an administrator can ask of a server: the same commands for a running and a stopped one.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace herold::server {

// "user add", "user remove", "user passwd", "user list", "user enable", "user disable", "user
// clients", "user revoke", "user factor-off", "user export", "component list", "status", "reload",
// "stop", "modules", "config print", "keys change", "erase", "federation list", "federation show",
// "federation block", "federation allow". `arguments` is a JSON object of strings:
//   user add|passwd   {"address": "alice@example.org", "password": "..."}; without a password one
//                     is made and stands in the result as "password"
//   user remove|enable|disable  {"address": ...}
//   user clients, user revoke (with "client": an id of the list), user factor-off: see
//                     client_commands.h
//   user export       {"address": ...}; result: {"address": ..., "document": XML of XEP-0227}
//   component list    {}; result: [{"name": ..., "connected": true, "waiting": 0}, ...]
//   user list         {"domain": ...}, or {} for all domains; result: [{"address": ...,
//                     "enabled": true}, ...]
//   federation ...    see federation_commands.h
//   keys change       result: {"key": its number, "accounts": how many were sealed anew}
//   erase             result: see erased_json() in account_commands.h
//   config print      {"format": "toml" | "json"}; result: a string, or the object
struct AdminCommand {
  std::string name;
  nlohmann::json arguments = nlohmann::json::object();

  // A text argument, or "" where it is missing or no text.
  std::string text(std::string_view key) const;
};

// A JSON value for the one who asked (null where there is nothing to tell), or what went wrong.
using AdminReply = Result<nlohmann::json>;

class Administration {
 public:
  virtual ~Administration() = default;
  // Called from the admin socket's thread; `done` may come from any thread, exactly once.
  virtual void perform(AdminCommand command, std::function<void(AdminReply)> done) = 0;
};

}  // namespace herold::server
