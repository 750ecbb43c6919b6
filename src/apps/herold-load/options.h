// What a run of herold-load is asked to do: its command line.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "xmpp/sasl/mechanism.h"

namespace herold::load {

enum class ScenarioKind : std::uint8_t {
  login,
  idle,
  chat,
  presence,
  register_users,
  befriend,
  rooms,
  push
};
// Whose presence the occupants of a room are told.
enum class ShownKind : std::uint8_t { everybody, moderators };
enum class TransportKind : std::uint8_t { plain, starttls, tls };
// RFC 6120; all in one step (XEP-0388, XEP-0386); the same with a token from the second time on.
enum class SignInKind : std::uint8_t { sasl, sasl2, token };

struct Options {
  ScenarioKind scenario = ScenarioKind::login;
  std::string server;  // "127.0.0.1:5222"
  std::string domain;
  std::string users = "user%d";  // the pattern of local parts
  std::string password = "secret";
  std::string label;       // copied to the report
  std::string roots_file;  // PEM; empty: certificates are not verified
  TransportKind transport = TransportKind::starttls;
  SignInKind sign_in = SignInKind::sasl;
  std::optional<xmpp::Mechanism> mechanism = xmpp::Mechanism::scram_sha_1;  // none: the best one
  std::vector<pid_t> pids;  // the server's main processes
  unsigned threads = 1;
  unsigned first = 0;     // number of the first user
  unsigned sessions = 0;  // users taking part; 0: as the scenario needs
  unsigned parallel = 10;
  unsigned pairs = 50;
  unsigned window = 1;    // under way at a time: messages a pair, broadcasts a circle
  unsigned size = 100;    // bytes of a message's body
  unsigned sm_every = 0;  // a request of XEP-0198 after this many stanzas; 0: not enabled
  unsigned contacts = 20;
  unsigned rooms = 4;
  unsigned occupants = 50;  // of each room
  unsigned writers = 1;     // of them
  std::string service;      // the rooms' domain; empty: conference.DOMAIN
  ShownKind shown = ShownKind::everybody;
  std::vector<std::string> room_fields;  // NAME=VALUE of the rooms' forms
  unsigned sources = 1;                  // loopback addresses to connect from
  unsigned retries = 0;                  // failed logins that are tried again before the run fails
  std::uint64_t count = 0;
  Milliseconds duration{10'000};
  Milliseconds warmup{2'000};
  Seconds patience{30};

  std::string user(unsigned number) const;  // the local part
};

// What names the scenario and the transport on the command line and in the report.
std::string_view name_of(ScenarioKind kind);
std::string_view name_of(TransportKind kind);

// The options, or the status to exit with because everything has been said already.
std::variant<Options, int> read_command_line(int count, const char* const* arguments);

}  // namespace herold::load
