// The cache of capabilities keeps to its bounds, and to what was announced lately.
#include "server/caps_cache.h"

#include <gtest/gtest.h>

namespace herold::server {
namespace {

constexpr MonotonicTime start{Seconds(1000)};

Limits small() {
  Limits limits;
  limits.caps_cache = 3;
  limits.caps_cache_bytes = 3000;
  limits.caps_entry_bytes = 2000;
  return limits;
}

Capabilities features_of(std::size_t bytes) { return {{std::string(bytes, 'f')}}; }

TEST(CapsCache, TellsWhatAClientCanDo) {
  CapsCache cache;
  EXPECT_EQ(cache.find("sha-1 a"), nullptr);
  ASSERT_TRUE(cache.put("sha-1 a", {{"urn:b", "urn:a", "urn:c"}}, small()));
  const Capabilities* known = cache.find("sha-1 a");
  ASSERT_NE(known, nullptr);
  EXPECT_TRUE(known->has("urn:a"));
  EXPECT_TRUE(known->has("urn:c"));
  EXPECT_FALSE(known->has("urn:d"));
  EXPECT_EQ(cache.find("sha-256 a"), nullptr);
}

TEST(CapsCache, IsBoundedInNumber) {
  CapsCache cache;
  for (const char* hash : {"1", "2", "3"}) ASSERT_TRUE(cache.put(hash, {}, small()));
  ASSERT_NE(cache.find("1"), nullptr);  // announced again: "2" is the oldest now
  ASSERT_TRUE(cache.put("4", {}, small()));
  EXPECT_EQ(cache.size(), 3u);
  EXPECT_EQ(cache.find("2"), nullptr);
  EXPECT_NE(cache.find("1"), nullptr);
  EXPECT_NE(cache.find("4"), nullptr);
}

TEST(CapsCache, IsBoundedInBytes) {
  CapsCache cache;
  ASSERT_TRUE(cache.put("1", features_of(1500), small()));
  ASSERT_TRUE(cache.put("2", features_of(1500), small()));
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_LE(cache.bytes(), 3000u);
  EXPECT_EQ(cache.find("1"), nullptr);
  EXPECT_FALSE(cache.put("long", features_of(2000), small()));
  EXPECT_EQ(cache.find("long"), nullptr);
  EXPECT_NE(cache.find("2"), nullptr);
}

TEST(CapsCache, AsksOneClientAtATimeAndAnotherWhenThatIsSlow) {
  CapsCache cache;
  EXPECT_TRUE(cache.begin_question("1", 10, start, small()));
  EXPECT_FALSE(cache.begin_question("1", 11, start + Seconds(4), small()));
  EXPECT_TRUE(cache.begin_question("1", 12, start + Seconds(5), small()));
  EXPECT_FALSE(cache.begin_question("1", 13, start + Seconds(6), small()));
  // Who waits is told of the first answer, and tries himself when there is none.
  EXPECT_TRUE(cache.end_question("1").empty());
  EXPECT_EQ(cache.end_question("1"), (std::vector<SessionKey>{11, 13}));
  EXPECT_TRUE(cache.begin_question("1", 11, start + Seconds(6), small()));
}

TEST(CapsCache, TellsThoseWhoWaitOnce) {
  CapsCache cache;
  EXPECT_TRUE(cache.begin_question("1", 10, start, small()));
  EXPECT_FALSE(cache.begin_question("1", 11, start, small()));
  EXPECT_EQ(cache.take_waiting("1"), std::vector<SessionKey>{11});
  EXPECT_TRUE(cache.take_waiting("1").empty());
  EXPECT_TRUE(cache.take_waiting("2").empty());
  EXPECT_TRUE(cache.end_question("1").empty());
}

TEST(CapsCache, AsksABoundedNumberOfQuestions) {
  CapsCache cache;
  for (const char* hash : {"1", "2", "3"})
    EXPECT_TRUE(cache.begin_question(hash, 1, start, small()));
  EXPECT_FALSE(cache.begin_question("4", 1, start, small()));
  cache.end_question("2");
  EXPECT_TRUE(cache.begin_question("4", 1, start, small()));
}

}  // namespace
}  // namespace herold::server
