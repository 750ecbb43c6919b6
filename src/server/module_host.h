// One domain on one shard: its settings, its modules' handlers, and all that a module may do.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/random.h"
#include "net/loop.h"
#include "server/account.h"
#include "server/account_actions.h"
#include "server/audience.h"
#include "server/config.h"
#include "server/events.h"
#include "server/iq.h"
#include "server/service.h"
#include "server/session.h"
#include "server/silence.h"
#include "store/database.h"

namespace herold::crypto {
class Crypto;
}

namespace herold::server {

class Archive;
class MessageNames;
class Shard;
struct Module;

using net::Timer;

// What the server keeps of a module that runs.
class ModuleInstance {
 public:
  virtual ~ModuleInstance() = default;
  // It is switched off or replaced: its timers end. It stays in memory for completions under way.
  virtual void stop() = 0;
};

class ModuleHost {
 public:
  ModuleHost(Shard& shard, Domain domain);
  ModuleHost(const ModuleHost&) = delete;
  ~ModuleHost();

  const Domain& domain() const { return domain_; }
  const Jid& address() const { return address_; }  // of the domain
  const Limits& limits() const { return domain_.limits; }
  bool is_admin(const Jid& jid) const;  // by bare address

  Hooks& hooks() { return hooks_; }
  RequestTable& requests() { return requests_; }
  // To its targets' tables, which may be the domain's and the module's own service's.
  void add(const RequestTable::Handler& handler);
  // Of the module that is being bound: it owns one.
  Service& own_service();
  const std::vector<std::unique_ptr<Service>>& services() const { return services_; }
  std::vector<const Module*> running() const;

  Shard& shard() { return shard_; }
  net::Loop& loop();
  const Clock& clock() const;
  Random& random();
  Log& log();
  store::Stores& stores();
  const crypto::Crypto& crypto() const;
  Archive& archive();  // of this shard
  const MessageNames& message_names() const;
  AccountActions account_actions();
  MonotonicTime started() const;  // the server

  // What a module keeps beyond its own life, which ends when its settings change: one T a type.
  template <class T>
  T& data() {
    return data_.get<T>();
  }

  // --- sessions of this domain on this shard, and other shards ---
  Session* find_session(SessionKey key) const;
  void for_each_session(const std::function<void(Session&)>& visit);
  // Runs `letter` where `name`, a bare address or any other text, has its home.
  void at_home(std::string_view name, std::move_only_function<void(ModuleHost&)> letter);
  bool is_home_of(std::string_view name) const;
  // Runs `work` there and then `then` here, with what it returned.
  template <class Work, class Then>
  void ask_home(std::string_view name, Work work, Then then) {
    at_home(name, [back = shard_index(), work = std::move(work),
                   then = std::move(then)](ModuleHost& there) mutable {
      there.at_shard(back, [answer = work(there), then = std::move(then)](ModuleHost&) mutable {
        then(std::move(answer));
      });
    });
  }
  // Runs `letter` on every shard, each on its own thread, then `done` here.
  void on_all_shards(std::function<void(ModuleHost&)> letter, std::function<void()> done);

  // Runs `letter` wherever some of `addresses`, accounts of any domain of ours, have their home,
  // with those. Others are left out.
  using HomeLetter = std::function<void(ModuleHost&, const std::vector<Jid>&)>;
  void at_homes(const std::vector<Jid>& addresses, const HomeLetter& letter);

  // Sends a stanza of ours (or one that we pass on) to its `to`, wherever that is.
  void send(Stanza stanza);
  // The same stanza to many: every shard gets it once, with the list of its addresses there.
  void send_to_all(const Stanza& stanza, std::vector<Jid> recipients);
  // The same again and again.
  void send_to_all(const Stanza& stanza, const Audience& audience);
  // Calls `then` with the account, in memory, on its home shard: at once or after loading it; with
  // nullptr when there is no such account or it could not be loaded. Only for homes on this shard.
  void with_account(const Jid& bare, std::move_only_function<void(Account*)> then);
  // The account, if it is in memory already.
  Account* find_account(const Jid& bare) const;

  // --- stanzas that must not be lost (DECISIONS.md 7) ---
  // Journals it, so that it is delivered even after a crash. False: its sender got an error.
  bool commit(Stanza& stanza);
  // The same for one that the store has too: its sender knows nothing of it, its time stays.
  bool commit_again(Stanza& stanza);
  // Runs `task` once all that was committed so far survives a power cut.
  void when_safe(net::Task task);
  void when_settled(net::Task task);  // without hurry
  // A stable id for a message of ours that is committed afterwards.
  MessageId next_message_id();
  // A committed stanza is where it belongs.
  void done(const Stanza& stanza);
  void bounce(const Stanza& stanza, const StanzaError& error);
  // The sender's `h` stops before this stanza until finish().
  void wait_for(const Stanza& stanza);
  void finish(const Origin& origin);

  // Stanzas that wait for the database, for back-pressure.
  void begin_saving(Bytes bytes);
  void end_saving(Bytes bytes);

  // Starts a timer that fires at the module's instance; it stops with the Timer.
  void after(Timer& timer, Duration delay, net::Task task);

  // Calls `act` with every session whose client, connected, has said nothing for so long, once in
  // each silence and at most a sixteenth late; until the watch is stopped or destroyed.
  void when_silent(SilenceWatch& watch, Silence patience, SilenceWatch::Act act);
  // Asks a client for a sign of life: whatever it says within `patience` is one. If there is none
  // and it is still connected, `silent` is called.
  void prod(const Session& session, std::string_view request_xml, Duration patience,
            std::function<void(Session&)> silent);

  // Asks a client or server; `then` gets the answer, or nothing after `patience`.
  void ask(Stanza request, Duration patience,
           std::move_only_function<void(const Stanza* answer)> then);

  // A session has begun; modules were or will be told by events.
  void watch(const Session& session);

  // Takes new settings: modules whose settings have the same effect go on as they are.
  void configure(Domain domain);

 private:
  friend class SilenceWatch;
  void start_modules();
  Service* make_service(const Module& module);
  unsigned shard_index() const;
  void at_shard(unsigned shard, std::move_only_function<void(ModuleHost&)> letter);

  Shard& shard_;
  Domain domain_;
  Jid address_;
  Hooks hooks_;
  RequestTable requests_;
  std::vector<std::unique_ptr<Service>> services_;
  Service* own_service_ = nullptr;  // while a module is bound
  struct Running {
    const Module* module;
    ModuleSettings settings;
    std::unique_ptr<ModuleInstance> instance;
  };
  Slots data_;                          // outlives the instances
  std::vector<SilenceWatch*> watches_;  // those that run; they belong to instances
  std::vector<std::unique_ptr<ModuleInstance>> retired_;  // completions may still come to them
  std::vector<Running> running_;
};

}  // namespace herold::server
