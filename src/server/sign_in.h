// Credentials for the login: found on the account's home shard, which also counts failures there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/limits.h"
#include "crypto/secret.h"
#include "server/place_counts.h"
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
  void note_failure(Shard& shard, const std::string& peer, const xmpp::Jid& account);
  void note_success(Shard& shard, const std::string& peer, const xmpp::Jid& account);

 private:
  Server& server_;
};

}  // namespace herold::server
