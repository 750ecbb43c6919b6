// Divides the work, waits for the workers between phases, and writes down what they counted.
#include "apps/herold-load/run.h"

#include <sys/resource.h>

#include <cmath>
#include <thread>
#include <utility>
#include <vector>

#include "apps/herold-load/process_usage.h"
#include "apps/herold-load/scenario.h"
#include "apps/herold-load/worker.h"

namespace herold::load {
namespace {

using Json = nlohmann::ordered_json;

// What stands between two phases.
struct Moment {
  Usage server;
  double own_cpu_seconds = 0;
  MonotonicTime time{};
};

Result<Moment> look(const Options& options) {
  return Moment{TRY(read_usage(options.pids)), own_cpu_seconds(), SystemClock().now()};
}

// Users that stay together: pairs, circles of contacts, or single ones.
unsigned unit_of(const Options& options) {
  switch (options.scenario) {
    case ScenarioKind::chat:
      return 2;
    case ScenarioKind::presence:
    case ScenarioKind::befriend:
      return options.contacts + 1;
    case ScenarioKind::rooms:
      return options.occupants;
    case ScenarioKind::push:
      return 3;
    default:
      return 1;
  }
}

std::vector<Share> divide(const Options& options) {
  const unsigned unit = unit_of(options);
  const unsigned units = options.sessions / unit;
  const unsigned workers = std::min(options.threads, units);
  std::vector<Share> shares;
  for (unsigned i = 0; i < workers; ++i) {
    const unsigned begin = units * i / workers, end = units * (i + 1) / workers;
    const std::uint64_t count = options.count * (i + 1) / workers - options.count * i / workers;
    shares.push_back({options.first + begin * unit, (end - begin) * unit, count});
  }
  return shares;
}

void allow_many_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // best effort: connecting will say when it is not enough
}

// Owns the workers and the threads they run on; stops and joins them at its end.
class Crew {
 public:
  explicit Crew(unsigned size) : phases_(size) {}
  ~Crew() { stop(); }

  Result<> start(const Options& options, const std::vector<Share>& shares) {
    for (const Share& share : shares)
      workers_.push_back(TRY(Worker::make(options, phases_, share)));
    for (const auto& worker : workers_) threads_.emplace_back([&worker] { worker->run(); });
    return {};
  }
  Result<> go_through(Phase phase) {
    for (const auto& worker : workers_) worker->begin(phase);
    return phases_.wait();
  }
  void stop() {
    for (const auto& worker : workers_) worker->stop();
    threads_.clear();
  }
  Counters counters() const {
    Counters sum;
    for (const auto& worker : workers_) sum.add(worker->scenario().counters());
    return sum;
  }
  unsigned retries() const {
    unsigned sum = 0;
    for (const auto& worker : workers_) sum += worker->retries();
    return sum;
  }

 private:
  Phases phases_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::jthread> threads_;
};

double rounded(double value) { return std::round(value * 1000) / 1000; }

Json report_latency(const Latency& latency) {
  return {{"p50", rounded(latency.percentile_milliseconds(50))},
          {"p90", rounded(latency.percentile_milliseconds(90))},
          {"p99", rounded(latency.percentile_milliseconds(99))},
          {"max", rounded(latency.max_milliseconds())},
          {"mean", rounded(latency.mean_milliseconds())}};
}

Json report_server(const Options& options, std::uint64_t count, const Moment& before,
                   const Moment& after) {
  const Usage& b = before.server;
  const Usage& a = after.server;
  const double cpu = a.cpu_seconds() - b.cpu_seconds();
  const double done = static_cast<double>(count);
  Json server{{"processes", a.processes},
              {"cpu_s", rounded(cpu)},
              {"user_s", rounded(a.user_seconds - b.user_seconds)},
              {"system_s", rounded(a.system_seconds - b.system_seconds)},
              {"rss_before_kb", b.resident_kilobytes},
              {"rss_kb", a.resident_kilobytes},
              {"pss_before_kb", b.proportional_kilobytes},
              {"pss_kb", a.proportional_kilobytes}};
  if (cpu > 0) server["done_per_cpu_s"] = rounded(done / cpu);
  if (count > 0) server["cpu_ms_each"] = rounded(cpu * 1000 / done);
  if (options.scenario == ScenarioKind::idle || options.scenario == ScenarioKind::rooms) {
    const auto grown = static_cast<double>(a.proportional_kilobytes) -
                       static_cast<double>(b.proportional_kilobytes);
    server["kb_per_session"] = rounded(grown / options.sessions);
  }
  return server;
}

double seconds_between(const Moment& before, const Moment& after) {
  return std::chrono::duration<double>(after.time - before.time).count();
}

// Everybody's way into the rooms; what was told of it are presences.
Json report_entering(const Options& options, const Counters& counters, const Moment& before,
                     const Moment& after) {
  Json out{{"seconds", rounded(seconds_between(before, after))},
           {"done", counters.entered.count()},
           {"presences", counters.presences},
           {"latency_ms", report_latency(counters.entered)},
           {"own_cpu_s", rounded(after.own_cpu_seconds - before.own_cpu_seconds)}};
  if (!options.pids.empty())
    out["server"] = report_server(options, counters.presences, before, after);
  return out;
}

Json report(const Options& options, const Counters& counters, const Moment& before,
            const Moment& after) {
  const double seconds = seconds_between(before, after);
  Json out{{"scenario", name_of(options.scenario)},
           {"label", options.label},
           {"transport", name_of(options.transport)},
           {"mechanism", counters.mechanism},
           {"sessions", options.sessions},
           {"threads", options.threads},
           {"window", options.window},
           {"sm", options.sm_every},
           {"seconds", rounded(seconds)},
           {"done", counters.done},
           {"sent", counters.sent},
           {"lost", counters.lost},
           {"existing", counters.existing},
           {"rate", rounded(static_cast<double>(counters.done) / seconds)}};
  if (options.scenario == ScenarioKind::chat || options.scenario == ScenarioKind::rooms ||
      options.scenario == ScenarioKind::push)
    out["size"] = options.size;
  if (options.scenario == ScenarioKind::rooms) {
    out["rooms"] = options.rooms;
    out["occupants"] = options.occupants;
    out["writers"] = options.writers;
  }
  if (counters.fewest_contacts <= counters.most_contacts)
    out["contacts"] = {counters.fewest_contacts, counters.most_contacts};
  if (counters.latency.count() > 0) out["latency_ms"] = report_latency(counters.latency);
  out["own_cpu_s"] = rounded(after.own_cpu_seconds - before.own_cpu_seconds);
  if (!options.pids.empty()) out["server"] = report_server(options, counters.done, before, after);
  return out;
}

}  // namespace

Result<Json> run(const Options& options) {
  allow_many_files();
  const std::vector<Share> shares = divide(options);
  Crew crew(static_cast<unsigned>(shares.size()));
  TRY(crew.start(options, shares));
  TRY(crew.go_through(Phase::prepare));
  const Moment outside = TRY(look(options));
  TRY(crew.go_through(Phase::enter));
  const Moment inside = TRY(look(options));
  TRY(crew.go_through(Phase::warm_up));
  const Moment before = TRY(look(options));
  TRY(crew.go_through(Phase::measure));
  const Moment after = TRY(look(options));
  TRY(crew.go_through(Phase::finish));
  crew.stop();
  Json out = report(options, crew.counters(), before, after);
  if (options.scenario == ScenarioKind::rooms)
    out["entering"] = report_entering(options, crew.counters(), outside, inside);
  if (options.retries > 0) out["retries"] = crew.retries();
  return out;
}

}  // namespace herold::load
