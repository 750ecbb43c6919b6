// The server's configuration: TOML text to a checked Config, with every problem named at once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "base/result.h"
#include "server/options.h"

namespace herold::server {

// Where to listen: a literal address and a port; "127.0.0.1:5222", "[::1]:5222".
struct Endpoint {
  std::string address;     // without brackets
  std::uint16_t port = 0;  // 0: any free port, for tests

  bool is_loopback() const;
  std::string text() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};
Result<Endpoint> parse_endpoint(std::string_view text);

template <>
struct OptionCodec<std::vector<Endpoint>> {
  static std::string type_text() { return "list of \"address:port\""; }
  static Result<std::vector<Endpoint>> read(const OptionValue& value);
  static std::string print(const std::vector<Endpoint>& value);
};

// The keys above all tables.
struct GeneralConfig {
  std::string data;
  std::string admin_socket;
  std::uint64_t shards = 0;

  static constexpr std::tuple options{
      option("data", &GeneralConfig::data,
             "The folder of everything that the server keeps; only its user may read it."),
      option("admin_socket", &GeneralConfig::admin_socket,
             "Where the herold commands reach the running server; by default herold.sock in data."),
      option("shards", &GeneralConfig::shards,
             "Threads that share the addresses among them; 0 means one a core.")};
};

// [tls] and [domain.tls]; without certificate and key the server's own authority signs.
struct TlsConfig {
  std::string certificate;
  std::string key;
  std::string client_authorities;

  bool is_own() const { return certificate.empty() && key.empty(); }
  static constexpr std::tuple options{
      option("certificate", &TlsConfig::certificate,
             "PEM file with the certificate and its chain; empty: the server's own authority."),
      option("key", &TlsConfig::key,
             "PEM file with the private key; nobody but the server's user may read it."),
      option(
          "client_authorities", &TlsConfig::client_authorities,
          "PEM file with the authorities of certificates by which accounts sign in (XEP-0178), and "
          "their revocation lists if there are any; empty: nobody signs in so.")};
};

// [listen]. Where the table stands, what it leaves out is not listened on.
struct ListenConfig {
  std::vector<Endpoint> client{{"127.0.0.1", 5222}, {"::1", 5222}};
  std::vector<Endpoint> client_tls{{"127.0.0.1", 5223}, {"::1", 5223}};
  std::vector<Endpoint> client_plain;
  std::vector<Endpoint> server;
  std::vector<Endpoint> server_tls;
  std::vector<Endpoint> component;
  std::vector<Endpoint> component_tls;
  bool component_network = false;
  bool behind_tls_proxy = false;

  static constexpr std::tuple options{
      option("client", &ListenConfig::client, "Clients that begin TLS with STARTTLS."),
      option("client_tls", &ListenConfig::client_tls, "Clients that begin with TLS (XEP-0368)."),
      option("client_plain", &ListenConfig::client_plain,
             "Clients without TLS, on loopback addresses only: measurements, or a TLS proxy."),
      option("server", &ListenConfig::server,
             "Other servers, which begin TLS with STARTTLS; usually port 5269."),
      option("server_tls", &ListenConfig::server_tls,
             "Other servers that begin with TLS (XEP-0368); usually port 5270."),
      option("component", &ListenConfig::component,
             "External components (XEP-0114) without TLS, on loopback addresses; usually port "
             "5347."),
      option("component_tls", &ListenConfig::component_tls,
             "External components that begin with TLS, on any address."),
      option("component_network", &ListenConfig::component_network,
             "The networks of component are trusted with its secrets and messages, as that between "
             "containers of one machine: other addresses than loopback are allowed there."),
      option("behind_tls_proxy", &ListenConfig::behind_tls_proxy,
             "A TLS proxy stands before client_plain, so PLAIN may be offered there.")};
};

// With whom a server may talk, and what another one must show.
enum class FederationMode { open, listed, closed };
enum class PeerTrust { certificate, dialback };

// [federation]
struct FederationConfig {
  FederationMode mode = FederationMode::open;
  PeerTrust trust = PeerTrust::certificate;
  std::vector<std::string> allow, deny, dialback;  // domains, prepared; "*.example.org" too
  std::vector<std::string> networks;
  std::vector<std::string> resolvers;
  std::vector<std::string> unsigned_domains;
  std::string authorities;
  std::map<std::string, std::vector<Endpoint>, std::less<>> hosts;  // [federation.hosts]

  static constexpr std::tuple options{
      option("mode", &FederationConfig::mode,
             {{"open", FederationMode::open},
              {"listed", FederationMode::listed},
              {"closed", FederationMode::closed}},
             "Whom this server talks to: every server but those in deny, those in allow, or none. "
             "Without a listener for servers it is none."),
      option("trust", &FederationConfig::trust,
             {{"certificate", PeerTrust::certificate}, {"dialback", PeerTrust::dialback}},
             "What other servers must show: a valid certificate of their domain, or that the "
             "domain's own server knows them (XEP-0220). Everything is encrypted in any case."),
      option("allow", &FederationConfig::allow,
             "Domains that are talked to in mode listed; \"*.example.org\" means all below it."),
      option("deny", &FederationConfig::deny, "Domains that are never talked to."),
      option("dialback", &FederationConfig::dialback,
             "Domains for which dialback is enough, whatever trust says."),
      option("networks", &FederationConfig::networks,
             "Private networks in which other servers may be, such as \"10.0.0.0/8\"; without it "
             "names that lead there are refused."),
      option("resolvers", &FederationConfig::resolvers,
             "DNS servers to ask; empty: those of the system."),
      option("unsigned", &FederationConfig::unsigned_domains,
             "Domains, with all below them, whose names are not signed although those above them "
             "are: private zones of your own resolvers. Others that seem so are called forged."),
      option("authorities", &FederationConfig::authorities,
             "PEM file with further authorities of other servers' certificates, beside those of "
             "the system.")};
};

// What a component may do in the name of the server's accounts (XEP-0356).
enum class RosterPrivilege { none, get, set, both };
enum class MessagePrivilege { none, outgoing };
enum class PresencePrivilege { none, managed_entity, roster };

// [[component]]: a program of its own that serves a domain (XEP-0114).
struct ComponentConfig {
  std::string name;  // prepared
  std::string secret;
  std::string secret_file;
  std::string title;
  bool subdomains = false;
  std::vector<std::string> domains;  // prepared
  RosterPrivilege roster = RosterPrivilege::none;
  bool roster_push = false;
  MessagePrivilege message = MessagePrivilege::none;
  PresencePrivilege presence = PresencePrivilege::none;
  std::vector<std::string> iq_get, iq_set;
  std::vector<std::string> delegated;
  std::string parent;  // the domain that it is below; "": none

  static constexpr std::tuple options{
      option("name", &ComponentConfig::name,
             "The domain that it serves, such as \"irc.example.org\"."),
      option("secret", &ComponentConfig::secret,
             "What it has to know; nobody but the server's user may read a file with this."),
      option("secret_file", &ComponentConfig::secret_file,
             "The file with that secret, in its place; only the server's user may read it."),
      option("title", &ComponentConfig::title, "What it is called in lists of services."),
      option("subdomains", &ComponentConfig::subdomains,
             "Whether the domains below its own belong to it as well."),
      option(
          "domains", &ComponentConfig::domains,
          "For whose accounts the following holds; empty: those of the domain that it is below."),
      option("roster", &ComponentConfig::roster,
             {{"none", RosterPrivilege::none},
              {"get", RosterPrivilege::get},
              {"set", RosterPrivilege::set},
              {"both", RosterPrivilege::both}},
             "Whether it may read or change their rosters (XEP-0356)."),
      option("roster_push", &ComponentConfig::roster_push,
             "Whether it is told when a roster that it may read changes."),
      option("message", &ComponentConfig::message,
             {{"none", MessagePrivilege::none}, {"outgoing", MessagePrivilege::outgoing}},
             "Whether it may send messages in their names."),
      option("presence", &ComponentConfig::presence,
             {{"none", PresencePrivilege::none},
              {"managed_entity", PresencePrivilege::managed_entity},
              {"roster", PresencePrivilege::roster}},
             "Whether it sees when they come and go, and with roster their contacts too."),
      option("iq_get", &ComponentConfig::iq_get,
             "Namespaces of requests that it may ask in their names."),
      option("iq_set", &ComponentConfig::iq_set,
             "Namespaces of changes that it may request in their names."),
      option("delegated", &ComponentConfig::delegated,
             "Namespaces of requests to the domain or its accounts that it answers in the server's "
             "place (XEP-0355).")};
};

// [log]
struct LogConfig {
  LogLevel level = LogLevel::info;

  static constexpr std::tuple options{option("level", &LogConfig::level,
                                             {{"debug", LogLevel::debug},
                                              {"info", LogLevel::info},
                                              {"warning", LogLevel::warning},
                                              {"error", LogLevel::error}},
                                             "The least level that is written.")};
};

// [contact] and [domain.contact]: lists of URIs for XEP-0157.
struct ContactConfig {
  std::vector<std::string> abuse, admin, feedback, sales, security, status, support;

  static constexpr std::tuple options{
      option("abuse", &ContactConfig::abuse, "Whom to tell about abuse (URIs, XEP-0157)."),
      option("admin", &ContactConfig::admin, "Who runs the server."),
      option("feedback", &ContactConfig::feedback, "Where praise and complaints go."),
      option("sales", &ContactConfig::sales, "Whom to ask for an offer."),
      option("security", &ContactConfig::security, "Whom to tell about a security problem."),
      option("status", &ContactConfig::status, "Where the state of the service is shown."),
      option("support", &ContactConfig::support, "Where users find help.")};
};

enum class Registration { closed, open };

// The keys of a [[domain]] itself.
struct DomainConfig {
  std::string name;  // prepared as RFC 7622 section 3.2 wants it
  Registration registration = Registration::closed;
  bool anonymous = false;
  std::vector<std::string> admins;  // bare addresses, prepared

  static constexpr std::tuple options{
      option("name", &DomainConfig::name, "The part of the addresses behind the @."),
      option("registration", &DomainConfig::registration,
             {{"closed", Registration::closed}, {"open", Registration::open}},
             "Who may make an account from a client (XEP-0077): nobody or everybody."),
      option("anonymous", &DomainConfig::anonymous,
             "Whether anybody may sign in without an account (SASL ANONYMOUS, XEP-0175), under a "
             "made-up name that lasts as long as the session."),
      option("admins", &DomainConfig::admins,
             "Addresses that may use the administration commands (XEP-0133).")};
};

using ModuleTable = std::map<std::string, ModuleSettings, std::less<>>;  // by module name

// A domain that a module answers for (service.h).
struct ServiceDomain {
  std::string module;
  std::string name;
  friend bool operator==(const ServiceDomain&, const ServiceDomain&) = default;
};

// One domain with the global tables as defaults under its own.
struct Domain : DomainConfig {
  TlsConfig tls;
  Limits limits;
  ContactConfig contact;
  ModuleTable modules;                  // every known module has an entry
  std::vector<ServiceDomain> services;  // of the modules that are on

  std::vector<std::string> all_names() const;  // its own and those of its services
};

// What is in effect. Keys in `lines` are the ones that the file sets: "listen.client",
// "limits.resources", "domain.0.name", "domain.0.limits.resources", "module.ping.idle".
struct Config : GeneralConfig {
  std::string file;  // "" where there is none
  TlsConfig tls;
  ListenConfig listen;
  FederationConfig federation;
  LogConfig log;
  Limits limits;
  ContactConfig contact;
  ModuleTable modules;
  std::vector<Domain> domains{};
  std::vector<ComponentConfig> components{};
  std::map<std::string, std::uint32_t, std::less<>> lines;

  const Domain* find_domain(std::string_view name) const;  // prepared name
  // The one that a domain is below; nullptr where there is none.
  const Domain* find_parent(std::string_view name) const;
  bool federates() const {
    return federation.mode != FederationMode::closed &&
           !(listen.server.empty() && listen.server_tls.empty());
  }
};

// Errors are of Fault::invalid and list all problems, one a line: "file:line:column: key: what".
Result<Config> load_config(const std::string& path, std::span<const ModuleDescription> modules);
Result<Config> parse_config(std::string_view text, const std::string& path,
                            std::span<const ModuleDescription> modules);
// Without a file: localhost, loopback, data in the user's state directory.
Config default_config(std::span<const ModuleDescription> modules);

// $XDG_STATE_HOME/herold, or ~/.local/state/herold.
std::string default_data_folder();

// The whole configuration as TOML with help and the origin of each value, or as one JSON object.
enum class ConfigFormat { toml, json };
std::string print_config(const Config& config, std::span<const ModuleDescription> modules,
                         ConfigFormat format);

// A secret that others on this machine could read is none (HOSTILE 189): fails with Fault::refused
// when group or others have any right on the file, unavailable when it cannot be read at all.
Result<> check_secret_file(const std::string& path);
// Secrets of components that stand in files of their own, and that nobody else can read the others.
Result<> read_component_secrets(Config& config);

}  // namespace herold::server
