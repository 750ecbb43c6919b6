// Accounts in SQLite; keys of credentials are sealed with their place as context.
#include "store/sqlite/stores.h"

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

Account account_of(const Rows& rows) {
  Account account{
      rows.text(0), static_cast<AccountState>(rows.number(1)), wall_time(rows.number(2)), {}};
  if (!rows.null(3)) account.last_sign_in = wall_time(rows.number(3));
  return account;
}

}  // namespace

void SqliteAccounts::create(std::string address, std::vector<Credential> credentials, WallTime now,
                            Completion<> done) {
  access_.write<void>(
      std::move(done),
      [&sealer = sealer_, address = std::move(address), credentials = std::move(credentials),
       now](Connection& connection) -> Result<> {
        if (TRY(is_there(connection, address)))
          return fail(Fault::conflict, "the account exists already");
        TRY(connection.execute(
            "INSERT INTO account(address, domain, state, created) VALUES(?1, ?2, ?3, ?4)", address,
            domain_of(address), static_cast<int>(AccountState::enabled), microseconds(now)));
        return put_credentials(connection, sealer, address, credentials);
      });
}

void SqliteAccounts::remove(std::string address, Completion<> done) {
  const auto found = std::make_shared<bool>(false);  // shared by the job and what follows it
  access_.write<void>(
      [done = std::move(done), found](Result<> outcome) mutable {
        if (outcome && !*found) outcome = fail(Fault::not_found, "there is no such account");
        if (done) done(std::move(outcome));
      },
      [&engine = access_.engine(), address = std::move(address),
       found](Connection& connection) -> Result<> {
        *found = TRY(is_there(connection, address));
        TRY(erase_messages(connection, address));
        for (const std::string_view statement : engine.erase_statements())
          TRY(connection.execute(statement, address));
        return connection.execute("DELETE FROM account WHERE address = ?1", address);
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
        std::vector<Credential> all;
        Rows rows =
            TRY(connection.query("SELECT hash, salt, iterations, stored_key, server_key "
                                 "FROM credential WHERE address = ?1 ORDER BY hash",
                                 address));
        while (TRY(rows.next())) {
          Credential one{
              rows.text(0), rows.text(1), static_cast<std::uint32_t>(rows.number(2)), {}, {}};
          one.stored_key =
              TRY(sealer.open(rows.bytes(3), context_of("stored_key", address, one.hash)));
          one.server_key =
              TRY(sealer.open(rows.bytes(4), context_of("server_key", address, one.hash)));
          all.push_back(std::move(one));
        }
        return all;
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
        return put_credentials(connection, sealer, address, credentials);
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

void SqliteAccounts::list(std::string domain, std::string after, std::uint32_t limit,
                          Completion<std::vector<Account>> done) {
  access_.read<std::vector<Account>>(
      std::move(done),
      [domain = std::move(domain), after = std::move(after),
       limit](Connection& connection) -> Result<std::vector<Account>> {
        std::vector<Account> all;
        Rows rows =
            TRY(connection.query("SELECT address, state, created, last_sign_in FROM account "
                                 "WHERE domain = ?1 AND address > ?2 ORDER BY address LIMIT ?3",
                                 domain, after, limit));
        while (TRY(rows.next())) all.push_back(account_of(rows));
        return all;
      });
}

void SqliteAccounts::count(std::string domain, Completion<std::uint64_t> done) {
  access_.read<std::uint64_t>(
      std::move(done),
      [domain = std::move(domain)](Connection& connection) -> Result<std::uint64_t> {
        Rows rows = TRY(connection.query("SELECT count(*) FROM account WHERE domain = ?1", domain));
        TRY(rows.next());
        return static_cast<std::uint64_t>(rows.number(0));
      });
}

}  // namespace herold::store
