// An account in memory, on its home shard: its roster, its sessions, and what modules keep of it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "server/roster.h"
#include "server/session.h"
#include "server/slots.h"
#include "server/stanza.h"

namespace herold::server {

class Loading;
class ModuleHost;
class Shard;

class Account {
 public:
  // `exists` becomes known with loading.
  Account(ModuleHost& host, Jid address);
  Account(const Account&) = delete;
  ~Account();

  const Jid& address() const { return address_; }
  ModuleHost& host() const { return host_; }
  // Somebody signed in without an account (SASL ANONYMOUS, XEP-0175): it is there as long as the
  // session, the stores keep nothing of it, it has no contacts and cannot be resumed.
  bool is_temporary() const { return is_temporary_; }

  enum class State : std::uint8_t { loading, ready, missing, failed };
  State state() const { return state_; }
  // Runs `task` now when the account is loaded, else in its turn behind the others that wait.
  void when_loaded(std::move_only_function<void()> task);

  Roster& roster() { return roster_; }
  const Roster& roster() const { return roster_; }
  // Changes memory now and the store behind it; `stored` runs when it is safe, with the new
  // version. Where the store fails the roster is read again and `stored` gets the error.
  void change_roster(std::vector<store::RosterChange> changes,
                     std::move_only_function<void(Result<std::uint64_t>)> stored);

  // In the order of binding; detached sessions (XEP-0198) are among them.
  const std::vector<std::unique_ptr<Session>>& sessions() const { return sessions_; }
  Session* find_session(std::string_view resource) const;
  Session& add_session(std::unique_ptr<Session> session);
  // Removes without a word to anybody; see Shard::end_session().
  std::unique_ptr<Session> take_session(Session& session);
  bool has_available_sessions() const;

  // What a module keeps of an account while it is in memory: one T a type.
  template <class T>
  T& data() {
    return data_.get<T>();
  }
  // nullptr where there is none yet; costs an account without it nothing.
  template <class T>
  T* find_data() const {
    return data_.find<T>();
  }

  MonotonicTime last_used{};

 private:
  friend class Loading;
  friend class Shard;
  void loaded(State state);  // runs what waited
  void reload_roster();

  ModuleHost& host_;
  Jid address_;
  Roster roster_;
  State state_ = State::loading;
  bool existing_ = false;  // found in the store
  const bool is_temporary_;
  std::vector<std::unique_ptr<Session>> sessions_;
  Slots data_;
  std::unique_ptr<std::deque<std::move_only_function<void()>>> parked_;
  std::unique_ptr<Loading> loading_;
};

// What goes in front of a committed message's payload for a client of `account`.
std::string message_extras(const Account& account, const Stanza& stanza);

// Counts what an account still waits for while it is loaded; shared by the reads under way.
class Loading {
 public:
  explicit Loading(Account& account) : account_(account) {}
  // Until the release() the account is not ready.
  void hold() { ++holds_; }
  void release();
  void fail() { failed_ = true; }

 private:
  Account& account_;
  int holds_ = 0;
  bool failed_ = false;
};

}  // namespace herold::server
