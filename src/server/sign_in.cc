// Credentials on their way from the store to a stream.
#include "server/sign_in.h"

#include "server/connection.h"
#include "server/credentials.h"
#include "server/gate.h"
#include "server/server.h"
#include "server/shard.h"
#include "xmpp/sasl/totp.h"

namespace herold::server {
namespace {

using xmpp::CredentialsAnswer;
using xmpp::TokensAnswer;
using xmpp::Verdict;
using xmpp::VerdictAnswer;

// Replies travel to the shard where the connection is.
void reply(Shard& from, const Asker& asker, CredentialsAnswer answer) {
  from.post_to(asker.shard->index(), [asker, answer = std::move(answer)](Shard& shard) {
    if (Connection* connection = shard.find_connection(asker.connection))
      connection->on_credentials(asker.ticket, answer);
  });
}

void reply(Shard& from, const Asker& asker, VerdictAnswer answer) {
  from.post_to(asker.shard->index(), [asker, answer = std::move(answer)](Shard& shard) {
    if (Connection* connection = shard.find_connection(asker.connection))
      connection->on_verdict(asker.ticket, answer);
  });
}

void reply(Shard& from, const Asker& asker, TokensAnswer answer) {
  from.post_to(asker.shard->index(), [asker, answer = std::move(answer)](Shard& shard) {
    if (Connection* connection = shard.find_connection(asker.connection))
      connection->on_tokens(asker.ticket, answer);
  });
}

// What was found of an account, as a mechanism with `hash` needs it.
CredentialsAnswer answer_of(store::SignInFacts found, xmpp::HashAlgorithm hash) {
  auto credentials = find_credentials(found.credentials, hash);
  if (!credentials) return {.kind = CredentialsAnswer::Kind::unknown};
  CredentialsAnswer answer{.kind = CredentialsAnswer::Kind::found,
                           .credentials = std::move(*credentials)};
  if (found.state == store::AccountState::disabled) answer.state = xmpp::AccountState::disabled;
  answer.facts = {.needs_second_factor = found.has_second_factor,
                  .has_app_passwords = !found.app_passwords.empty(),
                  .hashes = hashes_of(found.credentials),
                  .generation = found.generation};
  for (const store::Client& client : found.app_passwords)
    if (const auto keys = find_credentials(client.keys, hash))
      answer.app_passwords.push_back({client.id, keys->stored_key, keys->server_key});
  return answer;
}

// Reads what there is of an account's credentials for `hash`. The same is asked for an account that
// does not exist, so that the time does not tell (HOSTILE 43).
void look_up(Shard& home, const xmpp::Jid& account, xmpp::HashAlgorithm hash,
             std::move_only_function<void(CredentialsAnswer)> then) {
  home.stores().clients().facts(account.text(), [hash, then = std::move(then)](
                                                    Result<store::SignInFacts> found) mutable {
    if (found) return then(answer_of(std::move(*found), hash));
    then({.kind = found.error().fault == Fault::not_found ? CredentialsAnswer::Kind::unknown
                                                          : CredentialsAnswer::Kind::unavailable});
  });
}

// Runs on a worker: an app password is tried like the account's own one.
VerdictAnswer judge_password(const crypto::Crypto& crypto, const CredentialsAnswer& answer,
                             std::string_view password) {
  const xmpp::StoredCredentials derived =
      xmpp::derive_credentials(crypto, password, answer.credentials.salt,
                               answer.credentials.iterations, answer.credentials.hash);
  const auto is_it = [&derived](const crypto::Digest& stored_key) {
    return crypto::equal(derived.stored_key.view(), stored_key.view());
  };
  bool is_right = is_it(answer.credentials.stored_key);
  xmpp::Proof proof;
  for (const xmpp::AppPassword& other : answer.app_passwords) {
    if (!is_it(other.stored_key)) continue;
    is_right = true;
    proof = {.kind = xmpp::Proof::Kind::app_password, .client = other.client};
  }
  const bool is_known = answer.kind == CredentialsAnswer::Kind::found;
  if (!is_right || !is_known) return Verdict::refused;
  if (answer.state == xmpp::AccountState::disabled) return Verdict::disabled;
  return {Verdict::accepted, proof, answer.facts};
}

xmpp::Token token_of(store::ClientToken& stored) {
  return {crypto::SecretString::take(std::move(stored.secret)), std::move(stored.mechanism),
          stored.expiry, stored.count};
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
          return reply(home, asker, VerdictAnswer(Verdict::unavailable));
        constexpr auto hash = xmpp::HashAlgorithm::sha256;
        look_up(home, account, hash,
                [this, &home, asker, account,
                 password = std::move(password)](CredentialsAnswer answer) mutable {
                  if (answer.kind == CredentialsAnswer::Kind::unavailable)
                    return reply(home, asker, VerdictAnswer(Verdict::unavailable));
                  // In any case, so that an account that exists costs the same (HOSTILE 43).
                  auto made_up = xmpp::made_up_credentials(
                      server_.crypto(), server_.unknown_user_secret(account.domain()), account,
                      static_cast<std::uint32_t>(home.limits().scram_iterations), hash);
                  if (answer.kind == CredentialsAnswer::Kind::unknown)
                    answer.credentials = std::move(made_up);
                  const bool taken =
                      server_.workers().run([this, &home, asker, answer = std::move(answer),
                                             password = std::move(password)] {
                        auto verdict = judge_password(server_.crypto(), answer, password.view());
                        home.loop().post([&home, asker, verdict = std::move(verdict)]() mutable {
                          reply(home, asker, std::move(verdict));
                        });
                      });
                  if (!taken) reply(home, asker, VerdictAnswer(Verdict::unavailable));
                });
      });
}

void SignIn::check_account(Asker asker, const xmpp::Jid& account) {
  asker.shard->post_to(server_.home_of(account.text()), [asker, account](Shard& home) {
    home.stores().clients().facts(account.text(), [&home, asker](Result<store::SignInFacts> found) {
      if (!found)
        return reply(home, asker,
                     VerdictAnswer(found.error().fault == Fault::not_found ? Verdict::refused
                                                                           : Verdict::unavailable));
      const bool is_disabled = found->state == store::AccountState::disabled;
      reply(home, asker,
            VerdictAnswer(is_disabled ? Verdict::disabled : Verdict::accepted, {},
                          {.generation = found->generation}));
    });
  });
}

void SignIn::take_anonymous_place(Asker asker, const std::string& peer, std::uint64_t most) {
  const std::string prefix = address_prefix(peer);
  asker.shard->post_to(server_.home_of(prefix), [this, asker, peer, prefix, most](Shard& home) {
    if (!home.anonymous_places().take(prefix, most))
      return reply(home, asker, VerdictAnswer(Verdict::unavailable));
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

// Guessing a token is hopeless, so no count of failures stands in the owner's way (HOSTILE 46).
void SignIn::find_tokens(Asker asker, const xmpp::Jid& account, const std::string& agent) {
  asker.shard->post_to(server_.home_of(account.text()), [asker, account, agent](Shard& home) {
    home.stores().clients().find(account.text(), agent,
                                 [&home, asker](Result<store::FoundClient> found) {
                                   TokensAnswer answer{.now = home.loop().clock().wall()};
                                   if (found && found->client && !found->client->is_off) {
                                     answer.kind = CredentialsAnswer::Kind::found;
                                     answer.client = found->client->id;
                                     answer.fresh = token_of(found->client->fresh);
                                     answer.current = token_of(found->client->current);
                                     answer.facts.generation = found->generation;
                                     if (found->state == store::AccountState::disabled)
                                       answer.state = xmpp::AccountState::disabled;
                                   } else if (!found && found.error().fault != Fault::not_found) {
                                     answer.kind = CredentialsAnswer::Kind::unavailable;
                                   }
                                   reply(home, asker, std::move(answer));
                                 });
  });
}

namespace {

// The step of a right code is written before anybody hears of it: it is good once.
void judge_code(Shard& home, const Asker& asker, const xmpp::Jid& account, const std::string& code,
                Result<std::optional<store::SecondFactor>> found) {
  if (!found || !*found) return reply(home, asker, VerdictAnswer(Verdict::unavailable));
  store::SecondFactor factor = std::move(**found);
  const auto step = xmpp::find_code(home.server().crypto(), factor.secret, code,
                                    home.loop().clock().wall(), factor.last_step);
  if (!step) {
    home.failures().note(account, second_factor_place, home.now(), home.limits());
    return reply(home, asker, VerdictAnswer(Verdict::refused));
  }
  factor.last_step = *step;
  home.stores().clients().set_second_factor(
      account.text(), std::move(factor), [&home, asker](Result<> written) {
        reply(home, asker, VerdictAnswer(written ? Verdict::accepted : Verdict::unavailable));
      });
}

}  // namespace

void SignIn::check_code(Asker asker, const xmpp::Jid& account, std::string code) {
  asker.shard->post_to(
      server_.home_of(account.text()), [asker, account, code = std::move(code)](Shard& home) {
        if (home.failures().is_over(account, second_factor_place, home.now(), home.limits()))
          return reply(home, asker, VerdictAnswer(Verdict::unavailable));
        home.stores().clients().second_factor(
            account.text(), [&home, asker, account, code](auto found) {
              judge_code(home, asker, account, code, std::move(found));
            });
      });
}

void SignIn::add_credentials(Asker asker, const xmpp::Jid& account, xmpp::StoredCredentials added) {
  asker.shard->post_to(
      server_.home_of(account.text()),
      [asker, account, row = credential_row(added)](Shard& home) mutable {
        home.stores().accounts().add_credential(
            account.text(), std::move(row), [&home, asker](Result<> written) {
              const bool is_there =
                  written || written.error().fault == Fault::conflict;  // from another client
              reply(home, asker,
                    VerdictAnswer(is_there ? Verdict::accepted : Verdict::unavailable));
            });
      });
}

void SignIn::note_failure(Shard& shard, const std::string& peer, const xmpp::Jid& account) {
  shard.post_to(server_.home_of(account.text()), [peer, account](Shard& home) {
    home.failures().note(account, peer, home.now(), home.limits());
  });
}

void SignIn::note_success(Shard& shard, const std::string& peer, const xmpp::Jid& account,
                          const ClientIdentity& client) {
  shard.post_to(server_.home_of(account.text()), [peer, account, client](Shard& home) {
    // A stolen token must not give its thief more guesses of the password.
    if (client.proof != xmpp::Proof::Kind::token) home.failures().forget(account, peer);
    home.note_sign_in(account);
    if (client.proof == xmpp::Proof::Kind::app_password) home.note_client(account, client.id);
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
