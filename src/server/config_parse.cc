// From TOML text to a Config: every key through its option's table, every problem collected.
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "server/config.h"
#include "server/federation/decisions.h"
#include "server/suggest.h"
#include "server/toml_text.h"
#include "xmpp/jid.h"

namespace herold::server {
namespace {

using Names = std::vector<std::string_view>;
using Rows = std::span<const OptionRow>;

// A value that an option can judge; nothing for tables, dates and lists of other things than text.
std::optional<OptionValue> plain_value(const toml::node& node) {
  if (const auto* truth = node.as_boolean()) return truth->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* fraction = node.as_floating_point()) return fraction->get();
  if (const auto* text = node.as_string()) return text->get();
  const toml::array* array = node.as_array();
  if (!array) return std::nullopt;
  std::vector<std::string> list;
  for (const toml::node& item : *array) {
    const auto* text = item.as_string();
    if (!text) return std::nullopt;
    list.push_back(text->get());
  }
  return list;
}

// A local part that no account of a person may have: no '@', or a resource.
Result<std::string> account_address(const std::string& text) {
  auto jid = xmpp::Jid::parse(text);
  if (!jid || !jid->is_bare() || !jid->has_local())
    return fail(Fault::invalid, toml_string(text) + " is not an address such as admin@example.org");
  return jid->text();
}

bool is_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos || colon == 0 || colon + 1 == text.size()) return false;
  const auto in_scheme = [](unsigned char c) {
    return std::isalnum(c) || c == '+' || c == '-' || c == '.';
  };
  return std::isalpha(static_cast<unsigned char>(text[0])) &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), in_scheme) &&
         text.find(' ') == text.npos;
}

// One reading of one file.
class ConfigReader {
 public:
  ConfigReader(const std::string& path, std::span<const ModuleDescription> modules)
      : path_(path), modules_(modules) {
    config_.file = path;
  }

  Result<Config> read(const toml::table& root);
  Error syntax_error(const toml::parse_error& error);

 private:
  // A table on its way through: what it is called in messages, and where.
  struct Place {
    std::string name;  // "" for the root, "listen", "domain.0.module.ping"
    std::string key(std::string_view last) const {
      return name.empty() ? std::string(last) : name + '.' + std::string(last);
    }
  };

  void problem(toml::source_position where, std::string_view key, std::string_view text);
  void problem_at(std::string_view recorded_key, std::string_view text);
  void unknown(const toml::key& key, const Place& place, std::string_view kind, const Names& known);
  void record(const toml::key& key, const Place& place);

  void read_options(const toml::table& table, const Place& place, Rows rows, void* config,
                    const Names& subtables);
  void read_limits(const toml::table& table, const Place& place, Limits& limits);
  void read_module(const toml::table& table, const Place& place, const ModuleDescription& module,
                   ModuleSettings& settings);
  void read_modules(const toml::table& table, const Place& place, ModuleTable& settings);
  void read_domains(const toml::node& node);
  void read_domain(const toml::table& table, Domain& domain, const Place& place);
  template <class F>
  void with_table(const toml::table& parent, const Place& place, std::string_view name, F&& use);

  void default_settings();
  void resolve_path(std::string& path) const;
  void check_general();
  void check_listen();
  void read_hosts(const toml::table& table, const Place& place);
  void check_federation();
  void check_tls(TlsConfig& tls, const Place& place);
  void check_contact(const ContactConfig& contact, const Place& place);
  void check_domain_name(Domain& domain, const Place& place);
  void check_domain(Domain& domain, const Place& place);
  void name_services();
  void read_components(const toml::node& node);
  void check_component(ComponentConfig& component, const Place& place);
  Result<Config> finish();

  std::string path_;
  std::span<const ModuleDescription> modules_;
  Config config_;
  std::vector<std::pair<toml::source_position, std::string>> problems_;
};

void ConfigReader::problem(toml::source_position where, std::string_view key,
                           std::string_view text) {
  if (problems_.size() >= bounds::config_problems) return;
  problems_.emplace_back(where, std::string(key) + ": " + std::string(text));
}

// For what is found only when all is read: the line is remembered, the column is not. A key that
// was complained about already left its default behind, about which there is nothing to say.
void ConfigReader::problem_at(std::string_view recorded_key, std::string_view text) {
  const auto found = config_.lines.find(recorded_key);
  const std::uint32_t line = found == config_.lines.end() ? 1 : found->second;
  const std::string start = std::string(recorded_key) + ": ";
  for (const auto& [where, what] : problems_)
    if (where.line == line && what.starts_with(start)) return;
  problem({line, 1}, recorded_key, text);
}

void ConfigReader::unknown(const toml::key& key, const Place& place, std::string_view kind,
                           const Names& known) {
  problem(key.source().begin, place.key(key.str()),
          "unknown " + std::string(kind) + did_you_mean(key.str(), known));
}

void ConfigReader::record(const toml::key& key, const Place& place) {
  config_.lines[place.key(key.str())] = key.source().begin.line;
}

void ConfigReader::read_options(const toml::table& table, const Place& place, Rows rows,
                                void* config, const Names& subtables) {
  Names known = subtables;
  for (const OptionRow& row : rows) known.push_back(row.name);
  for (const auto& [key, node] : table) {
    if (std::ranges::find(subtables, key.str()) != subtables.end()) continue;
    const OptionRow* row = find_option(rows, key.str());
    if (!row) {
      unknown(key, place, "key", known);
      continue;
    }
    record(key, place);
    const auto value = plain_value(node);
    if (!value) {
      problem(key.source().begin, place.key(key.str()), "must be " + row->type_text());
      continue;
    }
    if (auto applied = row->apply(config, *value); !applied)
      problem(key.source().begin, place.key(key.str()), applied.error().text);
  }
}

void ConfigReader::read_limits(const toml::table& table, const Place& place, Limits& limits) {
  Names known;
  for (const LimitRow& row : limit_rows()) known.push_back(row.name);
  for (const auto& [key, node] : table) {
    const LimitRow* row = find_limit(key.str());
    if (!row) {
      unknown(key, place, "limit", known);
      continue;
    }
    record(key, place);
    const auto value = plain_value(node);
    auto number = value ? read_limit(*row, *value)
                        : Result<std::uint64_t>(fail(Fault::invalid, "must be a single value"));
    if (number)
      limits.*row->field = *number;
    else
      problem(key.source().begin, place.key(key.str()), number.error().text);
  }
}

void ConfigReader::read_module(const toml::table& table, const Place& place,
                               const ModuleDescription& module, ModuleSettings& settings) {
  Names known{"enabled"};
  for (const OptionRow& row : module.options) known.push_back(row.name);
  for (const auto& [key, node] : table) {
    const auto line = key.source().begin.line;
    const bool is_switch = key.str() == "enabled";
    const OptionRow* row = find_option(module.options, key.str());
    if (!row && !is_switch) {
      unknown(key, place, "option", known);
      continue;
    }
    record(key, place);
    const auto value = plain_value(node);
    Result<> checked;
    if (!value) {
      checked = fail(Fault::invalid, "must be " + (is_switch ? "true or false" : row->type_text()));
    } else if (is_switch) {
      const auto enabled = OptionCodec<bool>::read(*value);
      if (enabled) settings.enabled = *enabled, settings.enabled_line = line;
      if (!enabled) checked = std::unexpected(enabled.error());
    } else if (auto text = row->check(*value); !text) {
      checked = std::unexpected(std::move(text).error());
    } else {
      std::erase_if(settings.options, [&](const auto& old) { return old.name == row->name; });
      settings.options.push_back({std::string(row->name), *value, line});
    }
    if (!checked) problem(key.source().begin, place.key(key.str()), checked.error().text);
  }
}

void ConfigReader::read_modules(const toml::table& table, const Place& place,
                                ModuleTable& settings) {
  Names known;
  for (const ModuleDescription& module : modules_) known.push_back(module.name);
  for (const auto& [key, node] : table) {
    const auto module = std::ranges::find(modules_, key.str(), &ModuleDescription::name);
    const Place own{place.key(key.str())};
    if (module == modules_.end())
      unknown(key, place, "module", known);
    else if (const toml::table* options = node.as_table())
      read_module(*options, own, *module, settings[std::string(module->name)]);
    else
      problem(key.source().begin, own.name, "must be a table: [" + place.name + ".NAME]");
  }
}

template <class F>
void ConfigReader::with_table(const toml::table& parent, const Place& place, std::string_view name,
                              F&& use) {
  const auto found = parent.find(name);
  if (found == parent.end()) return;
  const Place own{place.key(name)};
  config_.lines[own.name] = found->first.source().begin.line;
  if (const toml::table* table = found->second.as_table())
    use(*table, own);
  else
    problem(found->first.source().begin, own.name, "must be a table: [" + own.name + "]");
}

void ConfigReader::read_domain(const toml::table& table, Domain& domain, const Place& place) {
  DomainConfig& own = domain;
  read_options(table, place, option_rows<DomainConfig>(), &own,
               {"tls", "limits", "contact", "module"});
  check_domain_name(domain, place);
  with_table(table, place, "tls", [&](const toml::table& tls, const Place& there) {
    // A pair belongs together: nothing is inherited into half of one.
    if (tls.contains("certificate") || tls.contains("key"))
      domain.tls.certificate = domain.tls.key = {};
    read_options(tls, there, option_rows<TlsConfig>(), &domain.tls, {});
    check_tls(domain.tls, there);
  });
  with_table(table, place, "limits", [&](const toml::table& limits, const Place& there) {
    read_limits(limits, there, domain.limits);
  });
  with_table(table, place, "contact", [&](const toml::table& contact, const Place& there) {
    read_options(contact, there, option_rows<ContactConfig>(), &domain.contact, {});
    check_contact(domain.contact, there);
  });
  with_table(table, place, "module", [&](const toml::table& modules, const Place& there) {
    read_modules(modules, there, domain.modules);
  });
  check_domain(domain, place);
}

void ConfigReader::read_domains(const toml::node& node) {
  const toml::array* array = node.as_array();
  if (!array || array->empty() || !array->is_homogeneous<toml::table>())
    return problem(node.source().begin, "domain", "must be written as [[domain]], once a domain");
  for (const toml::node& item : *array) {
    const Place place{"domain." + std::to_string(config_.domains.size())};
    config_.lines[place.name] = item.source().begin.line;
    Domain domain{};
    domain.tls = config_.tls;
    domain.limits = config_.limits;
    domain.contact = config_.contact;
    domain.modules = config_.modules;
    read_domain(*item.as_table(), domain, place);
    config_.domains.push_back(std::move(domain));
  }
}

void ConfigReader::read_components(const toml::node& node) {
  const toml::array* array = node.as_array();
  if (!array || array->empty() || !array->is_homogeneous<toml::table>())
    return problem(node.source().begin, "component",
                   "must be written as [[component]], once a component");
  if (array->size() > bounds::components)
    return problem(node.source().begin, "component",
                   "stands more than " + std::to_string(bounds::components) + " times");
  for (const toml::node& item : *array) {
    const Place place{"component." + std::to_string(config_.components.size())};
    config_.lines[place.name] = item.source().begin.line;
    ComponentConfig component{};
    read_options(*item.as_table(), place, option_rows<ComponentConfig>(), &component, {});
    check_component(component, place);
    config_.components.push_back(std::move(component));
  }
}

void ConfigReader::check_component(ComponentConfig& component, const Place& place) {
  const auto name = xmpp::Jid::parse(component.name);
  if (!name || !name->is_domain())
    problem_at(place.key("name"), toml_string(component.name) + " is not a domain name");
  else
    component.name = name->text();
  resolve_path(component.secret_file);
  if (component.secret.empty() == component.secret_file.empty())
    problem_at(place.name, "needs either a secret_file or a secret");
  if (component.secret.size() > bounds::component_secret)
    problem_at(place.key("secret"), "is too long");
  for (std::string& domain : component.domains) {
    const auto jid = xmpp::Jid::parse(domain);
    if (jid && config_.find_domain(jid->text()))
      domain = jid->text();
    else
      problem_at(place.key("domains"), toml_string(domain) + " is no [[domain]] of this server");
  }
}

void ConfigReader::default_settings() {
  for (const ModuleDescription& module : modules_)
    config_.modules[std::string(module.name)].enabled = module.enabled_by_default;
}

// Relative paths are below the file's own folder, wherever the program was started.
void ConfigReader::resolve_path(std::string& path) const {
  if (path.empty() || path.starts_with('/') || path_.empty()) return;
  std::error_code ignored;
  const auto file = std::filesystem::absolute(path_, ignored);
  path = (file.parent_path() / path).lexically_normal().string();
}

void ConfigReader::check_general() {
  if (config_.lines.contains("data") && config_.data.empty())
    problem_at("data", "must not be empty");
  if (config_.data.empty()) config_.data = default_data_folder();
  resolve_path(config_.data);
  if (config_.admin_socket.empty()) config_.admin_socket = config_.data + "/herold.sock";
  resolve_path(config_.admin_socket);
  if (config_.shards > bounds::shards)
    problem_at("shards",
               "must be at most " + std::to_string(bounds::shards) + ", 0 for one a core");
}

void ConfigReader::check_listen() {
  std::set<std::string> taken;
  const std::pair<std::string_view, const std::vector<Endpoint>*> lists[] = {
      {"listen.component", &config_.listen.component},
      {"listen.component_tls", &config_.listen.component_tls},
      {"listen.client", &config_.listen.client},
      {"listen.client_tls", &config_.listen.client_tls},
      {"listen.client_plain", &config_.listen.client_plain},
      {"listen.server", &config_.listen.server},
      {"listen.server_tls", &config_.listen.server_tls}};
  for (const auto& [key, endpoints] : lists)
    for (const Endpoint& endpoint : *endpoints)
      if (!taken.insert(endpoint.text()).second && endpoint.port != 0)
        problem_at(key, toml_string(endpoint.text()) + " is listened on already");
  for (const Endpoint& endpoint : config_.listen.client_plain)
    if (!endpoint.is_loopback())
      problem_at("listen.client_plain",
                 toml_string(endpoint.text()) +
                     " is not a loopback address: passwords and messages would cross the network "
                     "unprotected; use client or client_tls there");
  for (const Endpoint& endpoint : config_.listen.component)
    if (!endpoint.is_loopback() && !config_.listen.component_network)
      problem_at("listen.component",
                 toml_string(endpoint.text()) +
                     " is not a loopback address: secrets and messages would cross the network "
                     "unprotected; use component_tls there, or say component_network = true where "
                     "that network is trusted");
}

// Where the servers of some domains are, for networks without names.
void ConfigReader::read_hosts(const toml::table& table, const Place& place) {
  for (const auto& [key, node] : table) {
    record(key, place);
    const auto value = plain_value(node);
    auto domain = xmpp::Jid::parse(key.str());
    auto where = value ? OptionCodec<std::vector<Endpoint>>::read(*value)
                       : Result<std::vector<Endpoint>>(fail(Fault::invalid, "must be a list"));
    if (!domain || !domain->is_domain())
      problem(key.source().begin, place.key(key.str()), "is not a domain name");
    else if (!where)
      problem(key.source().begin, place.key(key.str()), where.error().text);
    else
      config_.federation.hosts[domain->text()] = *std::move(where);
  }
}

void ConfigReader::check_federation() {
  FederationConfig& own = config_.federation;
  resolve_path(own.authorities);
  const std::pair<std::string_view, std::vector<std::string>*> lists[] = {
      {"federation.allow", &own.allow},
      {"federation.deny", &own.deny},
      {"federation.dialback", &own.dialback},
      {"federation.unsigned", &own.unsigned_domains}};
  for (const auto& [key, domains] : lists)
    for (std::string& domain : *domains) {
      auto prepared = prepare_listed_domain(domain);
      if (prepared)
        domain = *std::move(prepared);
      else
        problem_at(key, prepared.error().text);
    }
}

void ConfigReader::check_tls(TlsConfig& tls, const Place& place) {
  resolve_path(tls.certificate);
  resolve_path(tls.key);
  resolve_path(tls.client_authorities);
  if (tls.certificate.empty() == tls.key.empty()) return;
  problem_at(place.name, tls.key.empty() ? "has a certificate but no key; both are needed"
                                         : "has a key but no certificate; both are needed");
}

void ConfigReader::check_contact(const ContactConfig& contact, const Place& place) {
  for (const OptionRow& row : option_rows<ContactConfig>()) {
    if (!config_.lines.contains(place.key(row.name))) continue;
    static constexpr auto& fields = ContactConfig::options;
    const auto check = [&](const auto& option) {
      if (option.name != row.name) return;
      for (const std::string& uri : contact.*option.field)
        if (!is_uri(uri))
          problem_at(place.key(row.name),
                     toml_string(uri) + " is not a URI such as \"mailto:abuse@example.org\"");
    };
    std::apply([&](const auto&... option) { (check(option), ...); }, fields);
  }
}

void ConfigReader::check_domain_name(Domain& domain, const Place& place) {
  if (domain.name.empty() && config_.lines.contains(place.key("name")))
    return problem_at(place.key("name"), "must not be empty");
  if (domain.name.empty())
    return problem_at(place.name, "needs a name, such as name = \"example.org\"");
  auto jid = xmpp::Jid::parse(domain.name);
  if (!jid || !jid->is_domain())
    return problem_at(place.key("name"), toml_string(domain.name) + " is not a domain name");
  domain.name = jid->text();
  if (config_.find_domain(domain.name))
    problem_at(place.key("name"), toml_string(domain.name) + " stands in the file twice");
}

void ConfigReader::check_domain(Domain& domain, const Place& place) {
  for (std::string& admin : domain.admins) {
    auto address = account_address(admin);
    if (!address) {
      problem_at(place.key("admins"), address.error().text);
      continue;
    }
    admin = *std::move(address);
  }
  const auto restrictions = domain.modules.find("anonymous");
  if (domain.anonymous && restrictions != domain.modules.end() && !restrictions->second.enabled)
    problem_at(place.key("anonymous"),
               "needs the module anonymous, which bounds what such sessions may do");
}

Result<Config> ConfigReader::read(const toml::table& root) {
  default_settings();
  const Place top{};
  GeneralConfig& general = config_;
  read_options(
      root, top, option_rows<GeneralConfig>(), &general,
      {"domain", "component", "tls", "listen", "federation", "log", "limits", "contact", "module"});
  check_general();
  with_table(root, top, "tls", [&](const toml::table& table, const Place& place) {
    read_options(table, place, option_rows<TlsConfig>(), &config_.tls, {});
    check_tls(config_.tls, place);
  });
  with_table(root, top, "listen", [&](const toml::table& table, const Place& place) {
    config_.listen = {.client = {}, .client_tls = {}, .client_plain = {}};
    read_options(table, place, option_rows<ListenConfig>(), &config_.listen, {});
  });
  check_listen();
  with_table(root, top, "federation", [&](const toml::table& table, const Place& place) {
    read_options(table, place, option_rows<FederationConfig>(), &config_.federation, {"hosts"});
    with_table(table, place, "hosts",
               [&](const toml::table& hosts, const Place& there) { read_hosts(hosts, there); });
  });
  check_federation();
  with_table(root, top, "log", [&](const toml::table& table, const Place& place) {
    read_options(table, place, option_rows<LogConfig>(), &config_.log, {});
  });
  with_table(root, top, "limits", [&](const toml::table& table, const Place& place) {
    read_limits(table, place, config_.limits);
  });
  with_table(root, top, "contact", [&](const toml::table& table, const Place& place) {
    read_options(table, place, option_rows<ContactConfig>(), &config_.contact, {});
    check_contact(config_.contact, place);
  });
  with_table(root, top, "module", [&](const toml::table& table, const Place& place) {
    read_modules(table, place, config_.modules);
  });
  if (const toml::node* domains = root.get("domain")) read_domains(*domains);
  if (const toml::node* components = root.get("component")) read_components(*components);
  return finish();
}

// Which domains the modules answer for; each name may have one owner only.
void ConfigReader::name_services() {
  std::set<std::string> taken;
  for (const Domain& domain : config_.domains) taken.insert(domain.name);
  for (std::size_t i = 0; i < config_.domains.size(); ++i) {
    Domain& domain = config_.domains[i];
    for (const ModuleDescription& module : modules_) {
      const ModuleSettings& settings = domain.modules[std::string(module.name)];
      if (module.service == nullptr || !settings.enabled) continue;
      if (domain.name.empty() || config_.find_domain(domain.name) != &domain) continue;  // told of
      std::string name = module.service(settings, domain.name);
      const std::string tail = "module." + std::string(module.name) + ".host";
      const std::string own = "domain." + std::to_string(i) + '.' + tail;
      if (name.empty()) continue;  // the domain's name is none, which is told already
      if (!taken.insert(name).second)
        problem_at(config_.lines.contains(own) ? own : tail,
                   toml_string(name) + " is used by another domain or module already");
      domain.services.push_back({std::string(module.name), std::move(name)});
    }
  }
  for (std::size_t i = 0; i < config_.components.size(); ++i) {
    ComponentConfig& component = config_.components[i];
    if (!component.name.empty() && !taken.insert(component.name).second)
      problem_at("component." + std::to_string(i) + ".name",
                 toml_string(component.name) + " is used by another domain, module or component");
    const Domain* parent = config_.find_parent(component.name);
    if (parent == nullptr) continue;
    component.parent = parent->name;
    if (component.domains.empty()) component.domains = {parent->name};
  }
}

Result<Config> ConfigReader::finish() {
  if (config_.domains.empty()) {
    Domain domain{};
    domain.name = "localhost";
    domain.tls = config_.tls;
    domain.limits = config_.limits;
    domain.contact = config_.contact;
    domain.modules = config_.modules;
    config_.domains.push_back(std::move(domain));
  }
  name_services();
  if (problems_.empty()) return std::move(config_);
  const auto position = [](const auto& p) { return std::pair(p.first.line, p.first.column); };
  std::ranges::stable_sort(problems_, {}, position);
  std::string text;
  for (const auto& [where, what] : problems_) {
    if (!text.empty()) text += '\n';
    text += path_ + ':' + std::to_string(where.line) + ':' + std::to_string(where.column) + ": ";
    text += what;
  }
  return fail(Fault::invalid, std::move(text));
}

Error ConfigReader::syntax_error(const toml::parse_error& error) {
  const toml::source_position where = error.source().begin;
  return {Fault::invalid, path_ + ':' + std::to_string(where.line) + ':' +
                              std::to_string(where.column) +
                              ": not TOML: " + std::string(error.description())};
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& path,
                            std::span<const ModuleDescription> modules) {
  ConfigReader reader(path, modules);
  toml::table root;
  try {
    root = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    return std::unexpected(reader.syntax_error(error));
  }
  return reader.read(root);
}

Config default_config(std::span<const ModuleDescription> modules) {
  auto config = parse_config("", "", modules);
  CHECK(config.has_value());
  return *std::move(config);
}

}  // namespace herold::server
