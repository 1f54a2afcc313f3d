#include "state/word_sets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/random.h"

namespace velo {
namespace {

constexpr uint32_t kSets = 5;
using Expected = std::map<uint64_t, int64_t>;

// Few different words, or many; among them the one that marks free places.
uint64_t some_word(Random& random, uint64_t distinct) {
  const uint64_t n = random.below(distinct);
  return n == 0 ? 0x8d2e5b7c61f3a904 : n * 0x9e3779b97f4a7c15;
}

void expect_equal(const WordSets& sets, const std::vector<Expected>& expected) {
  for (uint32_t set = 0; set < kSets; ++set) {
    Expected got;
    sets.each(set, [&](uint64_t word, int64_t count) {
      EXPECT_TRUE(got.emplace(word, count).second) << "twice: " << word;
    });
    EXPECT_EQ(got, expected[set]);
    const auto above_0 = [](const auto& member) { return member.second > 0; };
    EXPECT_EQ(sets.size(set), static_cast<size_t>(std::count_if(expected[set].begin(),
                                                                expected[set].end(), above_0)));
  }
}

TEST(WordSets, AreSets) {
  for (const uint64_t distinct : {3, 10, 40, 3000}) {
    Random random(distinct);
    WordSets sets(false);
    sets.resize(kSets);
    std::vector<Expected> expected(kSets);
    for (int round = 0; round < 10; ++round) {
      for (uint64_t i = 0; i < distinct * 3; ++i) {
        const auto set = static_cast<uint32_t>(random.below(kSets));
        const uint64_t word = some_word(random, distinct);
        sets.add(set, word);
        expected[set][word] = 1;
      }
      expect_equal(sets, expected);
      const auto cleared = static_cast<uint32_t>(random.below(kSets));
      sets.clear(cleared);
      expected[cleared].clear();
      if (round % 3 == 2) {
        sets.clear_all();
        expected.assign(kSets, {});
      }
      expect_equal(sets, expected);
    }
  }
}

TEST(WordSets, CountTheirMembers) {
  for (const uint64_t distinct : {3, 10, 40, 3000}) {
    Random random(distinct);
    WordSets sets(true);
    sets.resize(kSets);
    std::vector<Expected> expected(kSets);
    for (int round = 0; round < 10; ++round) {
      for (uint64_t i = 0; i < distinct * 10; ++i) {
        const auto set = static_cast<uint32_t>(random.below(kSets));
        const uint64_t word = some_word(random, distinct);
        const int64_t times = static_cast<int64_t>(random.below(5)) - 2;
        sets.add(set, word, times);
        if ((expected[set][word] += times) == 0) expected[set].erase(word);
      }
      expect_equal(sets, expected);
    }
  }
}

TEST(WordSets, WhatHasLeftMakesRoom) {
  WordSets window(true);  // the last hundred of ever new words
  WordSets panes(false);  // emptied as a whole
  window.resize(1);
  panes.resize(1);
  size_t early = 0;
  for (uint64_t i = 0; i < 1'000'000; ++i) {
    window.add(0, i, 1);
    if (i >= 100) window.add(0, i - 100, -1);
    panes.add(0, i);
    if (i % 1000 == 0) panes.clear_all();
    if (i == 9'999) early = window.memory_bytes() + panes.memory_bytes();
  }
  EXPECT_EQ(window.size(0), 100u);
  EXPECT_LE(window.memory_bytes() + panes.memory_bytes(), early);
}

TEST(WordSets, TakeAFewBytesPerMember) {
  const auto bytes_per_word = [](uint64_t words_of_each) {
    constexpr uint32_t kMany = 10'000;
    WordSets sets(false);
    sets.resize(kMany);
    for (uint32_t set = 0; set < kMany; ++set) {
      for (uint64_t word = 0; word < words_of_each; ++word) sets.add(set, set * 1000 + word);
    }
    return sets.memory_bytes() / (kMany * words_of_each);
  };
  EXPECT_LE(bytes_per_word(8), 16u);
  EXPECT_LE(bytes_per_word(500), 24u);
}

}  // namespace
}  // namespace velo
