// Accounts in SQLite; keys of credentials are sealed with their place as context.
#include "store/sqlite/clients.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/stores.h"
#include "xmpp/look_alike.h"

namespace herold::store {
namespace {

std::string_view domain_of(std::string_view address) {
  return address.substr(address.find('@') + 1);  // the whole of an address without '@'
}

std::string context_of(std::string_view column, std::string_view address, std::string_view hash) {
  std::string context("credential ");
  return context.append(column).append(" ").append(hash).append(" ").append(address);
}

Result<> put_credentials(Connection& connection, const Sealer& sealer, const std::string& address,
                         const std::vector<Credential>& credentials) {
  for (const Credential& one : credentials) {
    const std::string stored =
        TRY(sealer.seal(one.stored_key, context_of("stored_key", address, one.hash)));
    const std::string server =
        TRY(sealer.seal(one.server_key, context_of("server_key", address, one.hash)));
    TRY(connection.execute(
        "INSERT OR REPLACE INTO credential(address, hash, salt, iterations, "
        "stored_key, server_key) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        address, one.hash, Blob{one.salt}, one.iterations, Blob{stored}, Blob{server}));
  }
  return {};
}

Result<bool> is_there(Connection& connection, const std::string& address) {
  Rows rows = TRY(connection.query("SELECT 1 FROM account WHERE address = ?1", address));
  return rows.next();
}

Result<> must_be_there(Connection& connection, const std::string& address) {
  if (TRY(is_there(connection, address))) return {};
  return fail(Fault::not_found, "there is no such account");
}

std::string look_alike_of(std::string_view address) {
  return xmpp::look_alike_key(address.substr(0, address.find('@')));
}

Result<NameState> state_of(Connection& connection, const std::string& address) {
  if (TRY(is_there(connection, address))) return NameState::taken;
  const std::string look_alike = look_alike_of(address);
  Rows rows =
      TRY(connection.query("SELECT 1 FROM account WHERE domain = ?1 AND look_alike = ?2 LIMIT 1",
                           domain_of(address), look_alike));
  return TRY(rows.next()) ? NameState::look_alike : NameState::free;
}

Account account_of(const Rows& rows) {
  Account account{
      rows.text(0), static_cast<AccountState>(rows.number(1)), wall_time(rows.number(2)), {}};
  if (!rows.null(3)) account.last_sign_in = wall_time(rows.number(3));
  return account;
}

}  // namespace

Result<std::vector<Credential>> read_credentials(Connection& connection, const Sealer& sealer,
                                                 const std::string& address) {
  std::vector<Credential> all;
  Rows rows =
      TRY(connection.query("SELECT hash, salt, iterations, stored_key, server_key "
                           "FROM credential WHERE address = ?1 ORDER BY hash",
                           address));
  while (TRY(rows.next())) {
    Credential one{rows.text(0), rows.text(1), static_cast<std::uint32_t>(rows.number(2)), {}, {}};
    one.stored_key = TRY(sealer.open(rows.bytes(3), context_of("stored_key", address, one.hash)));
    one.server_key = TRY(sealer.open(rows.bytes(4), context_of("server_key", address, one.hash)));
    all.push_back(std::move(one));
  }
  return all;
}

void SqliteAccounts::create(std::string address, std::vector<Credential> credentials, WallTime now,
                            Completion<> done) {
  create(std::move(address), std::move(credentials), now, LookAlikes::allowed, std::move(done));
}

void SqliteAccounts::create_distinct(std::string address, std::vector<Credential> credentials,
                                     WallTime now, Completion<> done) {
  create(std::move(address), std::move(credentials), now, LookAlikes::refused, std::move(done));
}

void SqliteAccounts::create(std::string address, std::vector<Credential> credentials, WallTime now,
                            LookAlikes look_alikes, Completion<> done) {
  access_.write<void>(
      std::move(done),
      [&sealer = sealer_, address = std::move(address), credentials = std::move(credentials), now,
       look_alikes](Connection& connection) -> Result<> {
        const NameState state = TRY(state_of(connection, address));
        if (state == NameState::taken) return fail(Fault::conflict, "the account exists already");
        if (state == NameState::look_alike && look_alikes == LookAlikes::refused)
          return fail(Fault::refused, "the name looks like that of another account");
        const std::string look_alike = look_alike_of(address);
        TRY(
            connection.execute("INSERT INTO account(address, domain, state, created, look_alike) "
                               "VALUES(?1, ?2, ?3, ?4, ?5)",
                               address, domain_of(address), static_cast<int>(AccountState::enabled),
                               microseconds(now), look_alike));
        return put_credentials(connection, sealer, address, credentials);
      });
}

void SqliteAccounts::name_state(std::string address, Completion<NameState> done) {
  access_.read<NameState>(std::move(done), [address = std::move(address)](Connection& connection) {
    return state_of(connection, address);
  });
}

namespace {

// Those of an earlier removal that is still owed give way: they name the same places.
Result<> keep_for_removal(Connection& connection, const std::string& address,
                          const std::vector<std::string>& modules) {
  const std::string kept = removed_owner(address);
  TRY(connection.execute("INSERT OR IGNORE INTO removal(address) VALUES(?1)", address));
  for (const std::string& module : modules)
    TRY(connection.execute(
        "UPDATE OR REPLACE record SET owner = ?3 WHERE owner = ?1 AND module = ?2", address, module,
        kept));
  return {};
}

}  // namespace

void SqliteAccounts::remove(std::string address, std::vector<std::string> kept, Completion<> done) {
  const auto found = std::make_shared<bool>(false);  // shared by the job and what follows it
  access_.write<void>(
      [done = std::move(done), found](Result<> outcome) mutable {
        if (outcome && !*found) outcome = fail(Fault::not_found, "there is no such account");
        if (done) done(std::move(outcome));
      },
      [&engine = access_.engine(), address = std::move(address), kept = std::move(kept),
       found](Connection& connection) -> Result<> {
        if (!engine.strangers().empty())
          return fail(Fault::refused,
                      "the tables of \"" + engine.strangers().front() +
                          "\" are not known here; remove the account where they are");
        *found = TRY(is_there(connection, address));
        if (*found) TRY(keep_for_removal(connection, address, kept));
        TRY(erase_messages(connection, address));
        for (const std::string_view statement : engine.erase_statements())
          TRY(connection.execute(statement, address));
        return connection.execute("DELETE FROM account WHERE address = ?1", address);
      },
      Job::Kind::erase);
}

void SqliteAccounts::end_removal(std::string address, Completion<> done) {
  access_.write<void>(
      std::move(done),
      [address = std::move(address)](Connection& connection) -> Result<> {
        const std::string kept = removed_owner(address);
        TRY(connection.execute("DELETE FROM record WHERE owner = ?1", kept));
        return connection.execute("DELETE FROM removal WHERE address = ?1", address);
      },
      Job::Kind::erase);
}

void SqliteAccounts::find(std::string address, Completion<Account> done) {
  access_.read<Account>(
      std::move(done), [address = std::move(address)](Connection& connection) -> Result<Account> {
        Rows rows = TRY(connection.query(
            "SELECT address, state, created, last_sign_in FROM account WHERE address = ?1",
            address));
        if (!TRY(rows.next())) return fail(Fault::not_found, "there is no such account");
        return account_of(rows);
      });
}

void SqliteAccounts::exists(std::string address, Completion<bool> done) {
  access_.read<bool>(std::move(done), [address = std::move(address)](Connection& connection) {
    return is_there(connection, address);
  });
}

void SqliteAccounts::credentials(std::string address, Completion<std::vector<Credential>> done) {
  access_.read<std::vector<Credential>>(
      std::move(done),
      [&sealer = sealer_,
       address = std::move(address)](Connection& connection) -> Result<std::vector<Credential>> {
        TRY(must_be_there(connection, address));
        return read_credentials(connection, sealer, address);
      });
}

void SqliteAccounts::set_credentials(std::string address, std::vector<Credential> credentials,
                                     Completion<> done) {
  access_.write<void>(
      std::move(done),
      [&sealer = sealer_, address = std::move(address),
       credentials = std::move(credentials)](Connection& connection) -> Result<> {
        TRY(must_be_there(connection, address));
        TRY(connection.execute("DELETE FROM credential WHERE address = ?1", address));
        TRY(forget_secrets(connection, address));
        return put_credentials(connection, sealer, address, credentials);
      });
}

void SqliteAccounts::add_credential(std::string address, Credential added, Completion<> done) {
  access_.write<void>(
      std::move(done),
      [&sealer = sealer_, address = std::move(address),
       added = std::move(added)](Connection& connection) -> Result<> {
        TRY(must_be_there(connection, address));
        {
          Rows rows = TRY(connection.query(
              "SELECT 1 FROM credential WHERE address = ?1 AND hash = ?2", address, added.hash));
          if (TRY(rows.next())) return fail(Fault::conflict, "there is one with this hash");
        }
        return put_credentials(connection, sealer, address, {added});
      });
}

void SqliteAccounts::reseal(std::string after, std::uint32_t limit, Completion<Resealed> done) {
  access_.write<Resealed>(std::move(done),
                          [&sealer = sealer_, after = std::move(after),
                           limit](Connection& connection) -> Result<Resealed> {
                            std::vector<std::string> addresses;
                            {
                              Rows rows = TRY(
                                  connection.query("SELECT address FROM account WHERE address > ?1 "
                                                   "ORDER BY address LIMIT ?2",
                                                   after, limit));
                              while (TRY(rows.next())) addresses.push_back(rows.text(0));
                            }
                            Resealed done_now;
                            for (std::string& address : addresses) {
                              const auto all = TRY(read_credentials(connection, sealer, address));
                              TRY(put_credentials(connection, sealer, address, all));
                              TRY(reseal_clients(connection, sealer, address));
                              ++done_now.accounts;
                              done_now.last = std::move(address);
                            }
                            return done_now;
                          });
}

void SqliteAccounts::set_state(std::string address, AccountState state, Completion<> done) {
  access_.write<void>(
      std::move(done), [address = std::move(address), state](Connection& connection) -> Result<> {
        TRY(must_be_there(connection, address));
        return connection.execute("UPDATE account SET state = ?2 WHERE address = ?1", address,
                                  static_cast<int>(state));
      });
}

void SqliteAccounts::signed_in(std::string address, WallTime now, Completion<> done) {
  access_.write<void>(
      std::move(done), [address = std::move(address), now](Connection& connection) -> Result<> {
        TRY(must_be_there(connection, address));
        return connection.execute("UPDATE account SET last_sign_in = ?2 WHERE address = ?1",
                                  address, microseconds(now));
      });
}

namespace {

// `state`: 0 for accounts in any.
void list_in(Access& access, std::string domain, std::string after, std::uint32_t limit, int state,
             Completion<std::vector<Account>> done) {
  access.read<std::vector<Account>>(
      std::move(done),
      [domain = std::move(domain), after = std::move(after), limit,
       state](Connection& connection) -> Result<std::vector<Account>> {
        std::vector<Account> all;
        Rows rows = TRY(connection.query(
            "SELECT address, state, created, last_sign_in FROM account WHERE domain = ?1 "
            "AND address > ?2 AND (?4 = 0 OR state = ?4) ORDER BY address LIMIT ?3",
            domain, after, limit, state));
        while (TRY(rows.next())) all.push_back(account_of(rows));
        return all;
      });
}

void count_in(Access& access, std::string domain, int state, Completion<std::uint64_t> done) {
  access.read<std::uint64_t>(
      std::move(done),
      [domain = std::move(domain), state](Connection& connection) -> Result<std::uint64_t> {
        Rows rows = TRY(connection.query(
            "SELECT count(*) FROM account WHERE domain = ?1 AND (?2 = 0 OR state = ?2)", domain,
            state));
        TRY(rows.next());
        return static_cast<std::uint64_t>(rows.number(0));
      });
}

constexpr int any_state = 0;
constexpr int disabled_state = static_cast<int>(AccountState::disabled);

}  // namespace

void SqliteAccounts::list(std::string domain, std::string after, std::uint32_t limit,
                          Completion<std::vector<Account>> done) {
  list_in(access_, std::move(domain), std::move(after), limit, any_state, std::move(done));
}

void SqliteAccounts::list_disabled(std::string domain, std::string after, std::uint32_t limit,
                                   Completion<std::vector<Account>> done) {
  list_in(access_, std::move(domain), std::move(after), limit, disabled_state, std::move(done));
}

void SqliteAccounts::count(std::string domain, Completion<std::uint64_t> done) {
  count_in(access_, std::move(domain), any_state, std::move(done));
}

void SqliteAccounts::count_disabled(std::string domain, Completion<std::uint64_t> done) {
  count_in(access_, std::move(domain), disabled_state, std::move(done));
}

// --- look-alikes ---

namespace {

Result<> make_look_alikes(Connection& connection) {
  std::string after;
  for (bool more = true; more;) {
    std::vector<std::string> page;
    {
      Rows rows = TRY(connection.query(
          "SELECT address FROM account WHERE address > ?1 ORDER BY address LIMIT 1000", after));
      while (TRY(rows.next())) page.push_back(rows.text(0));
    }
    for (const std::string& address : page) {
      const std::string look_alike = look_alike_of(address);
      TRY(connection.execute("UPDATE account SET look_alike = ?2 WHERE address = ?1", address,
                             look_alike));
    }
    more = !page.empty();
    if (more) after = page.back();
  }
  return connection.execute("INSERT OR REPLACE INTO state(key, value) VALUES('look_alike', ?1)",
                            xmpp::look_alike_version());
}

}  // namespace

Result<> refresh_look_alikes(Connection& connection) {
  {
    Rows rows = TRY(connection.query("SELECT value FROM state WHERE key = 'look_alike'"));
    if (TRY(rows.next()) && rows.text(0) == xmpp::look_alike_version()) return {};
  }
  TRY(connection.script("BEGIN IMMEDIATE"));
  auto done = make_look_alikes(connection);
  if (done) done = connection.script("COMMIT");
  if (!done && connection.in_transaction()) TRY(connection.script("ROLLBACK"));
  return done;
}

}  // namespace herold::store
