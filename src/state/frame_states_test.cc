#include "state/frame_states.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "expr/aggregate.h"
#include "state/accumulator.h"

namespace velo {
namespace {

// Integers as doubles, so that all sums are exact.
struct Rows {
  std::vector<double> values;
  std::vector<uint8_t> mask;
};

Rows random_rows(size_t count, Random& random) {
  Rows rows;
  for (size_t i = 0; i < count; ++i) {
    rows.values.push_back(static_cast<double>(random.below(1000)));
    rows.mask.push_back(random.below(3) == 0 ? 0 : 1);
  }
  return rows;
}

double expected(AccumulatorKind kind, const Rows& rows, bool masked, uint64_t start, uint64_t end) {
  double sum = 0, least = 1e9, count = 0;
  for (uint64_t row = start; row < end; ++row) {
    if (masked && rows.mask[row] == 0) continue;
    sum += rows.values[row];
    ++count;
    least = std::min(least, rows.values[row]);
  }
  if (kind == AccumulatorKind::kCountValid) return count;
  return kind == AccumulatorKind::kMin ? least : sum;
}

// Frames that move on by random steps, some empty, answered in turns; what lies before the frame is
// cut off between turns, with the rows then at another place.
void check(AccumulatorKind kind, bool masked, uint64_t longest, Random& random) {
  const Component component{kind, {make_column(0, Type::float64(), "x")}, nullptr, {}};
  const std::unique_ptr<FrameStates> frames = make_accumulator(component, false)->frames();
  ASSERT_NE(frames, nullptr);
  const Rows all = random_rows(longest * 5, random);
  const FrameStates::Room room = frames->room();
  std::vector<std::byte> suffixes(suffixes_of(all.values.size() + 64, room.rows) * room.bytes);
  FramePlace place;
  uint64_t start = 0, end = 0, base = 0;
  while (end < all.values.size()) {
    std::vector<uint64_t> starts, ends;
    std::vector<uint32_t> which;
    for (uint64_t i = 1 + random.below(5); i-- > 0;) {
      end = std::min(end + random.below(4), all.values.size());
      if (end > longest) start = std::max(start, end - longest);
      if (random.below(8) == 0) {
        start = std::max(start, std::min(end + random.below(3), start + random.below(20)));
      }
      start = std::min<uint64_t>(start, all.values.size());
      which.push_back(static_cast<uint32_t>(starts.size()));
      starts.push_back(start);
      ends.push_back(end);
    }
    const FrameRows rows{{all.values.data() + base, nullptr},
                         masked ? all.mask.data() + base : nullptr,
                         base,
                         suffixes.data()};
    frames->resize(1, which.size());
    frames->answer(0, rows, place, which, starts.data(), ends.data());
    for (size_t i = 0; i < which.size(); ++i) place.move_to(starts[i], ends[i]);
    std::vector<ColumnPtr> answers;
    frames->output(which, &answers);
    for (size_t i = 0; i < which.size(); ++i) {
      const double right = expected(kind, all, masked, starts[i], ends[i]);
      const bool counts = kind == AccumulatorKind::kCountValid;
      const double got = answers[0]->is_null(i) ? 1e9
                         : counts               ? static_cast<double>(answers[0]->int64_at(i))
                                                : answers[0]->double_at(i);
      ASSERT_EQ(got, right) << starts[i] << " … " << ends[i];
    }
    if (random.below(4) != 0) continue;
    base = std::min(place.start, place.entered);
    // As after a restart: what is kept for blocks is made anew from the rows.
    std::fill(suffixes.begin(), suffixes.end(), std::byte{0});
    frames->load_front({{all.values.data() + base, nullptr},
                        masked ? all.mask.data() + base : nullptr,
                        base,
                        suffixes.data()},
                       place);
  }
}

TEST(FrameStates, AnswerWhatTheRowsComeTo) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    for (const uint64_t longest : {1, 7, 16, 17, 100, 333}) {
      for (const AccumulatorKind kind :
           {AccumulatorKind::kSumDouble, AccumulatorKind::kMin, AccumulatorKind::kCountValid}) {
        Random random(seed * longest);
        check(kind, seed % 2 == 0, longest, random);
      }
    }
  }
}

}  // namespace
}  // namespace velo
