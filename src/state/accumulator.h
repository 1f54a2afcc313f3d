#pragma once

#include <algorithm>
#include <concepts>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/vectors.h"
#include "expr/aggregate.h"
#include "state/frame_states.h"
#include "state/snapshot.h"

namespace velo {

/// Which rows of a batch to fold, and into which slot each goes.
struct FoldRows {
  const uint32_t* slots = nullptr;  ///< by row number: the slot of each row
  const uint32_t* list = nullptr;   ///< row numbers, ascending; null = rows [begin, begin + count)
  size_t begin = 0;
  size_t count = 0;
  const uint8_t* mask = nullptr;     ///< by row number: 0 = leave the row out; null = take all
  const int64_t* weights = nullptr;  ///< by row number; null = all +1
  const int64_t* times = nullptr;    ///< by row number: event time; null = no event time
  uint64_t first_sequence = 0;       ///< arrival number of row 0

  bool is_plain() const { return list == nullptr && mask == nullptr && weights == nullptr; }
  size_t row(size_t i) const { return list ? list[i] : begin + i; }
  int64_t weight(size_t row) const { return weights ? weights[row] : 1; }
};

/// Whose answers to write as words, and where: of slot slots[i] to position positions[i], or of
/// slot begin + i to position i.
struct WordPlaces {
  const uint32_t* slots = nullptr;
  const uint32_t* positions = nullptr;
  size_t begin = 0;
  size_t count = 0;

  static WordPlaces range(size_t begin, size_t count) { return {nullptr, nullptr, begin, count}; }
  bool is_range() const { return slots == nullptr; }
};

/// The running state of one aggregate component for many slots: a structure of arrays, indexed by
/// slot. A slot is whatever the owner says: a group of a pane, a session, a group of an un-windowed
/// aggregation. Not thread-safe.
class Accumulator {
 public:
  virtual ~Accumulator() = default;
  /// Same component, no slots.
  virtual std::unique_ptr<Accumulator> fresh() const = 0;
  /// Grows to at least `slots`; new ones are empty.
  virtual void resize(size_t slots) = 0;
  virtual size_t slots() const = 0;
  /// Folds rows whose inputs are all valid. `inputs`: flat columns, one per input of the component
  /// (kValueList: and one per order key after them).
  virtual void fold(const FoldRows& rows, std::span<const ColumnPtr> inputs) = 0;
  /// Adds slot from_slots[i] of `from`, an accumulator of the same component, to slot to[i].
  virtual void merge(const Accumulator& from, std::span<const uint32_t> to,
                     std::span<const uint32_t> from_slots) = 0;
  /// For frames over rows that are kept elsewhere, where the state follows from numbers; else null.
  virtual std::unique_ptr<FrameStates> frames() const { return nullptr; }
  /// unmerge undoes a merge to the last bit, whatever was merged in between.
  virtual bool is_exact() const { return false; }
  /// Takes slot from_slots[i] of `from`, which was merged, out of slot to[i]. REQUIRES: is_exact().
  virtual void unmerge(const Accumulator& from, std::span<const uint32_t> to,
                       std::span<const uint32_t> from_slots);
  /// Makes slot to[i] what slot from_slots[i] of `from` is.
  virtual void assign(const Accumulator& from, std::span<const uint32_t> to,
                      std::span<const uint32_t> from_slots) {
    clear(to);
    merge(from, to, from_slots);
  }
  /// Makes slot begin + i what slot first_slots[i] of `first` and then slot second_slots[i] of
  /// `second` are together, for every i; grows for it. `first` or `second` may be this one, if no
  /// slot is both read and made.
  virtual void assign_merged(size_t begin, const Accumulator& first,
                             std::span<const uint32_t> first_slots, const Accumulator& second,
                             std::span<const uint32_t> second_slots);
  /// merge; before that, slot begin + i of `before`, which grows for it, becomes what slot to[i]
  /// is.
  virtual void merge_keeping(const Accumulator& from, std::span<const uint32_t> to,
                             std::span<const uint32_t> from_slots, Accumulator& before,
                             size_t begin);
  /// Makes slot to[i] what slot begin + i of `before` is.
  virtual void restore(const Accumulator& before, size_t begin, std::span<const uint32_t> to);
  /// Empties the slots.
  virtual void clear(std::span<const uint32_t> slots) = 0;
  virtual void clear_all() = 0;
  /// Empties slots 0 … count − 1. REQUIRES: the others are empty.
  virtual void clear_first(size_t count);
  /// Every slot will be made by assign, assign_merged or merge_keeping before it is read again: the
  /// memory of what is in them may go.
  virtual void make_anew() {}
  /// Appends the component's output columns (Component::output_types) for these slots.
  virtual void output(std::span<const uint32_t> slots, Emission emission,
                      std::vector<ColumnPtr>* out) const = 0;
  /// Where every answer is a single value of 8 bytes: writes it, the same slot of `later` merged
  /// into the slot unless that is null. False if one is not (NULL, too large, of another width);
  /// what stands at these positions then is unspecified.
  virtual bool write(const WordPlaces& places, const Accumulator* later, uint64_t* to) const;
  /// The state of these slots; `load` puts it into these slots of an accumulator that has them,
  /// empty.
  virtual void save(std::span<const uint32_t> slots, SnapshotWriter& writer) const = 0;
  virtual Status load(std::span<const uint32_t> slots, SnapshotReader& reader) = 0;
  virtual size_t memory_bytes() const = 0;
};

/// The accumulator for a component. `retractable`: it must take rows back, so that kinds that are
/// not invertible keep their values.
std::unique_ptr<Accumulator> make_accumulator(const Component& component, bool retractable);

/// Calls `add(row, weight)` for every row to fold; `plain_add(row)` where nothing but the row
/// matters.
template <typename PlainAdd, typename Add>
inline void for_each_row(const FoldRows& rows, PlainAdd plain_add, Add add) {
  if (rows.is_plain()) {
    for (size_t row = rows.begin; row < rows.begin + rows.count; ++row) plain_add(row);
    return;
  }
  if (rows.mask == nullptr && rows.weights == nullptr) {
    for (size_t i = 0; i < rows.count; ++i) plain_add(rows.list[i]);
    return;
  }
  for (size_t i = 0; i < rows.count; ++i) {
    const size_t row = rows.row(i);
    if (rows.mask == nullptr || rows.mask[row] != 0) add(row, rows.weight(row));
  }
}

/// The inputs of rules, made of columns or of where their values are.
struct NoInput {
  explicit NoInput(std::span<const ColumnPtr>) {}
  explicit NoInput(const void* const*) {}
};
template <typename T>
struct OneInput {
  explicit OneInput(std::span<const ColumnPtr> inputs) : values(inputs[0]->values<T>()) {}
  explicit OneInput(const void* const* inputs) : values(static_cast<const T*>(inputs[0])) {}
  const T* values;
};

/// A rule that can give an answer as 8 bytes: `word(State, uint64_t*)`, false if it cannot.
template <typename Rule>
concept GivesWords = requires(const typename Rule::State& state, uint64_t* word) {
  { Rule::word(state, word) } -> std::same_as<bool>;
};

/// An accumulator whose state is one trivially copyable struct per slot. `Rule` gives: State (its
/// default = empty), Input (as above), `add(State&, Input, weight)`, `merge(State&, const State&)`,
/// `output(const State*, slots, out)`, `word` and `unmerge` where it can, and `kEmptyIsZero` if an
/// empty State is all zero bytes.
template <typename Rule>
class FixedAccumulator final : public Accumulator {
 public:
  using State = typename Rule::State;
  static_assert(std::is_trivially_copyable_v<State>);
  explicit FixedAccumulator(Rule rule = {}) : rule_(std::move(rule)) {}

  std::unique_ptr<Accumulator> fresh() const override {
    return std::make_unique<FixedAccumulator>(rule_);
  }
  void resize(size_t slots) override {
    if (slots > states_.size()) states_.resize(slots);
  }
  size_t slots() const override { return states_.size(); }
  void fold(const FoldRows& rows, std::span<const ColumnPtr> inputs) override {
    State* states = states_.data();
    const uint32_t* slots = rows.slots;
    const typename Rule::Input input(inputs);
    for_each_row(
        rows, [&](size_t row) { Rule::add(states[slots[row]], input, row); },
        [&](size_t row, int64_t weight) { Rule::add(states[slots[row]], input, row, weight); });
  }
  void merge(const Accumulator& from, std::span<const uint32_t> to,
             std::span<const uint32_t> from_slots) override {
    State* mine = states_.data();
    const State* other = static_cast<const FixedAccumulator&>(from).states_.data();
    for (size_t i = 0; i < to.size(); ++i) Rule::merge(mine[to[i]], other[from_slots[i]]);
  }
  std::unique_ptr<FrameStates> frames() const override {
    return std::make_unique<FixedFrames<Rule>>(rule_);
  }
  bool is_exact() const override { return Unmerges<Rule>; }
  void unmerge(const Accumulator& from, std::span<const uint32_t> to,
               std::span<const uint32_t> from_slots) override {
    if constexpr (Unmerges<Rule>) {
      State* mine = states_.data();
      const State* other = static_cast<const FixedAccumulator&>(from).states_.data();
      for (size_t i = 0; i < to.size(); ++i) Rule::unmerge(mine[to[i]], other[from_slots[i]]);
    } else {
      Accumulator::unmerge(from, to, from_slots);
    }
  }
  void assign(const Accumulator& from, std::span<const uint32_t> to,
              std::span<const uint32_t> from_slots) override {
    State* mine = states_.data();
    const State* other = static_cast<const FixedAccumulator&>(from).states_.data();
    for (size_t i = 0; i < to.size(); ++i) mine[to[i]] = other[from_slots[i]];
  }
  void assign_merged(size_t begin, const Accumulator& first, std::span<const uint32_t> first_slots,
                     const Accumulator& second, std::span<const uint32_t> second_slots) override {
    resize(begin + first_slots.size());
    State* mine = states_.data() + begin;
    const State* left = static_cast<const FixedAccumulator&>(first).states_.data();
    const State* right = static_cast<const FixedAccumulator&>(second).states_.data();
    for (size_t i = 0; i < first_slots.size(); ++i) {
      State merged = left[first_slots[i]];
      Rule::merge(merged, right[second_slots[i]]);
      mine[i] = merged;
    }
  }
  void merge_keeping(const Accumulator& from, std::span<const uint32_t> to,
                     std::span<const uint32_t> from_slots, Accumulator& before,
                     size_t begin) override {
    before.resize(begin + to.size());
    State* mine = states_.data();
    State* kept = static_cast<FixedAccumulator&>(before).states_.data() + begin;
    const State* other = static_cast<const FixedAccumulator&>(from).states_.data();
    for (size_t i = 0; i < to.size(); ++i) {
      kept[i] = mine[to[i]];
      Rule::merge(mine[to[i]], other[from_slots[i]]);
    }
  }
  void restore(const Accumulator& before, size_t begin, std::span<const uint32_t> to) override {
    State* mine = states_.data();
    const State* kept = static_cast<const FixedAccumulator&>(before).states_.data() + begin;
    for (size_t i = 0; i < to.size(); ++i) mine[to[i]] = kept[i];
  }
  void clear(std::span<const uint32_t> slots) override {
    for (uint32_t slot : slots) states_[slot] = State();
  }
  void clear_all() override { clear_first(states_.size()); }
  void clear_first(size_t count) override {
    if constexpr (requires { Rule::kEmptyIsZero; }) {
      if (count > 0) std::memset(static_cast<void*>(states_.data()), 0, count * sizeof(State));
    } else {
      std::fill_n(states_.begin(), count, State());
    }
  }
  void output(std::span<const uint32_t> slots, Emission,
              std::vector<ColumnPtr>* out) const override {
    rule_.output(states_.data(), slots, out);
  }
  bool write(const WordPlaces& places, const Accumulator* later, uint64_t* to) const override {
    if constexpr (!GivesWords<Rule>) {
      return false;
    } else {
      const State* mine = states_.data();
      const State* other =
          later ? static_cast<const FixedAccumulator&>(*later).states_.data() : nullptr;
      if (places.is_range()) {
        mine += places.begin;
        return other ? write_merged(mine, other + places.begin, places.count, to)
                     : write_all(mine, places.count, to);
      }
      bool plain = true;
      for (size_t i = 0; i < places.count; ++i) {
        State merged = mine[places.slots[i]];
        if (other) Rule::merge(merged, other[places.slots[i]]);
        plain &= Rule::word(merged, &to[places.positions[i]]);
      }
      return plain;
    }
  }
  void save(std::span<const uint32_t> slots, SnapshotWriter& writer) const override {
    for (uint32_t slot : slots) writer.raw(&states_[slot], sizeof(State));
  }
  Status load(std::span<const uint32_t> slots, SnapshotReader& reader) override {
    for (uint32_t slot : slots) TRY(reader.raw(&states_[slot], sizeof(State)));
    return {};
  }
  size_t memory_bytes() const override { return states_.capacity() * sizeof(State); }

 private:
  static bool write_all(const State* states, size_t count, uint64_t* to) {
    bool plain = true;
    for (size_t i = 0; i < count; ++i) plain &= Rule::word(states[i], &to[i]);
    return plain;
  }
  static bool write_merged(const State* first, const State* second, size_t count, uint64_t* to) {
    uint64_t odd = 0;
    run_vectors([=, odd = &odd]() VECTOR_LOOP {
      uint64_t seen = 0;
      for (size_t i = 0; i < count; ++i) {
        State merged = first[i];
        Rule::merge(merged, second[i]);
        seen |= Rule::word(merged, &to[i]) ? 0 : 1;
      }
      *odd = seen;
    });
    return odd == 0;
  }

  Rule rule_;
  std::vector<State> states_;
};

}  // namespace velo
