// Walks /proc: stat for parents and times, smaps_rollup for memory.
#include "apps/herold-load/process_usage.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace herold::load {
namespace {

struct Process {
  pid_t parent = 0;
  double user_ticks = 0;
  double system_ticks = 0;
};

// proc_pid_stat(5). Nothing when the process has ended meanwhile.
std::optional<Process> read_process(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return {};
  std::istringstream fields(line.substr(line.rfind(')') + 1));  // the name may hold anything
  std::vector<std::string> words;
  for (std::string word; fields >> word;) words.push_back(std::move(word));
  if (words.size() < 15) return {};
  // words[0] is field 3, the state; 14 to 17 are utime, stime, cutime, cstime.
  const auto number = [&](std::size_t field) { return std::atof(words[field - 3].c_str()); };
  return Process{static_cast<pid_t>(number(4)), number(14) + number(16), number(15) + number(17)};
}

std::map<pid_t, Process> read_processes() {
  std::map<pid_t, Process> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) == 0) continue;
    const pid_t pid = std::atoi(entry->d_name);
    if (auto process = read_process(pid)) all.emplace(pid, *process);
  }
  return all;
}

bool descends(pid_t pid, const std::set<pid_t>& roots, const std::map<pid_t, Process>& all) {
  for (auto found = all.find(pid); found != all.end(); found = all.find(found->second.parent)) {
    if (roots.contains(found->first)) return true;
  }
  return false;
}

void add_memory(pid_t pid, Usage& usage) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Rss:")) usage.resident_kilobytes += std::strtoull(&line[4], nullptr, 10);
    if (line.starts_with("Pss:"))
      usage.proportional_kilobytes += std::strtoull(&line[4], nullptr, 10);
  }
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

Result<Usage> read_usage(std::span<const pid_t> roots) {
  const std::set<pid_t> wanted(roots.begin(), roots.end());
  const auto all = read_processes();
  for (const pid_t root : wanted) {
    if (!all.contains(root))
      return fail(Fault::not_found, "there is no process " + std::to_string(root));
  }
  const double ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  Usage usage;
  for (const auto& [pid, process] : all) {
    if (!descends(pid, wanted, all)) continue;
    usage.user_seconds += process.user_ticks / ticks_per_second;
    usage.system_seconds += process.system_ticks / ticks_per_second;
    ++usage.processes;
    add_memory(pid, usage);
  }
  return usage;
}

double own_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace herold::load
