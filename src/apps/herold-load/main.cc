// herold-load: puts load on any XMPP server and measures what it costs (one line of JSON a run).
#include <csignal>
#include <cstdio>

#include "apps/herold-load/options.h"
#include "apps/herold-load/run.h"

int main(int count, char** arguments) {
  using namespace herold::load;
  std::signal(SIGPIPE, SIG_IGN);
  const auto read = read_command_line(count, arguments);
  if (const int* status = std::get_if<int>(&read)) return *status;
  const Options& options = std::get<Options>(read);
  const auto report = run(options);
  if (!report) {
    std::fprintf(stderr, "herold-load: %s: %s\n", name_of(options.scenario).data(),
                 report.error().text.c_str());
    return 1;
  }
  std::printf("%s\n", report->dump().c_str());
  return 0;
}
