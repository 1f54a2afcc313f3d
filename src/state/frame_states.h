#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "column/column.h"
#include "state/grow.h"
#include "state/snapshot.h"

namespace velo {

/// How far the frames of a partition have come. A frame [start, end) is the front [start, mid) and
/// then the back [mid, entered), of which one state is kept.
struct FramePlace {
  uint64_t start = 0;
  uint64_t mid = 0;
  uint64_t entered = 0;

  /// On to the frame [from, to). REQUIRES: neither end goes back, unless the frame is empty.
  void move_to(uint64_t from, uint64_t to) {
    if (entered < from) mid = entered = from;
    start = from;
    if (from >= to) return;
    entered = std::max(entered, to);
    if (start > mid) mid = entered;  // the back has become the front
  }
};

/// The rows of a partition as the states of one component read them.
struct FrameRows {
  /// Of every input, and whether a row counts (null = all do): row r is at r − base.
  const void* columns[2] = {};
  const uint8_t* mask = nullptr;
  uint64_t base = 0;
  /// Room for a state per block of rows, that of the block of `base` left out, for suffixes_of.
  void* suffixes = nullptr;
};

/// Rows per state that is kept: most are worth a few; of those that cost next to nothing to work
/// out there are many.
enum class BlockRows : uint8_t { kFew, kMany };
constexpr uint64_t rows_of(BlockRows rows) { return rows == BlockRows::kFew ? 16 : 32; }
/// How many states there must be room for if a partition holds up to so many rows: for the last
/// rows of a front, as many as a block has, none is kept.
constexpr size_t suffixes_of(size_t rows, BlockRows block) {
  return rows == 0 ? 0 : (rows - 1) / rows_of(block);
}

/// What frames over the rows of many partitions come to, of one component whose state follows from
/// numbers. The rows are the caller's.
///
/// Where a row can be taken out of a state to the last bit, there is one state per partition, that
/// rows enter and leave. Others have two stacks: of the front, the states of all rows from one row
/// to the front's end are kept for the first row of every block that has more than a block behind
/// it, and those between are worked out where a frame begins among them. So a row costs no state of
/// its own, a few additions, and no subtraction; and short frames cost no state at all.
class FrameStates {
 public:
  /// The states that it wants room for beside the rows: `bytes` for every block of rows.
  struct Room {
    size_t bytes = 0;  ///< 0: none
    BlockRows rows = BlockRows::kFew;
  };

  virtual ~FrameStates() = default;
  virtual Room room() const = 0;
  /// Grows to at least `groups` partitions, and makes room for so many answers.
  virtual void resize(size_t groups, size_t answers) = 0;
  /// Answers frames of one partition, in their order: answer which[i] is the frame starts[which[i]]
  /// … ends[which[i]], and that of an empty frame that of no rows.
  virtual void answer(uint32_t group, const FrameRows& rows, FramePlace place,
                      std::span<const uint32_t> which, const uint64_t* starts,
                      const uint64_t* ends) = 0;
  /// Appends the component's output columns for all answers; `all`: 0, 1, 2 ….
  virtual void output(std::span<const uint32_t> all, std::vector<ColumnPtr>* out) const = 0;
  /// Gives back their memory.
  virtual void drop_answers() = 0;

  virtual void forget(uint32_t group) = 0;
  virtual void clear() = 0;
  /// The one state, or the back; the front follows from the rows.
  virtual void save(std::span<const uint32_t> groups, SnapshotWriter& writer) const = 0;
  virtual Status load(std::span<const uint32_t> groups, SnapshotReader& reader) = 0;
  virtual void load_front(const FrameRows& rows, const FramePlace& place) const = 0;
  virtual size_t memory_bytes() const = 0;
};

/// A rule with `unmerge(State&, const State&)`, the exact inverse of merge.
template <typename Rule>
concept Unmerges = requires(typename Rule::State& state) { Rule::unmerge(state, state); };

/// A rule whose `add` is an instruction or two.
template <typename Rule>
concept AddsCheaply = requires { Rule::kAddsCheaply; };

/// For a rule of FixedAccumulator whose Input can be made of columns by their addresses.
template <typename Rule>
class FixedFrames final : public FrameStates {
 public:
  using State = typename Rule::State;
  explicit FixedFrames(Rule rule) : rule_(std::move(rule)) {}

  Room room() const override { return {Unmerges<Rule> ? 0 : sizeof(State), kBlockRows}; }
  void resize(size_t groups, size_t answers) override {
    grow_to(backs_, groups);
    answers_.resize(answers);
  }
  void answer(uint32_t group, const FrameRows& rows, FramePlace place,
              std::span<const uint32_t> which, const uint64_t* starts,
              const uint64_t* ends) override {
    Work work{rows, typename Rule::Input(rows.columns)};
    if (rows.mask == nullptr) {
      answer_all<false>(work, backs_[group], place, which, starts, ends);
    } else {
      answer_all<true>(work, backs_[group], place, which, starts, ends);
    }
  }
  void drop_answers() override { std::vector<State>().swap(answers_); }
  void output(std::span<const uint32_t> all, std::vector<ColumnPtr>* out) const override {
    rule_.output(answers_.data(), all, out);
  }
  void forget(uint32_t group) override {
    if (group < backs_.size()) backs_[group] = State();
  }
  void clear() override { backs_.clear(); }
  void save(std::span<const uint32_t> groups, SnapshotWriter& writer) const override {
    const State none{};
    for (const uint32_t group : groups) {
      writer.raw(group < backs_.size() ? &backs_[group] : &none, sizeof(State));
    }
  }
  Status load(std::span<const uint32_t> groups, SnapshotReader& reader) override {
    for (const uint32_t group : groups) TRY(reader.raw(&backs_[group], sizeof(State)));
    return {};
  }
  void load_front(const FrameRows& rows, const FramePlace& place) const override {
    if constexpr (Unmerges<Rule>) return;
    const Work work{rows, typename Rule::Input(rows.columns)};
    if (rows.mask == nullptr) {
      keep_suffixes<false>(work, place.start, place.mid);
    } else {
      keep_suffixes<true>(work, place.start, place.mid);
    }
  }
  size_t memory_bytes() const override {
    return (backs_.capacity() + answers_.capacity()) * sizeof(State);
  }

 private:
  static constexpr BlockRows kBlockRows = AddsCheaply<Rule> ? BlockRows::kMany : BlockRows::kFew;
  static constexpr uint64_t kBlock = rows_of(kBlockRows);
  struct Work {
    const FrameRows& rows;
    typename Rule::Input input;
    State* suffix(uint64_t row) const {
      return static_cast<State*>(rows.suffixes) + (row / kBlock - rows.base / kBlock - 1);
    }
  };
  /// The states of the rows [from, end) of a block, each with all behind it in the front.
  struct Expanded {
    uint64_t from = 0;
    uint64_t end = 0;
    State states[kBlock];
  };

  template <bool kMasked>
  static void add(const Work& work, State& state, uint64_t row) {
    const size_t at = row - work.rows.base;
    if (!kMasked || work.rows.mask[at] != 0) Rule::add(state, work.input, at);
  }
  /// Whether the state of the rows [row, mid) is kept.
  static bool has_suffix(uint64_t row, uint64_t mid) { return row + kBlock < mid; }
  template <bool kMasked>
  static void keep_suffixes(const Work& work, uint64_t begin, uint64_t end) {
    State state{};
    for (uint64_t row = end; row-- > begin;) {
      add<kMasked>(work, state, row);
      if (row % kBlock == 0 && row > begin && has_suffix(row, end)) *work.suffix(row) = state;
    }
  }
  template <bool kMasked>
  static void expand(const Work& work, uint64_t row, uint64_t mid, Expanded& expanded) {
    expanded.from = row;
    expanded.end = std::min((row / kBlock + 1) * kBlock, mid);
    State state{};
    if (has_suffix(expanded.end, mid)) {
      state = *work.suffix(expanded.end);
    } else {
      for (uint64_t at = mid; at-- > expanded.end;) add<kMasked>(work, state, at);
    }
    for (uint64_t at = expanded.end; at-- > row;) {
      add<kMasked>(work, state, at);
      expanded.states[at % kBlock] = state;
    }
  }
  template <bool kMasked>
  static void take_out(const Work& work, State& state, uint64_t row) {
    State one{};
    add<kMasked>(work, one, row);
    Rule::unmerge(state, one);
  }
  // REQUIRES: Unmerges. The state is that of the rows [place.start, place.entered).
  template <bool kMasked>
  void slide(const Work& work, State& state, FramePlace place, std::span<const uint32_t> which,
             const uint64_t* starts, const uint64_t* ends) {
    for (const uint32_t i : which) {
      if (place.entered < starts[i]) {
        place.start = place.entered = starts[i];
        state = State();
      }
      for (; place.start < starts[i]; ++place.start) take_out<kMasked>(work, state, place.start);
      for (; place.entered < ends[i]; ++place.entered) add<kMasked>(work, state, place.entered);
      answers_[i] = starts[i] < ends[i] ? state : State();
    }
  }
  template <bool kMasked>
  void answer_all(const Work& work, State& back, FramePlace place, std::span<const uint32_t> which,
                  const uint64_t* starts, const uint64_t* ends) {
    if constexpr (Unmerges<Rule>) return slide<kMasked>(work, back, place, which, starts, ends);
    Expanded& expanded = expanded_;
    expanded.end = 0;
    for (const uint32_t i : which) {
      const uint64_t start = starts[i];
      const uint64_t end = ends[i];
      if (place.entered < start) {
        place = {start, start, start};
        back = State();
      }
      if (start >= end) {
        answers_[i] = State();
        continue;
      }
      for (; place.entered < end; ++place.entered) add<kMasked>(work, back, place.entered);
      if (start > place.mid) {
        keep_suffixes<kMasked>(work, start, place.entered);
        place.mid = place.entered;
        back = State();
        expanded.end = 0;
      }
      answers_[i] = back;
      if (start == place.mid) continue;
      if (start < expanded.from || start >= expanded.end) {
        expand<kMasked>(work, start, place.mid, expanded);
      }
      answers_[i] = expanded.states[start % kBlock];
      Rule::merge(answers_[i], back);
    }
  }

  Rule rule_;
  std::vector<State> backs_;    // by partition; or its one state
  std::vector<State> answers_;  // of the call at work
  Expanded expanded_;           // of the partition at work
};

}  // namespace velo
