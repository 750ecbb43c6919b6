// Running the server: from a checked configuration to "ready", and to a graceful stop.
#pragma once

#include "apps/herold/invocation.h"
#include "apps/herold/text.h"
#include "server/config.h"

namespace herold::app {

// Prints `listening client 127.0.0.1:5222` for each listener, the authority's fingerprint and file,
// the next command to type (the program as it was called), and `ready`; returns the exit code of
// the process when the server has stopped. The configuration is read again from config.file on
// SIGHUP and by command.
int serve(const server::Config& config, const Invocation& invocation, Language language);

}  // namespace herold::app
