// Reads herold-load's command line and checks what belongs together.
#include "apps/herold-load/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

namespace herold::load {
namespace {

constexpr std::string_view scenario_names[] = {"login",    "idle",     "chat",  "presence",
                                               "register", "befriend", "rooms", "push"};
constexpr std::string_view shown_names[] = {"everybody", "moderators"};
constexpr std::string_view transport_names[] = {"plain", "starttls", "tls"};
constexpr std::string_view sign_in_names[] = {"sasl", "sasl2", "token"};

template <class Enum, std::size_t size>
std::map<std::string, Enum> choices(const std::string_view (&names)[size]) {
  std::map<std::string, Enum> out;
  for (std::size_t i = 0; i < size; ++i) out.emplace(names[i], static_cast<Enum>(i));
  return out;
}

// What stands on the command line in units that people write.
struct Raw {
  std::string mechanism = "SCRAM-SHA-1";
  double duration = 10;
  double warmup = 2;
  unsigned patience = 30;
};

void add_target(CLI::App& app, Options& options, Raw& raw) {
  app.add_option(
         "scenario", options.scenario,
         "login, idle, chat, presence, rooms, push; register and befriend prepare users for "
         "them")
      ->required()
      ->transform(CLI::CheckedTransformer(choices<ScenarioKind>(scenario_names)));
  app.add_option("--server", options.server, "Address literal and port of the server")->required();
  app.add_option("--domain", options.domain, "The XMPP domain")->required();
  app.add_option("--transport", options.transport, "plain, starttls (default) or tls")
      ->transform(CLI::CheckedTransformer(choices<TransportKind>(transport_names)));
  app.add_option("--sign-in", options.sign_in, "sasl (default), sasl2, or token after the first")
      ->transform(CLI::CheckedTransformer(choices<SignInKind>(sign_in_names)));
  app.add_option("--users", options.users, "Pattern of user names, with %d for the number");
  app.add_option("--password", options.password, "Everybody's password");
  app.add_option("--mechanism", raw.mechanism, "SASL mechanism, or 'best'")->take_last();
  app.add_option("--ca", options.roots_file, "Verify certificates against this PEM file");
  app.add_option("--pid", options.pids,
                 "Main process of the server, whose process tree is measured; may be repeated");
  app.add_option("--label", options.label, "A word for the report");
}

void add_work(CLI::App& app, Options& options, Raw& raw) {
  app.add_option("--sessions", options.sessions, "Users taking part (login: taken in turn)");
  app.add_option("--first", options.first, "Number of the first user");
  app.add_option("--pairs", options.pairs, "chat, push: pairs of users");
  app.add_option("--window", options.window,
                 "Under way at a time: messages a pair or writer, broadcasts a circle of contacts");
  app.add_option("--size", options.size, "chat, rooms, push: bytes of a message's body")
      ->check(CLI::Range(24, 60000));
  app.add_option("--sm", options.sm_every,
                 "Enable stream management and ask for an acknowledgement every so many stanzas");
  app.add_option("--contacts", options.contacts,
                 "idle, presence, befriend: contacts of each user, in circles of one more")
      ->check(CLI::Range(1, 1000));
  app.add_option("--parallel", options.parallel, "Logins under way at a time")
      ->check(CLI::Range(1, 10000));
  app.add_option("--retries", options.retries,
                 "Logins that may fail and are tried again, for servers with races of their own");
  app.add_option("--count", options.count, "login: how many; chat, presence: end after so many");
  app.add_option("--duration", raw.duration, "Seconds to measure")->check(CLI::Range(0.1, 1e6));
  app.add_option("--warmup", raw.warmup, "Seconds of the same work before (login: logins)")
      ->check(CLI::Range(0.0, 1e6));
  app.add_option("--threads", options.threads, "Threads of this program")->check(CLI::Range(1, 64));
  app.add_option("--sources", options.sources,
                 "Connect from so many loopback addresses in turn (64,000 connections each)")
      ->check(CLI::Range(1, 250));
  app.add_option("--patience", raw.patience, "Fail after so many seconds without any progress")
      ->check(CLI::Range(1, 3600));
}

void add_rooms(CLI::App& app, Options& options) {
  app.add_option("--rooms", options.rooms, "rooms: how many");
  app.add_option("--occupants", options.occupants, "rooms: users in each")
      ->check(CLI::Range(1, 100000));
  app.add_option("--writers", options.writers, "rooms: occupants of each who write");
  app.add_option("--service", options.service, "rooms: their domain (conference.DOMAIN)");
  app.add_option("--shown", options.shown,
                 "rooms: whose presence is told, everybody's (default) or moderators'")
      ->transform(CLI::CheckedTransformer(choices<ShownKind>(shown_names)));
  app.add_option("--room-field", options.room_fields,
                 "rooms: NAME=VALUE for their configuration; may be repeated");
}

Milliseconds milliseconds(double seconds) {
  return Milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

// An empty string when the options fit together.
std::string complete(Options& options, const Raw& raw) {
  options.duration = milliseconds(raw.duration);
  options.warmup = milliseconds(raw.warmup);
  options.patience = Seconds(raw.patience);
  options.mechanism = xmpp::value_of<xmpp::Mechanism>(raw.mechanism);
  if (!options.mechanism && raw.mechanism != "best") return "--mechanism: there is no such one";
  if (options.users.find("%d") == std::string::npos) return "--users: the pattern needs a %d";
  switch (options.scenario) {
    case ScenarioKind::chat:
      options.sessions = 2 * options.pairs;
      break;
    case ScenarioKind::rooms:
      options.sessions = options.rooms * options.occupants;
      if (options.service.empty()) options.service = "conference." + options.domain;
      if (options.writers == 0 || options.writers > options.occupants)
        return "--writers: at least one, at most as many as occupants";
      if (options.first % options.occupants != 0) return "--first: where a room begins";
      for (const std::string& field : options.room_fields)
        if (field.find('=') == field.npos) return "--room-field: NAME=VALUE";
      break;
    case ScenarioKind::push:
      options.sessions = 3 * options.pairs;
      break;
    case ScenarioKind::login:
      if (options.count == 0) options.count = 1000;
      if (options.sessions == 0)
        options.sessions = static_cast<unsigned>(std::min<std::uint64_t>(options.count, 100));
      break;
    case ScenarioKind::presence:
    case ScenarioKind::befriend:
      if (options.sessions == 0) options.sessions = options.contacts + 1;
      if (options.sessions % (options.contacts + 1) != 0)
        return "--sessions: needs whole circles, multiples of " +
               std::to_string(options.contacts + 1);
      if (options.window > options.contacts) return "--window: at most as many as contacts";
      break;
    case ScenarioKind::idle:
    case ScenarioKind::register_users:
      if (options.sessions == 0) return "--sessions: how many?";
      break;
  }
  return options.sessions == 0 || options.window == 0 ? "nobody takes part" : "";
}

}  // namespace

std::string_view name_of(ScenarioKind kind) {
  return scenario_names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(TransportKind kind) {
  return transport_names[static_cast<std::size_t>(kind)];
}

std::string Options::user(unsigned number) const {
  std::string name = users;
  return name.replace(name.find("%d"), 2, std::to_string(number));
}

std::variant<Options, int> read_command_line(int count, const char* const* arguments) {
  CLI::App app{"Puts load on an XMPP server and measures it; one line of JSON on standard output."};
  Options options;
  Raw raw;
  add_target(app, options, raw);
  add_work(app, options, raw);
  add_rooms(app, options);
  try {
    app.parse(count, arguments);
    if (const std::string problem = complete(options, raw); !problem.empty())
      throw CLI::ValidationError(problem);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return options;
}

}  // namespace herold::load
