// Values as TOML text, and as words in a message.
#pragma once

#include <string>
#include <string_view>

#include "server/options.h"

namespace herold::server {

// A basic string in quotes, escaped so that it is a JSON string too.
std::string toml_string(std::string_view text);

// "5", "\"abc\"", "true", "a list": for "must be ..., not ...". Long texts are cut.
std::string describe(const OptionValue& value);

}  // namespace herold::server
