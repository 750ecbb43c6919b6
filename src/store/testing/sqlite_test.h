// For tests of one store: a database in a folder of its own, and calls that wait.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "store/sqlite/sqlite_database.h"
#include "store/testing/caller.h"

namespace herold::store {

template <class SealerType, Durability durability = Durability::full>
class SqliteTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "herold-store-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    open();
  }
  void TearDown() override {
    stores_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }
  // Again, after it was closed.
  void open() {
    stores_.reset();
    database_.reset();
    auto opened = open_sqlite(
        {.path = folder_ + "/herold.db", .durability = durability, .inline_executor = &caller_}, {},
        sealer_, clock_, log_);
    ASSERT_TRUE(opened) << opened.error().text;
    database_ = std::move(*opened);
    stores_ = database_->attach(caller_);
  }
  // Starts a call and waits for its completion.
  template <class T, class Call>
  Result<T> wait(Call call) {
    std::optional<Result<T>> value;
    call([&](Result<T> result) { value = std::move(result); });
    while (!value) caller_.run_one();
    return std::move(*value);
  }

  std::string folder_;
  SealerType sealer_;
  SystemClock clock_;
  NoLog log_;
  Caller caller_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Stores> stores_;
};

}  // namespace herold::store
