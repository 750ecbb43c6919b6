// All modules that this program knows.
#pragma once

#include <span>
#include <vector>

#include "server/options.h"

namespace herold::server {

struct Module;

std::span<const Module* const> all_modules();
std::vector<ModuleDescription> module_descriptions();

}  // namespace herold::server
