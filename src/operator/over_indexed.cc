// Aggregates that say which rows of a frame count, by index: rows keep nothing for them but the
// column that they read.
//
// 1. For every row that is answered, the rows that its frame has more enter, and then those that it
//    has no more leave.
// 2. The least text is the first of the rows that nothing behind them outdoes (RowIndexes); how
//    many different values there are, how many rows are the last of their value (LastOfValues).
//
// Invariant: both are of the rows [left, entered) of a partition.
#include "operator/over_indexed.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "column/column_builder.h"
#include "operator/over_aggregates.h"
#include "state/value_index.h"

namespace velo {

uint64_t KeptValues::word(uint32_t group, uint64_t index) const {
  if (physical_ == Physical::kInt64) return rows_.value<uint64_t>(column_, group, index);
  double value = rows_.value<double>(column_, group, index);
  if (std::isnan(value)) value = std::nan("");
  if (value == 0) value = 0;  // -0.0
  return std::bit_cast<uint64_t>(value);
}

uint64_t KeptValues::hash(uint32_t group, uint64_t index) const {
  if (physical_ == Physical::kString) return StringIndex::hash(text(group, index));
  const uint64_t mixed = word(group, index) * 0x9e3779b97f4a7c15;
  return (mixed ^ (mixed >> 32)) * 0xd6e8feb86659fd93;
}

size_t LastOfValues::find(const KeptValues& values, uint32_t group, const Low& low,
                          uint64_t index) const {
  size_t slot = home(values.hash(group, index));
  while (get(slot) != kEmpty && !values.equal(group, index_in(slot, low), index)) {
    slot = next(slot);
  }
  return slot;
}

void LastOfValues::rebuild(const KeptValues& values, uint32_t group, uint64_t low, size_t capacity,
                           bool wide) {
  std::vector<uint64_t> indexes;
  for (size_t slot = 0; slot < this->capacity(); ++slot) {
    if (get(slot) != kEmpty) indexes.push_back(index_in(slot, low_of(low)));
  }
  is_wide_ = wide;
  narrow_ = std::vector<uint16_t>(wide ? 0 : capacity, UINT16_MAX);
  wide_ = std::vector<uint32_t>(wide ? capacity : 0, kEmpty);
  for (const uint64_t index : indexes) {
    set(find(values, group, low_of(low), index), rest(index));
  }
}

void LastOfValues::enter(const KeptValues& values, uint32_t group, uint64_t low, uint64_t index) {
  constexpr size_t kRoomMin = 4;
  const bool wide = is_wide_ || index - low >= kNarrow - 1;
  if (wide != is_wide_ || (size_ + 1) * 4 > capacity() * 3) {
    rebuild(values, group, low, std::max(kRoomMin, (size_ + 1) * 3 / 2), wide);
  }
  const size_t slot = find(values, group, low_of(low), index);
  if (get(slot) == kEmpty) ++size_;
  set(slot, rest(index));
}

void LastOfValues::leave(const KeptValues& values, uint32_t group, uint64_t index) {
  const Low low = low_of(index);
  const size_t slot = find(values, group, low, index);
  if (get(slot) == kEmpty || index_in(slot, low) != index) return;  // it came again
  erase(values, group, low, slot);
  --size_;
  if (size_ * 4 < capacity() && capacity() > 16) {
    rebuild(values, group, index, size_ * 3 / 2 + 1, is_wide_);
  }
}

void LastOfValues::erase(const KeptValues& values, uint32_t group, const Low& low, size_t slot) {
  const auto distance = [this](size_t from, size_t to) {
    return to >= from ? to - from : to + capacity() - from;
  };
  for (size_t at = next(slot); get(at) != kEmpty; at = next(at)) {
    const size_t from = home(values.hash(group, index_in(at, low)));
    if (distance(from, at) < distance(slot, at)) continue;  // it would stand before its home
    set(slot, get(at));
    slot = at;
  }
  set(slot, kEmpty);
}

namespace {

/// What one aggregate knows of partitions.
class OverIndex {
 public:
  virtual ~OverIndex() = default;
  virtual void resize(size_t groups) = 0;
  virtual void enter(uint32_t group, uint64_t low, uint64_t index) = 0;
  virtual void leave(uint32_t group, uint64_t index) = 0;
  /// Nothing of the partition is in the frame any more.
  virtual void forget(uint32_t group) = 0;
  /// The answer to the next row of the turn, whose frame is [low, …).
  virtual void note(uint32_t group, uint64_t low) = 0;
  virtual ColumnPtr answers(std::span<const uint32_t> groups) = 0;
  virtual StateBytes memory_bytes() const = 0;
};

class LeastText final : public OverIndex {
 public:
  LeastText(const OverRows& rows, const KeptValues& values, bool greatest)
      : rows_(rows), values_(values), greatest_(greatest) {}

  void resize(size_t groups) override { grow_to(outdone_, groups); }
  void enter(uint32_t group, uint64_t low, uint64_t index) override {
    if (values_.is_null(group, index)) return;
    RowIndexes& rows = outdone_[group];
    const StringRef& text = values_.text(group, index);
    while (!rows.empty()) {
      const StringRef& other = values_.text(group, rows.back(low));
      if (greatest_ ? text < other : other < text) break;
      rows.pop_back();
    }
    rows.push(index);
  }
  void leave(uint32_t group, uint64_t index) override {
    RowIndexes& rows = outdone_[group];
    if (!rows.empty() && rows.front(index) == index) rows.pop_front();
  }
  void forget(uint32_t group) override {
    if (group < outdone_.size()) outdone_[group] = RowIndexes();
  }
  void note(uint32_t group, uint64_t low) override {
    const RowIndexes& rows = outdone_[group];
    found_.push_back(rows.empty() ? OverRows::kNoRow : rows.front(low));
  }
  ColumnPtr answers(std::span<const uint32_t> groups) override {
    ColumnPtr column = rows_.gather(values_.column(), groups, found_);
    found_.clear();
    return column;
  }
  StateBytes memory_bytes() const override {
    StateBytes bytes{outdone_.capacity() * sizeof(RowIndexes), 0};
    for (const RowIndexes& rows : outdone_) bytes.rows += rows.memory_bytes();
    return bytes;
  }

 private:
  const OverRows& rows_;
  KeptValues values_;
  bool greatest_;
  std::vector<RowIndexes> outdone_;   // by group
  std::vector<uint64_t> found_;       // of this turn
};

class DistinctValues final : public OverIndex {
 public:
  explicit DistinctValues(const KeptValues& values) : values_(values) {}

  void resize(size_t groups) override { grow_to(last_, groups); }
  void enter(uint32_t group, uint64_t low, uint64_t index) override {
    if (!values_.is_null(group, index)) last_[group].enter(values_, group, low, index);
  }
  void leave(uint32_t group, uint64_t index) override {
    if (!values_.is_null(group, index)) last_[group].leave(values_, group, index);
  }
  void forget(uint32_t group) override {
    if (group < last_.size()) last_[group] = LastOfValues();
  }
  void note(uint32_t group, uint64_t) override {
    counts_.push_back(static_cast<int64_t>(last_[group].size()));
  }
  ColumnPtr answers(std::span<const uint32_t>) override {
    ColumnBuilder builder(Type::bigint(), counts_.size());
    for (const int64_t count : counts_) builder.append_int64(count);
    counts_.clear();
    return builder.finish();
  }
  StateBytes memory_bytes() const override {
    StateBytes bytes{last_.capacity() * sizeof(LastOfValues), 0};
    for (const LastOfValues& last : last_) bytes.rows += last.memory_bytes();
    return bytes;
  }

 private:
  KeptValues values_;
  std::vector<LastOfValues> last_;  // by group
  std::vector<int64_t> counts_;     // of this turn
};

class Indexed final : public OverAggregates {
 public:
  Indexed(const OverAggregatesOptions& options, const OverRows& rows) : rows_(rows) {
    for (const Aggregate& aggregate : options.aggregates) {
      const Component& component = aggregate.components[0];
      const Expr& input = *component.inputs[0];
      const KeptValues values(rows, input.index(), input.type());
      if (component.kind == AccumulatorKind::kDistinct) {
        indexes_.push_back(std::make_unique<DistinctValues>(values));
      } else {
        const bool greatest = component.kind == AccumulatorKind::kMax;
        indexes_.push_back(std::make_unique<LeastText>(rows, values, greatest));
      }
    }
  }

  void arrive(const Batch&, EvaluationContext&) override {}
  std::vector<ColumnPtr> answer(const OverTurn& turn, const OverSpans& spans, EvaluationContext&,
                                RowErrors&) override {
    grow();
    std::vector<ColumnPtr> columns;
    for (size_t i = 0; i < turn.size(); ++i) {
      move_to(turn.groups[i], spans.starts[i], spans.ends[i]);
      const uint64_t low = places_[turn.groups[i]].left;
      for (const auto& index : indexes_) index->note(turn.groups[i], low);
    }
    for (const auto& index : indexes_) columns.push_back(index->answers(turn.groups));
    return columns;
  }

  uint64_t low(uint32_t group) const override {
    return group < places_.size() ? places_[group].left : 0;
  }
  void forget_rows(std::span<const uint32_t>) override {}
  void forget(uint32_t group) override {
    if (group < places_.size()) places_[group] = Place();
    for (const auto& index : indexes_) index->forget(group);
  }
  void clear() override { CHECK(false, "partitions never come whole here"); }

  void save(std::span<const uint32_t> groups, std::span<const uint32_t>,
            SnapshotWriter& writer) const override {
    for (const uint32_t group : groups) {
      const Place place = group < places_.size() ? places_[group] : Place();
      writer.u64(place.left);
      writer.u64(place.entered);
    }
  }
  Status load(std::span<const uint32_t> groups, size_t, SnapshotReader& reader) override {
    grow();
    for (const uint32_t group : groups) {
      const uint64_t left = TRY(reader.u64());
      const uint64_t entered = TRY(reader.u64());
      if (left < rows_.first(group) || left > entered || entered > rows_.count(group)) {
        return Error(ErrorCode::kCorruptData, "the rows of a frame do not fit its partition");
      }
      places_[group] = {left, left};
      enter(group, entered);
    }
    return {};
  }
  StateBytes memory_bytes() const override {
    StateBytes bytes{places_.capacity() * sizeof(Place), 0};
    for (const auto& index : indexes_) bytes += index->memory_bytes();
    return bytes;
  }

 private:
  struct Place {
    uint64_t left = 0;
    uint64_t entered = 0;
  };
  void grow() {
    grow_to(places_, rows_.groups());
    for (const auto& index : indexes_) index->resize(places_.size());
  }
  void enter(uint32_t group, uint64_t end) {
    Place& place = places_[group];
    for (; place.entered < end; ++place.entered) {
      for (const auto& index : indexes_) index->enter(group, place.left, place.entered);
    }
  }
  /// The frame becomes [start, end), or is empty.
  void move_to(uint32_t group, uint64_t start, uint64_t end) {
    Place& place = places_[group];
    if (start >= place.entered) {  // nothing of what entered stays
      if (place.left < place.entered) {
        for (const auto& index : indexes_) index->forget(group);
      }
      place = {start, start};
    }
    enter(group, end);
    for (; place.left < std::min(start, place.entered); ++place.left) {
      for (const auto& index : indexes_) index->leave(group, place.left);
    }
  }

  const OverRows& rows_;
  std::vector<std::unique_ptr<OverIndex>> indexes_;  // by aggregate
  std::vector<Place> places_;                        // by group
};

}  // namespace

bool follows_from_indexes(const Aggregate& aggregate) {
  if (aggregate.components.size() != 1) return false;
  const Component& component = aggregate.components[0];
  if (component.filter != nullptr || component.inputs.size() != 1) return false;
  const Expr& input = *component.inputs[0];
  if (input.kind() != ExprKind::kColumn) return false;
  if (component.kind == AccumulatorKind::kDistinct) {
    return component.emission == Emission::kCount && KeptValues::can_read(input.type());
  }
  const bool least =
      component.kind == AccumulatorKind::kMin || component.kind == AccumulatorKind::kMax;
  return least && aggregate.rule == FinalRule::kAsIs &&
         input.type().physical() == Physical::kString;
}

std::unique_ptr<OverAggregates> make_indexed_aggregates(OverAggregatesOptions options,
                                                        const OverRows& rows) {
  return std::make_unique<Indexed>(options, rows);
}

}  // namespace velo
