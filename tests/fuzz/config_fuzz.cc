// Fuzzes the TOML configuration: what is accepted prints as a file that is accepted and prints
// alike.
#include "base/check.h"
#include "server/config.h"

using namespace herold::server;

struct Sample {
  herold::Seconds idle{0};
  herold::Bytes size = 4096;
  std::vector<std::string> list;
  static constexpr std::tuple options{option("idle", &Sample::idle, "A duration."),
                                      byte_option("size", &Sample::size, "A size."),
                                      option("list", &Sample::list, "A list.")};
};

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ModuleDescription modules[] = {{"ping", "Ping", {}, option_rows<Sample>(), true}};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = parse_config(text, "/f.toml", modules);
  if (!config) return 0;
  const std::string printed = print_config(*config, modules, ConfigFormat::toml);
  const auto again = parse_config(printed, "/f.toml", modules);
  CHECK(again.has_value());
  // From here on only the places of the values differ, and soon not even those.
  const auto third =
      parse_config(print_config(*again, modules, ConfigFormat::toml), "/f.toml", modules);
  CHECK(third.has_value());
  CHECK(third->data == config->data && third->domains.size() == config->domains.size());
  CHECK(third->listen.client == config->listen.client);
  CHECK(!print_config(*config, modules, ConfigFormat::json).empty());
  return 0;
}
