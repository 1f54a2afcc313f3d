// One kept value per slot: extremes of strings and nested values, first and last by event time.
#include "state/object_accumulator.h"

namespace velo {
namespace {

/// The kept value and where it stands: extremes rank by value, first and last by (event time,
/// arrival).
template <typename T>
class KeptValue final : public Accumulator {
 public:
  KeptValue(Type type, AccumulatorKind kind) : type_(std::move(type)), kind_(kind) {}

  std::unique_ptr<Accumulator> fresh() const override {
    return std::make_unique<KeptValue>(type_, kind_);
  }
  void resize(size_t slots) override {
    if (slots > states_.size()) states_.resize(slots);
  }
  size_t slots() const override { return states_.size(); }

  void fold(const FoldRows& rows, std::span<const ColumnPtr> inputs) override {
    const Column& column = *inputs[0];
    auto add = [&](size_t row) {
      offer(states_[rows.slots[row]], rows.times ? rows.times[row] : 0, rows.first_sequence + row,
            [&] { return Held<T>::read(column, row); });
    };
    for_each_row(rows, add, [&](size_t row, int64_t weight) {
      if (weight > 0) add(row);
    });
  }
  void merge(const Accumulator& from, std::span<const uint32_t> to,
             std::span<const uint32_t> from_slots) override {
    const auto& other = static_cast<const KeptValue&>(from).states_;
    for (size_t i = 0; i < to.size(); ++i) merge_one(states_[to[i]], other[from_slots[i]]);
  }
  void clear(std::span<const uint32_t> slots) override {
    for (uint32_t slot : slots) states_[slot] = State();
  }
  void clear_all() override { std::fill(states_.begin(), states_.end(), State()); }

  void output(std::span<const uint32_t> slots, Emission,
              std::vector<ColumnPtr>* out) const override {
    ColumnBuilder builder(type_, slots.size());
    for (uint32_t slot : slots) {
      if (states_[slot].seen) {
        Held<T>::append(builder, states_[slot].value);
      } else {
        builder.append_null();
      }
    }
    out->push_back(builder.finish());
  }
  void save(std::span<const uint32_t> slots, SnapshotWriter& writer) const override {
    save_held<T>(type_, states_, slots, writer,
                 [](const State& s) { return s.seen ? &s.value : nullptr; });
    for (uint32_t slot : slots) {
      writer.i64(states_[slot].time);
      writer.u64(states_[slot].sequence);
    }
  }
  Status load(std::span<const uint32_t> slots, SnapshotReader& reader) override {
    const ColumnPtr values = TRY(reader.column(type_));
    if (values->size() != slots.size())
      return Error(ErrorCode::kCorruptData, "kept values are missing");
    for (size_t i = 0; i < slots.size(); ++i) {
      State& s = states_[slots[i]];
      s.seen = !values->is_null(i);
      if (s.seen) s.value = Held<T>::read(*values, i);
      s.time = TRY(reader.i64());
      s.sequence = TRY(reader.u64());
    }
    return {};
  }
  size_t memory_bytes() const override { return states_.capacity() * sizeof(State); }

 private:
  struct State {
    bool seen = false;
    int64_t time = 0;
    uint64_t sequence = 0;
    T value{};
  };

  template <typename Read>
  void offer(State& s, int64_t time, uint64_t sequence, Read read) {
    if (kind_ == AccumulatorKind::kMin || kind_ == AccumulatorKind::kMax) {
      T value = read();
      const int order = s.seen ? Held<T>::compare(value, s.value) : 0;
      if (s.seen && (kind_ == AccumulatorKind::kMin ? order >= 0 : order <= 0)) return;
      s = {true, time, sequence, std::move(value)};
      return;
    }
    const bool earlier = std::pair(time, sequence) < std::pair(s.time, s.sequence);
    if (s.seen && earlier != (kind_ == AccumulatorKind::kFirst)) return;
    s = {true, time, sequence, read()};
  }
  void merge_one(State& s, const State& other) {
    if (other.seen) offer(s, other.time, other.sequence, [&] { return other.value; });
  }

  Type type_;
  AccumulatorKind kind_;
  std::vector<State> states_;
};

}  // namespace

std::unique_ptr<Accumulator> make_kept_value(const Component& component) {
  return make_for_held_type<KeptValue>(component.inputs[0]->type(), component.inputs[0]->type(),
                                       component.kind);
}

}  // namespace velo
