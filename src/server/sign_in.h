// Credentials for the login: found on the account's home shard, which also counts failures there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/limits.h"
#include "crypto/secret.h"
#include "server/place_counts.h"
#include "server/session.h"
#include "xmpp/stream/server_stream.h"

namespace herold::server {

class Server;
class Shard;

// Failed logins by (account, address prefix); part of the account's home shard (HOSTILE 46). Never
// a lock for all: whoever comes from another place is not touched.
class FailureCount {
 public:
  explicit FailureCount(HashKey key) : counts_(key) {}
  bool is_over(const xmpp::Jid& account, std::string_view peer, MonotonicTime now,
               const Limits& limits) const;
  void note(const xmpp::Jid& account, std::string_view peer, MonotonicTime now,
            const Limits& limits);
  void forget(const xmpp::Jid& account, std::string_view peer);
  void tidy(MonotonicTime now, const Limits& limits);

 private:
  static std::string place(const xmpp::Jid& account, std::string_view peer);
  static PlaceCounts::Bounds bounds(const Limits& limits);
  PlaceCounts counts_;
};

// Wrong codes count for the account as a whole, as if they came from one place.
inline constexpr std::string_view second_factor_place = "second factor";

// Where an answer goes.
struct Asker {
  Shard* shard;
  std::uint64_t connection;
  xmpp::Ticket ticket;
};

// The answers to a stream machine's questions. Without state of its own.
class SignIn {
 public:
  explicit SignIn(Server& server) : server_(server) {}

  void find_credentials(Asker asker, const std::string& peer, const xmpp::Jid& account,
                        xmpp::HashAlgorithm hash);
  void check_password(Asker asker, const std::string& peer, const xmpp::Jid& account,
                      crypto::SecretString password);
  void check_account(Asker asker, const xmpp::Jid& account);
  // Answered by Connection::on_admitted(), or a verdict when `most` from there have a place.
  void take_anonymous_place(Asker asker, const std::string& peer, std::uint64_t most);
  void give_back_anonymous_place(Shard& shard, const std::string& peer);
  void find_tokens(Asker asker, const xmpp::Jid& account, const std::string& agent);
  // RFC 6238. The account as a whole has so many guesses, from wherever they come: whoever makes
  // them knows the password, and tokens and app passwords are as good as before.
  void check_code(Asker asker, const xmpp::Jid& account, std::string code);
  void add_credentials(Asker asker, const xmpp::Jid& account, xmpp::StoredCredentials added);
  void note_failure(Shard& shard, const std::string& peer, const xmpp::Jid& account);
  void note_success(Shard& shard, const std::string& peer, const xmpp::Jid& account,
                    const ClientIdentity& client);

 private:
  Server& server_;
};

}  // namespace herold::server
