// What the users of one worker do in a run: the frame of all scenarios, and their counters.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "apps/herold-load/latency.h"
#include "apps/herold-load/session.h"
#include "apps/herold-load/worker.h"

namespace herold::load {

// Of the measured time; of several workers they are added up.
struct Counters {
  std::uint64_t done = 0;      // what the scenario counts: logins, deliveries, registrations ...
  std::uint64_t sent = 0;      // messages or broadcasts
  std::uint64_t lost = 0;      // under way at the end and never seen
  std::uint64_t existing = 0;  // users or contacts that were there before
  unsigned fewest_contacts = UINT32_MAX;  // in any roster seen
  unsigned most_contacts = 0;
  std::string mechanism;
  Latency latency;
  Latency entered;              // rooms: from asking to being in
  std::uint64_t presences = 0;  // rooms: of all occupants, to all

  void add(const Counters& other);
};

// Phases end with Worker::arrive(). Told about its sessions as their owner.
class Scenario : public SessionOwner {
 public:
  explicit Scenario(Worker& worker) : worker_(worker) {}

  virtual void prepare() = 0;
  virtual void enter() { worker_.arrive(); }
  virtual void warm_up() { worker_.arrive(); }
  virtual void measure() = 0;
  virtual void finish() { leave_all(); }
  virtual std::string describe() const;  // where it stands, for a person
  const Counters& counters() const { return counters_; }
  virtual void disconnect();  // the loop has ended

  void on_ready(Session& session) override;
  void on_left(Session& session) override;

 protected:
  void make_sessions();
  // Signs in sessions [begin, end), as many at a time as the options say; then on_all_ready().
  void sign_in(unsigned begin, unsigned end);
  virtual void on_all_ready() {}
  // Those that are connected; then on_all_left().
  void leave_all();
  virtual void on_all_left() { worker_.arrive(); }
  void note_roster(Session& session);
  const Options& options() const { return worker_.options(); }

  Worker& worker_;
  std::vector<std::unique_ptr<Session>> sessions_;  // number() is the index plus the share's first
  Counters counters_;

 private:
  void sign_in_next();

  unsigned next_ = 0, end_ = 0, missing_ = 0;  // of sign_in()
  unsigned ready_ = 0, leaving_ = 0;
};

std::unique_ptr<Scenario> make_scenario(Worker& worker);
std::unique_ptr<Scenario> make_login(Worker& worker);
std::unique_ptr<Scenario> make_idle(Worker& worker);
std::unique_ptr<Scenario> make_chat(Worker& worker);
std::unique_ptr<Scenario> make_presence(Worker& worker);
std::unique_ptr<Scenario> make_rooms(Worker& worker);
std::unique_ptr<Scenario> make_push(Worker& worker);
std::unique_ptr<Scenario> make_register(Worker& worker);
std::unique_ptr<Scenario> make_befriend(Worker& worker);

}  // namespace herold::load
