// Written outputs give their memory to the next ones, within bounds.
#include "server/spare_outputs.h"

#include <gtest/gtest.h>

namespace herold::server {
namespace {

TEST(SpareOutputs, MemoryGoesFromOneOutputToTheNext) {
  SpareOutputs spare;
  std::string one(300, 'a');
  const char* memory = one.data();
  spare.take_back(one);
  EXPECT_TRUE(one.empty());
  EXPECT_NE(one.data(), memory);
  std::string next;
  spare.lend(next);
  EXPECT_TRUE(next.empty());  // and not what was said in the first
  EXPECT_EQ(next.data(), memory);
  EXPECT_EQ(spare.size(), 0u);
  spare.lend(next);  // there is none, and it has some
  EXPECT_EQ(next.data(), memory);
}

TEST(SpareOutputs, LargeOnesAndTooManyGoBackAtOnce) {
  SpareOutputs spare;
  std::string small, large(bounds::spare_output + 1, 'a');
  spare.take_back(small);
  spare.take_back(large);
  EXPECT_EQ(large.capacity(), small.capacity());
  EXPECT_EQ(spare.size(), 0u);
  for (std::size_t i = 0; i <= bounds::spare_outputs; ++i) {
    std::string one(bounds::spare_output / 2, 'a');
    spare.take_back(one);
    EXPECT_TRUE(one.empty());
  }
  EXPECT_EQ(spare.size(), bounds::spare_outputs);
}

}  // namespace
}  // namespace herold::server
