// Clients and second factors in SQLite; what is secret of a client stands in one sealed column.
#include "store/sqlite/clients.h"

#include <cstring>

#include "store/sqlite/stores.h"

namespace herold::store {
namespace {

enum Flag : std::int64_t { knows_password = 1, is_off = 2 };

// --- the sealed column: numbers of 8 bytes, texts behind their size ---

class Packer {
 public:
  void add(std::uint64_t number) { bytes_.append(reinterpret_cast<const char*>(&number), 8); }
  void add(WallTime time) { add(static_cast<std::uint64_t>(microseconds(time))); }
  void add(const std::string& text) {
    add(text.size());
    bytes_ += text;
  }
  void add(const ClientToken& token) {
    add(token.secret), add(token.mechanism), add(token.issued), add(token.expiry);
    add(token.count);
  }
  void add(const Credential& key) {
    add(key.hash), add(key.salt), add(std::uint64_t{key.iterations});
    add(key.stored_key), add(key.server_key);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// What is cut off reads as zeros and empty texts.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    if (rest_.size() < 8) return rest_ = {}, 0;
    std::memcpy(&value, rest_.data(), 8);
    rest_.remove_prefix(8);
    return value;
  }
  WallTime time() { return wall_time(static_cast<std::int64_t>(number())); }
  std::string text() {
    const std::uint64_t size = number();
    if (size > rest_.size()) return rest_ = {}, std::string();
    std::string value(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return value;
  }
  ClientToken token() {
    ClientToken token;
    token.secret = text(), token.mechanism = text(), token.issued = time(), token.expiry = time();
    token.count = number();
    return token;
  }
  Credential key() {
    Credential key;
    key.hash = text(), key.salt = text(), key.iterations = static_cast<std::uint32_t>(number());
    key.stored_key = text(), key.server_key = text();
    return key;
  }

 private:
  std::string_view rest_;
};

bool has_secrets(const Client& client) {
  return !client.current.secret.empty() || !client.fresh.secret.empty() || !client.keys.empty();
}

std::string context_of(std::string_view address, std::uint64_t id) {
  return "client " + std::to_string(id) + ' ' + std::string(address);
}

// Empty where there is nothing to hide.
Result<std::string> seal_secrets(const Sealer& sealer, std::string_view address,
                                 const Client& client) {
  if (!has_secrets(client)) return std::string();
  Packer packer;
  packer.add(client.current), packer.add(client.fresh), packer.add(client.keys.size());
  for (const Credential& key : client.keys) packer.add(key);
  return sealer.seal(packer.take(), context_of(address, client.id));
}

Result<> open_secrets(const Sealer& sealer, std::string_view address, std::string_view sealed,
                      Client& client) {
  if (sealed.empty()) return {};
  const std::string plain = TRY(sealer.open(sealed, context_of(address, client.id)));
  Unpacker unpacker(plain);
  client.current = unpacker.token();
  client.fresh = unpacker.token();
  for (std::uint64_t left = unpacker.number(); left > 0; --left)
    client.keys.push_back(unpacker.key());
  return {};
}

// --- rows ---

#define CLIENT_COLUMNS "id, kind, agent, software, device, first_seen, last_seen, flags, secrets"

Result<Client> client_of(const Rows& rows, const Sealer& sealer, std::string_view address) {
  Client client;
  client.id = static_cast<std::uint64_t>(rows.number(0));
  client.kind = static_cast<Client::Kind>(rows.number(1));
  client.agent = rows.text(2);
  client.software = rows.text(3);
  client.device = rows.text(4);
  client.first_seen = wall_time(rows.number(5));
  client.last_seen = wall_time(rows.number(6));
  client.knows_password = (rows.number(7) & Flag::knows_password) != 0;
  client.is_off = (rows.number(7) & Flag::is_off) != 0;
  TRY(open_secrets(sealer, address, rows.bytes(8), client));
  return client;
}

Result<> write_client(Connection& connection, const Sealer& sealer, const std::string& address,
                      const Client& client) {
  const std::string secrets = TRY(seal_secrets(sealer, address, client));
  const std::int64_t flags = (client.knows_password ? std::int64_t{Flag::knows_password} : 0) |
                             (client.is_off ? std::int64_t{Flag::is_off} : 0);
  return connection.execute("INSERT OR REPLACE INTO client(address, " CLIENT_COLUMNS
                            ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                            address, client.id, static_cast<int>(client.kind), client.agent,
                            client.software, client.device, microseconds(client.first_seen),
                            microseconds(client.last_seen), flags, Blob{secrets});
}

Result<std::vector<Client>> read_clients(Connection& connection, const Sealer& sealer,
                                         const std::string& address, const char* sql) {
  std::vector<Client> all;
  Rows rows = TRY(connection.query(sql, address));
  while (TRY(rows.next())) all.push_back(TRY(client_of(rows, sealer, address)));
  return all;
}
constexpr auto all_clients =
    "SELECT " CLIENT_COLUMNS " FROM client WHERE address = ?1 ORDER BY last_seen DESC, id";
constexpr auto app_passwords =
    "SELECT " CLIENT_COLUMNS " FROM client WHERE address = ?1 AND kind = 2 ORDER BY id";

struct AccountRow {
  AccountState state;
  Generation generation;
};

Result<AccountRow> account_row(Connection& connection, const std::string& address) {
  Rows rows =
      TRY(connection.query("SELECT state, generation FROM account WHERE address = ?1", address));
  if (!TRY(rows.next())) return fail(Fault::not_found, "there is no such account");
  return AccountRow{static_cast<AccountState>(rows.number(0)),
                    static_cast<Generation>(rows.number(1))};
}

Result<bool> exists(Connection& connection, const std::string& address, std::uint64_t id) {
  Rows rows =
      TRY(connection.query("SELECT 1 FROM client WHERE address = ?1 AND id = ?2", address, id));
  return rows.next();
}

Result<bool> is_installed(Connection& connection, const std::string& address,
                          const Client& client) {
  if (client.kind != Client::Kind::agent) return false;
  Rows rows =
      TRY(connection.query("SELECT 1 FROM client WHERE address = ?1 AND agent = ?2 AND kind = 1",
                           address, client.agent));
  return rows.next();
}

// Makes room for one more of this kind.
Result<> make_room(Connection& connection, const std::string& address, Client::Kind kind,
                   std::uint64_t most) {
  const int number = static_cast<int>(kind);
  std::uint64_t count = 0;
  {
    Rows rows = TRY(connection.query("SELECT count(*) FROM client WHERE address = ?1 AND kind = ?2",
                                     address, number));
    TRY(rows.next());
    count = static_cast<std::uint64_t>(rows.number(0));
  }
  if (count < most) return {};
  if (kind == Client::Kind::app_password)
    return fail(Fault::limit, "the account has too many app passwords");
  return connection.execute(
      "DELETE FROM client WHERE address = ?1 AND kind = ?2 AND id IN (SELECT id FROM client "
      "WHERE address = ?1 AND kind = ?2 ORDER BY last_seen LIMIT ?3)",
      address, number, count + 1 - most);
}

std::string factor_context(std::string_view address) {
  return "second factor " + std::string(address);
}

Result<std::optional<SecondFactor>> read_factor(Connection& connection, const Sealer& sealer,
                                                const std::string& address) {
  Rows rows = TRY(
      connection.query("SELECT secret, last_step FROM second_factor WHERE address = ?1", address));
  if (!TRY(rows.next())) return std::nullopt;
  SecondFactor factor;
  factor.secret = TRY(sealer.open(rows.bytes(0), factor_context(address)));
  factor.last_step = static_cast<std::uint64_t>(rows.number(1));
  return factor;
}

Result<> write_factor(Connection& connection, const Sealer& sealer, const std::string& address,
                      const std::optional<SecondFactor>& factor) {
  if (!factor) return connection.execute("DELETE FROM second_factor WHERE address = ?1", address);
  const std::string sealed = TRY(sealer.seal(factor->secret, factor_context(address)));
  return connection.execute(
      "INSERT OR REPLACE INTO second_factor(address, secret, last_step) VALUES(?1, ?2, ?3)",
      address, Blob{sealed}, factor->last_step);
}

Result<bool> has_factor(Connection& connection, const std::string& address) {
  Rows rows = TRY(connection.query("SELECT 1 FROM second_factor WHERE address = ?1", address));
  return rows.next();
}

}  // namespace

// --- for the accounts' own file ---

Result<> new_generation(Connection& connection, const std::string& address) {
  return connection.execute("UPDATE account SET generation = generation + 1 WHERE address = ?1",
                            address);
}

Result<> forget_secrets(Connection& connection, const std::string& address) {
  TRY(connection.execute("DELETE FROM client WHERE address = ?1 AND kind = 2", address));
  TRY(connection.execute("UPDATE client SET flags = 0, secrets = x'' WHERE address = ?1", address));
  return new_generation(connection, address);
}

Result<> reseal_clients(Connection& connection, const Sealer& sealer, const std::string& address) {
  for (const Client& client : TRY(read_clients(connection, sealer, address, all_clients)))
    if (has_secrets(client)) TRY(write_client(connection, sealer, address, client));
  if (const auto factor = TRY(read_factor(connection, sealer, address)))
    TRY(write_factor(connection, sealer, address, factor));
  return {};
}

// --- the store ---

void SqliteClients::facts(std::string address, Completion<SignInFacts> done) {
  access_.read<SignInFacts>(
      std::move(done),
      [&sealer = sealer_,
       address = std::move(address)](Connection& connection) -> Result<SignInFacts> {
        const AccountRow account = TRY(account_row(connection, address));
        SignInFacts facts;
        facts.state = account.state;
        facts.generation = account.generation;
        facts.credentials = TRY(read_credentials(connection, sealer, address));
        facts.app_passwords = TRY(read_clients(connection, sealer, address, app_passwords));
        facts.has_second_factor = TRY(has_factor(connection, address));
        return facts;
      });
}

void SqliteClients::find(std::string address, std::string agent, Completion<FoundClient> done) {
  access_.read<FoundClient>(
      std::move(done),
      [&sealer = sealer_, address = std::move(address),
       agent = std::move(agent)](Connection& connection) -> Result<FoundClient> {
        const AccountRow account = TRY(account_row(connection, address));
        FoundClient found{account.state, account.generation, {}};
        Rows rows = TRY(
            connection.query("SELECT " CLIENT_COLUMNS
                             " FROM client WHERE address = ?1 AND agent = ?2 AND kind = 1 LIMIT 1",
                             address, agent));
        if (TRY(rows.next())) found.client = TRY(client_of(rows, sealer, address));
        return found;
      });
}

void SqliteClients::list(std::string address, Completion<std::vector<Client>> done) {
  access_.read<std::vector<Client>>(std::move(done),
                                    [&sealer = sealer_, address = std::move(address)](
                                        Connection& connection) -> Result<std::vector<Client>> {
                                      TRY(account_row(connection, address));
                                      return read_clients(connection, sealer, address, all_clients);
                                    });
}

void SqliteClients::put(std::string address, Client client, Generation generation,
                        std::uint64_t most, Completion<> done) {
  access_.write<void>(std::move(done),
                      [&sealer = sealer_, address = std::move(address), client = std::move(client),
                       generation, most](Connection& connection) -> Result<> {
                        const AccountRow account = TRY(account_row(connection, address));
                        if (account.generation != generation)
                          return fail(Fault::conflict, "something was revoked meanwhile");
                        if (!TRY(exists(connection, address, client.id))) {
                          if (TRY(is_installed(connection, address, client)))
                            return fail(Fault::conflict, "this installation is known by now");
                          TRY(make_room(connection, address, client.kind, most));
                        }
                        return write_client(connection, sealer, address, client);
                      });
}

void SqliteClients::seen(std::string address, std::uint64_t id, WallTime now, Completion<> done) {
  access_.write<void>(
      std::move(done), [address = std::move(address), id, now](Connection& connection) {
        return connection.execute("UPDATE client SET last_seen = ?3 WHERE address = ?1 AND id = ?2",
                                  address, id, microseconds(now));
      });
}

void SqliteClients::revoke(std::string address, std::uint64_t id, Completion<> done) {
  access_.write<void>(
      std::move(done), [address = std::move(address), id](Connection& connection) -> Result<> {
        TRY(account_row(connection, address));
        if (!TRY(exists(connection, address, id)))
          return fail(Fault::not_found, "there is no such client");
        TRY(connection.execute("DELETE FROM client WHERE address = ?1 AND id = ?2 AND kind = 2",
                               address, id));
        TRY(
            connection.execute("UPDATE client SET flags = flags | 2, secrets = x'' "
                               "WHERE address = ?1 AND id = ?2",
                               address, id));
        return new_generation(connection, address);
      });
}

void SqliteClients::second_factor(std::string address,
                                  Completion<std::optional<SecondFactor>> done) {
  access_.read<std::optional<SecondFactor>>(
      std::move(done), [&sealer = sealer_, address = std::move(address)](Connection& connection) {
        return read_factor(connection, sealer, address);
      });
}

void SqliteClients::set_second_factor(std::string address, std::optional<SecondFactor> factor,
                                      Completion<> done) {
  access_.write<void>(std::move(done),
                      [&sealer = sealer_, address = std::move(address),
                       factor = std::move(factor)](Connection& connection) -> Result<> {
                        TRY(account_row(connection, address));
                        return write_factor(connection, sealer, address, factor);
                      });
}

}  // namespace herold::store
