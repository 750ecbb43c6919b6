// The configuration: the example that others rely on, every complaint with its place, and printing.
#include "server/config.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

namespace herold::server {
namespace {

struct PingConfig {
  Seconds idle{0}, patience{30};
  static constexpr std::tuple options{
      option("idle", &PingConfig::idle, "Ping a client silent for this long; 0 turns this off."),
      option("patience", &PingConfig::patience, "Close if it stays silent this long.")};
};

struct MucConfig {
  ServiceName host{"conference.{domain}"};
  static constexpr std::tuple options{option("host", &MucConfig::host, "Where.")};
};
std::string muc_domain(const ModuleSettings& settings, std::string_view domain) {
  return read_options<MucConfig>(settings).host.for_domain(domain);
}

constexpr Specification ping_specifications[] = {{Specification::Series::xep, 199, "2.0.1"}};
const ModuleDescription modules[] = {
    {"ping", "XMPP Ping", ping_specifications, option_rows<PingConfig>(), true},
    {"carbons", "Message Carbons", {}, {}, true},
    {"debugging", "Debugging", {}, {}, false},
    {"anonymous", "Restrictions", {}, {}, true},
    {"muc", "Rooms", {}, option_rows<MucConfig>(), true, muc_domain}};

Result<Config> parse(std::string_view text) { return parse_config(text, "/etc/h.toml", modules); }

// All complaints, without the file's name in front of each.
std::string complaints(std::string_view text) {
  auto config = parse(text);
  if (config) return "(none)";
  EXPECT_EQ(config.error().fault, Fault::invalid);
  std::string lines = config.error().text;
  for (std::size_t at; (at = lines.find("/etc/h.toml:")) != lines.npos;) lines.erase(at, 12);
  return lines;
}

constexpr std::string_view example = R"(
data = "/var/lib/herold"            # everything the server keeps
[[domain]]
name = "xmpp.test"
registration = "closed"
admins = ["admin@xmpp.test"]
[tls]
certificate = "/path/fullchain.pem"
key = "/path/key.pem"
[listen]
client = ["127.0.0.1:5222"]
client_tls = ["127.0.0.1:5223"]
client_plain = []
[limits]
connection_rate = 1000
[module.ping]
idle = "5m"
)";

TEST(Config, TheExample) {
  auto config = parse(example);
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->data, "/var/lib/herold");
  EXPECT_EQ(config->admin_socket, "/var/lib/herold/herold.sock");
  EXPECT_EQ(config->shards, 0u);
  ASSERT_EQ(config->domains.size(), 1u);
  const Domain& domain = config->domains[0];
  EXPECT_EQ(domain.name, "xmpp.test");
  EXPECT_EQ(domain.registration, Registration::closed);
  EXPECT_FALSE(domain.anonymous);
  EXPECT_EQ(domain.admins, std::vector<std::string>{"admin@xmpp.test"});
  EXPECT_EQ(domain.tls.certificate, "/path/fullchain.pem");
  EXPECT_EQ(domain.limits.connection_rate, 1000u);
  EXPECT_EQ(config->listen.client, (std::vector<Endpoint>{{"127.0.0.1", 5222}}));
  EXPECT_TRUE(config->listen.client_plain.empty());
  const auto ping = read_options<PingConfig>(domain.modules.at("ping"));
  EXPECT_EQ(ping.idle, Seconds(300));
  EXPECT_EQ(ping.patience, Seconds(30));
  EXPECT_TRUE(domain.modules.at("carbons").enabled);
  EXPECT_FALSE(domain.modules.at("debugging").enabled);
  EXPECT_EQ(config->lines.at("module.ping.idle"), 17u);
}

TEST(Config, WithoutAFile) {
  const Config config = default_config(modules);
  ASSERT_EQ(config.domains.size(), 1u);
  EXPECT_EQ(config.domains[0].name, "localhost");
  EXPECT_EQ(config.data, default_data_folder());
  ASSERT_EQ(config.listen.client.size(), 2u);
  for (const Endpoint& endpoint : config.listen.client) EXPECT_TRUE(endpoint.is_loopback());
  EXPECT_EQ(config.listen.client_tls[1].text(), "[::1]:5223");
  EXPECT_TRUE(config.listen.client_plain.empty());
}

TEST(Config, ModulesAnswerForDomains) {
  auto config = parse(R"(
[[domain]]
name = "Straße.Example"
[[domain]]
name = "b.example"
[domain.module.muc]
host = "Rooms.{domain}"
[[domain]]
name = "c.example"
[domain.module.muc]
enabled = false
)");
  ASSERT_TRUE(config) << config.error().text;
  using Names = std::vector<std::string>;
  EXPECT_EQ(config->domains[0].all_names(), (Names{"straße.example", "conference.straße.example"}));
  EXPECT_EQ(config->domains[1].all_names(), (Names{"b.example", "rooms.b.example"}));
  EXPECT_EQ(config->domains[1].services.front().module, "muc");
  EXPECT_EQ(config->domains[2].all_names(), (Names{"c.example"}));
}

TEST(Config, DomainTablesLieOverGlobalOnes) {
  auto config = parse(R"(
[[domain]]
name = "Straße.Example"
[domain.tls]
certificate = "a.pem"
key = "b.pem"
[domain.limits]
resources = 3
[domain.module.ping]
patience = 10
[domain.module.carbons]
enabled = false
[domain.contact]
abuse = ["mailto:abuse@a.example"]
[[domain]]
name = "b.example"
[domain.tls]
client_authorities = "/b.pem"
[tls]
client_authorities = "clients.pem"
[limits]
resources = 5
offline_messages = 7
[module.ping]
idle = 60
patience = 20
)");
  ASSERT_TRUE(config) << config.error().text;
  const Domain* a = config->find_domain("straße.example");
  const Domain* b = config->find_domain("b.example");
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->tls.certificate, "/etc/a.pem");  // below the file's folder
  EXPECT_TRUE(b->tls.is_own());
  EXPECT_EQ(a->tls.client_authorities, "/etc/clients.pem");  // is no part of the pair
  EXPECT_EQ(b->tls.client_authorities, "/b.pem");
  EXPECT_EQ(a->limits.resources, 3u);
  EXPECT_EQ(a->limits.offline_messages, 7u);
  EXPECT_EQ(b->limits.resources, 5u);
  EXPECT_EQ(read_options<PingConfig>(a->modules.at("ping")).idle, Seconds(60));
  EXPECT_EQ(read_options<PingConfig>(a->modules.at("ping")).patience, Seconds(10));
  EXPECT_EQ(read_options<PingConfig>(b->modules.at("ping")).patience, Seconds(20));
  EXPECT_FALSE(a->modules.at("carbons").enabled);
  EXPECT_TRUE(b->modules.at("carbons").enabled);
  EXPECT_EQ(a->contact.abuse.size(), 1u);
  EXPECT_EQ(config->find_domain("c.example"), nullptr);
}

struct Wrong {
  std::string_view text;
  std::string_view complaint;
};

class Complaints : public testing::TestWithParam<Wrong> {};

TEST_P(Complaints, NamePlaceKeyAndHint) {
  EXPECT_EQ(complaints(GetParam().text), GetParam().complaint);
}

constexpr Wrong wrongs[] = {
    {"dta = \"/x\"", "1:1: dta: unknown key (did you mean \"data\"?)"},
    {"\n\n  color = 5", "3:3: color: unknown key"},
    {"data = 5", "1:1: data: must be text in quotes, not 5"},
    {"data = \"\"", "1:1: data: must not be empty"},
    {"shards = 257", "1:1: shards: must be at most 256, 0 for one a core"},
    {"shards = -1", "1:1: shards: must be 0 or more, not -1"},
    {"data = {a = 1}", "1:1: data: must be text"},
    {"data = 1979-05-27", "1:1: data: must be text"},
    {"[lisen]\n", "1:2: lisen: unknown key (did you mean \"listen\"?)"},
    {"listen = 5", "1:1: listen: must be a table: [listen]"},
    {"[listen]\nclient = \"127.0.0.1:5222\"",
     "2:1: listen.client: must be a list of texts such as [\"a\", \"b\"], not \"127.0.0.1:5222\""},
    {"[listen]\nclient = [5222]", "2:1: listen.client: must be list of \"address:port\""},
    {"[listen]\nclient = [\"127.0.0.1\"]",
     "2:1: listen.client: holds \"127.0.0.1\" has no port: write \"address:port\", \"[::1]:5222\""},
    {"[listen]\nclient = [\"localhost:5222\"]",
     "2:1: listen.client: holds \"localhost:5222\" does not begin with an IP address (IPv6 in "
     "brackets)"},
    {"[listen]\nclient = [\"127.0.0.1:65536\"]",
     "2:1: listen.client: holds \"127.0.0.1:65536\" has no port from 0 to 65535 behind its last "
     "colon"},
    {"[listen]\nclient = [\"127.0.0.1:5222\"]\nclient_tls = [\"127.0.0.1:5222\"]",
     "3:1: listen.client_tls: \"127.0.0.1:5222\" is listened on already"},
    {"[listen]\nclient_plain = [\"0.0.0.0:5221\"]",
     "2:1: listen.client_plain: \"0.0.0.0:5221\" is not a loopback address: passwords and messages "
     "would cross the network unprotected; use client or client_tls there"},
    {"[tls]\ncertificate = \"/c.pem\"", "1:1: tls: has a certificate but no key; both are needed"},
    {"[log]\nlevel = \"inof\"",
     "2:1: log.level: must be one of \"debug\" | \"info\" | \"warning\" | \"error\", not \"inof\" "
     "(did you mean \"info\"?)"},
    {"[limits]\nresorces = 5", "2:1: limits.resorces: unknown limit (did you mean \"resources\"?)"},
    {"[limits]\nresources = \"many\"",
     "2:1: limits.resources: must be a whole number, not \"many\""},
    {"[limits]\nstanza_bytes = \"1KiB\"",
     "2:1: limits.stanza_bytes: must be at least \"10KB\", not \"1KiB\""},
    {"[limits]\nresources = [1]", "2:1: limits.resources: must be a single value"},
    {"[module.pnig]\n", "1:9: module.pnig: unknown module (did you mean \"ping\"?)"},
    {"[module.ping]\nidel = 5", "2:1: module.ping.idel: unknown option (did you mean \"idle\"?)"},
    {"[module.ping]\nenabled = 1", "2:1: module.ping.enabled: must be true or false, not 1"},
    {"[module.ping]\nidle = {}", "2:1: module.ping.idle: must be duration"},
    {"[module]\nping = true", "2:1: module.ping: must be a table: [module.NAME]"},
    {"[contact]\nabuse = [\"abuse@xmpp.test\"]",
     "2:1: contact.abuse: \"abuse@xmpp.test\" is not a URI such as \"mailto:abuse@example.org\""},
    {"domain = \"xmpp.test\"", "1:10: domain: must be written as [[domain]], once a domain"},
    {"[domain]\nname = \"a.example\"", "1:1: domain: must be written as [[domain]], once a domain"},
    {"[[domain]]\nregistration = \"open\"",
     "1:1: domain.0: needs a name, such as name = \"example.org\""},
    {"[[domain]]\nname = 5", "2:1: domain.0.name: must be text in quotes, not 5"},
    {"[[domain]]\nname = \"\"", "2:1: domain.0.name: must not be empty"},
    {"[[domain]]\nname = \"a@b\"", "2:1: domain.0.name: \"a@b\" is not a domain name"},
    {"[[domain]]\nname = \"a.example\"\n[[domain]]\nname = \"A.Example\"",
     "4:1: domain.1.name: \"a.example\" stands in the file twice"},
    {"[[domain]]\nname = \"a.example\"\n[[domain]]\nname = \"conference.a.example\"",
     "1:1: module.muc.host: \"conference.a.example\" is used by another domain or module already"},
    {"[[domain]]\nname = \"a.example\"\n[domain.module.muc]\nhost = \"{domain}\"",
     "4:1: domain.0.module.muc.host: \"a.example\" is used by another domain or module already"},
    {"[module.muc]\nhost = \"a@b\"",
     "2:1: module.muc.host: must be a domain name such as \"rooms.{domain}\", not \"a@b\""},
    {"[[domain]]\nname = \"a.example\"\nadmins = [\"boss\"]",
     "3:1: domain.0.admins: \"boss\" is not an address such as admin@example.org"},
    {"[[domain]]\nname = \"a.example\"\nadmins = [\"x@a.example/phone\"]",
     "3:1: domain.0.admins: \"x@a.example/phone\" is not an address such as admin@example.org"},
    {"[[domain]]\nname = \"a.example\"\nanonymous = \"yes\"",
     "3:1: domain.0.anonymous: must be true or false, not \"yes\""},
    {"[[domain]]\nname = \"a.example\"\nanonymous = true\n[domain.module.anonymous]\n"
     "enabled = false",
     "3:1: domain.0.anonymous: needs the module anonymous, which bounds what such sessions may do"},
    {"[[domain]]\nname = \"a.example\"\n[domain.tls]\nkey = \"k\"",
     "3:1: domain.0.tls: has a key but no certificate; both are needed"},
    {"[[domain]]\nname = \"a.example\"\n[domain.limit]\n",
     "3:9: domain.0.limit: unknown key (did you mean \"limits\"?)"},
};
INSTANTIATE_TEST_SUITE_P(Config, Complaints, testing::ValuesIn(wrongs));

TEST(Config, AllProblemsAtOnceInOrder) {
  EXPECT_EQ(complaints("dta = 1\nshards = \"x\"\n[module.ping]\nidle = \"soon\"\nfoo = 1\n"
                       "[[domain]]\nname = \"@\"\n"),
            "1:1: dta: unknown key (did you mean \"data\"?)\n"
            "2:1: shards: must be a whole number, not \"x\"\n"
            "4:1: module.ping.idle: must be a duration such as \"30s\", \"5m\", \"1h\" or \"2d\", "
            "not \"soon\"\n"
            "5:1: module.ping.foo: unknown option\n"
            "7:1: domain.0.name: \"@\" is not a domain name");
}

TEST(Config, SyntaxErrorsHaveAPlace) {
  EXPECT_TRUE(complaints("data = \"/x\"\ndata = \"/y\"\n").starts_with("2:")) << "twice the key";
  EXPECT_TRUE(complaints("data = \n").starts_with("1:"));
  EXPECT_TRUE(complaints("data = \"\xff\"").starts_with("1:")) << "not UTF-8";
  EXPECT_NE(complaints("[[domain]\n").find("not TOML: "), std::string::npos);
  std::string nested = "x = ";
  nested.append(100000, '[');
  EXPECT_NE(complaints(nested).find("not TOML: "), std::string::npos);
}

TEST(Config, ManyProblemsAreCut) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "key" + std::to_string(i) + " = 1\n";
  const std::string lines = complaints(text);
  EXPECT_EQ(std::ranges::count(lines, '\n'), 99);
}

TEST(Config, Endpoints) {
  EXPECT_EQ(parse_endpoint("[::1]:5222")->text(), "[::1]:5222");
  EXPECT_EQ(parse_endpoint("[0:0::1]:5222")->address, "::1");
  EXPECT_EQ(parse_endpoint("0.0.0.0:0")->port, 0);
  EXPECT_TRUE(parse_endpoint("127.9.9.9:1")->is_loopback());
  EXPECT_FALSE(parse_endpoint("128.0.0.1:1")->is_loopback());
  EXPECT_FALSE(parse_endpoint("[::]:1")->is_loopback());
  for (std::string_view bad : {"", ":", "5222", "::1:5222", "[127.0.0.1]:1", "[::1]", "1.2.3:4",
                               "1.2.3.4:-1", "1.2.3.4:1x", "1.2.3.4: 1", "[]:1", "[:1"})
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
}

// What is printed is a file that says the same.
TEST(Config, PrintedTomlReadsBack) {
  auto config = parse(std::string(example) + "[domain]\n");
  EXPECT_FALSE(config);  // [domain] beside [[domain]]
  config = parse(std::string(example) +
                 "patience = 7\n[[domain]]\nname = \"b.example\"\nregistration = \"open\"\n"
                 "anonymous = true\n[domain.module.carbons]\nenabled = "
                 "false\n[domain.limits]\nresources = 2\n");
  ASSERT_TRUE(config) << config.error().text;
  const std::string text = print_config(*config, modules, ConfigFormat::toml);
  auto again = parse(text);
  ASSERT_TRUE(again) << again.error().text << '\n' << text;
  EXPECT_EQ(again->data, config->data);
  EXPECT_EQ(again->listen.client, config->listen.client);
  ASSERT_EQ(again->domains.size(), 2u);
  EXPECT_EQ(again->domains[1].registration, Registration::open);
  EXPECT_FALSE(again->domains[0].anonymous);
  EXPECT_TRUE(again->domains[1].anonymous);
  EXPECT_EQ(again->domains[1].limits.resources, 2u);
  EXPECT_FALSE(again->domains[1].modules.at("carbons").enabled);
  for (const LimitRow& row : limit_rows())
    EXPECT_EQ(again->limits.*row.field, config->limits.*row.field) << row.name;
  EXPECT_EQ(read_options<PingConfig>(again->domains[0].modules.at("ping")).patience, Seconds(7));
}

TEST(Config, PrintedTomlNamesOriginsAndHelp) {
  const std::string text = print_config(*parse(example), modules, ConfigFormat::toml);
  EXPECT_NE(text.find("idle = \"5m\"  # /etc/h.toml:17\n"), std::string::npos) << text;
  EXPECT_NE(text.find("patience = \"30s\"  # default\n"), std::string::npos);
  EXPECT_NE(text.find("# Ping a client silent for this long; 0 turns this off.\n"),
            std::string::npos);
  EXPECT_NE(text.find("behind_tls_proxy = false  # left out of [listen]\n"), std::string::npos);
  for (std::size_t start = 0, end; (end = text.find('\n', start)) != text.npos; start = end + 1)
    EXPECT_LE(end - start, 130u) << text.substr(start, end - start);
}

TEST(Config, PrintedJson) {
  const auto json =
      nlohmann::json::parse(print_config(*parse(example), modules, ConfigFormat::json));
  const auto& idle = json.at("values").at("module.ping.idle");
  EXPECT_EQ(idle.at("value"), "5m");
  EXPECT_EQ(idle.at("default"), 0);
  EXPECT_EQ(idle.at("line"), 17);
  EXPECT_EQ(json.at("values").at("listen.client").at("value").at(0), "127.0.0.1:5222");
  EXPECT_EQ(json.at("values").at("shards").at("origin"), "default");
}

class Files : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/herold-config-XXXXXX";
    ASSERT_TRUE(::mkdtemp(name));
    folder_ = name;
  }
  void TearDown() override {
    for (const std::string& path : made_) ::unlink(path.c_str());
    ::rmdir(folder_.c_str());
  }
  std::string make(const std::string& name, std::string_view text, mode_t mode) {
    made_.push_back(folder_ + '/' + name);
    std::ofstream(made_.back()) << text;
    ::chmod(made_.back().c_str(), mode);
    return made_.back();
  }
  std::string folder_;
  std::vector<std::string> made_;
};

TEST_F(Files, LoadedAndMissing) {
  const std::string path = make("h.toml", "data = \"state\"\n", 0644);
  auto config = load_config(path, modules);
  ASSERT_TRUE(config) << config.error().text;
  EXPECT_EQ(config->data, folder_ + "/state");
  EXPECT_EQ(config->file, path);
  auto missing = load_config(folder_ + "/none.toml", modules);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().fault, Fault::unavailable);
  EXPECT_EQ(missing.error().text,
            folder_ + "/none.toml: cannot read it: No such file or directory");
  EXPECT_FALSE(load_config(folder_, modules)) << "a folder";
}

TEST_F(Files, EndlessFileIsRefused) { EXPECT_FALSE(load_config("/dev/zero", modules)); }

// HOSTILE 189.
TEST_F(Files, SecretsThatOthersMayReadAreRefused) {
  EXPECT_TRUE(check_secret_file(make("a", "x", 0600)));
  EXPECT_TRUE(check_secret_file(make("b", "x", 0400)));
  for (mode_t mode : {0640, 0644, 0604, 0620, 0602}) {
    auto checked = check_secret_file(make("c", "x", mode));
    ASSERT_FALSE(checked) << mode;
    EXPECT_EQ(checked.error().fault, Fault::refused);
    EXPECT_NE(checked.error().text.find("chmod 600 "), std::string::npos);
  }
  EXPECT_EQ(check_secret_file(folder_ + "/none").error().fault, Fault::unavailable);
  EXPECT_EQ(check_secret_file(folder_).error().fault, Fault::refused);
}

}  // namespace
}  // namespace herold::server
