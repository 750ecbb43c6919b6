// The wiring of the running server.
#include "apps/herold/serve.h"

#include <cstdio>

namespace herold::app {

int serve(const server::Config&, Language) {
  std::fputs("herold: serve is not built yet\n", stderr);
  return 1;
}

}  // namespace herold::app
