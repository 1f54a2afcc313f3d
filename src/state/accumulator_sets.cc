// Distinct values: exact sets with multiplicities, and HyperLogLog sketches (Flajolet et al. 2007,
// p = 12).
#include <bit>
#include <cmath>

#include "state/accumulator.h"
#include "state/value_index.h"

namespace velo {
namespace {

/// Sets of values. Values are interned once per accumulator; a set member is a (slot, value) pair
/// with its multiplicity, so retractions are exact.
class DistinctValues final : public Accumulator {
 public:
  explicit DistinctValues(Type type) : type_(std::move(type)), values_(type_) {}

  std::unique_ptr<Accumulator> fresh() const override {
    return std::make_unique<DistinctValues>(type_);
  }
  void resize(size_t slots) override {
    if (slots <= distinct_.size()) return;
    distinct_.resize(slots);
    members_.resize(slots);
  }
  size_t slots() const override { return distinct_.size(); }

  void fold(const FoldRows& rows, std::span<const ColumnPtr> inputs) override {
    ids_.resize(inputs[0]->size());
    values_.intern(*inputs[0], ids_.data());
    auto add = [&](size_t row, int64_t weight) { count(rows.slots[row], ids_[row], weight); };
    for_each_row(rows, [&](size_t row) { add(row, 1); }, add);
  }
  void merge(const Accumulator& from, std::span<const uint32_t> to,
             std::span<const uint32_t> from_slots) override {
    const auto& other = static_cast<const DistinctValues&>(from);
    std::vector<uint32_t> numbers;
    for (uint32_t slot : from_slots) {
      for (uint32_t member : other.members_[slot]) numbers.push_back(other.member_value_[member]);
    }
    if (numbers.empty()) return;
    std::vector<uint32_t> mine(numbers.size());
    values_.intern(*other.values_.gather(numbers), mine.data());
    size_t next = 0;
    for (size_t i = 0; i < to.size(); ++i) {
      for (uint32_t member : other.members_[from_slots[i]]) {
        count(to[i], mine[next++], other.multiplicity_[member]);
      }
    }
  }
  void clear(std::span<const uint32_t> slots) override {
    for (uint32_t slot : slots) {
      for (uint32_t member : members_[slot]) multiplicity_[member] = 0;
      distinct_[slot] = 0;
    }
  }
  void make_anew() override { clear_all(); }
  void clear_all() override {
    const size_t slots = distinct_.size();
    *this = DistinctValues(type_);
    resize(slots);
  }

  void output(std::span<const uint32_t> slots, Emission emission,
              std::vector<ColumnPtr>* out) const override {
    if (emission != Emission::kValues) {
      ColumnBuilder counts(Type::bigint(), slots.size());
      for (uint32_t slot : slots) counts.append_int64(distinct_[slot]);
      out->push_back(counts.finish());
      return;
    }
    std::vector<uint32_t> numbers;
    ColumnBuilder lists(Type::array(type_), slots.size());
    for (uint32_t slot : slots) {
      numbers.clear();
      for (uint32_t member : members_[slot]) {
        if (multiplicity_[member] > 0) numbers.push_back(member_value_[member]);
      }
      std::sort(numbers.begin(), numbers.end(),
                [&](uint32_t a, uint32_t b) { return values_.compare(a, b) < 0; });
      const ColumnPtr values = values_.gather(numbers);
      for (size_t i = 0; i < numbers.size(); ++i) lists.child(0).append_from(*values, i);
      lists.append_list_end();
    }
    out->push_back(lists.finish());
  }
  void save(std::span<const uint32_t> slots, SnapshotWriter& writer) const override {
    std::vector<uint32_t> numbers;
    for (uint32_t slot : slots) {
      // Members that have left take no room in the snapshot, nor in what is built from it.
      const auto held = [this](uint32_t member) { return multiplicity_[member] != 0; };
      writer.u64(
          static_cast<uint64_t>(std::count_if(members_[slot].begin(), members_[slot].end(), held)));
      for (uint32_t member : members_[slot]) {
        if (!held(member)) continue;
        numbers.push_back(member_value_[member]);
        writer.i64(multiplicity_[member]);
      }
    }
    writer.column(*values_.gather(numbers));
  }
  Status load(std::span<const uint32_t> slots, SnapshotReader& reader) override {
    std::vector<std::pair<uint32_t, int64_t>> members;
    for (uint32_t slot : slots) {
      const uint64_t n = TRY(reader.count(sizeof(int64_t)));
      for (uint64_t i = 0; i < n; ++i) members.emplace_back(slot, TRY(reader.i64()));
    }
    const ColumnPtr values = TRY(reader.column(type_));
    if (values->size() != members.size())
      return Error(ErrorCode::kCorruptData, "set members are missing");
    ids_.resize(values->size());
    values_.intern(*values, ids_.data());
    for (size_t i = 0; i < members.size(); ++i) count(members[i].first, ids_[i], members[i].second);
    return {};
  }
  size_t memory_bytes() const override {
    size_t total = values_.memory_bytes() + pairs_.memory_bytes() + multiplicity_.capacity() * 12 +
                   distinct_.capacity() * 8 + members_.capacity() * sizeof(members_[0]);
    return total + multiplicity_.size() * 4;
  }

 private:
  void count(uint32_t slot, uint32_t value, int64_t weight) {
    if (weight == 0) return;
    const uint32_t member = pairs_.intern(uint64_t{slot} << 32 | value);
    if (member == multiplicity_.size()) {
      multiplicity_.push_back(0);
      member_value_.push_back(value);
      members_[slot].push_back(member);
    }
    const bool was = multiplicity_[member] > 0;
    multiplicity_[member] += weight;
    distinct_[slot] += static_cast<int64_t>(multiplicity_[member] > 0) - static_cast<int64_t>(was);
  }

  Type type_;
  ValueIndex values_;
  NumberIndex pairs_;  // (slot, value) → member
  std::vector<int64_t> multiplicity_;
  std::vector<uint32_t> member_value_;
  std::vector<int64_t> distinct_;
  std::vector<std::vector<uint32_t>> members_;  // by slot
  std::vector<uint32_t> ids_;
};

/// 4096 registers; while few are set, a sorted list of them.
class Sketch {
 public:
  static constexpr int kPrecision = 12;
  static constexpr uint32_t kRegisters = 1u << kPrecision;
  static constexpr size_t kSparseMax = 256;

  void add(uint64_t hash) {
    const auto index = static_cast<uint32_t>(hash >> (64 - kPrecision));
    const auto rank =
        static_cast<uint8_t>(std::countl_zero(hash << kPrecision | 1u << (kPrecision - 1)) + 1);
    set(index, rank);
  }
  void set(uint32_t index, uint8_t rank) {
    if (!dense_.empty()) {
      dense_[index] = std::max(dense_[index], rank);
      return;
    }
    auto at = std::lower_bound(sparse_.begin(), sparse_.end(), std::pair(index, uint8_t{0}));
    if (at != sparse_.end() && at->first == index) {
      at->second = std::max(at->second, rank);
      return;
    }
    sparse_.insert(at, {index, rank});
    if (sparse_.size() <= kSparseMax) return;
    dense_.resize(kRegisters);
    for (const auto& [i, r] : sparse_) dense_[i] = r;
    sparse_ = {};
  }
  void merge(const Sketch& other) {
    other.for_each([this](uint32_t index, uint8_t rank) { set(index, rank); });
  }
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const auto& [index, rank] : sparse_) visit(index, rank);
    for (uint32_t i = 0; i < dense_.size(); ++i) {
      if (dense_[i] != 0) visit(i, dense_[i]);
    }
  }
  int64_t estimate() const {
    constexpr double kM = kRegisters;
    double sum = 0;
    double empty = kM;
    for_each([&](uint32_t, uint8_t rank) {
      sum += std::ldexp(1.0, -rank);
      empty -= 1;
    });
    const double raw = (0.7213 / (1 + 1.079 / kM)) * kM * kM / (sum + empty);
    const double estimate = raw <= 2.5 * kM && empty > 0 ? kM * std::log(kM / empty) : raw;
    return std::llround(estimate);
  }
  size_t memory_bytes() const {
    return dense_.capacity() + sparse_.capacity() * sizeof(sparse_[0]);
  }

 private:
  std::vector<std::pair<uint32_t, uint8_t>> sparse_;
  std::vector<uint8_t> dense_;
};

class Sketches final : public Accumulator {
 public:
  std::unique_ptr<Accumulator> fresh() const override { return std::make_unique<Sketches>(); }
  void resize(size_t slots) override {
    if (slots > states_.size()) states_.resize(slots);
  }
  size_t slots() const override { return states_.size(); }
  void fold(const FoldRows& rows, std::span<const ColumnPtr> inputs) override {
    const Column& column = *inputs[0];
    auto add = [&](size_t row) { states_[rows.slots[row]].add(hash_row(column, row)); };
    for_each_row(rows, add, [&](size_t row, int64_t weight) {
      if (weight > 0) add(row);
    });
  }
  void merge(const Accumulator& from, std::span<const uint32_t> to,
             std::span<const uint32_t> from_slots) override {
    const auto& other = static_cast<const Sketches&>(from).states_;
    for (size_t i = 0; i < to.size(); ++i) states_[to[i]].merge(other[from_slots[i]]);
  }
  void clear(std::span<const uint32_t> slots) override {
    for (uint32_t slot : slots) states_[slot] = Sketch();
  }
  void make_anew() override { clear_all(); }
  void clear_all() override { std::fill(states_.begin(), states_.end(), Sketch()); }
  void output(std::span<const uint32_t> slots, Emission,
              std::vector<ColumnPtr>* out) const override {
    ColumnBuilder builder(Type::bigint(), slots.size());
    for (uint32_t slot : slots) builder.append_int64(states_[slot].estimate());
    out->push_back(builder.finish());
  }
  void save(std::span<const uint32_t> slots, SnapshotWriter& writer) const override {
    for (uint32_t slot : slots) {
      uint64_t set = 0;
      states_[slot].for_each([&](uint32_t, uint8_t) { ++set; });
      writer.u64(set);
      states_[slot].for_each([&](uint32_t index, uint8_t rank) {
        writer.u32(index);
        writer.u8(rank);
      });
    }
  }
  Status load(std::span<const uint32_t> slots, SnapshotReader& reader) override {
    for (uint32_t slot : slots) {
      const uint64_t set = TRY(reader.count(5));
      for (uint64_t i = 0; i < set; ++i) {
        const uint32_t index = TRY(reader.u32());
        const uint8_t rank = TRY(reader.u8());
        if (index >= Sketch::kRegisters)
          return Error(ErrorCode::kCorruptData, "a sketch has no such register");
        states_[slot].set(index, rank);
      }
    }
    return {};
  }
  size_t memory_bytes() const override {
    size_t total = states_.capacity() * sizeof(Sketch);
    for (const Sketch& sketch : states_) total += sketch.memory_bytes();
    return total;
  }

 private:
  static uint64_t hash_row(const Column& column, size_t row) {
    switch (column.type().physical()) {
      case Physical::kString:
        return mix64(StringIndex::hash(column.values<StringRef>()[row]));
      case Physical::kBool:
        return mix64(column.values<uint8_t>()[row] + uint64_t{1});
      case Physical::kInt128: {
        const auto v = static_cast<uint128_t>(column.values<int128_t>()[row]);
        return mix64(static_cast<uint64_t>(v) ^ mix64(static_cast<uint64_t>(v >> 64)));
      }
      case Physical::kDouble: {
        const double v = column.values<double>()[row];
        return mix64(std::bit_cast<uint64_t>(v == 0 ? 0.0 : v) + 1);
      }
      default:
        return mix64(static_cast<uint64_t>(column.values<int64_t>()[row]) + 1);
    }
  }
  std::vector<Sketch> states_;
};

}  // namespace

std::unique_ptr<Accumulator> make_set(const Component& component, bool retractable) {
  // A sketch cannot forget: where rows may be taken back, the exact set answers.
  if (component.kind == AccumulatorKind::kHyperLogLog && !retractable) {
    return std::make_unique<Sketches>();
  }
  return std::make_unique<DistinctValues>(component.inputs[0]->type());
}

}  // namespace velo
