// One run: workers on their threads, the server's usage read between the phases, the report.
#pragma once

#include <nlohmann/json.hpp>

#include "apps/herold-load/options.h"
#include "base/result.h"

namespace herold::load {

// The report that README.md of bench/ describes field by field.
Result<nlohmann::ordered_json> run(const Options& options);

}  // namespace herold::load
