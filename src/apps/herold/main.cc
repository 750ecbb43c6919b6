// The herold program: reads the command line and the configuration, then runs one command.
#include <unistd.h>

#include <cstdio>
#include <variant>

#include "apps/herold/check.h"
#include "apps/herold/commands.h"
#include "apps/herold/documents.h"
#include "apps/herold/invocation.h"
#include "apps/herold/serve.h"
#include "server/modules.h"
#include "server/version.h"

namespace herold::app {
namespace {

constexpr const char* system_config = "/etc/herold/herold.toml";

Result<server::Config> find_config(const Invocation& invocation,
                                   std::span<const server::ModuleDescription> modules) {
  if (!invocation.config_file.empty()) return server::load_config(invocation.config_file, modules);
  if (::access(system_config, F_OK) == 0) return server::load_config(system_config, modules);
  return server::default_config(modules);
}

// One complaint a line is easier to read than a paragraph behind "herold: ".
Exit refuse_config(const Invocation& invocation, const Error& error, Language language) {
  if (invocation.output == Output::text && error.fault == Fault::invalid)
    std::fprintf(stderr, "%s\n%s\n", say(language, Text::configuration_wrong).c_str(),
                 harmless(error.text).c_str());
  else
    complain(invocation, error, language);
  return Exit::failed;
}

Exit print_version(const Invocation& invocation) {
  if (invocation.output == Output::json)
    std::printf("{\"ok\":true,\"result\":{\"version\":\"%s\"}}\n", version.data());
  else
    std::printf("herold %s\n", version.data());
  return Exit::good;
}

int run(int count, const char* const* arguments) {
  const Language language = language_of_environment();
  const auto read = read_command_line(count, arguments, language);
  if (const Exit* exit = std::get_if<Exit>(&read)) return static_cast<int>(*exit);
  const Invocation& invocation = std::get<Invocation>(read);
  if (invocation.command == "version") return static_cast<int>(print_version(invocation));

  const auto modules = server::module_descriptions();
  if (invocation.command.starts_with("doc ")) {
    std::fputs(make_document(invocation.command.substr(4), modules).c_str(), stdout);
    return static_cast<int>(Exit::good);
  }
  const auto config = find_config(invocation, modules);
  if (!config) return static_cast<int>(refuse_config(invocation, config.error(), language));
  if (invocation.command == "serve") return serve(*config, invocation, language);
  if (invocation.command == "check") return static_cast<int>(check(invocation, *config, language));
  return static_cast<int>(run_command(invocation, *config, modules, language));
}

}  // namespace
}  // namespace herold::app

int main(int count, char** arguments) { return herold::app::run(count, arguments); }
