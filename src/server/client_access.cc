// Rows of the store and sessions in memory as one list.
#include "server/client_access.h"

#include <algorithm>

#include "base/base64.h"
#include "server/client_record.h"
#include "server/server.h"
#include "server/shard.h"

namespace herold::server {
namespace {

using xmpp::AccessClient;
using xmpp::AccessStatus;
using xmpp::AccessType;
using xmpp::Proof;

// Of a client that says not which it is: known for as long as its session lives.
std::string session_id_text(SessionKey key) { return "s" + client_id_text(key); }

bool is_connected(const Account* account, std::uint64_t client) {
  return account != nullptr && std::ranges::any_of(account->sessions(), [client](const auto& one) {
           return one->client().id == client;
         });
}

bool has_token(const store::Client& row, WallTime now) {
  const auto is_good = [now](const store::ClientToken& token) {
    return !token.secret.empty() && now < token.expiry;
  };
  return is_good(row.current) || is_good(row.fresh);
}

AccessClient access_of(const store::Client& row, const Account* account, WallTime now) {
  AccessClient access;
  access.id = client_id_text(row.id);
  access.connected = is_connected(account, row.id);
  access.first_seen = row.first_seen;
  access.last_seen = access.connected ? now : row.last_seen;
  access.agent = {row.software, {}, row.device};
  access.auth = {.password = row.knows_password, .fast = has_token(row, now)};
  if (row.kind != store::Client::Kind::app_password) return access;
  access.auth.app_password = true;
  access.permission.status = AccessStatus::normal;
  if (!access.connected && row.last_seen == row.first_seen) access.type = AccessType::access;
  return access;
}

AccessClient access_of(const Session& session, WallTime now) {
  AccessClient access;
  access.id = session_id_text(session.key());
  access.connected = true;
  access.last_seen = now;
  access.auth.password = session.client().proof == Proof::Kind::password;
  access.auth.certificate = session.client().proof == Proof::Kind::certificate;
  access.agent.software = session.address().resource();
  return access;
}

// The session of a client without a row.
SessionKey find_unnamed(const Account* account, const std::string& id) {
  if (account == nullptr) return 0;
  for (const auto& session : account->sessions())
    if (session->client().id == 0 && session_id_text(session->key()) == id) return session->key();
  return 0;
}

}  // namespace

std::vector<AccessClient> accesses(const Account* account, const std::vector<store::Client>& rows,
                                   WallTime now) {
  std::vector<AccessClient> all;
  for (const store::Client& row : rows)
    if (!row.is_off) all.push_back(access_of(row, account, now));
  if (account == nullptr) return all;
  for (const auto& session : account->sessions())
    if (session->client().id == 0) all.push_back(access_of(*session, now));
  return all;
}

void revoke_access(Shard& home, const xmpp::Jid& account, const std::string& id,
                   std::move_only_function<void(Result<Revoked>)> done) {
  if (const SessionKey key = find_unnamed(home.find_account(account.text()), id); key != 0) {
    Session* session = home.find_session(key);
    const bool knows = session->client().proof == Proof::Kind::password;
    // After the answer, which may go to the same session.
    home.loop().post([&home, key] {
      if (Session* found = home.find_session(key))
        found->end(SessionEnd::removed,
                   {xmpp::StreamCondition::not_authorized, "This client was switched off"});
    });
    return done(knows ? Revoked::but_knows_password : Revoked::wholly);
  }
  home.stores().clients().list(
      account.text(), [&home, account, id,
                       done = std::move(done)](Result<std::vector<store::Client>> rows) mutable {
        if (!rows) return done(std::unexpected(std::move(rows).error()));
        const auto row = std::ranges::find_if(*rows, [&id](const store::Client& one) {
          return !one.is_off && client_id_text(one.id) == id;
        });
        if (row == rows->end()) return done(fail(Fault::not_found, "There is no such client"));
        const auto outcome = row->knows_password ? Revoked::but_knows_password : Revoked::wholly;
        AccountActions(home.server())
            .revoke(home, account, row->id, [outcome, done = std::move(done)](Result<> r) mutable {
              if (!r) return done(std::unexpected(std::move(r).error()));
              done(outcome);
            });
      });
}

}  // namespace herold::server
