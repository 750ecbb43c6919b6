// One run of the simulation: clients that chat, sign off, come back and stop reading, a server
// that may die, and the judgement in the end.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "client.h"
#include "server/testing/process.h"

namespace herold::sim {

enum class Fault : std::uint8_t {
  none,       // nothing but the network and the clients
  kill,       // kill -9 and graceful restarts
  power_cut,  // unsynced writes are lost
  full,       // the disk takes nothing for a while, and now and then the process dies of it
};

struct Plan {
  std::uint64_t seed = 1;
  unsigned shards = 1;
  Fault fault = Fault::none;
  bool loud = false;     // prints the log of the server
  std::string database;  // the template
  std::string folder;    // for this run's files
};

struct Outcome {
  std::vector<std::string> problems;
  std::size_t sent = 0, acknowledged = 0, deliveries = 0, heard = 0;
  unsigned resumptions = 0, refusals = 0, runs = 0;
  std::uint64_t trace = 0;
};

inline constexpr unsigned accounts = 6;

inline std::string account_name(unsigned number) {
  return "u" + std::to_string(number) + "@" + std::string(domain);
}

class Scenario {
 public:
  explicit Scenario(const Plan& plan);
  ~Scenario();

  Outcome run();

 private:
  enum class Doom : std::uint8_t { none, kill, at_operation, io_error, restart, power_cut };
  // Sessions that the server said it could not keep resumable.
  class Listener final : public Log {
   public:
    explicit Listener(const Scenario& scenario) : scenario_(scenario) {}
    bool wants(LogLevel) const override { return false; }
    void write(LogLevel level, std::string_view event, std::span<const LogField> fields) override;
    std::set<std::string> not_resumable;
    std::vector<std::string> errors;

   private:
    const Scenario& scenario_;
  };

  void print(const std::string& line) const;
  void make_clients();
  void act(std::size_t index);
  void act_online(Client& client, std::size_t index);
  void converse(Client& client);
  std::string somebody();
  void break_something(Client& client, std::size_t index);

  void run_active();
  bool is_due() const;
  void plan_fault();
  void begin_fault();
  Client::Expect expectation(std::size_t index) const;
  void fill_disk();
  void free_disk();
  void die();
  void start_again();
  void come_to_rest();
  bool at_rest() const;
  void judge();
  void judge_archives();
  void judge_archive(const std::string& account, const std::map<std::uint32_t, unsigned>& held);
  void judge_contacts();
  void judge_room();
  using Messages = std::vector<store::StoredMessage>;
  // What these archives have, oldest first; a problem where one cannot be read.
  void read_archives(std::span<const std::string> owners,
                     const std::function<void(const std::string& owner, const Messages&)>& use);
  Rosters stored_rosters();
  void blame(const std::string& problem) { book_.blame(problem); }
  bool chance(std::uint64_t percent) { return random_.below(100) < percent; }
  Duration within(Duration most) {
    return Duration(random_.below(static_cast<std::uint64_t>(most.count())) + 1);
  }

  const Plan plan_;
  Limits limits_;
  SeededRandom random_;
  Book book_;
  RoomBook room_;
  Listener log_;
  net::sim::SimWorld world_;
  std::unique_ptr<net::sim::SimNetwork> network_;
  store::SimDisk disk_;
  crypto::OpenSslCrypto crypto_;
  xmpp::ClientKeys keys_;
  std::unique_ptr<Process> process_;
  net::sim::SimLoop& director_;
  std::vector<net::sim::SimLoop*> client_loops_;
  struct Actor {
    std::unique_ptr<Client> client;
    net::Timer timer;
    // Number of the client's session at the last power cut, and of one that was being made.
    unsigned cut_session = 0, unsure_session = 0;
  };
  std::vector<Actor> actors_;
  net::Timer fault_timer_, restart_timer_, relief_timer_;
  Doom doom_ = Doom::none;
  bool resting_ = false;
  bool disk_is_full_ = false;
};

}  // namespace herold::sim
