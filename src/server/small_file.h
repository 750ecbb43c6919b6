// Small files of the data folder: read whole, written whole or not at all.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace herold::server {

// At most 64 KiB. Fault::not_found without the file.
Result<std::string> read_small_file(const std::string& path);
// Beside it, synced, then renamed.
Result<> write_small_file(const std::string& path, std::string_view bytes, mode_t mode);

}  // namespace herold::server
