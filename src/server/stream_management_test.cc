// The counters of XEP-0198: what may be acknowledged and when, over the wrap at 2^32 (HOSTILE 62).
#include "server/stream_management.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "store/sim_disk.h"

namespace herold::server {
namespace {

constexpr std::uint32_t last_number = UINT32_MAX;

store::Position at(std::uint64_t offset) { return {.segment = 1, .offset = offset}; }

using Numbers = std::vector<std::uint32_t>;

Numbers numbers(const std::vector<Unacked>& stanzas) {
  Numbers all;
  for (const Unacked& stanza : stanzas) all.push_back(stanza.number);
  return all;
}

Numbers numbers(const OutboundQueue& queue) {
  Numbers all;
  queue.for_each([&](const Unacked& stanza) { all.push_back(stanza.number); });
  return all;
}

std::string text(const OutboundQueue& queue, std::uint32_t number) {
  std::string out;
  EXPECT_TRUE(queue.write_to(out, number));
  return out;
}

TEST(Counters, CompareOverTheWrap) {
  EXPECT_TRUE(at_or_before(0, 0));
  EXPECT_TRUE(at_or_before(1, 2));
  EXPECT_FALSE(at_or_before(2, 1));
  EXPECT_TRUE(at_or_before(last_number, 0));
  EXPECT_TRUE(at_or_before(last_number - 5, 5));
  EXPECT_FALSE(at_or_before(5, last_number - 5));
}

// ---- the client's stanzas

TEST(InboundCount, CountsAllAndStopsBeforeAnUnknownOutcome) {
  InboundCount count;
  EXPECT_EQ(count.handled(at(0)), 0u);
  for (std::uint32_t number = 1; number <= 5; ++number) EXPECT_EQ(count.receive(), number);
  EXPECT_EQ(count.handled(at(0)), 5u);
  count.wait_for(4);
  count.wait_for(2);
  EXPECT_EQ(count.handled(at(0)), 1u);
  count.finish(2);
  EXPECT_EQ(count.handled(at(0)), 3u);
  count.finish(4);
  EXPECT_EQ(count.handled(at(0)), 5u);
  count.finish(4);  // once more is no harm
  EXPECT_EQ(count.handled(at(0)), 5u);
}

TEST(InboundCount, WaitsForTheSyncOfWhatWasCommitted) {
  InboundCount count;
  for (int i = 0; i < 4; ++i) count.receive();
  count.committed(2, at(100));
  count.committed(4, at(200));
  EXPECT_EQ(count.handled(at(99)), 1u);
  EXPECT_EQ(count.processed(), 4u);  // enough for the death of the process
  EXPECT_EQ(count.handled(at(100)), 3u);
  EXPECT_EQ(count.handled(at(199)), 3u);
  EXPECT_EQ(count.handled(at(200)), 4u);
}

TEST(InboundCount, TakesAnOutcomeThatComesBehindYoungerOnes) {
  InboundCount count;
  for (int i = 0; i < 3; ++i) count.receive();
  count.wait_for(1);
  count.committed(2, at(10));
  count.committed(3, at(20));
  count.finish(1);
  count.committed(1, at(30));  // committed last, counted first
  EXPECT_EQ(count.handled(at(20)), 0u);
  EXPECT_EQ(count.handled(at(30)), 3u);
}

TEST(InboundCount, WrapsAtTwoToTheThirtySecond) {
  InboundCount count;
  count.restore(last_number - 1);
  EXPECT_EQ(count.receive(), last_number);
  EXPECT_EQ(count.receive(), 0u);
  EXPECT_EQ(count.receive(), 1u);
  EXPECT_EQ(count.handled(at(0)), 1u);
  count.wait_for(0);
  EXPECT_EQ(count.handled(at(0)), last_number);
  count.finish(0);
  count.committed(last_number, at(10));
  count.committed(1, at(20));
  EXPECT_EQ(count.handled(at(0)), last_number - 1);
  EXPECT_EQ(count.handled(at(10)), 0u);
  EXPECT_EQ(count.handled(at(20)), 1u);
}

// Against a model that keeps a list of all stanzas, from a start just before the wrap.
TEST(InboundCount, AgreesWithAPlainModel) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SeededRandom random(seed);
    struct Known {
      bool waiting = false;
      std::uint64_t position = 0;
    };
    const std::uint32_t start = last_number - 20;
    InboundCount count;
    count.restore(start);
    std::vector<Known> all;
    std::uint64_t written = 0, synced = 0;
    for (int step = 0; step < 200; ++step) {
      const std::uint64_t dice = random.below(4);
      if (dice == 0) {
        count.receive();
        all.emplace_back();
      } else if (dice == 1 && !all.empty() && all.back().position == 0) {
        all.back().waiting = true;
        count.wait_for(start + static_cast<std::uint32_t>(all.size()));
      } else if (dice == 2 && !all.empty()) {
        const std::size_t which = random.below(all.size());
        const auto number = start + 1 + static_cast<std::uint32_t>(which);
        if (all[which].waiting || which + 1 == all.size()) {
          if (all[which].position == 0) count.committed(number, at(++written));
          if (all[which].position == 0) all[which].position = written;
          all[which].waiting = false;
          count.finish(number);
        }
      } else {
        synced = std::min(written, synced + random.below(3));
      }
      std::size_t handled = 0;
      while (handled < all.size() && !all[handled].waiting && all[handled].position <= synced)
        ++handled;
      // Never more than is true; all of it once nothing is under way.
      const std::uint32_t said = count.handled(at(synced));
      ASSERT_TRUE(at_or_before(said, start + static_cast<std::uint32_t>(handled)))
          << "seed " << seed << " step " << step;
    }
    for (std::size_t i = 0; i < all.size(); ++i)
      count.finish(start + 1 + static_cast<std::uint32_t>(i));
    EXPECT_EQ(count.handled(at(written)), start + static_cast<std::uint32_t>(all.size()));
  }
}

// ---- our stanzas

TEST(OutboundQueue, GivesUpWhatIsAcknowledgedInOrder) {
  OutboundQueue queue;
  EXPECT_EQ(queue.push({.id = 11}, "<a/>"), 1u);
  EXPECT_EQ(queue.push({.id = 0}, "<bb/>"), 2u);
  EXPECT_EQ(queue.push({.id = 13}, "<ccc/>"), 3u);
  const std::uint64_t full = queue.bytes();
  EXPECT_GE(full, 15u);  // the texts, and what their places cost
  const auto got = queue.acknowledge(2);
  ASSERT_TRUE(got);
  ASSERT_EQ(numbers(*got), (Numbers{1, 2}));
  EXPECT_EQ((*got)[0].id, 11u);
  EXPECT_GE(queue.bytes(), 6u);
  EXPECT_LT(queue.bytes(), full);
  EXPECT_EQ(queue.acked(), 2u);
  EXPECT_TRUE(queue.acknowledge(2)->empty());  // the same again
  EXPECT_EQ(numbers(*queue.acknowledge(3)), (Numbers{3}));
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST(OutboundQueue, RefusesWhatCannotBe) {
  OutboundQueue queue;
  queue.push({.id = 1}, "<a/>");
  queue.push({.id = 2}, "<a/>");
  EXPECT_FALSE(queue.acknowledge(3));  // HOSTILE 60
  ASSERT_TRUE(queue.acknowledge(2));
  EXPECT_FALSE(queue.acknowledge(1));  // backwards
  EXPECT_EQ(queue.acked(), 2u);
  EXPECT_EQ(queue.sent(), 2u);
}

TEST(OutboundQueue, WrapsAtTwoToTheThirtySecond) {
  OutboundQueue queue;
  queue.restore(last_number - 1, {});
  queue.renumber(last_number - 1);
  EXPECT_FALSE(queue.acknowledge(0));  // not sent yet
  EXPECT_TRUE(queue.acknowledge(last_number - 1));
  EXPECT_EQ(queue.push({.id = 1}, "<a/>"), last_number);
  EXPECT_EQ(queue.push({.id = 2}, "<bb/>"), 0u);
  EXPECT_EQ(queue.push({.id = 3}, "<a/>"), 1u);
  EXPECT_FALSE(queue.acknowledge(2));
  EXPECT_EQ(text(queue, 0), "<bb/>");
  EXPECT_EQ(text(queue, 2), "");
  EXPECT_EQ(numbers(*queue.acknowledge(0)), (Numbers{last_number, 0}));
  EXPECT_EQ(numbers(*queue.acknowledge(1)), (Numbers{1}));
}

TEST(OutboundQueue, GoesOnAfterARestartWithGaps) {
  OutboundQueue queue;
  std::deque<OutboundQueue::Known> known;
  known.push_back({{.number = 12, .id = 7}, "<a/>"});
  known.push_back({{.number = 15, .id = 8}, "<bb/>"});
  queue.restore(10, std::move(known));
  EXPECT_GE(queue.bytes(), 9u);
  EXPECT_EQ(queue.sent(), 15u);
  EXPECT_FALSE(queue.acknowledge(9));
  // Presence went out behind 15 and nobody remembers it: the client may have more than we know.
  const auto got = queue.acknowledge(13);
  ASSERT_TRUE(got);
  EXPECT_EQ(numbers(*got), (Numbers{12}));
  queue.renumber(13);
  EXPECT_EQ(numbers(queue), (Numbers{14}));
  EXPECT_FALSE(queue.acknowledge(15));  // from here on all numbers are known again
  EXPECT_EQ(queue.push({.id = 9}, "<c/>"), 15u);
}

TEST(OutboundQueue, AfterARestartTheClientMayHaveMoreThanIsKnown) {
  OutboundQueue queue;
  queue.restore(10, {});
  ASSERT_TRUE(queue.acknowledge(40));
  queue.renumber(40);
  EXPECT_EQ(queue.push({.id = 1}, "<a/>"), 41u);
  EXPECT_FALSE(queue.acknowledge(42));
}

TEST(OutboundQueue, ForgetsTextsBeforeEntries) {
  OutboundQueue queue;
  const std::string text(1000, 'x');
  for (MessageId id = 1; id <= 3; ++id) queue.push({.id = id}, text);
  EXPECT_TRUE(queue.give_up(3000).empty());
  EXPECT_LT(queue.bytes(), 1000u);
  EXPECT_TRUE(queue.holds(2));
  EXPECT_FALSE(queue.holds(4));
  EXPECT_FALSE(queue.holds(0));
  EXPECT_EQ(numbers(*queue.acknowledge(2)), (Numbers{1, 2}));
  EXPECT_FALSE(queue.holds(2));
  EXPECT_EQ(numbers(queue.give_up(0)), (Numbers{3}));
}

// HOSTILE 65: a client that never acknowledges costs no memory, and the count goes on.
TEST(OutboundQueue, ForgetsWithoutLosingTheCount) {
  OutboundQueue queue;
  queue.push({.id = 1}, "<a/>");
  queue.push({.id = 2}, "<a/>");
  EXPECT_EQ(numbers(queue.give_up(0)), (Numbers{1, 2}));
  EXPECT_EQ(queue.bytes(), 0u);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.push({.id = 3}, "<a/>"), 3u);
  EXPECT_EQ(numbers(*queue.acknowledge(3)), (Numbers{3}));
  EXPECT_EQ(queue.push({.id = 4}, "<a/>"), 4u);
  EXPECT_EQ(numbers(queue), (Numbers{4}));
}

// ---- what waits on disk (DECISIONS.md 20)

class SpillingQueue : public ::testing::Test, private store::SyncRunner {
 protected:
  SpillingQueue() { EXPECT_TRUE(disk.make_folder("/data")); }

  Result<> spill(std::uint64_t most, Bytes capacity = 1_MiB) {
    return queue.spill(most,
                       [&] { return store::Spill::open(disk, *this, "/data/spill", capacity); });
  }
  static std::string text_of(std::uint32_t number) {
    return std::to_string(number) + std::string(1000, '.');
  }
  void push(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i)
      queue.push({.id = queue.sent() + 1}, text_of(queue.sent() + 1));
  }

  store::SimDisk disk{1};
  OutboundQueue queue;

 private:
  void run(store::Task work) override { work(); }
};

TEST_F(SpillingQueue, KeepsTheYoungestInMemoryAndLosesNothing) {
  push(20);
  ASSERT_TRUE(spill(10'000));
  EXPECT_LE(queue.bytes(), 5'500u);
  EXPECT_TRUE(queue.is_spilled());
  push(5);
  ASSERT_TRUE(spill(10'000));
  EXPECT_EQ(queue.size(), 25u);
  for (std::uint32_t number = 1; number <= 25; ++number) {
    EXPECT_EQ(text(queue, number), text_of(number));
    EXPECT_TRUE(queue.holds(number));
  }
  EXPECT_EQ(text(queue, 26), "");
}

TEST_F(SpillingQueue, GivesItsFileBackWhenItIsAcknowledged) {
  push(20);
  ASSERT_TRUE(spill(10'000));
  EXPECT_EQ(numbers(*queue.acknowledge(3)), (Numbers{1, 2, 3}));
  EXPECT_EQ(text(queue, 3), "");
  EXPECT_EQ(text(queue, 4), text_of(4));
  EXPECT_GT(disk.used(), 0u);
  ASSERT_TRUE(queue.acknowledge(19));
  EXPECT_FALSE(queue.is_spilled());
  EXPECT_EQ(disk.used(), 0u);
  EXPECT_EQ(text(queue, 20), text_of(20));
  ASSERT_TRUE(queue.acknowledge(20));
  EXPECT_EQ(queue.bytes(), 0u);
}

// Slow but alive: the file never grows beyond its bound, however long it goes on.
TEST_F(SpillingQueue, GoesRoundInItsFile) {
  for (int round = 0; round < 100; ++round) {
    push(20);
    ASSERT_TRUE(spill(10'000, 40'000)) << round;
    ASSERT_LE(disk.used(), 40'000u);
    const std::uint32_t behind = queue.sent() - 20;
    EXPECT_EQ(text(queue, behind + 1), text_of(behind + 1));
    ASSERT_TRUE(queue.acknowledge(behind));
  }
}

TEST_F(SpillingQueue, LosesNothingWhereTheDiskRefuses) {
  push(20);
  ASSERT_TRUE(spill(10'000, 30'000));
  push(20);
  const std::uint64_t before = queue.bytes();
  EXPECT_FALSE(spill(10'000, 30'000));  // its bound
  EXPECT_EQ(queue.bytes(), before);
  for (std::uint32_t number = 1; number <= 40; ++number)
    EXPECT_EQ(text(queue, number), text_of(number));
  OutboundQueue other;
  other.push({}, std::string(20'000, 'x'));
  const auto none = other.spill(10'000, [] {
    return Result<std::unique_ptr<store::Spill>>(fail(Fault::unavailable, "no space"));
  });
  EXPECT_FALSE(none);
  EXPECT_FALSE(other.is_spilled());
  EXPECT_EQ(text(other, 1).size(), 20'000u);
}

// The places cost memory as well: they too are bounded.
TEST_F(SpillingQueue, TakesNoMoreThanItsPlacesMayCost) {
  std::uint32_t pushed = 0;
  bool is_full = false;
  for (; pushed < 10'000 && !is_full; ++pushed) {
    queue.push({}, "<presence/>");
    is_full = queue.bytes() > 10'000 && !spill(10'000);
    ASSERT_TRUE(is_full || queue.bytes() <= 10'000);
  }
  EXPECT_TRUE(is_full);
  EXPECT_GT(pushed, 300u);
}

TEST_F(SpillingQueue, ForgetsAlsoWhatIsOnDisk) {
  push(20);
  ASSERT_TRUE(spill(10'000));
  EXPECT_TRUE(queue.give_up(10'000).empty());
  EXPECT_FALSE(queue.is_spilled());
  EXPECT_EQ(disk.used(), 0u);
  EXPECT_EQ(text(queue, 1), "");
  EXPECT_TRUE(queue.holds(20));
  EXPECT_EQ(queue.acknowledge(20)->size(), 20u);
}

TEST_F(SpillingQueue, FindsItsTextsAfterARestartWithGaps) {
  std::deque<OutboundQueue::Known> known;
  for (std::uint32_t number = 5; number <= 50; number += 5)
    known.push_back({{.number = last_number - 20 + number, .id = number}, text_of(number)});
  queue.restore(last_number - 20, std::move(known));
  ASSERT_TRUE(spill(5'000));
  for (std::uint32_t number = 5; number <= 50; number += 5)
    EXPECT_EQ(text(queue, last_number - 20 + number), text_of(number));
  EXPECT_EQ(text(queue, last_number - 20 + 6), "");
  ASSERT_EQ(queue.acknowledge(last_number - 20 + 12)->size(), 2u);
  queue.renumber(last_number - 8);
  EXPECT_EQ(text(queue, last_number - 7), text_of(15));
  EXPECT_EQ(text(queue, last_number), text_of(50));
}

}  // namespace
}  // namespace herold::server
