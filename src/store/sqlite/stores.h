// The stores by purpose over SQLite: statements in the .cc files of the same names.
#pragma once

#include "base/clock.h"
#include "store/sealer.h"
#include "store/sqlite/engine.h"

namespace herold::store {

class SqliteAccounts final : public Accounts {
 public:
  SqliteAccounts(Access& access, const Sealer& sealer) : access_(access), sealer_(sealer) {}
  void create(std::string address, std::vector<Credential> credentials, WallTime now,
              Completion<> done) override;
  void create_distinct(std::string address, std::vector<Credential> credentials, WallTime now,
                       Completion<> done) override;
  void name_state(std::string address, Completion<NameState> done) override;
  void remove(std::string address, std::vector<std::string> kept, Completion<> done) override;
  void end_removal(std::string address, Completion<> done) override;
  void find(std::string address, Completion<Account> done) override;
  void exists(std::string address, Completion<bool> done) override;
  void credentials(std::string address, Completion<std::vector<Credential>> done) override;
  void set_credentials(std::string address, std::vector<Credential> credentials,
                       Completion<> done) override;
  void add_credential(std::string address, Credential added, Completion<> done) override;
  void reseal(std::string after, std::uint32_t limit, Completion<Resealed> done) override;
  void set_state(std::string address, AccountState state, Completion<> done) override;
  void signed_in(std::string address, WallTime now, Completion<> done) override;
  void list(std::string domain, std::string after, std::uint32_t limit,
            Completion<std::vector<Account>> done) override;
  void count(std::string domain, Completion<std::uint64_t> done) override;
  void list_disabled(std::string domain, std::string after, std::uint32_t limit,
                     Completion<std::vector<Account>> done) override;
  void count_disabled(std::string domain, Completion<std::uint64_t> done) override;

 private:
  void create(std::string address, std::vector<Credential> credentials, WallTime now,
              LookAlikes look_alikes, Completion<> done);

  Access& access_;
  const Sealer& sealer_;
};

class SqliteClients final : public Clients {
 public:
  SqliteClients(Access& access, const Sealer& sealer) : access_(access), sealer_(sealer) {}
  void facts(std::string address, Completion<SignInFacts> done) override;
  void find(std::string address, std::string agent, Completion<FoundClient> done) override;
  void list(std::string address, Completion<std::vector<Client>> done) override;
  void put(std::string address, Client client, Generation generation, std::uint64_t most,
           Completion<> done) override;
  void seen(std::string address, std::uint64_t id, WallTime now, Completion<> done) override;
  void revoke(std::string address, std::uint64_t id, Completion<> done) override;
  void second_factor(std::string address, Completion<std::optional<SecondFactor>> done) override;
  void set_second_factor(std::string address, std::optional<SecondFactor> factor,
                         Completion<> done) override;

 private:
  Access& access_;
  const Sealer& sealer_;
};

class SqliteRosters final : public Rosters {
 public:
  SqliteRosters(Access& access, const Clock& clock, std::uint64_t kept_removals)
      : access_(access), clock_(clock), kept_removals_(kept_removals) {}
  void load(std::string owner, Completion<Roster> done) override;
  void change(std::string owner, std::vector<RosterChange> changes,
              Completion<std::uint64_t> done) override;
  void changes_since(std::string owner, std::uint64_t version,
                     Completion<std::optional<RosterDifference>> done) override;

 private:
  Access& access_;
  const Clock& clock_;
  std::uint64_t kept_removals_;
};

class SqliteMessages final : public Messages {
 public:
  using TextOf = std::string (*)(std::string_view stanza);
  SqliteMessages(Access& access, const Clock& clock, TextOf text_of)
      : access_(access), clock_(clock), text_of_(text_of) {}
  void add(SharedMessages messages, Completion<> done) override;
  void backlog(Box box, Completion<Backlog> done) override;
  void newest_id(std::string owner, Completion<std::uint64_t> done) override;
  void fetch(Box box, std::uint64_t after, std::uint32_t limit,
             Completion<std::vector<StoredMessage>> done) override;
  void select(Box box, Selection what, PageBounds bounds, Completion<Page> done) override;
  void count(Box box, Selection what, Completion<std::uint64_t> done) override;
  void index_text(Box box, std::uint32_t limit, Completion<bool> done) override;
  void wipe_text(Completion<bool> done) override;
  void replace(Box box, std::uint64_t stanza_id, std::string content, Completion<> done) override;
  void remove(Box box, std::vector<std::uint64_t> ids, Completion<> done) override;
  void remove_stanzas(Box box, std::vector<std::uint64_t> stanza_ids, Completion<> done) override;
  void remove_all(Box box, Completion<> done) override;
  void move(Box from, Box to, Completion<> done) override;
  void boxes(BoxKind kind, std::uint64_t after, std::uint32_t limit,
             Completion<std::vector<BoxUsage>> done) override;
  void trim(Box box, WallTime older, Bytes most, std::uint32_t limit,
            Completion<bool> done) override;

 private:
  Access& access_;
  const Clock& clock_;
  TextOf text_of_;
};

// All boxes of an account that is being removed.
Result<> erase_messages(Connection& connection, std::string_view owner);

class SqliteRecords final : public Records {
 public:
  SqliteRecords(Access& access, const Clock& clock) : access_(access), clock_(clock) {}
  void get(RecordKey key, Completion<std::optional<Record>> done) override;
  void list(std::string module, std::string owner, std::string prefix,
            Completion<std::vector<Record>> done) override;
  void put(RecordKey key, std::string value, Completion<std::uint64_t> done) override;
  void put_if(RecordKey key, std::string value, std::uint64_t version,
              Completion<std::uint64_t> done) override;
  void remove(RecordKey key, Completion<> done) override;
  void remove_all(std::string module, std::string owner, Completion<> done) override;
  void take_all(std::string module, std::string owner,
                Completion<std::vector<Record>> done) override;
  void usage(std::string module, std::string owner, Completion<RecordUsage> done) override;

 private:
  Access& access_;
  const Clock& clock_;
};

inline std::int64_t microseconds(WallTime time) { return time.time_since_epoch().count(); }
inline WallTime wall_time(std::int64_t number) { return WallTime(Microseconds(number)); }

// The next of a row of numbers that must never come twice, not even when the row was removed and
// begun anew: the clock is the floor.
inline std::uint64_t next_number(std::uint64_t last, const Clock& clock) {
  const auto floor = static_cast<std::uint64_t>(microseconds(clock.wall()));
  return last + 1 > floor ? last + 1 : floor;
}

}  // namespace herold::store
