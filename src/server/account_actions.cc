// Accounts are made, changed and removed.
#include "server/account_actions.h"

#include <utility>

#include "base/random.h"
#include "server/connection.h"
#include "server/credentials.h"
#include "server/server.h"
#include "server/shard.h"
#include "xmpp/sasl/anonymous.h"

namespace herold::server {
namespace {

using Done = AccountActions::Done;
using Credentials = std::vector<store::Credential>;

// A completion that travels from the account's home to the shard that asked.
Done answer_to(Shard& from, Shard& home, Done done) {
  return [&from, &home, done = std::move(done)](Result<> result) mutable {
    home.post_to(from.index(), [done = std::move(done), result = std::move(result)](
                                   Shard&) mutable { done(std::move(result)); });
  };
}

// Those of which `test` says so. What they had not delivered is handed over.
template <class Test>
void end_sessions(Shard& home, const Jid& account, const char* why, Test test) {
  const Account* known = home.find_account(account.text());
  if (known == nullptr) return;
  std::vector<SessionKey> ending;  // ending one may end others
  for (const auto& session : known->sessions())
    if (test(*session)) ending.push_back(session->key());
  for (const SessionKey key : ending)
    if (Session* session = home.find_session(key))
      session->end(SessionEnd::removed, {xmpp::StreamCondition::not_authorized, why});
}

void derive(Server& server, Shard& home, const Jid& account, crypto::SecretString password,
            std::move_only_function<void(Result<Credentials>)> then) {
  const ModuleHost* host = home.find_host(account.domain());
  const std::uint64_t iterations = (host ? host->limits() : home.limits()).scram_iterations;
  auto waiting = std::make_shared<decltype(then)>(std::move(then));  // shared with the worker
  const bool taken = server.workers().run([&server, &home, waiting, iterations,
                                           password = std::move(password)] {
    SystemRandom random;
    auto rows = make_credential_rows(server.crypto(), random, password.view(),
                                     static_cast<std::uint32_t>(iterations));
    home.loop().post([waiting, rows = std::move(rows)]() mutable { (*waiting)(std::move(rows)); });
  });
  if (!taken) (*waiting)(fail(Fault::unavailable, "Too many passwords are being made"));
}

}  // namespace

void AccountActions::create(Shard& from, const Jid& account, crypto::SecretString password,
                            store::LookAlikes look_alikes, Done done) {
  from.post_to(
      server_.home_of(account.text()),
      [&server = server_, &from, account, look_alikes, done = std::move(done),
       password = std::move(password)](Shard& home) mutable {
        derive(server, home, account, std::move(password),
               [&home, account, look_alikes,
                done = answer_to(from, home, std::move(done))](Result<Credentials> rows) mutable {
                 if (!rows) return done(std::unexpected(std::move(rows).error()));
                 const WallTime now = home.loop().clock().wall();
                 if (home.removals().is_under_way(account))
                   return done(fail(Fault::conflict, "An account of that name is being removed"));
                 auto made = [&home, account, done = std::move(done)](Result<> created) mutable {
                   home.forget_account(account);  // it was remembered as missing
                   done(std::move(created));
                 };
                 auto& accounts = home.stores().accounts();
                 if (look_alikes == store::LookAlikes::allowed)
                   accounts.create(account.text(), std::move(*rows), now, std::move(made));
                 else
                   accounts.create_distinct(account.text(), std::move(*rows), now, std::move(made));
               });
      });
}

void AccountActions::set_password(Shard& from, const Jid& account, crypto::SecretString password,
                                  Done done, std::optional<SessionKey> keep) {
  from.post_to(
      server_.home_of(account.text()),
      [&server = server_, &from, account, keep, done = std::move(done),
       password = std::move(password)](Shard& home) mutable {
        derive(server, home, account, std::move(password),
               [&home, account, keep,
                done = answer_to(from, home, std::move(done))](Result<Credentials> rows) mutable {
                 if (!rows) return done(std::unexpected(std::move(rows).error()));
                 home.stores().accounts().set_credentials(
                     account.text(), std::move(*rows),
                     [&home, account, keep, done = std::move(done)](Result<> set) mutable {
                       if (set)
                         end_sessions(home, account, "The password was changed",
                                      [keep](const Session& one) { return one.key() != keep; });
                       done(std::move(set));
                     });
               });
      });
}

void AccountActions::revoke(Shard& from, const Jid& account, std::uint64_t client, Done done) {
  from.post_to(server_.home_of(account.text()), [&from, account, client,
                                                 done = std::move(done)](Shard& home) mutable {
    home.stores().clients().revoke(
        account.text(), client,
        [&home, account, client,
         done = answer_to(from, home, std::move(done))](Result<> revoked) mutable {
          if (!revoked) return done(std::move(revoked));
          end_sessions(home, account, "This client was switched off",
                       [client](const Session& one) { return one.client().id == client; });
          Account& owner = home.account(account);
          owner.when_loaded([&owner, client, done = std::move(done)]() mutable {
            ClientRevoked event{owner, client};
            std::ignore = owner.host().hooks().fire(event);
            done({});
          });
        });
  });
}

void AccountActions::remove(Shard& from, const Jid& account, Done done) {
  if (xmpp::is_anonymous_name(account.local()))  // there is a session at most
    return done(fail(Fault::not_found, "There is no such account"));
  from.post_to(server_.home_of(account.text()), [&from, account,
                                                 done = std::move(done)](Shard& home) mutable {
    home.account(account).when_loaded(
        [&home, account, done = answer_to(from, home, std::move(done))]() mutable {
          home.remove_account(account);
          // Behind the changes of its roster, which wait for the journal.
          home.when_safe([&home, account, done = std::move(done)]() mutable {
            home.removals().remove(
                account, [&home, account, done = std::move(done)](Result<> removed) mutable {
                  home.forget_account(account);
                  done(std::move(removed));
                });
          });
        });
  });
}

void AccountActions::set_state(Shard& from, const Jid& account, store::AccountState state,
                               Done done) {
  from.post_to(server_.home_of(account.text()),
               [&from, account, state, done = std::move(done)](Shard& home) mutable {
                 auto told = answer_to(from, home, std::move(done));
                 home.stores().accounts().set_state(
                     account.text(), state,
                     [&home, account, state, told = std::move(told)](Result<> changed) mutable {
                       if (changed && state == store::AccountState::disabled)
                         end_sessions(home, account, "The account was disabled",
                                      [](const Session&) { return true; });
                       told(std::move(changed));
                     });
               });
}

}  // namespace herold::server
