#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace velo {
namespace {

TEST(BoundedQueue, KeepsOrderAndCounts) {
  BoundedQueue<int> queue(3);
  EXPECT_EQ(queue.push(1), QueueResult::kDone);
  EXPECT_EQ(queue.push(2), QueueResult::kDone);
  EXPECT_EQ(queue.depth(), 2u);
  int out = 0;
  EXPECT_EQ(queue.pop(out), QueueResult::kDone);
  EXPECT_EQ(out, 1);
  EXPECT_EQ(queue.push(3), QueueResult::kDone);
  EXPECT_EQ(queue.push(4), QueueResult::kDone);
  EXPECT_EQ(queue.try_push(5), QueueResult::kTimeout);
  EXPECT_EQ(queue.high_water(), 3u);
  EXPECT_EQ(queue.producer_waits(), 1u);
  EXPECT_EQ(queue.pushed(), 4u);
}

TEST(BoundedQueue, GivesOutWhatWasPushedBeforeClosing) {
  BoundedQueue<int> queue(2);
  EXPECT_EQ(queue.push(7), QueueResult::kDone);
  queue.close();
  EXPECT_EQ(queue.push(8), QueueResult::kClosed);
  int out = 0;
  EXPECT_EQ(queue.pop(out), QueueResult::kDone);
  EXPECT_EQ(out, 7);
  EXPECT_EQ(queue.pop(out), QueueResult::kClosed);
  EXPECT_EQ(queue.try_pop(out), QueueResult::kClosed);
}

TEST(BoundedQueue, TimesOut) {
  BoundedQueue<int> queue(1);
  int out = 0;
  EXPECT_EQ(queue.try_pop(out), QueueResult::kTimeout);
  EXPECT_EQ(queue.pop(out, 2000), QueueResult::kTimeout);
  EXPECT_EQ(queue.push(1), QueueResult::kDone);
  EXPECT_EQ(queue.push(2, 2000), QueueResult::kTimeout);
}

TEST(BoundedQueue, LeavesTheItemWithThePusherWhenItFails) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_EQ(queue.push(std::make_unique<int>(1)), QueueResult::kDone);
  auto kept = std::make_unique<int>(2);
  EXPECT_EQ(queue.try_push(std::move(kept)), QueueResult::kTimeout);
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(*kept, 2);
}

TEST(BoundedQueue, ClosingWakesASleepingProducerAndASleepingConsumer) {
  BoundedQueue<int> full(1);
  EXPECT_EQ(full.push(1), QueueResult::kDone);
  BoundedQueue<int> empty(1);
  std::thread producer([&] { EXPECT_EQ(full.push(2), QueueResult::kClosed); });
  std::thread consumer([&] {
    int out = 0;
    EXPECT_EQ(empty.pop(out), QueueResult::kClosed);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  full.close();
  empty.close();
  producer.join();
  consumer.join();
}

/// Two threads, every capacity that makes them sleep often: nothing lost, nothing twice, order
/// kept.
TEST(BoundedQueue, CarriesEverythingBetweenTwoThreads) {
  for (const size_t capacity : {1, 2, 7, 64}) {
    constexpr uint64_t kItems = 30'000;
    BoundedQueue<std::unique_ptr<uint64_t>> queue(capacity);
    std::thread producer([&] {
      for (uint64_t i = 0; i < kItems; ++i) {
        ASSERT_EQ(queue.push(std::make_unique<uint64_t>(i)), QueueResult::kDone);
      }
      queue.close();
    });
    uint64_t expected = 0;
    std::unique_ptr<uint64_t> out;
    while (true) {
      const QueueResult result = queue.pop(out, 100);
      if (result == QueueResult::kClosed) break;
      if (result == QueueResult::kTimeout) continue;
      ASSERT_EQ(*out, expected);
      ++expected;
    }
    producer.join();
    EXPECT_EQ(expected, kItems);
    EXPECT_LE(queue.high_water(), capacity);
    EXPECT_EQ(queue.depth(), 0u);
  }
}

}  // namespace
}  // namespace velo
