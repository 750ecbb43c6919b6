// Letters between shards: all of them, in each sender's order, one wake-up a batch.
#include "server/mailbox.h"

#include <gtest/gtest.h>

#include <thread>

namespace herold::server {
namespace {

// No letter here looks at its shard.
Shard& no_shard() {
  alignas(16) static char place[16];
  return reinterpret_cast<Shard&>(place);
}

std::vector<Letter> batch(std::vector<int>& seen, std::vector<int> numbers) {
  std::vector<Letter> letters;
  for (const int number : numbers)
    letters.emplace_back([&seen, number](Shard&) { seen.push_back(number); });
  return letters;
}

TEST(Mailbox, HandsOutOldestFirst) {
  Mailbox mailbox;
  std::vector<int> seen;
  mailbox.push(batch(seen, {1, 2}));
  mailbox.push(batch(seen, {3}));
  mailbox.push(batch(seen, {4, 5}));
  EXPECT_EQ(mailbox.waiting(), 5u);
  for (Letter& letter : mailbox.take()) letter(no_shard());
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_EQ(mailbox.waiting(), 0u);
  EXPECT_TRUE(mailbox.take().empty());
}

TEST(Mailbox, WakesOnlyAnEmptyOne) {
  Mailbox mailbox;
  std::vector<int> seen;
  EXPECT_TRUE(mailbox.push(batch(seen, {1})));
  EXPECT_FALSE(mailbox.push(batch(seen, {2})));
  mailbox.take();
  EXPECT_TRUE(mailbox.push(batch(seen, {3})));
}

TEST(Mailbox, FreesLettersThatNobodyTook) {
  auto kept = std::make_shared<int>(1);  // shared with the letter, to see it go
  {
    Mailbox mailbox;
    std::vector<Letter> letters;
    letters.emplace_back([kept](Shard&) {});
    mailbox.push(std::move(letters));
    EXPECT_EQ(kept.use_count(), 2);
  }
  EXPECT_EQ(kept.use_count(), 1);
}

TEST(Mailbox, LosesAndReordersNothingBetweenThreads) {
  constexpr int senders = 3, each = 5000;
  Mailbox mailbox;
  std::vector<std::vector<int>> seen(senders);
  std::atomic<int> wakes = 0;
  std::vector<std::thread> threads;
  for (int sender = 0; sender < senders; ++sender)
    threads.emplace_back([&, sender] {
      for (int number = 0; number < each; number += 2) {
        const auto index = static_cast<std::size_t>(sender);
        if (mailbox.push(batch(seen[index], {number, number + 1}))) ++wakes;
      }
    });
  int taken = 0, rounds = 0;
  while (taken < senders * each) {
    auto letters = mailbox.take();
    rounds += letters.empty() ? 0 : 1;
    taken += static_cast<int>(letters.size());
    for (Letter& letter : letters) letter(no_shard());
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wakes, rounds);
  for (const std::vector<int>& numbers : seen) {
    ASSERT_EQ(numbers.size(), static_cast<std::size_t>(each));
    for (int number = 0; number < each; ++number)
      ASSERT_EQ(numbers[static_cast<std::size_t>(number)], number);
  }
}

}  // namespace
}  // namespace herold::server
