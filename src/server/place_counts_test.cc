// Counts by place: their window, and what a flood of places costs.
#include "server/place_counts.h"

#include <gtest/gtest.h>

#include <string>

namespace herold::server {
namespace {

constexpr MonotonicTime start{Seconds(1000)};
constexpr PlaceCounts::Bounds bounds{.most = 3, .window = Seconds(60), .places = 4};

class Places : public testing::Test {
 protected:
  void note(std::string_view place, int times, MonotonicTime when = start) {
    for (int i = 0; i < times; ++i) counts.note(place, when, bounds);
  }
  bool is_over(std::string_view place, MonotonicTime when = start) {
    return counts.is_over(place, when, bounds);
  }
  PlaceCounts counts{HashKey{}};
};

TEST_F(Places, AreOverAtTheBoundAndNotBefore) {
  note("a", 2);
  EXPECT_FALSE(is_over("a"));
  note("a", 1);
  EXPECT_TRUE(is_over("a"));
  EXPECT_FALSE(is_over("b"));
}

TEST_F(Places, CountWithinAWindowThatSlides) {
  note("a", 1);
  note("a", 2, start + Seconds(50));
  EXPECT_TRUE(is_over("a", start + Seconds(59)));
  EXPECT_FALSE(is_over("a", start + Seconds(60)));  // the first counts no more
  note("a", 1, start + Seconds(70));
  EXPECT_TRUE(is_over("a", start + Seconds(70)));
}

TEST_F(Places, AreBoundedInNumberAndTheQuietestGoesFirst) {
  note("a", 3);
  for (const std::string_view other : {"b", "c", "d"}) note(other, 1);
  EXPECT_EQ(counts.size(), 4u);
  EXPECT_TRUE(is_over("a"));
  note("a", 1);  // it is not quiet: others go
  for (int i = 0; i < 3; ++i) note("flood " + std::to_string(i), 1);
  EXPECT_EQ(counts.size(), 4u);
  EXPECT_TRUE(is_over("a"));
  note("flood 3", 1);  // a whole table of others: only that many make it forgotten
  EXPECT_EQ(counts.size(), 4u);
  EXPECT_FALSE(is_over("a"));
}

TEST_F(Places, AreForgotten) {
  note("a", 3);
  counts.forget("a");
  counts.forget("never seen");
  EXPECT_FALSE(is_over("a"));
  EXPECT_EQ(counts.size(), 0u);
}

TEST_F(Places, AreTidiedWhenTheyCountNoMore) {
  note("a", 3);
  note("b", 3, start + Seconds(30));
  counts.tidy(start + Seconds(59), bounds);
  EXPECT_EQ(counts.size(), 2u);
  counts.tidy(start + Seconds(60), bounds);
  EXPECT_EQ(counts.size(), 1u);
  EXPECT_TRUE(is_over("b", start + Seconds(60)));
}

}  // namespace
}  // namespace herold::server
