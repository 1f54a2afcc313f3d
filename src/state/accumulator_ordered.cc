// Extremes, first and last where rows may be taken back: every value is kept, in order.
#include <map>

#include "state/object_accumulator.h"

namespace velo {
namespace {

/// Per slot an ordered map rank → multiplicity. Extremes rank by value alone, first and last by
/// (event time, arrival, value). A retraction removes the newest equal value of its time; an
/// extreme that was taken back before it came is owed, with a multiplicity below 0.
template <typename T>
class OrderedValues final : public Accumulator {
 public:
  OrderedValues(Type type, AccumulatorKind kind) : type_(std::move(type)), kind_(kind) {}

  std::unique_ptr<Accumulator> fresh() const override {
    return std::make_unique<OrderedValues>(type_, kind_);
  }
  void resize(size_t slots) override {
    if (slots > states_.size()) states_.resize(slots);
  }
  size_t slots() const override { return states_.size(); }

  void fold(const FoldRows& rows, std::span<const ColumnPtr> inputs) override {
    const Column& column = *inputs[0];
    auto add = [&](size_t row, int64_t weight) {
      Rank rank{0, 0, Held<T>::read(column, row)};
      if (!by_value()) {
        rank.time = rows.times ? rows.times[row] : 0;
        rank.sequence = rows.first_sequence + row;
      }
      change(states_[rows.slots[row]], std::move(rank), weight);
    };
    for_each_row(rows, [&](size_t row) { add(row, 1); }, add);
  }
  void merge(const Accumulator& from, std::span<const uint32_t> to,
             std::span<const uint32_t> from_slots) override {
    const auto& other = static_cast<const OrderedValues&>(from).states_;
    for (size_t i = 0; i < to.size(); ++i) {
      for (const auto& [rank, n] : other[from_slots[i]]) change(states_[to[i]], rank, n);
    }
  }
  void clear(std::span<const uint32_t> slots) override {
    for (uint32_t slot : slots) states_[slot].clear();
  }
  void clear_all() override {
    for (State& s : states_) s.clear();
  }
  void output(std::span<const uint32_t> slots, Emission,
              std::vector<ColumnPtr>* out) const override {
    const bool least = kind_ == AccumulatorKind::kMin || kind_ == AccumulatorKind::kFirst;
    ColumnBuilder builder(type_, slots.size());
    for (uint32_t slot : slots) {
      const State& s = states_[slot];
      const T* const value =
          least ? first_there(s.begin(), s.end()) : first_there(s.rbegin(), s.rend());
      if (value == nullptr) {
        builder.append_null();
      } else {
        Held<T>::append(builder, *value);
      }
    }
    out->push_back(builder.finish());
  }
  void save(std::span<const uint32_t> slots, SnapshotWriter& writer) const override {
    ColumnBuilder values(type_);
    for (uint32_t slot : slots) {
      writer.u64(states_[slot].size());
      for (const auto& [rank, n] : states_[slot]) {
        writer.i64(rank.time);
        writer.u64(rank.sequence);
        writer.i64(n);
        Held<T>::append(values, rank.value);
      }
    }
    writer.column(*values.finish());
  }
  Status load(std::span<const uint32_t> slots, SnapshotReader& reader) override {
    struct Loaded {
      uint32_t slot;
      int64_t time;
      uint64_t sequence;
      int64_t n;
    };
    std::vector<Loaded> ranks;
    for (uint32_t slot : slots) {
      const uint64_t size = TRY(reader.count(24));
      for (uint64_t i = 0; i < size; ++i) {
        const int64_t time = TRY(reader.i64());
        const uint64_t sequence = TRY(reader.u64());
        const int64_t times = TRY(reader.i64());
        ranks.push_back({slot, time, sequence, times});
      }
    }
    const ColumnPtr values = TRY(reader.column(type_));
    if (values->size() != ranks.size())
      return Error(ErrorCode::kCorruptData, "kept values are missing");
    for (size_t i = 0; i < ranks.size(); ++i) {
      if (values->is_null(i)) return Error(ErrorCode::kCorruptData, "a kept value is NULL");
      states_[ranks[i].slot][Rank{ranks[i].time, ranks[i].sequence, Held<T>::read(*values, i)}] =
          ranks[i].n;
    }
    return {};
  }
  size_t memory_bytes() const override {
    size_t total = states_.capacity() * sizeof(State);
    for (const State& s : states_) total += s.size() * (sizeof(Rank) + 56);
    return total;
  }

 private:
  struct Rank {
    int64_t time;
    uint64_t sequence;
    T value;
    bool operator<(const Rank& other) const {
      if (time != other.time) return time < other.time;
      if (sequence != other.sequence) return sequence < other.sequence;
      return Held<T>::compare(value, other.value) < 0;
    }
  };
  using State = std::map<Rank, int64_t>;

  /// The first value from `at` on that is not owed; null if there is none.
  template <typename At>
  static const T* first_there(At at, At end) {
    for (; at != end; ++at) {
      if (at->second > 0) return &at->first.value;
    }
    return nullptr;
  }

  bool by_value() const { return kind_ == AccumulatorKind::kMin || kind_ == AccumulatorKind::kMax; }

  void change(State& s, Rank rank, int64_t weight) {
    if (!by_value() && weight < 0) {
      // The retraction does not know the row's arrival number: the newest equal one goes.
      auto found = s.end();
      for (auto at = s.lower_bound(Rank{rank.time, 0, T{}}); at != s.end(); ++at) {
        if (at->first.time != rank.time) break;
        if (Held<T>::compare(at->first.value, rank.value) == 0) found = at;
      }
      if (found != s.end()) s.erase(found);
      return;
    }
    const auto [at, added] = s.try_emplace(std::move(rank), 0);
    at->second += weight;
    if (at->second == 0) s.erase(at);
  }

  Type type_;
  AccumulatorKind kind_;
  std::vector<State> states_;
};

}  // namespace

std::unique_ptr<Accumulator> make_ordered_values(const Component& component) {
  return make_for_held_type<OrderedValues>(component.inputs[0]->type(), component.inputs[0]->type(),
                                           component.kind);
}

}  // namespace velo
