// Where configuration comes from, its defaults, endpoints, and the check of secret files.
#include "server/config.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "net/file_handle.h"

namespace herold::server {
namespace {

std::unexpected<Error> cannot(std::string_view what, const std::string& path, int reason) {
  return fail(Fault::unavailable,
              path + ": cannot " + std::string(what) + ": " + std::strerror(reason));
}

Result<std::string> read_file(const std::string& path) {
  const net::FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return cannot("read it", path, errno);
  std::string text;
  char buffer[16384];
  while (text.size() <= bounds::config_file) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got == 0) return text;
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR) return cannot("read it", path, errno);
  }
  return fail(Fault::invalid, path + ": longer than 4 MiB, so hardly a configuration");
}

std::string home_folder() {
  if (const char* home = std::getenv("HOME"); home && *home == '/') return home;
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  ::getpwuid_r(::getuid(), &entry, buffer, sizeof buffer, &found);
  return found ? found->pw_dir : "/";
}

}  // namespace

bool Endpoint::is_loopback() const {
  in_addr four{};
  if (::inet_pton(AF_INET, address.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
  in6_addr six{};
  return ::inet_pton(AF_INET6, address.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

std::string Endpoint::text() const {
  const bool is_six = address.find(':') != std::string::npos;
  return (is_six ? '[' + address + ']' : address) + ':' + std::to_string(port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(Fault::invalid, "\"" + std::string(text.substr(0, 60)) + "\" " + std::string(why));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return wrong("has no port: write \"address:port\", \"[::1]:5222\"");
  const std::string_view digits = text.substr(colon + 1);
  Endpoint endpoint;
  const auto [end, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
  if (digits.empty() || problem != std::errc() || end != digits.data() + digits.size())
    return wrong("has no port from 0 to 65535 behind its last colon");

  std::string_view address = text.substr(0, colon);
  const bool has_brackets = address.starts_with('[') && address.ends_with(']');
  if (has_brackets) address = address.substr(1, address.size() - 2);
  endpoint.address = address;
  unsigned char parsed[sizeof(in6_addr)];
  if (has_brackets && ::inet_pton(AF_INET6, endpoint.address.c_str(), parsed) == 1) {
    char canonical[INET6_ADDRSTRLEN];
    endpoint.address = ::inet_ntop(AF_INET6, parsed, canonical, sizeof canonical);
    return endpoint;
  }
  if (!has_brackets && ::inet_pton(AF_INET, endpoint.address.c_str(), parsed) == 1) return endpoint;
  return wrong("does not begin with an IP address (IPv6 in brackets)");
}

Result<std::vector<Endpoint>> OptionCodec<std::vector<Endpoint>>::read(const OptionValue& value) {
  std::vector<Endpoint> endpoints;
  for (const std::string& text : TRY(OptionCodec<std::vector<std::string>>::read(value))) {
    auto endpoint = parse_endpoint(text);
    if (!endpoint) return fail(Fault::invalid, "holds " + endpoint.error().text);
    endpoints.push_back(*std::move(endpoint));
  }
  return endpoints;
}

std::string OptionCodec<std::vector<Endpoint>>::print(const std::vector<Endpoint>& value) {
  std::vector<std::string> texts;
  for (const Endpoint& endpoint : value) texts.push_back(endpoint.text());
  return OptionCodec<std::vector<std::string>>::print(texts);
}

std::vector<std::string> Domain::all_names() const {
  std::vector<std::string> names{name};
  for (const ServiceDomain& service : services) names.push_back(service.name);
  return names;
}

const Domain* Config::find_parent(std::string_view name) const {
  for (std::size_t dot = name.find('.'); dot != name.npos; dot = name.find('.')) {
    name.remove_prefix(dot + 1);
    if (const Domain* found = find_domain(name)) return found;
  }
  return nullptr;
}

const Domain* Config::find_domain(std::string_view name) const {
  const auto found = std::ranges::find(domains, name, &Domain::name);
  return found == domains.end() ? nullptr : &*found;
}

Result<Config> load_config(const std::string& path, std::span<const ModuleDescription> modules) {
  const std::string text = TRY(read_file(path));
  Config config = TRY(parse_config(text, path, modules));
  TRY(read_component_secrets(config));
  return config;
}

std::string default_data_folder() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state && *state == '/') return std::string(state) + "/herold";
  return home_folder() + "/.local/state/herold";
}

Result<> check_secret_file(const std::string& path) {
  const net::FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return cannot("read it", path, errno);
  struct stat found{};
  if (::fstat(file.get(), &found) != 0) return cannot("look at it", path, errno);
  if (!S_ISREG(found.st_mode)) return fail(Fault::refused, path + ": is not a file");
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  return fail(Fault::refused, path +
                                  ": other users of this machine may read or write this secret; " +
                                  "run: chmod 600 " + path);
}

Result<> read_component_secrets(Config& config) {
  for (ComponentConfig& component : config.components) {
    if (component.secret_file.empty()) {
      TRY(check_secret_file(config.file));
      continue;
    }
    TRY(check_secret_file(component.secret_file));
    std::string secret = TRY(read_file(component.secret_file));
    while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
    if (secret.empty() || secret.size() > bounds::component_secret)
      return fail(Fault::invalid, component.secret_file + ": must hold one line, the secret");
    component.secret = std::move(secret);
  }
  return {};
}

}  // namespace herold::server
