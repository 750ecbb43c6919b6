// XEP-0133 sections 4.24 to 4.28: the message of the day and the welcome message.
//
// Both stand in the store until they are deleted. Every user gets the message of the day once, at
// once or at the next login; whoever has an account made after it was set gets the welcome message
// at the first login.
#include <algorithm>
#include <charconv>
#include <set>

#include "server/admin_form.h"
#include "server/announcements.h"
#include "server/commands.h"
#include "server/module.h"
#include "xmpp/sasl/anonymous.h"

namespace herold::server {
namespace {

using xmpp::DataForm;
using xmpp::FieldType;

constexpr std::string_view records_of = "greetings";

// A text with the time at which it was set, which also tells it from another one.
struct Greeting {
  WallTime set{};
  std::string text;

  std::string record() const {
    return std::to_string(set.time_since_epoch().count()) + '\n' + text;
  }
  static std::optional<Greeting> parse(std::string_view record) {
    std::int64_t number = 0;
    const std::size_t line = record.find('\n');
    if (line == std::string_view::npos) return std::nullopt;
    const auto [end, error] = std::from_chars(record.data(), record.data() + line, number);
    if (error != std::errc() || end != record.data() + line) return std::nullopt;
    return Greeting{WallTime(Microseconds(number)), std::string(record.substr(line + 1))};
  }
};

// The domain's, on each shard.
struct Greetings {
  std::optional<Greeting> day, welcome;
};

// What a user in memory was told; in the store from the end of the session on.
struct Told {
  WallTime day{};
  bool stored = false;
  bool welcomed = false;
};

std::optional<Greeting>& greeting_of(ModuleHost& host, std::string_view key) {
  Greetings& all = host.data<Greetings>();
  return key == "motd" ? all.day : all.welcome;
}

void remember_told(ModuleHost& host, const std::string& account, std::string_view key,
                   WallTime what) {
  if (xmpp::is_anonymous_address(account)) return;  // who will not come again
  host.stores().records().put(
      {std::string(records_of), account, std::string(key)}, Greeting{what, {}}.record(),
      [&log = host.log()](Result<std::uint64_t> stored) {
        if (!stored) log.warning("greeting-not-stored", {{"reason", stored.error().text}});
      });
}

// --- the commands ---

DataForm text_form(ModuleHost& host, std::string_view title, std::string_view key) {
  DataForm form = admin_form(title);
  auto& field = form.add(FieldType::text_multi, key, "The text");
  field.required = true;
  const auto& greeting = greeting_of(host, key);
  for (std::string_view rest = greeting ? greeting->text : std::string_view(); !rest.empty();) {
    const std::size_t line = std::min(rest.find('\n'), rest.size());
    field.values.emplace_back(rest.substr(0, line));
    rest.remove_prefix(std::min(line + 1, rest.size()));
  }
  return form;
}

void finish(CommandRun& run, std::string_view what) {
  run.host().log().info("administration", {{"what", what}, {"by", run.user().bare_text()}});
  run.complete("Done");
}

void tell_online(ModuleHost& there, const Greeting& greeting) {
  std::set<Jid> accounts;
  there.for_each_session([&](Session& session) {
    if (!session.available()) return;
    Told& told = session.account().data<Told>();
    told.day = greeting.set;
    told.stored = false;
    accounts.insert(session.account().address());
  });
  const SharedBytes payload = announcement({}, greeting.text);
  for (const Jid& account : accounts) there.send(announcement_to(there, account, payload));
}

enum class Audience { nobody, online };

// Stores it, and then tells every shard.
void set(CommandRun run, std::string_view key, WallTime when, std::string_view what,
         Audience audience) {
  ModuleHost& host = run.host();
  auto text = announcement_text(run.form(), key, host.limits());
  if (!text) return run.fail(text.error());
  const Greeting greeting{when, std::move(*text)};
  host.stores().records().put(
      {std::string(records_of), host.domain().name, std::string(key)}, greeting.record(),
      [&host, greeting, key, what, audience,
       run = std::move(run)](Result<std::uint64_t> stored) mutable {
        if (!stored) return run.fail(stored.error());
        auto shared =
            std::make_shared<CommandRun>(std::move(run));  // shared with the end of the round
        host.on_all_shards(
            [greeting, key, audience](ModuleHost& there) {
              greeting_of(there, key) = greeting;
              if (audience == Audience::online) tell_online(there, greeting);
            },
            [shared, what] { finish(*shared, what); });
      });
}

void set_day(CommandRun run) {
  const WallTime now = run.host().clock().wall();
  set(std::move(run), "motd", now, "set-motd", Audience::online);
}

// Whoever has been told the old text is not told again.
void edit_day(CommandRun run) {
  const auto& day = greeting_of(run.host(), "motd");
  if (!day) return run.fail({Condition::item_not_found, "There is no message of the day"});
  set(std::move(run), "motd", day->set, "edit-motd", Audience::nobody);
}

void set_welcome(CommandRun run) {
  const WallTime now = run.host().clock().wall();
  set(std::move(run), "welcome", now, "set-welcome", Audience::nobody);
}

void remove(CommandRun run, std::string_view key, std::string_view what) {
  ModuleHost& host = run.host();
  host.stores().records().remove(
      {std::string(records_of), host.domain().name, std::string(key)},
      [&host, key, what, run = std::move(run)](Result<> removed) mutable {
        if (!removed) return run.fail(removed.error());
        auto shared =
            std::make_shared<CommandRun>(std::move(run));  // shared with the end of the round
        host.on_all_shards([key](ModuleHost& there) { greeting_of(there, key).reset(); },
                           [shared, what] { finish(*shared, what); });
      });
}

#define ADMIN_NODE(name) "http://jabber.org/protocol/admin#" name
constexpr AdhocCommand commands[] = {
    {ADMIN_NODE("set-motd"), "Set the message of the day", CommandUser::admin,
     [](ModuleHost& host) { return text_form(host, "Set the message of the day", "motd"); },
     set_day},
    {ADMIN_NODE("edit-motd"), "Edit the message of the day", CommandUser::admin,
     [](ModuleHost& host) { return text_form(host, "Edit the message of the day", "motd"); },
     edit_day},
    {ADMIN_NODE("delete-motd"), "Delete the message of the day", CommandUser::admin, nullptr,
     [](CommandRun run) { remove(std::move(run), "motd", "delete-motd"); }},
    {ADMIN_NODE("set-welcome"), "Set the welcome message", CommandUser::admin,
     [](ModuleHost& host) { return text_form(host, "Set the welcome message", "welcome"); },
     set_welcome},
    {ADMIN_NODE("delete-welcome"), "Delete the welcome message", CommandUser::admin, nullptr,
     [](CommandRun run) { remove(std::move(run), "welcome", "delete-welcome"); }},
};
#undef ADMIN_NODE

}  // namespace

class GreetingsOfTheDomain {
 public:
  static constexpr About about{133, "1.3.1", "Service Administration: greetings"};

  static constexpr auto handlers() {
    return std::tuple{on<CommandsAsked>(&GreetingsOfTheDomain::offer),
                      on<SessionAvailable>(&GreetingsOfTheDomain::greet, Stage::observe),
                      on<SessionEnded>(&GreetingsOfTheDomain::remember, Stage::screen)};
  }

  explicit GreetingsOfTheDomain(ModuleHost& host) : host_(host) {
    host_.stores().records().list(std::string(records_of), host_.domain().name, "",
                                  [&host](Result<std::vector<store::Record>> records) {
                                    if (!records)
                                      return host.log().warning("greetings-not-read",
                                                                {{"reason", records.error().text}});
                                    for (const store::Record& record : *records)
                                      greeting_of(host, record.key) = Greeting::parse(record.value);
                                  });
  }

 private:
  void offer(CommandsAsked& asked) {
    for (const AdhocCommand& command : commands) asked.commands.push_back(&command);
  }

  // Nothing is asked of the store where there is nothing to tell.
  void greet(SessionAvailable& event) {
    const Greetings& all = host_.data<Greetings>();
    if (!event.is_initial || (!all.day && !all.welcome)) return;
    const Told& told = event.session.account().data<Told>();
    const bool has_day = !all.day || told.day == all.day->set;
    if (has_day && (!all.welcome || told.welcomed)) return;
    host_.stores().records().list(
        std::string(records_of), event.session.account().address().text(), "",
        [this, key = event.session.key()](Result<std::vector<store::Record>> records) {
          Session* session = host_.find_session(key);
          if (session != nullptr && records) greet_once(*session, *records);
        });
  }

  void greet_once(Session& session, const std::vector<store::Record>& records) {
    const Greetings& all = host_.data<Greetings>();
    const auto told = [&](std::string_view key) {
      const auto found = std::ranges::find(records, key, &store::Record::key);
      return found == records.end() ? std::nullopt : Greeting::parse(found->value);
    };
    Told& known = session.account().data<Told>();
    if (all.welcome && !std::exchange(known.welcomed, true) && !told("welcome")) welcome(session);
    if (!all.day || known.day == all.day->set) return;
    known.day = all.day->set;
    known.stored = true;
    const auto before = told("motd");
    if (before && before->set == all.day->set) return;
    remember_told(host_, session.account().address().text(), "motd", all.day->set);
    session.send(announcement_to(host_, session.address(), announcement({}, all.day->text)));
  }

  // Section 4.27: newly registered users, when they first log in.
  void welcome(Session& session) {
    const std::string account = session.account().address().text();
    host_.stores().accounts().find(
        account, [this, account, key = session.key()](Result<store::Account> found) {
          Session* there = host_.find_session(key);
          const auto& greeting = host_.data<Greetings>().welcome;
          if (!found || there == nullptr || !greeting) return;
          remember_told(host_, account, "welcome", greeting->set);
          if (found->created < greeting->set) return;
          there->send(announcement_to(host_, there->address(), announcement({}, greeting->text)));
        });
  }

  void remember(SessionEnded& event) {
    Told* told = event.session.account().find_data<Told>();
    if (told == nullptr || told->stored || told->day == WallTime{}) return;
    if (event.why == SessionEnd::removed) return;
    told->stored = true;
    remember_told(host_, event.session.account().address().text(), "motd", told->day);
  }

  ModuleHost& host_;
};

}  // namespace herold::server

HEROLD_MODULE(greetings, GreetingsOfTheDomain)
