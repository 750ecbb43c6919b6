// What the contract of the stores is tested with: a world, every database, a fixture that waits.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "store/sqlite/sqlite_database.h"
#include "store/testing/caller.h"

namespace herold::store {

// Not encryption: enough to see that secrets pass through and are bound to their place.
class TestSealer final : public Sealer {
 public:
  Result<std::string> seal(std::string_view plain, std::string_view context) const override {
    if (plain == "unsealable") return fail(Fault::unavailable, "no key");
    return "sealed:" + std::string(context) + ":" + std::string(plain.rbegin(), plain.rend());
  }
  Result<std::string> open(std::string_view sealed, std::string_view context) const override {
    const std::string start = "sealed:" + std::string(context) + ":";
    if (!sealed.starts_with(start)) return fail(Fault::malformed, "sealed for another place");
    const std::string_view plain = sealed.substr(start.size());
    return std::string(plain.rbegin(), plain.rend());
  }
};

struct World {
  World() {
    std::string pattern = testing::TempDir() + "herold-contract-XXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  ~World() { std::filesystem::remove_all(folder); }
  std::string folder;
  Limits limits;
  TestSealer sealer;
  SystemClock clock;
  NoLog log;
  Caller caller;
};

struct Backend {
  const char* name;
  std::function<Result<std::unique_ptr<Database>>(World&)> open;
};

// What stands between the tags of the body.
inline std::string body_of(std::string_view stanza) {
  const std::size_t start = stanza.find("<body>"), end = stanza.find("</body>");
  if (start == std::string_view::npos || end == std::string_view::npos) return {};
  return std::string(stanza.substr(start + 6, end - start - 6));
}

inline Result<std::unique_ptr<Database>> open_file(World& world, Executor* inline_executor) {
  const SqliteOptions options{.path = world.folder + "/herold.db",
                              .durability = inline_executor ? Durability::none : Durability::full,
                              .inline_executor = inline_executor,
                              .text_of = body_of};
  return open_sqlite(options, world.limits, world.sealer, world.clock, world.log);
}

inline const Backend backends[] = {
    {"sqlite_threads", [](World& world) { return open_file(world, nullptr); }},
    {"sqlite_inline", [](World& world) { return open_file(world, &world.caller); }},
};

class StoreContract : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override { open(); }
  void TearDown() override {
    stores_.reset();
    database_.reset();
  }
  void open() {
    auto opened = GetParam().open(world_);
    ASSERT_TRUE(opened) << opened.error().text;
    database_ = std::move(*opened);
    stores_ = database_->attach(world_.caller);
  }
  void reopen() {
    stores_.reset();
    database_.reset();
    open();
  }

  // Starts a call and waits for its completion.
  template <class T, class Call>
  Result<T> wait(Call call) {
    std::optional<Result<T>> value;
    call([&](Result<T> result) { value = std::move(result); });
    EXPECT_FALSE(value) << "completed inside the call";
    while (!value) world_.caller.run_one();
    return std::move(*value);
  }

  Accounts& accounts() { return stores_->accounts(); }
  Rosters& rosters() { return stores_->rosters(); }
  Messages& messages() { return stores_->messages(); }
  Records& records() { return stores_->records(); }

  World world_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Stores> stores_;
};

// Calls a store and waits for its completion, which the call names `done`.
#define WAIT(T, call) wait<T>([&](Completion<T> done) { call; })

inline const WallTime noon{Microseconds(1'790'000'000'000'000)};

inline Message message(std::uint64_t id, std::string text = "<message/>") {
  return {id, "a@x/1", "b@x", noon, SharedBytes(text)};
}
inline const Box offline{"b@x", BoxKind::offline, ""};
inline const Box archive{"b@x", BoxKind::archive, ""};
inline const Box queue{"b@x", BoxKind::queue, "session-1"};

}  // namespace herold::store
