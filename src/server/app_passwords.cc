// Making app passwords: the arithmetic on a worker, the row in the generation that was read.
#include "server/app_passwords.h"

#include <memory>

#include "server/client_record.h"
#include "server/credentials.h"
#include "server/server.h"
#include "server/shard.h"

namespace herold::server {
namespace {

struct Making {
  Shard& home;
  xmpp::Jid account;
  store::Client client;
  std::string password;
  store::Generation generation = 0;
  std::move_only_function<void(Result<std::string>)> done;

  void store() {
    const ModuleHost* host = home.find_host(account.domain());
    const std::uint64_t most = (host ? host->limits() : home.limits()).app_passwords;
    home.stores().clients().put(
        account.text(), std::move(client), generation, most,
        [done = std::move(done), password = std::move(password)](Result<> stored) mutable {
          if (!stored) return done(std::unexpected(stored.error()));
          done(std::move(password));
        });
  }
};

// Shared by the worker and the loop; only one of them has it at a time.
void derive(std::shared_ptr<Making> making, store::SignInFacts facts) {
  making->generation = facts.generation;
  Server& server = making->home.server();
  const bool taken = server.workers().run([making, &server, facts = std::move(facts)] {
    making->client.keys =
        make_app_password_rows(server.crypto(), facts.credentials, making->password);
    making->home.loop().post([making] { making->store(); });
  });
  if (!taken) making->done(fail(Fault::unavailable, "Too many passwords are being made"));
}

}  // namespace

void make_app_password(Shard& home, const xmpp::Jid& account, std::string name,
                       std::move_only_function<void(Result<std::string>)> done) {
  auto making = std::make_shared<Making>(home, account);
  making->password = make_up_password(home.random());
  making->done = std::move(done);
  making->client.id = (home.random().number() >> 1) | 1;
  making->client.kind = store::Client::Kind::app_password;
  making->client.device = client_name(name);
  making->client.first_seen = making->client.last_seen = home.loop().clock().wall();
  home.stores().clients().facts(account.text(), [making](Result<store::SignInFacts> facts) {
    if (!facts) return making->done(std::unexpected(facts.error()));
    derive(making, std::move(*facts));
  });
}

}  // namespace herold::server
