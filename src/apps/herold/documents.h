// Documents made from the code: manual pages, the DOAP file, the table of modules.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/options.h"

namespace herold::app {

// `name`: "man" for herold(1), "man-config" for herold.toml(5), "doap" (XEP-0453), "modules"
// (Markdown). The same code gives the same bytes, so a test can tell whether a copy is up to date.
std::string make_document(std::string_view name,
                          std::span<const server::ModuleDescription> modules);

}  // namespace herold::app
