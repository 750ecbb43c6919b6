// Every type and unit of an option: what is read, what is refused and how it says so.
#include "server/options.h"

#include <gtest/gtest.h>

#include "server/suggest.h"

namespace herold::server {
namespace {

enum class Colour { red, green };

struct Sample {
  bool on = true;
  std::uint64_t count = 7;
  Seconds idle{300};
  Bytes size = 64_KiB;
  std::string name = "a \"b\"";
  std::vector<std::string> list{"x"};
  Colour colour = Colour::green;

  static constexpr std::tuple options{
      option("on", &Sample::on, "A switch."),
      option("count", &Sample::count, "A number."),
      option("idle", &Sample::idle, "A duration."),
      byte_option("size", &Sample::size, "A size."),
      option("name", &Sample::name, "A text."),
      option("list", &Sample::list, "A list."),
      option("colour", &Sample::colour, {{"red", Colour::red}, {"green", Colour::green}},
             "A choice.")};
};
struct Plain {};

const OptionRow& row(std::string_view name) { return *find_option(option_rows<Sample>(), name); }

// What the value becomes in canonical TOML, or the complaint.
std::string read(std::string_view name, const OptionValue& value) {
  auto text = row(name).check(value);
  return text ? *text : "error: " + text.error().text;
}

OptionValue text(std::string_view value) { return std::string(value); }
OptionValue number(std::int64_t value) { return value; }

TEST(Options, TableComesFromTheStruct) {
  ASSERT_EQ(option_rows<Sample>().size(), 7u);
  EXPECT_TRUE(option_rows<Plain>().empty());
  EXPECT_EQ(row("idle").help, "A duration.");
  EXPECT_EQ(row("idle").default_text(), "\"5m\"");
  EXPECT_EQ(row("size").default_text(), "\"64KiB\"");
  EXPECT_EQ(row("name").default_text(), R"("a \"b\"")");
  EXPECT_EQ(row("colour").default_text(), "\"green\"");
  EXPECT_EQ(row("colour").type_text(), R"("red" | "green")");
  EXPECT_EQ(find_option(option_rows<Sample>(), "nothing"), nullptr);
}

TEST(Options, Durations) {
  EXPECT_EQ(read("idle", text("90s")), "\"90s\"");
  EXPECT_EQ(read("idle", text("90 s")), "\"90s\"");
  EXPECT_EQ(read("idle", text("5m")), "\"5m\"");
  EXPECT_EQ(read("idle", text("1h")), "\"1h\"");
  EXPECT_EQ(read("idle", text("48h")), "\"2d\"");
  EXPECT_EQ(read("idle", number(60)), "\"1m\"");
  EXPECT_EQ(read("idle", number(0)), "0");
  const std::string wanted =
      "error: must be a duration such as \"30s\", \"5m\", \"1h\" or \"2d\", not ";
  EXPECT_EQ(read("idle", text("5 minutes")), wanted + "\"5 minutes\"");
  for (std::string_view bad : {"", "m", "-5m", "5", "5mm", "1.5h", "99999999d", "5M", "5  m",
                               "18446744073709551616s", "18446744073709551615d"})
    EXPECT_EQ(read("idle", text(bad)), wanted + '"' + std::string(bad) + '"');
  EXPECT_EQ(read("idle", number(-1)), wanted + "-1");
  EXPECT_EQ(read("idle", 1.5), wanted + "a number with a fraction");
  EXPECT_EQ(read("idle", true), wanted + "true");
}

TEST(Options, Sizes) {
  EXPECT_EQ(read("size", text("256KiB")), "\"256KiB\"");
  EXPECT_EQ(read("size", text("5MB")), "\"5MB\"");
  EXPECT_EQ(read("size", text("1GiB")), "\"1GiB\"");
  EXPECT_EQ(read("size", text("2048kB")), "\"2000KiB\"");
  EXPECT_EQ(read("size", text("17B")), "17");
  EXPECT_EQ(read("size", number(4096)), "\"4KiB\"");
  EXPECT_EQ(read("size", number(0)), "0");
  for (std::string_view bad : {"", "KiB", "5", "5kib", "-1KiB", "5 Mb", "99999999GiB"})
    EXPECT_TRUE(read("size", text(bad)).starts_with("error: must be a size such as")) << bad;
}

TEST(Options, OtherTypes) {
  EXPECT_EQ(read("on", false), "false");
  EXPECT_EQ(read("on", text("yes")), "error: must be true or false, not \"yes\"");
  EXPECT_EQ(read("count", number(12)), "12");
  EXPECT_EQ(read("count", number(-1)), "error: must be 0 or more, not -1");
  EXPECT_EQ(read("count", text("12")), "error: must be a whole number, not \"12\"");
  EXPECT_EQ(read("name", text("ü\\")), "\"ü\\\\\"");
  EXPECT_EQ(read("name", number(5)), "error: must be text in quotes, not 5");
  EXPECT_EQ(read("name", text("a\nb")), "error: must not contain control characters");
  EXPECT_EQ(read("list", std::vector<std::string>{"a", "b"}), "[\"a\", \"b\"]");
  EXPECT_EQ(read("list", text("a")),
            "error: must be a list of texts such as [\"a\", \"b\"], not \"a\"");
  EXPECT_EQ(read("colour", text("red")), "\"red\"");
  EXPECT_EQ(read("colour", text("gren")),
            "error: must be one of \"red\" | \"green\", not \"gren\" (did you mean \"green\"?)");
}

TEST(Options, ApplyLeavesTheValueAloneOnFailure) {
  Sample sample;
  EXPECT_FALSE(row("idle").apply(&sample, text("soon")));
  EXPECT_EQ(sample.idle, Seconds(300));
  EXPECT_TRUE(row("idle").apply(&sample, text("2m")));
  EXPECT_EQ(sample.idle, Seconds(120));
  EXPECT_EQ(row("idle").print(&sample), "\"2m\"");
}

TEST(Options, ModuleConfigFromSettings) {
  ModuleSettings settings{.enabled = true, .enabled_line = 0, .options = {}};
  settings.options.push_back({"count", number(9), 3});
  settings.options.push_back({"colour", text("red"), 4});
  const Sample sample = read_options<Sample>(settings);
  EXPECT_EQ(sample.count, 9u);
  EXPECT_EQ(sample.colour, Colour::red);
  EXPECT_EQ(sample.idle, Seconds(300));

  ModuleSettings moved = settings;
  std::swap(moved.options[0], moved.options[1]);
  moved.options[0].line = 77;
  EXPECT_TRUE(same_effect(settings, moved));
  moved.options[0].value = text("green");
  EXPECT_FALSE(same_effect(settings, moved));
}

TEST(Options, LimitsByUnit) {
  const auto read_one = [](std::string_view name, const OptionValue& value) {
    auto read = read_limit(*find_limit(name), value);
    return read ? std::to_string(*read) : read.error().text;
  };
  EXPECT_EQ(read_one("stanza_bytes", text("1MiB")), "1048576");
  EXPECT_EQ(read_one("stanza_bytes", number(9999)), "must be at least \"10KB\", not 9999");
  EXPECT_EQ(read_one("sm_resume_time", text("10m")), "600");
  EXPECT_EQ(read_one("resources", number(3)), "3");
  EXPECT_EQ(read_one("unauthenticated_fd_percent", number(101)), "must be at most 100, not 101");
  EXPECT_EQ(read_one("journal_settle_time", text("1s")), "1000");
  EXPECT_EQ(read_one("journal_settle_time", number(50)),
            "must be a duration such as \"50ms\" or \"1s\", not 50");
  const auto written = [](const LimitRow& limit, std::uint64_t value) -> OptionValue {
    if (limit.unit == LimitUnit::milliseconds) return text(std::to_string(value) + "ms");
    return number(static_cast<std::int64_t>(value));
  };
  for (const LimitRow& limit : limit_rows()) {
    EXPECT_TRUE(read_limit(limit, written(limit, limit.least)).has_value()) << limit.name;
    EXPECT_GE(Limits{}.*limit.field, limit.least) << limit.name;
    if (limit.least > 0)
      EXPECT_FALSE(read_limit(limit, written(limit, limit.least - 1))) << limit.name;
  }
}

TEST(Suggest, ClosestName) {
  const std::string_view names[] = {"client", "client_tls", "client_plain", "log"};
  EXPECT_EQ(closest_name("cleint", names), "client");
  EXPECT_EQ(closest_name("client-tls", names), "client_tls");
  EXPECT_EQ(closest_name("lgo", names), "log");
  EXPECT_EQ(closest_name("server", names), "");
  EXPECT_EQ(closest_name("", names), "");
  EXPECT_EQ(closest_name(std::string(100000, 'a'), names), "");
  EXPECT_EQ(did_you_mean("lag", names), " (did you mean \"log\"?)");
}

}  // namespace
}  // namespace herold::server
