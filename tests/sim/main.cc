// herold_sim: runs seeds of the simulated server; without arguments those of the test suite.
//
//   herold_sim [--seed N] [--seeds COUNT] [--shards M] [--fault none|kill|power|full] [--loud]
#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "scenario.h"

namespace herold::sim {
namespace {

struct Arguments {
  std::uint64_t first_seed = 1, seeds = 100;
  std::vector<unsigned> shards{1, 2, 7};
  std::optional<Fault> fault;  // by seed where none is given
  bool loud = false;
};

std::optional<Fault> read_fault(std::string_view name) {
  if (name == "none") return Fault::none;
  if (name == "kill") return Fault::kill;
  if (name == "power") return Fault::power_cut;
  if (name == "full") return Fault::full;
  return std::nullopt;
}

const char* name_of(Fault fault) {
  switch (fault) {
    case Fault::none:
      return "none";
    case Fault::kill:
      return "kill";
    case Fault::power_cut:
      return "power";
    case Fault::full:
      return "full";
  }
  return "";
}

std::optional<Arguments> read_arguments(std::span<char*> words) {
  Arguments arguments;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string_view option = words[i];
    if (option == "--loud") {
      arguments.loud = true;
      continue;
    }
    if (++i == words.size()) return std::nullopt;
    const std::uint64_t number = std::strtoull(words[i], nullptr, 10);
    if (option == "--seed") {
      arguments.first_seed = number;
      arguments.seeds = 1;
    } else if (option == "--seeds") {
      arguments.seeds = number;
    } else if (option == "--shards") {
      arguments.shards = {static_cast<unsigned>(number)};
    } else if (option == "--fault") {
      arguments.fault = read_fault(words[i]);
      if (!arguments.fault) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

class Suite {
 public:
  Suite(const Arguments& arguments, std::string folder)
      : arguments_(arguments), folder_(std::move(folder)) {}

  bool run() {
    const std::string database = folder_ + "/template.sqlite";
    std::vector<std::string> names;
    for (unsigned i = 0; i < accounts; ++i) names.push_back(account_name(i));
    if (const auto made = make_database(database, names, first_friends(), {hall_record()}); !made) {
      std::printf("cannot make a database: %s\n", made.error().text.c_str());
      return false;
    }
    for (const unsigned shards : arguments_.shards)
      for (std::uint64_t i = 0; i < arguments_.seeds; ++i)
        run_one({.seed = arguments_.first_seed + i,
                 .shards = shards,
                 .fault =
                     arguments_.fault.value_or(static_cast<Fault>((arguments_.first_seed + i) % 4)),
                 .loud = arguments_.loud,
                 .database = database,
                 .folder = folder_});
    std::printf(
        "%zu runs, %zu failed: %zu messages, %zu acknowledged, %zu deliveries, %zu in the room; "
        "server started %u times, %u sessions resumed, %u refused\n",
        runs_, failures_, sent_, acknowledged_, deliveries_, heard_, starts_, resumptions_,
        refusals_);
    return failures_ == 0;
  }

 private:
  void run_one(const Plan& plan) {
    const Outcome outcome = Scenario(plan).run();
    ++runs_;
    sent_ += outcome.sent;
    acknowledged_ += outcome.acknowledged;
    deliveries_ += outcome.deliveries;
    heard_ += outcome.heard;
    starts_ += outcome.runs;
    resumptions_ += outcome.resumptions;
    refusals_ += outcome.refusals;
    if (outcome.problems.empty()) return;
    ++failures_;
    std::printf("FAILED; again with: herold_sim --seed %llu --shards %u --fault %s\n",
                static_cast<unsigned long long>(plan.seed), plan.shards, name_of(plan.fault));
    for (const std::string& problem : outcome.problems) std::printf("  %s\n", problem.c_str());
    std::fflush(stdout);
  }

  const Arguments& arguments_;
  const std::string folder_;
  std::size_t runs_ = 0, failures_ = 0, sent_ = 0, acknowledged_ = 0, deliveries_ = 0, heard_ = 0;
  unsigned starts_ = 0, resumptions_ = 0, refusals_ = 0;
};

}  // namespace
}  // namespace herold::sim

int main(int count, char** words) {
  const auto arguments = herold::sim::read_arguments({words, static_cast<std::size_t>(count)});
  if (!arguments) {
    std::printf(
        "usage: %s [--seed N] [--seeds COUNT] [--shards M] [--fault none|kill|power|full] "
        "[--loud]\n",
        words[0]);
    return EXIT_FAILURE;
  }
  std::string folder = (std::filesystem::temp_directory_path() / "herold-sim-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return EXIT_FAILURE;
  const bool passed = herold::sim::Suite(*arguments, folder).run();
  if (arguments->loud)
    std::printf("its database is in %s\n", folder.c_str());
  else
    std::filesystem::remove_all(folder);
  return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
