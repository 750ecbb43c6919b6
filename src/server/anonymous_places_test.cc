// Places of anonymous sessions: as many as the bound says from one prefix, and each comes back.
#include "server/anonymous_places.h"

#include <gtest/gtest.h>

namespace herold::server {
namespace {

TEST(AnonymousPlaces, AreBoundedByPrefix) {
  AnonymousPlaces places;
  EXPECT_TRUE(places.take("192.0.2.1", 2));
  EXPECT_TRUE(places.take("192.0.2.1", 2));
  EXPECT_FALSE(places.take("192.0.2.1", 2));
  EXPECT_TRUE(places.take("2001:db8:1:2::/64", 2));
  places.give_back("192.0.2.1");
  EXPECT_TRUE(places.take("192.0.2.1", 2));
  EXPECT_FALSE(places.take("192.0.2.1", 1));  // a reload lowered the bound
}

TEST(AnonymousPlaces, CostNothingWhenEverybodyIsGone) {
  AnonymousPlaces places;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(places.take("192.0.2.1", 3));
  for (int i = 0; i < 3; ++i) places.give_back("192.0.2.1");
  EXPECT_EQ(places.prefixes(), 0u);
  places.give_back("192.0.2.1");  // once too often
  EXPECT_EQ(places.prefixes(), 0u);
}

}  // namespace
}  // namespace herold::server
