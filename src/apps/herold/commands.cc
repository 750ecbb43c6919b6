// Asking the running server, or doing it to the stopped one; and what to say about the result.
#include "apps/herold/commands.h"

#include <unistd.h>

#include <cstdio>
#include <memory>

#include "crypto/openssl/openssl_crypto.h"
#include "server/admin/account_commands.h"
#include "server/admin/admin_client.h"
#include "server/admin/protocol.h"
#include "server/admin/stopped_server.h"
#include "store/posix_disk.h"

namespace herold::app {
namespace {

using Json = nlohmann::json;
using server::AdminCommand;
using server::AdminReply;

constexpr Seconds patience{60};
// A database of many gigabytes is written anew.
constexpr Seconds patience_of_erasing{24 * 3600};

void print(const std::string& text) { std::printf("%s\n", harmless(text).c_str()); }

// The first line of standard input, without its newline.
Result<std::string> read_password(const Limits& limits, Language language) {
  std::string line;
  char c = 0;
  while (line.size() <= limits.password_bytes && ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
    line += c;
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) return fail(Fault::invalid, say(language, Text::no_password_on_stdin));
  return line;
}

Result<AdminCommand> make_command(const Invocation& invocation, const server::Config& config,
                                  Language language) {
  AdminCommand command{.name = invocation.command};
  if (!invocation.address.empty()) command.arguments["address"] = invocation.address;
  if (!invocation.domain.empty()) command.arguments["domain"] = invocation.domain;
  if (!invocation.client.empty()) command.arguments["client"] = invocation.client;
  if (invocation.password == PasswordFrom::standard_input)
    command.arguments["password"] = TRY(read_password(config.limits, language));
  return command;
}

AdminReply ask_stopped(const AdminCommand& command, const server::Config& config,
                       std::span<const server::ModuleDescription> modules) {
  const crypto::OpenSslCrypto crypto;
  SystemRandom random;
  const SystemClock clock;
  NoLog log;
  store::PosixDisk disk;
  auto stopped =
      TRY(server::StoppedServer::open(config, modules, {}, {crypto, random, clock, log, disk}));
  AdminReply reply;
  stopped->perform(command, [&reply](AdminReply answer) { reply = std::move(answer); });
  return reply;
}

bool needs_running_server(std::string_view command) {
  return command == "component list" || command == "federation list" ||
         command == "federation show" || command == "status" || command == "reload" ||
         command == "stop";
}

std::string program_with_config(const Invocation& invocation) {
  return invocation.config_file.empty()
             ? invocation.program
             : invocation.program + " --config " + invocation.config_file;
}

// As it is where a program or a file takes it; on a terminal nothing in it may give orders to that.
void print_document(const std::string& document) {
  const std::string declared = "<?xml version='1.0' encoding='UTF-8'?>\n" + document;
  if (::isatty(STDOUT_FILENO) != 0) return print(declared);
  std::printf("%s\n", declared.c_str());
}

void print_users(const Json& list, const Invocation& invocation, const server::Config& config,
                 Language language) {
  for (const Json& account : list) {
    const std::string address = account.value("address", std::string());
    print(account.value("enabled", true) ? address
                                         : say(language, Text::user_is_disabled, {address}));
  }
  if (!list.empty()) return;
  print(say(language, Text::no_users));
  print(say(language, Text::add_first_user,
            {program_with_config(invocation) + " user add alice@" + config.domains.front().name}));
}

// "HjEEr45_LQr  Gajim, Juliet's laptop  password, token  2026-11-21T14:37:25Z".
void print_clients(const Json& list, Language language) {
  for (const Json& client : list) {
    std::string line = client.value("id", std::string());
    const auto add = [&line](const std::string& text, const char* before) {
      if (!text.empty()) line += before + text;
    };
    add(client.value("software", std::string()), "  ");
    add(client.value("device", std::string()), "  ");
    const char* before = "  ";
    for (const Json& way : client.value("sign_in", Json::array())) {
      add(way.get<std::string>(), before);
      before = ", ";
    }
    add(client.value("connected", false) ? say(language, Text::client_connected)
                                         : client.value("last_seen", std::string()),
        "  ");
    print(line);
  }
  if (list.empty()) print(say(language, Text::no_clients));
}

// "example.org  open  waiting 0  from 192.0.2.1, by certificate, both ways".
void print_ways(const Json& ways, Language language) {
  for (const Json& way : ways) {
    std::string line = way.value("peer", std::string()) + " <-> " +
                       way.value("domain", std::string()) + "  " +
                       way.value("state", std::string());
    if (const int waiting = way.value("waiting", 0); waiting > 0)
      line += "  " + say(language, Text::peer_waiting, {std::to_string(waiting)});
    for (const char* key : {"stream", "problem"})
      if (way.contains(key)) line += "  " + way.value(key, std::string());
    print(line);
  }
  if (ways.empty()) print(say(language, Text::no_peers));
}

// "irc.example.org  connected  0 waiting".
void print_components(const Json& list, Language language) {
  for (const Json& component : list)
    print(component.value("name", std::string()) + "  " +
          say(language,
              component.value("connected", false) ? Text::client_connected : Text::component_away) +
          "  " +
          say(language, Text::component_waiting,
              {std::to_string(component.value("waiting", std::uint64_t{0}))}));
  if (list.empty()) print(say(language, Text::no_components));
}

void print_modules(const Json& list, Language language) {
  for (const Json& module : list) {
    const bool enabled = module.value("enabled", true);
    std::string line = module.value("name", std::string());
    line.resize(std::max<std::size_t>(line.size() + 1, 18), ' ');
    line += say(language, enabled ? Text::module_on : Text::module_off) + "  ";
    line += module.value("title", std::string());
    for (const Json& document : module.value("specifications", Json::array()))
      line += "  " + document.value("document", std::string());
    print(line);
  }
}

// "8", or for an object "failures 0, jobs 5".
std::string field_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object()) return value.dump();
  std::string line;
  for (const auto& [key, part] : value.items())
    line += (line.empty() ? "" : ", ") + key + ' ' + part.dump();
  return line;
}

// A line a field, a line for each element of a list.
void print_fields(const Json& object) {
  for (const auto& [key, value] : object.items()) {
    if (!value.is_array()) {
      print(key + ": " + field_text(value));
      continue;
    }
    for (std::size_t i = 0; i < value.size(); ++i)
      print(key + ' ' + std::to_string(i) + ": " + field_text(value[i]));
  }
}

void print_erased(const Json& result, Language language) {
  const auto number = [&](const char* key) {
    return std::to_string(result.value(key, std::uint64_t{0}));
  };
  print(say(language, Text::erased,
            {number("journal_files"), number("database_bytes"), number("database_bytes_before")}));
  if (result.value("owed", 0) == 0) return;
  const bool is_running = result.value("running", true);
  print(say(language, is_running ? Text::erased_but_owed : Text::erased_but_stopped,
            {number("owed")}));
}

void print_result(const Invocation& invocation, const Json& result, const server::Config& config,
                  Language language) {
  const std::string& command = invocation.command;
  const auto text = [&](const char* key) {
    return result.is_object() ? result.value(key, std::string()) : std::string();
  };
  const std::string address = text("address"), password = text("password");
  if (command == "user add" && password.empty()) {
    print(say(language, Text::user_added, {address}));
  } else if (command == "user add") {
    print(say(language, Text::user_added_with_password, {address, password}));
  } else if (command == "user passwd" && password.empty()) {
    print(say(language, Text::password_changed, {address}));
  } else if (command == "user passwd") {
    print(say(language, Text::password_made, {address, password}));
  } else if (command == "user remove") {
    print(say(language, Text::user_removed, {address}));
  } else if (command == "user enable") {
    print(say(language, Text::user_enabled, {address}));
  } else if (command == "user disable") {
    print(say(language, Text::user_disabled, {address}));
  } else if (command == "user clients") {
    print_clients(result, language);
  } else if (command == "user revoke") {
    print(say(language, Text::client_revoked));
    if (result.value("knows_password", false))
      print(say(language, Text::client_knows_password,
                {program_with_config(invocation) + " user passwd " + address}));
  } else if (command == "user factor-off") {
    print(say(language, Text::factor_is_off, {address}));
  } else if (command == "user export") {
    print_document(text("document"));
  } else if (command == "user list") {
    print_users(result, invocation, config, language);
  } else if (command == "federation list") {
    print_ways(result, language);
  } else if (command.starts_with("federation ")) {
    const bool is_refused = text("trust") == "none";
    print(say(language, is_refused ? Text::peer_is_refused : Text::peer_is_welcome,
              {text("domain"), text("trust")}));
    if (command == "federation show") print_ways(result.value("ways", Json::array()), language);
  } else if (command == "component list") {
    print_components(result, language);
  } else if (command == "modules") {
    print_modules(result, language);
  } else if (command == "keys change") {
    print(
        say(language, Text::keys_changed,
            {std::to_string(result.value("key", 0)), std::to_string(result.value("accounts", 0))}));
  } else if (command == "erase") {
    print_erased(result, language);
  } else if (command == "reload") {
    print(say(language, Text::reloaded));
  } else if (command == "stop") {
    print(say(language, Text::stopping));
  } else if (result.is_object()) {
    print_fields(result);
  }
}

Exit report(const Invocation& invocation, const AdminReply& reply, const server::Config& config,
            Language language) {
  if (!reply) {
    complain(invocation, reply.error(), language);
    return Exit::failed;
  }
  if (invocation.output == Output::json)
    std::printf("%s\n", server::write_reply(reply).c_str());
  else
    print_result(invocation, *reply, config, language);
  return Exit::good;
}

Exit report_not_running(const Invocation& invocation, const server::Config& config,
                        Language language) {
  complain(invocation,
           {Fault::unavailable, say(language, Text::not_running, {config.admin_socket})}, language);
  if (invocation.output == Output::text)
    std::fprintf(
        stderr, "%s\n",
        say(language, Text::start_it, {program_with_config(invocation) + " serve"}).c_str());
  return Exit::not_running;
}

}  // namespace

void complain(const Invocation& invocation, const Error& error, Language language) {
  if (invocation.output == Output::json)
    std::printf("%s\n", server::write_reply(std::unexpected(error)).c_str());
  else
    std::fprintf(stderr, "%s\n", harmless(say(language, Text::failed, {error.text})).c_str());
}

Exit run_command(const Invocation& invocation, const server::Config& config,
                 std::span<const server::ModuleDescription> modules, Language language) {
  if (invocation.command == "modules")
    return report(invocation, server::modules_json(config, modules), config, language);
  if (invocation.command == "config print") {
    const bool is_json = invocation.output == Output::json;
    const auto format = is_json ? server::ConfigFormat::json : server::ConfigFormat::toml;
    std::printf("%s\n", server::print_config(config, modules, format).c_str());
    return Exit::good;
  }
  auto command = make_command(invocation, config, language);
  if (!command) {
    complain(invocation, command.error(), language);
    return Exit::failed;
  }
  auto client = server::AdminClient::connect(config.admin_socket);
  if (client)
    return report(invocation,
                  client->ask(*command, command->name == "erase" ? patience_of_erasing : patience),
                  config, language);
  if (client.error().fault != Fault::not_found)
    return report(invocation, std::unexpected(client.error()), config, language);
  if (needs_running_server(invocation.command))
    return report_not_running(invocation, config, language);
  return report(invocation, ask_stopped(*command, config, modules), config, language);
}

}  // namespace herold::app
