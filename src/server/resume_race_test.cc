// A client comes back at the very moment at which its session ends (XEP-0198 section 5, HOSTILE
// 64).
#include <gtest/gtest.h>

#include "server/testing/test_server.h"

namespace herold::server {
namespace {

// How often the message that came while romeo was away is there.
int times_received(TestClient& client) {
  int times = 0;
  while (client.takes("<message><body>once</body></message>")) ++times;
  return times;
}

// The session's limit is two seconds. Time goes in steps of a millisecond around it, so that the
// resumption comes before, during and behind the end on some of them: whatever is first, the
// message arrives once, in the resumed session or in the next one.
TEST(ResumeRace, EndsInResumptionOrHandoverWhateverComesFirst) {
  int resumed = 0, handed_over = 0;
  for (const unsigned shards : {1u, 3u}) {
    for (int early = 0; early < 160; early += shards == 1 ? 1 : 3) {
      TestServer server({.limits = "sm_resume_time = '2s'",
                         .shards = shards,
                         .seed = static_cast<std::uint64_t>(early + 1)});
      TestClient& juliet = server.signs_in("juliet/balcony");
      TestClient& romeo = server.comes_online("romeo/orchard", {.managed = true});
      romeo.loses_connection();
      juliet.sends("<message type='chat' to='romeo@xmpp.test'><body>once</body></message>");
      server.passes(Milliseconds(1890 - early));
      if (romeo.tries_to_resume()) {
        ++resumed;
        EXPECT_EQ(times_received(romeo), 1) << shards << " " << early;
        server.passes(Seconds(5));  // the end that was due finds nothing to end
        EXPECT_TRUE(romeo.is_connected()) << shards << " " << early;
        romeo.signs_off();
        TestClient& next = server.signs_in("romeo/orchard");
        next.sends("<presence/>");
        EXPECT_EQ(times_received(next), 0) << shards << " " << early;
      } else {
        ++handed_over;
        TestClient& next = server.signs_in("romeo/orchard");
        next.sends("<presence/>");
        EXPECT_EQ(times_received(next), 1) << shards << " " << early;
      }
    }
  }
  EXPECT_GT(resumed, 10);
  EXPECT_GT(handed_over, 10);
}

}  // namespace
}  // namespace herold::server
