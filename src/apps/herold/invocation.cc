// The command line by CLI11: subcommands, --config before or after them, exit code 2 for mistakes.
#include "apps/herold/invocation.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <optional>

#include "server/suggest.h"

namespace herold::app {
namespace {

class CommandLine {
 public:
  explicit CommandLine(Language language)
      : language_(language), app_(say(language, Text::about), "herold") {
    app_.set_help_flag("-h,--help", say(language, Text::option_help));
    add_config(app_);
    app_.require_subcommand(1);
    add_commands();
  }

  std::variant<Invocation, Exit> read(int count, const char* const* arguments);
  const CLI::App& app() const { return app_; }

 private:
  std::string text(Text key) const { return say(language_, key); }
  void add_config(CLI::App& app) {
    app.add_option("-c,--config", invocation_.config_file, text(Text::option_config))
        ->type_name("FILE");
  }
  CLI::App& add(CLI::App& parent, const std::string& name, Text help);
  CLI::App& add_group(const std::string& name, Text help);
  void add_commands();
  void add_user_commands();
  void add_federation_commands();
  void add_documents();
  std::variant<Invocation, Exit> print_help(const std::vector<std::string>& path);
  std::optional<std::string> unknown_command(int count, const char* const* arguments) const;
  std::variant<Invocation, Exit> wrong(const std::string& message);

  Language language_;
  Invocation invocation_;
  bool json_ = false;
  bool password_on_stdin_ = false;
  bool erases_now_ = false;
  std::vector<std::string> help_path_;
  CLI::App app_;
  CLI::App* help_ = nullptr;
};

CLI::App& CommandLine::add(CLI::App& parent, const std::string& name, Text help) {
  CLI::App& command = *parent.add_subcommand(name, text(help));
  add_config(command);
  command.add_flag("--json", json_, text(Text::option_json));
  const std::string full = &parent == &app_ ? name : parent.get_name() + ' ' + name;
  command.callback([this, full] { invocation_.command = full; });
  return command;
}

CLI::App& CommandLine::add_group(const std::string& name, Text help) {
  CLI::App& group = *app_.add_subcommand(name, text(help));
  add_config(group);
  group.require_subcommand(1);
  return group;
}

void CommandLine::add_commands() {
  add(app_, "serve", Text::help_serve);
  add(app_, "check", Text::help_check);
  add_user_commands();
  add(app_, "status", Text::help_status);
  add(app_, "reload", Text::help_reload);
  add(app_, "stop", Text::help_stop);
  add(add_group("config", Text::help_config), "print", Text::help_config_print);
  add(add_group("component", Text::help_component), "list", Text::help_component_list);
  add(add_group("keys", Text::help_keys), "change", Text::help_keys_change);
  add_federation_commands();
  add(app_, "erase", Text::help_erase)
      .add_flag("--now", erases_now_, text(Text::option_now))
      ->required();
  add(app_, "modules", Text::help_modules);
  add(app_, "version", Text::help_version);
  help_ = app_.add_subcommand("help", text(Text::help_help));
  help_->add_option("command", help_path_, "");
  add_documents();
}

void CommandLine::add_user_commands() {
  CLI::App& user = add_group("user", Text::help_user);
  const auto with_address = [&](const std::string& name, Text help) -> CLI::App& {
    CLI::App& command = add(user, name, help);
    command.add_option("address", invocation_.address, text(Text::option_address))
        ->type_name("ADDRESS")
        ->required();
    return command;
  };
  // Never an argument: the list of processes is for everybody to read.
  const auto with_password = [&](CLI::App& command) {
    command.add_flag("--password-stdin", password_on_stdin_, text(Text::option_password_stdin));
  };
  with_password(with_address("add", Text::help_user_add));
  with_address("remove", Text::help_user_remove);
  with_password(with_address("passwd", Text::help_user_passwd));
  with_address("enable", Text::help_user_enable);
  with_address("disable", Text::help_user_disable);
  with_address("clients", Text::help_user_clients);
  with_address("revoke", Text::help_user_revoke)
      .add_option("client", invocation_.client, text(Text::option_client))
      ->type_name("CLIENT")
      ->required();
  with_address("factor-off", Text::help_user_factor_off);
  with_address("export", Text::help_user_export);
  add(user, "list", Text::help_user_list)
      .add_option("--domain", invocation_.domain, text(Text::option_domain))
      ->type_name("DOMAIN");
}

void CommandLine::add_federation_commands() {
  CLI::App& federation = add_group("federation", Text::help_federation);
  add(federation, "list", Text::help_federation_list);
  const std::pair<const char*, Text> about_one[] = {{"show", Text::help_federation_show},
                                                    {"block", Text::help_federation_block},
                                                    {"allow", Text::help_federation_allow}};
  for (const auto& [name, help] : about_one)
    add(federation, name, help)
        .add_option("domain", invocation_.domain, text(Text::option_peer))
        ->type_name("DOMAIN")
        ->required();
}

// For packagers and for the project's own checks, not for everybody's help.
void CommandLine::add_documents() {
  CLI::App& documents = add_group("doc", Text::help_doc);
  documents.group("");
  for (const char* name : {"man", "man-config", "doap", "modules"})
    add(documents, name, Text::help_doc);
}

std::variant<Invocation, Exit> CommandLine::wrong(const std::string& message) {
  std::fprintf(stderr, "herold: %s\nherold help\n", harmless(message).c_str());
  return Exit::usage;
}

std::variant<Invocation, Exit> CommandLine::print_help(const std::vector<std::string>& path) {
  CLI::App* app = &app_;
  for (const std::string& name : path) {
    const auto named = app->get_subcommands([&](CLI::App* c) { return c->get_name() == name; });
    if (named.empty()) return wrong(say(language_, Text::unknown_command, {name}));
    app = named.front();
  }
  app_.clear();  // else CLI11 prints the help of "help"
  std::fputs(app->help(app == &app_ ? "" : "herold").c_str(), stdout);
  return Exit::good;
}

// The first word must be a command; CLI11 alone would only say that one is missing.
std::optional<std::string> CommandLine::unknown_command(int count,
                                                        const char* const* arguments) const {
  std::vector<std::string> names;
  for (const CLI::App* command : app_.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  for (int i = 1; i < count; ++i) {
    const std::string_view word = arguments[i];
    if (word == "-c" || word == "--config") ++i;
    if (word.starts_with('-')) continue;
    if (std::ranges::find(names, word) != names.end()) return std::nullopt;
    const std::vector<std::string_view> known(names.begin(), names.end());
    return say(language_, Text::unknown_command, {std::string(word)}) +
           server::did_you_mean(word, known);
  }
  return std::nullopt;
}

std::variant<Invocation, Exit> CommandLine::read(int count, const char* const* arguments) {
  if (const auto complaint = unknown_command(count, arguments)) return wrong(*complaint);
  try {
    app_.parse(count, arguments);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app_.help().c_str(), stdout);
    return Exit::good;
  } catch (const CLI::ParseError& error) {
    return wrong(error.what());
  }
  if (help_->parsed()) return print_help(help_path_);
  invocation_.output = json_ ? Output::json : Output::text;
  if (password_on_stdin_) invocation_.password = PasswordFrom::standard_input;
  invocation_.program = count > 0 ? arguments[0] : "herold";
  return invocation_;
}

void collect(const CLI::App& app, const std::string& prefix, std::vector<CommandHelp>& all) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == "doc") continue;
    const std::string name = prefix + ' ' + command->get_name();
    if (command->get_require_subcommand_min() > 0) {
      collect(*command, name, all);
      continue;
    }
    CommandHelp help{name, command->get_description(), {}};
    for (const CLI::Option* option : command->get_options())
      if (!option->get_description().empty())
        help.options.emplace_back(option->get_name(true, true), option->get_description());
    all.push_back(std::move(help));
  }
}

}  // namespace

std::variant<Invocation, Exit> read_command_line(int count, const char* const* arguments,
                                                 Language language) {
  return CommandLine(language).read(count, arguments);
}

std::vector<CommandHelp> command_help(Language language) {
  const CommandLine line(language);
  std::vector<CommandHelp> all;
  collect(line.app(), "herold", all);
  return all;
}

}  // namespace herold::app
