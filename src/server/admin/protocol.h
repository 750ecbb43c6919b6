// The language of the administration socket: one JSON object a line, both ways.
//
//   -> {"command": "user add", "args": {"address": "alice@xmpp.test"}}
//   <- {"ok": true, "result": {"password": "..."}}
//   <- {"ok": false, "error": {"fault": "conflict", "text": "..."}}
#pragma once

#include <string>
#include <string_view>

#include "server/admin/administration.h"

namespace herold::server {

// Lines without their newline; Fault::malformed for anything that is not the shape above.
std::string write_command(const AdminCommand& command);
Result<AdminCommand> read_command(std::string_view line);
std::string write_reply(const AdminReply& reply);
AdminReply read_reply(std::string_view line);

std::string_view fault_name(Fault fault);  // as in the protocol

}  // namespace herold::server
