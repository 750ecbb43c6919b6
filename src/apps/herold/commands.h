// The commands that administer: over the socket of the running server, or on its data folder.
#pragma once

#include <span>

#include "apps/herold/invocation.h"
#include "server/config.h"

namespace herold::app {

// "user ...", "status", "reload", "stop", "modules", "config print".
Exit run_command(const Invocation& invocation, const server::Config& config,
                 std::span<const server::ModuleDescription> modules, Language language);

// A complaint on standard error, or as {"ok": false, "error": ...} on standard output.
void complain(const Invocation& invocation, const Error& error, Language language);

}  // namespace herold::app
