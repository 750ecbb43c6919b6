// The course of a run.
#include "scenario.h"

#include <charconv>
#include <cstdio>

#include "base/check.h"
#include "server/modules.h"

namespace herold::sim {
namespace {

// A message's own id is its number in the book, behind `prefix`.
std::uint32_t serial_of(const store::Message& message, std::string_view prefix = "") {
  const std::string mark = " id=\"" + std::string(prefix);
  const std::string_view text = message.stanza.view();
  const std::size_t place = text.find(mark);
  std::uint32_t serial = UINT32_MAX;
  if (place != std::string_view::npos)
    std::from_chars(text.data() + place + mark.size(), text.data() + text.size(), serial);
  return serial;
}

constexpr Seconds active_time{4};
constexpr Seconds patience{180};  // virtual, until everything has arrived

Limits limits_of(Random& random) {
  Limits limits;
  limits.connection_rate = limits.connection_burst = 1000;
  limits.scram_iterations = password_iterations;
  limits.client_bandwidth = limits.client_bandwidth_burst = 10'000'000;
  // Sometimes so short that clients come too late.
  limits.sm_resume_time = random.below(3) == 0 ? 1 : 10;
  limits.shard_mailbox = random.below(3) == 0 ? 4 : 65536;
  limits.journal_segment_bytes = 512 * 1024;
  limits.journal_reserve_bytes = 64 * 1024;
  // Sometimes so small that queues go to disk, and run over there.
  limits.sm_queue_bytes = random.below(3) == 0 ? 48 * 1024 : 1024 * 1024;
  limits.sm_disk_bytes = random.below(3) == 0 ? 32 * 1024 : 1024 * 1024;
  limits.send_buffer = random.below(3) == 0 ? 8 * 1024 : 1024 * 1024;
  return limits;
}

server::Config config_of(Random& random) {
  static const auto descriptions = server::module_descriptions();
  auto read = server::parse_config(
      "data = '/data'\n[[domain]]\nname = '" + std::string(domain) + "'\n", "sim", descriptions);
  CHECK(read.has_value());
  server::Config config = std::move(*read);
  config.limits = limits_of(random);
  CHECK(config.domains.size() == 1);
  config.domains.front().limits = config.limits;
  return config;
}

net::sim::SimNetworkSettings network_of(Random& random) {
  net::sim::SimNetworkSettings settings;
  settings.most_delay = Milliseconds(1 + random.below(40));
  settings.window = 1024u << random.below(7);
  settings.short_percent = random.below(40);
  return settings;
}

}  // namespace

void Scenario::Listener::write(LogLevel level, std::string_view event,
                               std::span<const LogField> fields) {
  std::string line(event);
  for (const LogField& field : fields) {
    line += ' ' + std::string(field.key) + '=' + std::string(field.value);
    if (event == "session-not-resumable" && field.key == "jid")
      not_resumable.insert(std::string(field.value));
  }
  const bool is_planned = scenario_.disk_.dead() || scenario_.doom_ == Doom::io_error;
  if (level >= LogLevel::error && !is_planned) errors.push_back(line);
  if (scenario_.plan_.loud) scenario_.print("server: " + line);
}

void Scenario::print(const std::string& line) const {
  const auto now = world_.clock().now().time_since_epoch().count();
  std::printf("%10lld %s\n", static_cast<long long>(now), line.c_str());
}

Scenario::Scenario(const Plan& plan)
    : plan_(plan),
      random_(plan.seed * 0x9e3779b97f4a7c15 + plan.shards),
      log_(*this),
      world_(plan.seed),
      network_(std::make_unique<net::sim::SimNetwork>(world_, network_of(random_))),
      disk_(plan.seed),
      director_(world_.add_loop()) {
  keys_ = client_keys(crypto_);
  const server::Config config = config_of(random_);
  limits_ = config.limits;
  const std::string database = plan.folder + "/herold.sqlite";
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(database + end);
  std::filesystem::copy_file(plan.database, database);
  Process::Settings settings{plan.shards, config, database, random_.number()};
  if (chance(25)) settings.slowest_sync = Milliseconds(300);
  if (chance(25)) settings.slowest_database = Milliseconds(500);
  process_ = std::make_unique<Process>(world_, disk_, log_, std::move(settings));
  if (plan.fault == Fault::full) {
    book_.allow("resource-constraint");
    book_.allow("internal-server-error");  // instead of such an error that a crash took
  }
  if (plan.loud) book_.set_listener([this](const std::string& event) { print(event); });
  make_clients();
}

Scenario::~Scenario() {
  process_.reset();
  actors_.clear();
  for (net::sim::SimLoop* loop : client_loops_) loop->drop();
  director_.drop();
  network_.reset();
}

void Scenario::make_clients() {
  for (int i = 0; i < 2; ++i) client_loops_.push_back(&world_.add_loop());
  for (unsigned account = 0; account < accounts; ++account) {
    // Without stream management a message may be lost on its way to a client: such accounts are
    // only there where nothing dies and nobody is found to be slow.
    const bool calm = plan_.fault == Fault::none && limits_.send_buffer >= 1024 * 1024;
    const bool managed = !calm || !chance(20);
    for (unsigned device = 0; device < 1 + random_.below(2); ++device) {
      Persona persona{.number = static_cast<unsigned>(actors_.size()),
                      .account = account_name(account),
                      .resource = "r" + std::to_string(device),
                      .priority = static_cast<std::int8_t>(random_.below(2)),
                      .managed = managed,
                      .carbons = chance(50),
                      .inactive = chance(30),
                      .lazy = chance(30)};
      const auto dial = [this](std::unique_ptr<net::Transport> transport) {
        if (!process_->running()) return false;
        process_->accept(std::move(transport));
        return true;
      };
      const auto ran_over = [this](const std::string& address) {
        return log_.not_resumable.contains(address);
      };
      net::sim::SimLoop& loop = *client_loops_[actors_.size() % client_loops_.size()];
      actors_.push_back({std::make_unique<Client>(
                             ClientWorld{*network_, loop, crypto_, random_, book_, room_, keys_,
                                         Seconds(limits_.sm_resume_time), dial, ran_over},
                             std::move(persona)),
                         net::Timer()});
    }
  }
}

// --- what clients do -----------------------------------------------------------------------------

void Scenario::act(std::size_t index) {
  Client& client = *actors_[index].client;
  actors_[index].timer.start(director_, within(Milliseconds(160)), [this, index] { act(index); });
  switch (client.state()) {
    case Client::State::offline:
      if (!resting_ && chance(2)) {  // away for longer than it could resume
        actors_[index].timer.start(director_, within(Seconds(3)), [this, index] { act(index); });
        return;
      }
      if (!resting_ && !chance(60)) return;
      client.expect(expectation(index));
      client.connect();
      return;
    case Client::State::signing_in:
      // What it dialled has died meanwhile, or swallows everything.
      if (world_.clock().now() - client.since() > Seconds(5))
        client.lose_connection(Client::Loss::closed);
      return;
    case Client::State::leaving:
      if (world_.clock().now() - client.since() > Seconds(30))
        blame(client.address() + ": the server does not close the stream");
      return;
    case Client::State::online:
      return act_online(client, index);
  }
}

void Scenario::act_online(Client& client, std::size_t index) {
  if (resting_) {
    if (!client.reading()) client.set_reading(true);
    if (!client.is_active()) client.toggle_activity();
    if (client.unacked() > 0) client.ask_for_ack();
    return;
  }
  if (chance(70)) return converse(client);
  break_something(client, index);
}

std::string Scenario::somebody() {
  const Client& chosen = *actors_[random_.below(actors_.size())].client;
  return chance(60) ? chosen.persona().account : chosen.address();
}

void Scenario::converse(Client& client) {
  const std::string to = somebody();
  const std::uint64_t burst = 1 + random_.below(6);
  for (std::uint64_t i = 0; i < burst; ++i)
    client.send_message(chance(80) ? to : somebody(), std::string(random_.below(600), '.'));
  if (chance(30)) client.ask_server();
  if (chance(25))
    client.change_contacts(account_name(static_cast<unsigned>(random_.below(accounts))));
  if (client.persona().managed && chance(40))
    client.visit_room(std::string(random_.below(300), '.'));
  if (chance(60)) client.ask_for_ack();
}

void Scenario::break_something(Client& client, std::size_t) {
  const bool managed = client.persona().managed;
  switch (random_.below(8)) {
    case 0:
      return client.sign_off();
    case 1:
      if (managed) client.lose_connection(Client::Loss::reset);
      return;
    case 2:
      if (managed) client.lose_connection(Client::Loss::closed);
      return;
    case 3:
      if (managed) client.lose_connection(Client::Loss::silent);
      return;
    case 4:
      if (!managed) return;
      client.lose_connection(Client::Loss::closed);
      if (chance(30)) client.forget();
      return;
    case 5:
      if (managed) client.set_reading(!client.reading());
      return;
    case 6:
      if (client.persona().inactive) client.toggle_activity();
      return;
    default:
      return client.set_reading(true);
  }
}

// --- what befalls the server ---------------------------------------------------------------------

void Scenario::plan_fault() {
  if (plan_.fault == Fault::none) return;
  fault_timer_.start(director_, within(Seconds(2)), [this] {
    if (!resting_) begin_fault();
  });
}

void Scenario::begin_fault() {
  if (plan_.fault == Fault::power_cut) {
    doom_ = Doom::power_cut;
    return;
  }
  if (plan_.fault == Fault::full) return fill_disk();
  switch (random_.below(5)) {
    case 4:  // HOSTILE 177: it must end, and what it wrote is there
      disk_.fail_at(1 + random_.below(60));
      doom_ = Doom::io_error;
      return;
    case 0:
      doom_ = Doom::restart;
      return;
    case 1:
      doom_ = Doom::kill;
      return;
    default:
      disk_.die_at(1 + random_.below(60));
      doom_ = Doom::at_operation;
  }
}

// HOSTILE 176: no new journal file, or not even what was preallocated can be written.
void Scenario::fill_disk() {
  if (chance(50))
    disk_.set_capacity(disk_.used() + random_.below(16 * 1024));
  else
    disk_.refuse_writes(true);
  disk_is_full_ = true;
  book_.tell("the disk is full");
  relief_timer_.start(director_, within(Seconds(2)), [this] {
    free_disk();
    plan_fault();
  });
  if (chance(25)) doom_ = Doom::kill;
}

void Scenario::free_disk() {
  relief_timer_.stop();
  disk_.set_capacity(~Bytes{0});
  disk_.refuse_writes(false);
  disk_is_full_ = false;
  book_.tell("the disk has room");
}

// DECISIONS.md 4: whoever is in time can resume, also after a kill, but not after a power cut.
Client::Expect Scenario::expectation(std::size_t index) const {
  const Actor& actor = actors_[index];
  const unsigned session = actor.client->session();
  if (session == actor.cut_session) return Client::Expect::refused;
  return session == actor.unsure_session ? Client::Expect::anything : Client::Expect::resumed;
}

// Outside of the turns of any loop.
void Scenario::die() {
  const Doom how = doom_;
  doom_ = Doom::none;
  book_.tell("the server dies");
  if (how == Doom::restart)
    process_->stop();
  else
    process_->kill();
  if (how == Doom::power_cut)
    disk_.power_cut();
  else
    disk_.kill();
  for (Actor& actor : actors_) {
    if (how != Doom::power_cut) break;
    actor.cut_session = actor.client->session();
    const bool is_unsure = actor.client->state() == Client::State::signing_in;
    actor.unsure_session = is_unsure ? actor.cut_session + 1 : 0;
  }
  restart_timer_.start(director_, within(Milliseconds(500)), [this] { start_again(); });
}

void Scenario::start_again() {
  const auto started = process_->start();
  if (started) return plan_fault();
  if (!disk_is_full_) return blame("the server does not start again: " + started.error().text);
  book_.tell("the server cannot start");
  process_->kill();
  restart_timer_.start(director_, within(Milliseconds(500)), [this] { start_again(); });
}

bool Scenario::is_due() const {
  switch (doom_) {
    case Doom::none:
      return false;
    case Doom::at_operation:
      return disk_.dead();
    case Doom::io_error:
      return process_->has_failed();
    default:
      return true;
  }
}

void Scenario::run_active() {
  const MonotonicTime end = world_.clock().now() + active_time;
  while (world_.clock().now() < end || !process_->running() || doom_ != Doom::none) {
    if (!world_.step() || !book_.problems().empty()) return;
    if (is_due()) die();
    const bool waits = doom_ == Doom::at_operation || doom_ == Doom::io_error;
    if (waits && world_.clock().now() > end) {
      disk_.kill();  // it came to its end without that operation
      doom_ = Doom::none;
    }
  }
}

// --- the end -------------------------------------------------------------------------------------

bool Scenario::at_rest() const {
  for (const Actor& actor : actors_)
    if (actor.client->state() != Client::State::online || actor.client->unacked() > 0 ||
        actor.client->unanswered() > 0 || actor.client->waits_for_room())
      return false;
  return process_->open_stanzas() == 0 && book_.missing().empty();
}

void Scenario::come_to_rest() {
  resting_ = true;
  fault_timer_.stop();
  free_disk();
  const MonotonicTime end = world_.clock().now() + patience;
  while (world_.clock().now() < end && book_.problems().empty() && !at_rest())
    world_.run_for(Milliseconds(500));
}

void Scenario::judge() {
  if (!book_.problems().empty()) return;
  if (!process_->running()) return blame("the server is gone");
  for (const Actor& actor : actors_) {
    const Client& client = *actor.client;
    if (client.state() != Client::State::online) blame(client.address() + " does not come online");
    if (client.unacked() > 0)
      blame(client.address() + " waits for " + std::to_string(client.unacked()) + " acks");
    if (client.unanswered() > 0)
      blame(client.address() + " waits for " + std::to_string(client.unanswered()) + " answers");
  }
  for (const std::uint32_t serial : book_.missing())
    blame("message " + std::to_string(serial) + " from client " +
          std::to_string(book_.entry(serial).sender) + " to " + book_.entry(serial).account +
          " was acknowledged and is lost");
  if (const auto open = process_->open_stanzas(); open > 0)
    blame(std::to_string(open) + " stanzas stay open in the journal");
  for (const std::string& error : log_.errors) blame("error logged: " + error);
  judge_archives();
  judge_room();
  judge_contacts();
}

void Scenario::read_archives(
    std::span<const std::string> owners,
    const std::function<void(const std::string& owner, const Messages&)>& use) {
  store::TaskQueue tasks;
  const auto stores = process_->server().database().attach(tasks);
  std::size_t answered = 0;
  for (const std::string& owner : owners)
    stores->messages().fetch({owner, store::BoxKind::archive, {}}, 0, UINT32_MAX,
                             [&, owner](Result<Messages> found) {
                               ++answered;
                               if (!found)
                                 return blame("the archive of " + owner + " is unreadable");
                               use(owner, *found);
                             });
  for (int i = 0; i < 1000 && answered < owners.size(); ++i) {
    world_.run_for(Milliseconds(10));
    tasks.run_all();
  }
  if (answered < owners.size()) blame("the archives cannot be read");
}

// Whatever befell the server: what it accepted stands once in the archives of both sides.
void Scenario::judge_archives() {
  std::vector<std::string> owners;
  for (unsigned number = 0; number < accounts; ++number) owners.push_back(account_name(number));
  read_archives(owners, [this](const std::string& account, const Messages& found) {
    std::map<std::uint32_t, unsigned> held;
    for (const store::StoredMessage& one : found) ++held[serial_of(one.message)];
    judge_archive(account, held);
  });
}

void Scenario::judge_room() {
  const std::string owners[] = {std::string(hall)};
  read_archives(owners, [this](const std::string&, const Messages& found) {
    std::vector<std::uint32_t> archive;
    for (const store::StoredMessage& one : found) archive.push_back(serial_of(one.message, "g"));
    const auto cuts =
        plan_.fault == Fault::power_cut ? RoomBook::PowerCuts::some : RoomBook::PowerCuts::none;
    for (const std::string& problem : room_.judge(archive, cuts)) blame(problem);
  });
}

void Scenario::judge_archive(const std::string& account,
                             const std::map<std::uint32_t, unsigned>& held) {
  for (std::uint32_t serial = 0; serial < book_.sent(); ++serial) {
    const Book::Entry& entry = book_.entry(serial);
    const bool is_theirs =
        account == entry.account || account == actors_[entry.sender].client->persona().account;
    const auto found = held.find(serial);
    const unsigned times = found == held.end() ? 0 : found->second;
    const std::string what = "message " + std::to_string(serial) + " is " + std::to_string(times) +
                             " times in the archive of " + account;
    if (times > (is_theirs ? 1 : 0)) blame(what);
    // What nobody was told to be safe may go with the power.
    const bool is_safe = entry.acked || (entry.received > 0 && plan_.fault != Fault::power_cut);
    if (is_theirs && is_safe && times == 0 && !entry.bounced && !entry.forgiven) blame(what);
  }
}

Rosters Scenario::stored_rosters() {
  world_.run_for(Seconds(20));  // pushes arrive
  Rosters rosters;
  for (unsigned number = 0; number < accounts; ++number) {
    const std::string account = account_name(number);
    server::Server& server = process_->server();
    server.shard(server.home_of(account))
        .stores()
        .rosters()
        .load(account, [&rosters, account](Result<store::Roster> roster) {
          if (roster) rosters[account] = std::move(*roster);
        });
  }
  world_.run_for(Seconds(5));
  return rosters;
}

void Scenario::judge_contacts() {
  const Rosters rosters = stored_rosters();
  if (rosters.size() < accounts) return blame("a roster cannot be read");
  for (const std::string& problem : disagreements(rosters)) blame(problem);
  for (const Actor& actor : actors_) {
    const Client& client = *actor.client;
    const View stored = view_of(rosters.at(client.persona().account));
    if (client.contacts() == nullptr) {
      blame(client.address() + " never got its roster");
      continue;
    }
    for (const auto& [contact, state] : stored) {
      const auto shown = client.contacts()->find(contact);
      const std::string what = shown == client.contacts()->end() ? "nothing" : shown->second;
      if (what != state)
        blame(client.address() + " shows " + what + " of " + contact + ", stored is " + state);
    }
    for (const auto& [contact, state] : *client.contacts())
      if (!stored.contains(contact))
        blame(client.address() + " shows " + contact + ", which is not stored");
    const auto own = stored.find(client.own_contact());
    const unsigned name =
        own == stored.end() ? 0 : static_cast<unsigned>(std::stoul("0" + own->second.substr(5)));
    if (name < client.name_acked())
      blame(client.address() + " was told that name " + std::to_string(client.name_acked()) +
            " is stored, which is " + std::to_string(name));
  }
}

Outcome Scenario::run() {
  if (const auto started = process_->start(); !started) {
    blame("the server does not start: " + started.error().text);
  } else {
    for (std::size_t i = 0; i < actors_.size(); ++i)
      actors_[i].timer.start(director_, within(Milliseconds(200)), [this, i] { act(i); });
    plan_fault();
    run_active();
    if (book_.problems().empty()) come_to_rest();
    judge();
  }
  Outcome outcome{book_.problems(), book_.sent(), book_.acknowledged(), book_.deliveries(),
                  room_.heard()};
  for (const Actor& actor : actors_) {
    outcome.resumptions += actor.client->resumptions;
    outcome.refusals += actor.client->refusals;
  }
  outcome.runs = process_->runs();
  outcome.trace = world_.trace();
  return outcome;
}

}  // namespace herold::sim
