// `herold check`: what stands against running, in plain words, with what to do about it.
#pragma once

#include <span>

#include "apps/herold/invocation.h"
#include "server/config.h"

namespace herold::app {

// Exit::failed when there is a problem; warnings alone are good.
Exit check(const Invocation& invocation, const server::Config& config, Language language);

}  // namespace herold::app
