// The checks: data folder, keys, certificates, ports, clock and open files.
#include "apps/herold/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/datetime.h"
#include "crypto/authority.h"
#include "crypto/client_authorities.h"
#include "net/file_handle.h"
#include "net/tls.h"
#include "server/admin/admin_client.h"
#include "xmpp/jid.h"

namespace herold::app {
namespace {

using Arguments = std::vector<std::string>;
enum class Grade { good, warning, problem };

struct Finding {
  Grade grade;
  std::string about;  // "data", "tls", "port" ...: for programs
  std::string text;
};

class Checker {
 public:
  Checker(const server::Config& config, Language language)
      : config_(config),
        language_(language),
        is_running_(server::AdminClient::connect(config.admin_socket).has_value()) {}

  std::vector<Finding> run();

 private:
  void find(Grade grade, std::string about, Text text, const Arguments& arguments) {
    findings_.push_back({grade, std::move(about), say(language_, text, arguments)});
  }
  void trouble(std::string about, const Error& error) {
    findings_.push_back({Grade::problem, std::move(about), error.text});
  }
  void check_file();
  void check_data();
  void check_keys();
  void check_certificate(const server::Domain& domain);
  void check_client_authorities(const server::Domain& domain);
  void check_names(const server::Domain& domain, const std::string& pem);
  void check_ports();
  void check_port(const server::Endpoint& endpoint);
  void check_reach();
  void check_clock();
  void check_files();

  const server::Config& config_;
  Language language_;
  bool is_running_;
  SystemClock clock_;
  std::vector<Finding> findings_;
};

void Checker::check_file() {
  if (config_.file.empty())
    find(Grade::good, "config", Text::check_config_defaults, {});
  else
    find(Grade::good, "config", Text::check_config_file, {config_.file});
}

void Checker::check_data() {
  const std::string& path = config_.data;
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) {
    auto parent = std::filesystem::path(path).parent_path();
    std::error_code ignored;
    while (parent.has_relative_path() && !std::filesystem::exists(parent, ignored))
      parent = parent.parent_path();
    if (::access(parent.c_str(), W_OK | X_OK) == 0)
      return find(Grade::good, "data", Text::check_data_new, {path});
    return find(Grade::problem, "data", Text::check_data_missing_parent, {path, parent.string()});
  }
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return find(Grade::problem, "data", Text::check_data_open, {path, path});
  if (!S_ISDIR(found.st_mode) || ::access(path.c_str(), R_OK | W_OK | X_OK) != 0)
    return find(Grade::problem, "data", Text::check_data_not_ours, {path});
  find(Grade::good, "data", Text::check_data_ready, {path});
  check_keys();
}

void Checker::check_keys() {
  const std::string keys = config_.data + "/herold.keys";
  if (::access(keys.c_str(), F_OK) == 0) {
    if (auto checked = server::check_secret_file(keys); !checked) trouble("keys", checked.error());
  } else if (::access((config_.data + "/herold.sqlite").c_str(), F_OK) == 0) {
    find(Grade::problem, "keys", Text::check_keys_missing, {keys});
  }
}

void Checker::check_client_authorities(const server::Domain& domain) {
  const std::string& file = domain.tls.client_authorities;
  if (file.empty()) return;
  const auto pem = net::read_pem(file);
  if (!pem) return trouble("tls", pem.error());
  if (const auto parsed = crypto::parse_client_authorities(*pem); !parsed)
    trouble("tls", {Fault::invalid, file + ": " + parsed.error().text});
}

void Checker::check_certificate(const server::Domain& domain) {
  if (domain.tls.is_own()) return find(Grade::good, "tls", Text::check_tls_own, {domain.name});
  const std::string& file = domain.tls.certificate;
  if (auto secret = server::check_secret_file(domain.tls.key); !secret)
    return trouble("tls", secret.error());
  auto certificate = net::read_certificate(file, domain.tls.key);
  if (!certificate) return trouble("tls", certificate.error());
  // What the server will do with it: parse, and hold the key against the certificate.
  auto context = net::TlsServerContext::make({}, {*certificate});
  if (!context) return trouble("tls", {Fault::invalid, file + ": " + context.error().text});
  const auto end = crypto::expires(certificate->chain_pem);
  if (!end) return trouble("tls", {Fault::invalid, file + ": " + end.error().text});
  const Arguments arguments{domain.name, file, format_datetime(*end)};
  constexpr Seconds soon{14 * 86400};
  if (*end <= clock_.wall())
    find(Grade::problem, "tls", Text::check_tls_ended, arguments);
  else if (*end <= clock_.wall() + soon)
    find(Grade::warning, "tls", Text::check_tls_ends_soon, arguments);
  else
    find(Grade::good, "tls", Text::check_tls_ready, arguments);
  check_names(domain, certificate->chain_pem);
}

// RFC 9525 section 6.3: the whole name, or a wildcard for its first label.
void Checker::check_names(const server::Domain& domain, const std::string& pem) {
  const auto names = crypto::names(pem);
  if (!names) return trouble("tls", names.error());
  std::string all;
  for (const std::string& name : *names) {
    auto prepared = xmpp::Jid::parse(name.starts_with("*.") ? name.substr(2) : name);
    if (!prepared) continue;
    const std::size_t dot = domain.name.find('.');
    const bool is_covered =
        name.starts_with("*.")
            ? dot != std::string::npos && domain.name.substr(dot + 1) == prepared->text()
            : domain.name == prepared->text();
    if (is_covered) return;
    all += (all.empty() ? "" : ", ") + name;
  }
  find(Grade::problem, "tls", Text::check_tls_name_missing,
       {domain.name, domain.tls.certificate, all});
}

// Tries to bind and gives the reason of failure as errno, 0 for none.
int try_to_bind(const server::Endpoint& endpoint) {
  sockaddr_storage address{};
  auto& four = reinterpret_cast<sockaddr_in&>(address);
  auto& six = reinterpret_cast<sockaddr_in6&>(address);
  socklen_t size = sizeof four;
  if (::inet_pton(AF_INET, endpoint.address.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(endpoint.port);
  } else {
    ::inet_pton(AF_INET6, endpoint.address.c_str(), &six.sin6_addr);
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(endpoint.port);
    size = sizeof six;
  }
  const net::FileHandle socket(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno;
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.ss_family == AF_INET6)
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0 ? 0 : errno;
}

void Checker::check_port(const server::Endpoint& endpoint) {
  const Arguments arguments{endpoint.text()};
  switch (try_to_bind(endpoint)) {
    case 0:
      return find(Grade::good, "port", Text::check_port_free, arguments);
    case EADDRINUSE:
      if (is_running_) return find(Grade::good, "port", Text::check_port_ours, arguments);
      return find(Grade::problem, "port", Text::check_port_taken, arguments);
    case EACCES:
      return find(Grade::problem, "port", Text::check_port_denied, arguments);
    default:
      // A machine without IPv6 is no reason not to start on IPv4.
      return find(endpoint.is_loopback() ? Grade::warning : Grade::problem, "port",
                  Text::check_port_no_address, arguments);
  }
}

void Checker::check_ports() {
  for (const auto* list :
       {&config_.listen.client, &config_.listen.client_tls, &config_.listen.client_plain})
    for (const server::Endpoint& endpoint : *list) check_port(endpoint);
}

void Checker::check_reach() {
  const auto is_loopback = [](const server::Endpoint& endpoint) { return endpoint.is_loopback(); };
  if (!std::ranges::all_of(config_.listen.client, is_loopback) ||
      !std::ranges::all_of(config_.listen.client_tls, is_loopback))
    return;
  for (const server::Domain& domain : config_.domains)
    if (domain.name != "localhost")
      find(Grade::warning, "listen", Text::check_only_loopback, {domain.name});
}

void Checker::check_clock() {
  const std::string now = format_datetime(std::chrono::time_point_cast<Seconds>(clock_.wall()));
  const bool is_sane = now >= "2026" && now < "2100";
  find(is_sane ? Grade::good : Grade::problem, "clock",
       is_sane ? Text::check_clock_right : Text::check_clock_wrong, {now});
}

void Checker::check_files() {
  constexpr rlim_t enough = 4096;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < enough)
    find(Grade::warning, "files", Text::check_few_files, {std::to_string(files.rlim_max)});
}

std::vector<Finding> Checker::run() {
  check_file();
  check_data();
  for (const server::Domain& domain : config_.domains) {
    check_certificate(domain);
    check_client_authorities(domain);
  }
  check_ports();
  check_reach();
  check_clock();
  check_files();
  return std::move(findings_);
}

void print_text(const std::vector<Finding>& findings, std::ptrdiff_t problems, Language language) {
  constexpr Text grades[] = {Text::check_good, Text::check_warning, Text::check_problem};
  for (const Finding& finding : findings) {
    std::string grade = say(language, grades[static_cast<std::size_t>(finding.grade)]);
    grade.resize(std::max<std::size_t>(grade.size(), 8), ' ');
    std::printf("%s %s\n", grade.c_str(), harmless(finding.text).c_str());
  }
  const std::string count = std::to_string(problems);
  std::printf(
      "%s\n",
      say(language, problems == 0 ? Text::check_summary_good : Text::check_summary_bad, {count})
          .c_str());
}

void print_json(const std::vector<Finding>& findings, std::ptrdiff_t problems) {
  constexpr const char* grades[] = {"ok", "warning", "problem"};
  nlohmann::json list = nlohmann::json::array();
  for (const Finding& finding : findings)
    list.push_back({{"grade", grades[static_cast<std::size_t>(finding.grade)]},
                    {"about", finding.about},
                    {"text", finding.text}});
  const nlohmann::json all = {{"ok", problems == 0}, {"result", std::move(list)}};
  std::printf("%s\n", all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

}  // namespace

Exit check(const Invocation& invocation, const server::Config& config, Language language) {
  const std::vector<Finding> findings = Checker(config, language).run();
  const auto problems = std::ranges::count(findings, Grade::problem, &Finding::grade);
  if (invocation.output == Output::json)
    print_json(findings, problems);
  else
    print_text(findings, problems, language);
  return problems == 0 ? Exit::good : Exit::failed;
}

}  // namespace herold::app
