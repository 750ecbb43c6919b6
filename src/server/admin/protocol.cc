// Reading and writing of the administration socket's lines.
#include "server/admin/protocol.h"

#include <algorithm>
#include <utility>

namespace herold::server {
namespace {

using Json = nlohmann::json;

constexpr std::pair<std::string_view, Fault> faults[] = {
    {"malformed", Fault::malformed}, {"limit", Fault::limit},
    {"not_found", Fault::not_found}, {"conflict", Fault::conflict},
    {"refused", Fault::refused},     {"unavailable", Fault::unavailable},
    {"invalid", Fault::invalid}};

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string AdminCommand::text(std::string_view key) const {
  if (!arguments.is_object()) return {};
  return text_of(arguments, std::string(key).c_str());
}

std::string_view fault_name(Fault fault) {
  const auto found = std::ranges::find(faults, fault, [](const auto& row) { return row.second; });
  return found->first;
}

std::string write_command(const AdminCommand& command) {
  return dump({{"command", command.name}, {"args", command.arguments}});
}

Result<AdminCommand> read_command(std::string_view line) {
  const Json request = Json::parse(line, nullptr, false);
  if (!request.is_object()) return fail(Fault::malformed, "a request is one JSON object a line");
  AdminCommand command{.name = text_of(request, "command")};
  if (command.name.empty()) return fail(Fault::malformed, "a request names a \"command\"");
  if (const auto arguments = request.find("args"); arguments != request.end()) {
    if (!arguments->is_object()) return fail(Fault::malformed, "\"args\" is a JSON object");
    command.arguments = *arguments;
  }
  return command;
}

std::string write_reply(const AdminReply& reply) {
  if (reply) return dump({{"ok", true}, {"result", *reply}});
  const Json error = {{"fault", fault_name(reply.error().fault)}, {"text", reply.error().text}};
  return dump({{"ok", false}, {"error", error}});
}

AdminReply read_reply(std::string_view line) {
  const Json reply = Json::parse(line, nullptr, false);
  const auto wrong = [] { return fail(Fault::malformed, "the server's answer is not understood"); };
  if (!reply.is_object()) return wrong();
  const auto ok = reply.find("ok");
  if (ok == reply.end() || !ok->is_boolean()) return wrong();
  if (ok->get<bool>()) return reply.value("result", Json());
  const auto error = reply.find("error");
  if (error == reply.end() || !error->is_object()) return wrong();
  const std::string name = text_of(*error, "fault");
  const auto fault = std::ranges::find(faults, name, [](const auto& row) { return row.first; });
  if (fault == std::end(faults)) return wrong();
  return fail(fault->second, text_of(*error, "text"));
}

}  // namespace herold::server
