// Accounts: addresses that may sign in here, and their SCRAM keys (RFC 5802, DECISIONS.md 17, 18).
//
// Addresses are normalised bare JIDs as text; domains likewise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "store/executor.h"

namespace herold::store {

enum class AccountState : std::uint8_t { enabled = 1, disabled = 2 };

// Whether a new account may have a name that is taken for another of its domain (UTS 39).
enum class LookAlikes : std::uint8_t { allowed, refused };

enum class NameState : std::uint8_t { free, taken, look_alike };

struct Account {
  std::string address;
  AccountState state = AccountState::enabled;
  WallTime created{};
  std::optional<WallTime> last_sign_in;
};

// What SCRAM keeps of a password, for one hash. The keys are encrypted at rest.
struct Credential {
  std::string hash;  // as in the mechanism's name: "SHA-1", "SHA-256", "SHA-512"
  std::string salt;
  std::uint32_t iterations = 0;
  std::string stored_key;
  std::string server_key;
};

// How far reseal() came: `last` is the last address, "" when there was none.
struct Resealed {
  std::uint64_t accounts = 0;
  std::string last;
};

// No address of anybody: a local part has no colon (RFC 7622 section 3.3.1).
inline std::string removed_owner(std::string_view address) {
  return "removed:" + std::string(address);
}

class Accounts {
 public:
  virtual ~Accounts() = default;

  // Fault::conflict when the account exists.
  virtual void create(std::string address, std::vector<Credential> credentials, WallTime now,
                      Completion<> done) = 0;
  // The same; Fault::refused when it looks like another account of its domain.
  virtual void create_distinct(std::string address, std::vector<Credential> credentials,
                               WallTime now, Completion<> done) = 0;
  // Whether create_distinct() would do it now.
  virtual void name_state(std::string address, Completion<NameState> done) = 0;
  // Removes the account and everything of the address in every table, in one transaction, which
  // notes as well that the rest of the removal is owed: what others have of it. Records of the
  // modules `kept` say where that is; until end_removal() they belong to removed_owner(address).
  // Fault::not_found when there is none (what else was left of the address goes all the same, and
  // nothing is noted); Fault::refused when the database has tables that this program was not told
  // of.
  virtual void remove(std::string address, std::vector<std::string> kept, Completion<> done) = 0;
  // Nothing is owed any more: the note goes, and the records that were kept.
  virtual void end_removal(std::string address, Completion<> done) = 0;
  // Fault::not_found.
  virtual void find(std::string address, Completion<Account> done) = 0;
  virtual void exists(std::string address, Completion<bool> done) = 0;
  // Ordered by hash. Fault::not_found without the account.
  virtual void credentials(std::string address, Completion<std::vector<Credential>> done) = 0;
  // Replaces all, for another password: its clients' tokens and app passwords go with the old
  // ones (clients.h). Fault::not_found without the account.
  virtual void set_credentials(std::string address, std::vector<Credential> credentials,
                               Completion<> done) = 0;
  // One more for the same password. Fault::conflict where there is one with this hash.
  virtual void add_credential(std::string address, Credential added, Completion<> done) = 0;
  // Seals the keys of at most `limit` accounts behind the address `after` anew, because the
  // sealer has another key. Fault::malformed when one cannot be opened; then nothing changed.
  virtual void reseal(std::string after, std::uint32_t limit, Completion<Resealed> done) = 0;
  virtual void set_state(std::string address, AccountState state, Completion<> done) = 0;
  virtual void signed_in(std::string address, WallTime now, Completion<> done) = 0;
  // Accounts of `domain` behind the address `after` (empty: from the first), ordered by address.
  virtual void list(std::string domain, std::string after, std::uint32_t limit,
                    Completion<std::vector<Account>> done) = 0;
  virtual void count(std::string domain, Completion<std::uint64_t> done) = 0;
  // The same of those that are disabled.
  virtual void list_disabled(std::string domain, std::string after, std::uint32_t limit,
                             Completion<std::vector<Account>> done) = 0;
  virtual void count_disabled(std::string domain, Completion<std::uint64_t> done) = 0;
};

}  // namespace herold::store
