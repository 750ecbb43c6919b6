// The life of `herold serve`: what it prints, and when it ends.
#include "apps/herold/serve.h"

#include <cstdio>
#include <cstdlib>

#include "apps/herold/running_server.h"

namespace herold::app {
namespace {

void print(const std::string& line) { std::printf("%s\n", line.c_str()); }

}  // namespace

int serve(const server::Config& config, const Invocation& invocation, Language language) {
  RunningServer running(config);
  if (const auto prepared = running.prepare(); !prepared) {
    std::fprintf(stderr, "herold: %s\n", prepared.error().text.c_str());
    return EXIT_FAILURE;
  }
  for (const std::string& line : running.listeners()) print("listening " + line);
  if (!running.authority_file().empty()) {
    print("authority " + running.authority_file());
    print("fingerprint SHA-256 " + running.authority_fingerprint());
  }
  const std::string domain = config.domains.front().name;
  const std::string file = config.file.empty() ? "" : " --config " + config.file;
  print(say(language, Text::add_first_user,
            {invocation.program + file + " user add alice@" + domain}));
  print("ready");
  std::fflush(stdout);
  return running.run();
}

}  // namespace herold::app
