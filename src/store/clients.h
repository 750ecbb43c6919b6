// Clients of accounts: what may sign in as whom, with what, and since when (XEP-0388, 0484, 0494);
// second factors (RFC 6238); and all that a sign-in has to know at once.
//
// Tokens, keys and second factors are encrypted at rest (DECISIONS.md 17).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/accounts.h"
#include "store/executor.h"

namespace herold::store {

struct ClientToken {
  std::string secret;  // empty: there is none
  std::string mechanism;
  WallTime issued{}, expiry{};
  std::uint64_t count = 0;  // the last one that was used with it
};

struct Client {
  enum class Kind : std::uint8_t {
    agent = 1,         // an installation, which says its id when it signs in
    app_password = 2,  // whoever knows a password made for one client
  };
  std::uint64_t id = 0;  // random, never 0
  Kind kind = Kind::agent;
  std::string agent;             // the id of an installation
  std::string software, device;  // as it calls itself, or as its owner called the app password
  WallTime first_seen{}, last_seen{};
  bool knows_password = false;  // it signed in with the account's own one
  bool is_off = false;          // switched off: the same installation may not come back
  ClientToken current, fresh;
  std::vector<Credential> keys;  // of an app password
};

struct SecondFactor {
  std::string secret;
  std::uint64_t last_step = 0;  // the time step of the last code, which is good once
};

// Changes whenever something is revoked, so that what a sign-in under way has read is not written.
using Generation = std::uint64_t;

struct SignInFacts {
  AccountState state = AccountState::enabled;
  Generation generation = 0;
  std::vector<Credential> credentials;
  std::vector<Client> app_passwords;
  bool has_second_factor = false;
};

struct FoundClient {
  AccountState state = AccountState::enabled;
  Generation generation = 0;
  std::optional<Client> client;
};

class Clients {
 public:
  virtual ~Clients() = default;

  // Fault::not_found without the account, from here on.
  virtual void facts(std::string address, Completion<SignInFacts> done) = 0;
  virtual void find(std::string address, std::string agent, Completion<FoundClient> done) = 0;
  // Ordered by the time of the last use, the newest first.
  virtual void list(std::string address, Completion<std::vector<Client>> done) = 0;
  // Adds or replaces, in that generation or not at all, and a known installation only under its
  // id: else Fault::conflict. Of more than `most` of its
  // kind the installation that was not used for the longest time goes; one app password more is
  // Fault::limit.
  virtual void put(std::string address, Client client, Generation generation, std::uint64_t most,
                   Completion<> done) = 0;
  // When it was used last; what is not there is no error.
  virtual void seen(std::string address, std::uint64_t id, WallTime now, Completion<> done) = 0;
  // Its tokens die and it is off; an app password goes. A new generation. Fault::not_found.
  virtual void revoke(std::string address, std::uint64_t id, Completion<> done) = 0;

  virtual void second_factor(std::string address, Completion<std::optional<SecondFactor>> done) = 0;
  // Nothing: none is needed any more.
  virtual void set_second_factor(std::string address, std::optional<SecondFactor> factor,
                                 Completion<> done) = 0;
};

}  // namespace herold::store
