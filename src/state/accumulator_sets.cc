// Distinct values: exact sets with multiplicities, and HyperLogLog sketches (Flajolet et al. 2007,
// p = 12).
#include <bit>
#include <cmath>
#include <numeric>
#include <optional>

#include "state/accumulator.h"
#include "state/value_index.h"
#include "state/word_sets.h"

namespace velo {
namespace {

/// Sets of values, as sets of words: numbers as they are, all else by its number in an index. Rows
/// are taken back exactly, for which members are counted where that can happen.
class DistinctValues final : public Accumulator {
 public:
  DistinctValues(Type type, bool counted) : type_(std::move(type)), sets_(counted) {
    if (!is_number(type_)) index_.emplace(type_);
  }

  std::unique_ptr<Accumulator> fresh() const override {
    return std::make_unique<DistinctValues>(type_, sets_.counted());
  }
  void resize(size_t slots) override { sets_.resize(slots); }
  size_t slots() const override { return sets_.sets(); }

  void fold(const FoldRows& rows, std::span<const ColumnPtr> inputs) override {
    const uint64_t* words = words_of(*inputs[0]);
    if (sets_.counted()) {
      const auto add = [&](size_t row, int64_t weight) {
        sets_.add(rows.slots[row], words[row], weight);
      };
      return for_each_row(rows, [&](size_t row) { add(row, 1); }, add);
    }
    const auto add = [&](size_t row) { sets_.add(rows.slots[row], words[row]); };
    if (rows.mask == nullptr && rows.weights == nullptr) {
      for (size_t i = 0; i < rows.count; ++i) {
        const size_t ahead = rows.row(std::min(i + kRowsAhead, rows.count - 1));
        sets_.prefetch(rows.slots[ahead], words[ahead]);
        add(rows.row(i));
      }
      return;
    }
    for_each_row(rows, add, [&](size_t row, int64_t weight) {
      CHECK(weight > 0, "a set that does not count cannot take back");
      add(row);
    });
  }
  void merge(const Accumulator& from, std::span<const uint32_t> to,
             std::span<const uint32_t> from_slots) override {
    const auto& other = static_cast<const DistinctValues&>(from);
    std::vector<uint64_t> members = other.members(from_slots);
    if (members.empty()) return;
    if (index_) words_of(*other.values(members), &members);
    size_t next = 0;
    for (size_t i = 0; i < to.size(); ++i) {
      other.sets_.each(from_slots[i],
                       [&](uint64_t, int64_t count) { add(to[i], members[next++], count); });
    }
  }
  void clear(std::span<const uint32_t> slots) override {
    for (uint32_t slot : slots) sets_.clear(slot);
  }
  void make_anew() override { clear_all(); }
  void clear_first(size_t) override { clear_all(); }  // the others are empty
  void clear_all() override {
    // Values that nobody holds any more are forgotten once they may be the greater part.
    size_t members = 0;
    for (uint32_t slot = 0; index_ && slot < sets_.sets(); ++slot) members += sets_.size(slot);
    if (index_ && index_->size() > kIdleValues + members * 2) index_.emplace(type_);
    sets_.clear_all();
  }

  void output(std::span<const uint32_t> slots, Emission emission,
              std::vector<ColumnPtr>* out) const override {
    if (emission != Emission::kValues) {
      ColumnBuilder sizes(Type::bigint(), slots.size());
      for (uint32_t slot : slots) sizes.append_int64(static_cast<int64_t>(sets_.size(slot)));
      out->push_back(sizes.finish());
      return;
    }
    std::vector<uint64_t> members;
    Selection order;
    ColumnBuilder lists(Type::array(type_), slots.size());
    for (uint32_t slot : slots) {
      members.clear();
      sets_.each(slot, [&](uint64_t word, int64_t count) {
        if (count > 0) members.push_back(word);
      });
      const ColumnPtr all = values(members);
      order.resize(members.size());
      std::iota(order.begin(), order.end(), uint32_t{0});
      std::sort(order.begin(), order.end(),
                [&](uint32_t a, uint32_t b) { return compare_rows(*all, a, *all, b) < 0; });
      for (const uint32_t at : order) lists.child(0).append_from(*all, at);
      lists.append_list_end();
    }
    out->push_back(lists.finish());
  }
  bool write(const WordPlaces& places, const Accumulator* later, uint64_t* to) const override {
    if (later != nullptr) return false;
    for (size_t i = 0; i < places.count; ++i) {
      const auto slot =
          places.is_range() ? static_cast<uint32_t>(places.begin + i) : places.slots[i];
      to[places.is_range() ? i : places.positions[i]] = sets_.size(slot);
    }
    return true;
  }
  void save(std::span<const uint32_t> slots, SnapshotWriter& writer) const override {
    for (uint32_t slot : slots) {
      uint64_t held = 0;
      sets_.each(slot, [&](uint64_t, int64_t) { ++held; });
      writer.u64(held);
      sets_.each(slot, [&](uint64_t, int64_t count) { writer.i64(count); });
    }
    writer.column(*values(members(slots)));
  }
  Status load(std::span<const uint32_t> slots, SnapshotReader& reader) override {
    std::vector<std::pair<uint32_t, int64_t>> members;
    for (uint32_t slot : slots) {
      const uint64_t n = TRY(reader.count(sizeof(int64_t)));
      for (uint64_t i = 0; i < n; ++i) members.emplace_back(slot, TRY(reader.i64()));
    }
    const ColumnPtr column = TRY(reader.column(type_));
    if (column->size() != members.size())
      return Error(ErrorCode::kCorruptData, "set members are missing");
    const uint64_t* words = words_of(*column);
    for (size_t i = 0; i < members.size(); ++i) add(members[i].first, words[i], members[i].second);
    return {};
  }
  size_t memory_bytes() const override {
    return sets_.memory_bytes() + (index_ ? index_->memory_bytes() : 0);
  }

 private:
  static constexpr size_t kIdleValues = 1024;
  static constexpr size_t kRowsAhead = 16;

  static bool is_number(const Type& type) {
    return type.physical() == Physical::kInt64 || type.physical() == Physical::kDouble;
  }
  void add(uint32_t slot, uint64_t word, int64_t count) {
    if (sets_.counted()) {
      sets_.add(slot, word, count);
    } else {
      sets_.add(slot, word);
    }
  }
  /// By row, valid until the next call; of rows that are NULL anything.
  const uint64_t* words_of(const Column& column) {
    if (type_.physical() == Physical::kInt64) return column.values<uint64_t>();
    words_of(column, &words_);
    return words_.data();
  }
  void words_of(const Column& column, std::vector<uint64_t>* words) {
    words->resize(column.size());
    if (!index_) {
      const double* numbers = column.values<double>();
      for (size_t row = 0; row < words->size(); ++row) (*words)[row] = word_of(numbers[row]);
      return;
    }
    ids_.resize(column.size());
    index_->intern(column, ids_.data());
    std::copy(ids_.begin(), ids_.end(), words->begin());
  }
  std::vector<uint64_t> members(std::span<const uint32_t> slots) const {
    std::vector<uint64_t> words;
    for (const uint32_t slot : slots) {
      sets_.each(slot, [&](uint64_t word, int64_t) { words.push_back(word); });
    }
    return words;
  }
  ColumnPtr values(std::span<const uint64_t> words) const {
    if (index_) return index_->gather(std::vector<uint32_t>(words.begin(), words.end()));
    ColumnBuilder builder(type_, words.size());
    std::copy(words.begin(), words.end(), builder.extend<uint64_t>(words.size()));
    builder.added(words.size());
    return builder.finish();
  }

  Type type_;
  std::optional<ValueIndex> index_;  // not for numbers
  WordSets sets_;
  std::vector<uint32_t> ids_;
  std::vector<uint64_t> words_;
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
  return std::make_unique<DistinctValues>(component.inputs[0]->type(), retractable);
}

}  // namespace velo
