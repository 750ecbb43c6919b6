// What was asked on the command line.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "apps/herold/text.h"

namespace herold::app {

// Exit codes of every command.
enum class Exit : int { good = 0, failed = 1, usage = 2, not_running = 3 };

enum class Output { text, json };
enum class PasswordFrom { made_up, standard_input };

struct Invocation {
  std::string command;  // "user add", "serve", "config print", "doc man"
  std::string config_file;
  Output output = Output::text;
  std::string address;
  std::string domain;
  std::string client;
  PasswordFrom password = PasswordFrom::made_up;
  std::string program;  // as it was called, for "next command" hints
};

// An invocation, or the exit code when help or a complaint was printed instead.
std::variant<Invocation, Exit> read_command_line(int count, const char* const* arguments,
                                                 Language language);

// The names and help of all commands, for the manual page.
struct CommandHelp {
  std::string name;  // "herold user add"
  std::string help;
  std::vector<std::pair<std::string, std::string>> options;  // "--json", "Print JSON."
};
std::vector<CommandHelp> command_help(Language language);

}  // namespace herold::app
