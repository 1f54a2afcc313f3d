#include "base/vectors.h"

#include <gtest/gtest.h>

#include <bit>
#include <vector>

#include "base/random.h"

namespace velo {
namespace {

/// Plain, and all that this CPU has beside it.
std::vector<Vectors> levels() {
  std::vector<Vectors> all;
  for (const Vectors level : {Vectors::kPlain, Vectors::kAvx2, Vectors::kAvx512}) {
    if (level <= best_vectors()) all.push_back(level);
  }
  return all;
}

/// Any 64 bits, and often those at the edges.
std::vector<uint64_t> random_words(Random& random, size_t count) {
  constexpr uint64_t kEdges[] = {0, 1, INT64_MAX, uint64_t{1} << 63, UINT64_MAX};
  std::vector<uint64_t> words(count);
  for (uint64_t& word : words) {
    word = random.below(4) == 0 ? kEdges[random.below(std::size(kEdges))] : random.next();
  }
  return words;
}

/// Lengths around those of all vectors, so that tails of every size are seen.
template <typename Check>
void for_random_lengths(Check check) {
  Random random(20240101);
  for (size_t count = 0; count < 70; ++count) {
    for (int again = 0; again < 5; ++again) check(random, count);
  }
}

TEST(Vectors, IntegerSumsAndTheirOverflowAreTheSame) {
  for_random_lengths([](Random& random, size_t count) {
    const std::vector<uint64_t> a = random_words(random, count);
    const std::vector<uint64_t> b = random_words(random, count);
    std::vector<uint64_t> plain(count);
    uint64_t plain_signs = 0;
    for (size_t i = 0; i < count; ++i) {
      plain[i] = a[i] + b[i];
      plain_signs |= (a[i] ^ plain[i]) & (b[i] ^ plain[i]);
    }
    for (const Vectors level : levels()) {
      std::vector<uint64_t> sums(count);
      uint64_t signs = 0;
      run_vectors(
          [=, left = a.data(), right = b.data(), to = sums.data(), signs = &signs]() VECTOR_LOOP {
            uint64_t seen = 0;
            for (size_t i = 0; i < count; ++i) {
              to[i] = left[i] + right[i];
              seen |= (left[i] ^ to[i]) & (right[i] ^ to[i]);
            }
            *signs = seen;
          },
          level);
      EXPECT_EQ(sums, plain) << static_cast<int>(level);
      EXPECT_EQ(signs, plain_signs) << static_cast<int>(level);
    }
  });
}

TEST(Vectors, FloatingPointIsTheSameToTheLastBit) {
  for_random_lengths([](Random& random, size_t count) {
    const std::vector<uint64_t> a = random_words(random, count);
    const std::vector<uint64_t> b = random_words(random, count);
    const auto run = [&](Vectors level) {
      std::vector<uint64_t> words(2 * count);
      run_vectors(
          [=, left = a.data(), right = b.data(), to = words.data()]() VECTOR_LOOP {
            for (size_t i = 0; i < count; ++i) {
              const auto x = std::bit_cast<double>(left[i]);
              const double ratio = x / static_cast<double>(static_cast<int64_t>(right[i]));
              const double sum = x + std::bit_cast<double>(right[i]);
              // Which of two NaNs comes out of a sum is up to the compiler's order of operands.
              to[2 * i] = std::bit_cast<uint64_t>(ratio);
              to[2 * i + 1] = sum == sum ? std::bit_cast<uint64_t>(sum) : 0;
            }
          },
          level);
      return words;
    };
    const std::vector<uint64_t> plain = run(Vectors::kPlain);
    for (const Vectors level : levels()) EXPECT_EQ(run(level), plain) << static_cast<int>(level);
  });
}

TEST(Vectors, BytesFromWiderComparisonsAreTheSame) {
  for_random_lengths([](Random& random, size_t count) {
    const std::vector<uint64_t> counts = random_words(random, count);
    std::vector<uint8_t> before(count);
    for (uint8_t& byte : before) byte = static_cast<uint8_t>(random.below(2));
    std::vector<uint8_t> plain(count);
    uint8_t plain_differs = 0;
    for (size_t i = 0; i < count; ++i) {
      plain[i] = static_cast<int64_t>(counts[i]) > 0 ? 1 : 0;
      plain_differs |= plain[i] ^ before[i];
    }
    for (const Vectors level : levels()) {
      std::vector<uint8_t> present = before;
      uint8_t differs = 0;
      run_vectors(
          [=, from = counts.data(), to = present.data(), differs = &differs]() VECTOR_LOOP {
            uint8_t seen = 0;
            for (size_t i = 0; i < count; ++i) {
              const uint8_t now = static_cast<int64_t>(from[i]) > 0 ? 1 : 0;
              seen |= now ^ to[i];
              to[i] = now;
            }
            *differs = seen;
          },
          level);
      EXPECT_EQ(present, plain) << static_cast<int>(level);
      EXPECT_EQ(differs, plain_differs) << static_cast<int>(level);
    }
  });
}

}  // namespace
}  // namespace velo
