// Credentials on their way from the store to a stream.
#include "server/sign_in.h"

#include "server/connection.h"
#include "server/credentials.h"
#include "server/gate.h"
#include "server/server.h"
#include "server/shard.h"

namespace herold::server {
namespace {

using xmpp::CredentialsAnswer;
using xmpp::Verdict;

// Both replies travel to the shard where the connection is.
void reply(Shard& from, const Asker& asker, CredentialsAnswer answer) {
  from.post_to(asker.shard->index(), [asker, answer = std::move(answer)](Shard& shard) {
    if (Connection* connection = shard.find_connection(asker.connection))
      connection->on_credentials(asker.ticket, answer);
  });
}

void reply(Shard& from, const Asker& asker, Verdict verdict) {
  from.post_to(asker.shard->index(), [asker, verdict](Shard& shard) {
    if (Connection* connection = shard.find_connection(asker.connection))
      connection->on_verdict(asker.ticket, verdict);
  });
}

// Reads what there is of an account's credentials for `hash`. The same is asked for an account that
// does not exist, so that the time does not tell (HOSTILE 43).
void look_up(Shard& home, const xmpp::Jid& account, xmpp::HashAlgorithm hash,
             std::move_only_function<void(CredentialsAnswer)> then) {
  auto& accounts = home.stores().accounts();
  accounts.find(account.text(), [&accounts, account, hash,
                                 then = std::move(then)](Result<store::Account> found) mutable {
    if (!found && found.error().fault != Fault::not_found)
      return then({.kind = CredentialsAnswer::Kind::unavailable});
    const bool disabled = found && found->state == store::AccountState::disabled;
    accounts.credentials(account.text(), [hash, disabled, then = std::move(then)](
                                             Result<std::vector<store::Credential>> all) mutable {
      if (!all && all.error().fault == Fault::not_found)
        return then({.kind = CredentialsAnswer::Kind::unknown});
      if (!all) return then({.kind = CredentialsAnswer::Kind::unavailable});
      auto credentials = find_credentials(*all, hash);
      if (!credentials) return then({.kind = CredentialsAnswer::Kind::unknown});
      then({.kind = CredentialsAnswer::Kind::found,
            .credentials = std::move(*credentials),
            .state = disabled ? xmpp::AccountState::disabled : xmpp::AccountState::enabled});
    });
  });
}

}  // namespace

void SignIn::find_credentials(Asker asker, const std::string& peer, const xmpp::Jid& account,
                              xmpp::HashAlgorithm hash) {
  asker.shard->post_to(server_.home_of(account.text()), [asker, peer, account, hash](Shard& home) {
    if (home.failures().is_over(account, peer, home.now(), home.limits()))
      return reply(home, asker, CredentialsAnswer{.kind = CredentialsAnswer::Kind::unavailable});
    look_up(home, account, hash,
            [&home, asker](CredentialsAnswer answer) { reply(home, asker, std::move(answer)); });
  });
}

void SignIn::check_password(Asker asker, const std::string& peer, const xmpp::Jid& account,
                            crypto::SecretString password) {
  asker.shard->post_to(
      server_.home_of(account.text()),
      [this, asker, peer, account, password = std::move(password)](Shard& home) mutable {
        if (home.failures().is_over(account, peer, home.now(), home.limits()))
          return reply(home, asker, Verdict::unavailable);
        constexpr auto hash = xmpp::HashAlgorithm::sha256;
        look_up(home, account, hash,
                [this, &home, asker, account,
                 password = std::move(password)](CredentialsAnswer answer) mutable {
                  if (answer.kind == CredentialsAnswer::Kind::unavailable)
                    return reply(home, asker, Verdict::unavailable);
                  // In any case, so that an account that exists costs the same (HOSTILE 43).
                  auto made_up = xmpp::made_up_credentials(
                      server_.crypto(), server_.unknown_user_secret(account.domain()), account,
                      static_cast<std::uint32_t>(home.limits().scram_iterations), hash);
                  if (answer.kind == CredentialsAnswer::Kind::unknown)
                    answer.credentials = std::move(made_up);
                  const bool taken =
                      server_.workers().run([this, &home, asker, answer = std::move(answer),
                                             password = std::move(password)] {
                        const bool right = xmpp::verify_password(
                            server_.crypto(), answer.credentials, password.view());
                        const bool known = answer.kind == CredentialsAnswer::Kind::found;
                        const Verdict verdict = !(right && known) ? Verdict::refused
                                                : answer.state == xmpp::AccountState::disabled
                                                    ? Verdict::disabled
                                                    : Verdict::accepted;
                        home.loop().post([&home, asker, verdict] { reply(home, asker, verdict); });
                      });
                  if (!taken) reply(home, asker, Verdict::unavailable);
                });
      });
}

void SignIn::check_account(Asker asker, const xmpp::Jid& account) {
  asker.shard->post_to(server_.home_of(account.text()), [asker, account](Shard& home) {
    home.stores().accounts().find(account.text(), [&home, asker](Result<store::Account> found) {
      if (found)
        return reply(
            home, asker,
            found->state == store::AccountState::disabled ? Verdict::disabled : Verdict::accepted);
      reply(home, asker,
            found.error().fault == Fault::not_found ? Verdict::refused : Verdict::unavailable);
    });
  });
}

void SignIn::take_anonymous_place(Asker asker, const std::string& peer, std::uint64_t most) {
  const std::string prefix = address_prefix(peer);
  asker.shard->post_to(server_.home_of(prefix), [this, asker, peer, prefix, most](Shard& home) {
    if (!home.anonymous_places().take(prefix, most))
      return reply(home, asker, Verdict::unavailable);
    home.post_to(asker.shard->index(), [this, asker, peer](Shard& shard) {
      if (Connection* connection = shard.find_connection(asker.connection))
        return connection->on_admitted(asker.ticket);
      give_back_anonymous_place(shard, peer);
    });
  });
}

void SignIn::give_back_anonymous_place(Shard& shard, const std::string& peer) {
  const std::string prefix = address_prefix(peer);
  shard.post_to(server_.home_of(prefix),
                [prefix](Shard& home) { home.anonymous_places().give_back(prefix); });
}

void SignIn::note_failure(Shard& shard, const std::string& peer, const xmpp::Jid& account) {
  shard.post_to(server_.home_of(account.text()), [peer, account](Shard& home) {
    home.failures().note(account, peer, home.now(), home.limits());
  });
}

void SignIn::note_success(Shard& shard, const std::string& peer, const xmpp::Jid& account) {
  shard.post_to(server_.home_of(account.text()), [peer, account](Shard& home) {
    home.failures().forget(account, peer);
    home.note_sign_in(account);
  });
}

// --- failures ------------------------------------------------------------------------------------

std::string FailureCount::place(const xmpp::Jid& account, std::string_view peer) {
  return account.text() + ' ' + address_prefix(peer);
}

PlaceCounts::Bounds FailureCount::bounds(const Limits& limits) {
  return {limits.auth_failures_pair, Seconds(limits.auth_failure_window), limits.counted_places};
}

bool FailureCount::is_over(const xmpp::Jid& account, std::string_view peer, MonotonicTime now,
                           const Limits& limits) const {
  return counts_.is_over(place(account, peer), now, bounds(limits));
}

void FailureCount::note(const xmpp::Jid& account, std::string_view peer, MonotonicTime now,
                        const Limits& limits) {
  counts_.note(place(account, peer), now, bounds(limits));
}

void FailureCount::forget(const xmpp::Jid& account, std::string_view peer) {
  counts_.forget(place(account, peer));
}

void FailureCount::tidy(MonotonicTime now, const Limits& limits) {
  counts_.tidy(now, bounds(limits));
}

}  // namespace herold::server
