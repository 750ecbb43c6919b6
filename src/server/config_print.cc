// The effective configuration, with help and the origin of every value, as TOML or JSON.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "server/config.h"
#include "server/toml_text.h"

namespace herold::server {
namespace {

using Json = nlohmann::ordered_json;
using Rows = std::span<const OptionRow>;

// Every key once, in one order: what a form of output needs to know of it.
struct Entry {
  std::string name;
  std::string key;  // as in Config::lines
  std::string help;
  std::string type;
  std::string default_text;  // as TOML
  std::string text;          // the value in effect, as TOML
};

struct Section {
  std::string header;  // "", "[listen]", "[[domain]]"
  std::string key;     // "", "listen", "domain.0"
  std::string help;
  std::vector<Entry> entries;
};

// Whether a table of a domain shows all its keys, or only those that its own tables set.
enum class Shown { all, own };

class Printer {
 public:
  Printer(const Config& config, std::span<const ModuleDescription> modules)
      : config_(config), modules_(modules) {}

  std::vector<Section> sections();

 private:
  Section options(std::string header, std::string key, std::string help, Rows rows,
                  const void* values, Shown shown = Shown::all) const;
  Section limits(std::string header, std::string key, const Limits& limits, Shown shown) const;
  Section module(std::string header, std::string key, const ModuleDescription& module,
                 const ModuleSettings& settings, Shown shown) const;
  Section hosts() const;
  void add_domain(std::vector<Section>& sections, const Domain& domain, std::size_t index) const;
  bool is_set(std::string_view key) const { return config_.lines.contains(key); }

  const Config& config_;
  std::span<const ModuleDescription> modules_;
};

std::string join(std::string_view table, std::string_view name) {
  return table.empty() ? std::string(name) : std::string(table) + '.' + std::string(name);
}

Section Printer::options(std::string header, std::string key, std::string help, Rows rows,
                         const void* values, Shown shown) const {
  Section section{std::move(header), std::move(key), std::move(help), {}};
  for (const OptionRow& row : rows) {
    std::string own_key = join(section.key, row.name);
    if (shown == Shown::own && !is_set(own_key)) continue;
    section.entries.push_back({std::string(row.name), std::move(own_key), std::string(row.help),
                               row.type_text(), row.default_text(), row.print(values)});
  }
  return section;
}

std::string unit_text(LimitUnit unit) {
  switch (unit) {
    case LimitUnit::bytes:
      return "size";
    case LimitUnit::bytes_per_second:
      return "size a second";
    case LimitUnit::seconds:
    case LimitUnit::milliseconds:
      return "duration";
    case LimitUnit::percent:
      return "percent";
    case LimitUnit::count:
      break;
  }
  return "number";
}

Section Printer::limits(std::string header, std::string key, const Limits& limits,
                        Shown shown) const {
  Section section{std::move(header), std::move(key), "Bounds of everything.", {}};
  for (const LimitRow& row : limit_rows()) {
    std::string own_key = join(section.key, row.name);
    if (shown == Shown::own && !is_set(own_key)) continue;
    section.entries.push_back(
        {std::string(row.name), std::move(own_key), std::string(row.reason),
         unit_text(row.unit) + ", at least " + print_limit(row.unit, row.least),
         print_limit(row.unit, Limits{}.*row.field), print_limit(row.unit, limits.*row.field)});
  }
  return section;
}

Section Printer::module(std::string header, std::string key, const ModuleDescription& module,
                        const ModuleSettings& settings, Shown shown) const {
  Section section{std::move(header), std::move(key), std::string(module.title) + ".", {}};
  std::string enabled_key = join(section.key, "enabled");
  if (shown == Shown::all || is_set(enabled_key))
    section.entries.push_back({"enabled", std::move(enabled_key), "Whether the module runs.",
                               OptionCodec<bool>::type_text(),
                               OptionCodec<bool>::print(module.enabled_by_default),
                               OptionCodec<bool>::print(settings.enabled)});
  for (const OptionRow& row : module.options) {
    std::string own_key = join(section.key, row.name);
    if (shown == Shown::own && !is_set(own_key)) continue;
    const auto setting = std::ranges::find(settings.options, row.name, &OptionSetting::name);
    const bool is_default = setting == settings.options.end();
    section.entries.push_back(
        {std::string(row.name), std::move(own_key), std::string(row.help), row.type_text(),
         row.default_text(),
         is_default ? row.default_text() : row.check(setting->value).value_or(std::string())});
  }
  return section;
}

Section Printer::hosts() const {
  Section section{"[federation.hosts]",
                  "federation.hosts",
                  "Where the servers of some domains are, for networks without names: "
                  "\"example.org\" = [\"10.0.0.1:5269\"].",
                  {}};
  for (const auto& [domain, where] : config_.federation.hosts)
    section.entries.push_back({toml_string(domain), "federation.hosts." + domain, "",
                               OptionCodec<std::vector<Endpoint>>::type_text(), "",
                               OptionCodec<std::vector<Endpoint>>::print(where)});
  return section;
}

void Printer::add_domain(std::vector<Section>& sections, const Domain& domain,
                         std::size_t index) const {
  const std::string key = "domain." + std::to_string(index);
  const DomainConfig& own = domain;
  sections.push_back(options("[[domain]]", key, "A domain whose accounts live here.",
                             option_rows<DomainConfig>(), &own));
  std::vector<Section> tables;
  tables.push_back(options("[domain.tls]", key + ".tls", "The certificate of this domain.",
                           option_rows<TlsConfig>(), &domain.tls, Shown::own));
  tables.push_back(limits("[domain.limits]", key + ".limits", domain.limits, Shown::own));
  tables.push_back(options("[domain.contact]", key + ".contact", "Contacts of this domain.",
                           option_rows<ContactConfig>(), &domain.contact, Shown::own));
  for (const ModuleDescription& described : modules_) {
    const auto settings = domain.modules.find(described.name);
    if (settings == domain.modules.end()) continue;
    const std::string name(described.name);
    tables.push_back(module("[domain.module." + name + ']', key + ".module." + name, described,
                            settings->second, Shown::own));
  }
  for (Section& table : tables)
    if (!table.entries.empty()) sections.push_back(std::move(table));
}

std::vector<Section> Printer::sections() {
  std::vector<Section> all;
  const GeneralConfig& general = config_;
  all.push_back(options("", "", "", option_rows<GeneralConfig>(), &general));
  all.push_back(options("[tls]", "tls", "The certificate of all domains without their own.",
                        option_rows<TlsConfig>(), &config_.tls));
  all.push_back(options("[listen]", "listen",
                        "Where to listen. What a [listen] table leaves out is not listened on.",
                        option_rows<ListenConfig>(), &config_.listen));
  all.push_back(options("[federation]", "federation", "Other servers.",
                        option_rows<FederationConfig>(), &config_.federation));
  all.push_back(hosts());
  all.push_back(options("[log]", "log", "What is written to standard error or the journal.",
                        option_rows<LogConfig>(), &config_.log));
  all.push_back(limits("[limits]", "limits", config_.limits, Shown::all));
  all.push_back(options("[contact]", "contact", "Contacts of all domains without their own.",
                        option_rows<ContactConfig>(), &config_.contact));
  for (const ModuleDescription& described : modules_) {
    const auto settings = config_.modules.find(described.name);
    if (settings == config_.modules.end()) continue;
    const std::string name(described.name);
    all.push_back(
        module("[module." + name + ']', "module." + name, described, settings->second, Shown::all));
  }
  for (std::size_t i = 0; i < config_.domains.size(); ++i) add_domain(all, config_.domains[i], i);
  for (std::size_t i = 0; i < config_.components.size(); ++i) {
    ComponentConfig shown = config_.components[i];
    if (!shown.secret.empty()) shown.secret = "(not shown)";
    all.push_back(options("[[component]]", "component." + std::to_string(i),
                          "A program of its own that serves a domain (XEP-0114).",
                          option_rows<ComponentConfig>(), &shown));
  }
  return all;
}

// Sentences as comments of at most 100 columns.
std::string comment(std::string_view text) {
  constexpr std::size_t width = 98;
  std::string lines;
  while (!text.empty()) {
    std::size_t cut = text.size();
    if (cut > width) cut = text.rfind(' ', width);
    if (cut == text.npos || cut == 0) cut = text.size();
    lines += "# " + std::string(text.substr(0, cut)) + '\n';
    text.remove_prefix(std::min(text.size(), cut + 1));
  }
  return lines;
}

std::string origin(const Config& config, const Entry& entry) {
  const auto line = config.lines.find(entry.key);
  if (line != config.lines.end()) return config.file + ':' + std::to_string(line->second);
  if (entry.key.starts_with("listen.") && config.lines.contains("listen"))
    return "left out of [listen]";
  return "default";
}

std::string to_toml(const Config& config, const std::vector<Section>& sections) {
  std::string text = config.file.empty() ? "# No configuration file: everything is a default.\n"
                                         : "# In effect from " + config.file + "\n";
  for (const Section& section : sections) {
    if (!section.header.empty()) {
      text += '\n';
      text += comment(section.help);
      text += section.header + '\n';
    }
    for (const Entry& entry : section.entries) {
      const bool has_default = entry.text != entry.default_text && entry.default_text != "\"\"";
      text += '\n' + comment(entry.help);
      text += comment(entry.type + (has_default ? "; default " + entry.default_text : ""));
      text += entry.name + " = " + entry.text + "  # " + origin(config, entry) + '\n';
    }
  }
  return text;
}

Json to_json(const Config& config, const Entry& entry) {
  const auto line = config.lines.find(entry.key);
  // What the tables print is JSON too, for the types that exist.
  Json value = Json::parse(entry.text, nullptr, false);
  Json initial = Json::parse(entry.default_text, nullptr, false);
  Json object = {{"value", std::move(value)},
                 {"default", std::move(initial)},
                 {"type", entry.type},
                 {"help", entry.help},
                 {"origin", origin(config, entry)}};
  if (line != config.lines.end()) object["line"] = line->second;
  return object;
}

std::string to_json(const Config& config, const std::vector<Section>& sections) {
  Json all = {{"file", config.file}, {"values", Json::object()}};
  for (const Section& section : sections)
    for (const Entry& entry : section.entries) all["values"][entry.key] = to_json(config, entry);
  return all.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string print_config(const Config& config, std::span<const ModuleDescription> modules,
                         ConfigFormat format) {
  const std::vector<Section> sections = Printer(config, modules).sections();
  return format == ConfigFormat::toml ? to_toml(config, sections) : to_json(config, sections);
}

}  // namespace herold::server
