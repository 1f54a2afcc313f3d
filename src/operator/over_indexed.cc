// Aggregates that say which rows of a frame count, by index: rows keep nothing for them but the
// column that they read.
//
// 1. For every row that is answered, the rows that its frame has more enter, and then those that it
//    has no more leave.
// 2. The least value is that of the first of the rows that nothing behind them outdoes
//    (RowIndexes); the different values are those of the rows that are the last of their value
//    (LastOfValues); the first and the last are of one row.
//
// Invariant: all of it is of the rows [left, entered) of a partition.
#include <algorithm>
#include <numeric>
#include <utility>

#include "column/column_builder.h"
#include "operator/over_aggregates.h"
#include "operator/over_values.h"
#include "operator/row_indexes.h"

namespace velo {
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
  virtual ColumnPtr answers(std::span<const uint32_t> groups, RowErrors& errors) = 0;
  virtual StateBytes memory_bytes() const = 0;
};

class LeastValue final : public OverIndex {
 public:
  LeastValue(const OverRows& rows, const KeptValues& values, bool greatest)
      : rows_(rows), values_(values), greatest_(greatest) {}

  void resize(size_t groups) override { grow_to(outdone_, groups); }
  void enter(uint32_t group, uint64_t low, uint64_t index) override {
    if (values_.is_left_out(group, index)) return;
    RowIndexes& rows = outdone_[group];
    while (!rows.empty()) {
      const int order = values_.order(group, index, rows.back(low));
      if (greatest_ ? order < 0 : order > 0) break;
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
  ColumnPtr answers(std::span<const uint32_t> groups, RowErrors&) override {
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

/// The first row of the frame that counts, or the last.
class EdgeValue final : public OverIndex {
 public:
  EdgeValue(const OverRows& rows, const KeptValues& values, bool last)
      : rows_(rows), values_(values), last_(last) {}

  void resize(size_t groups) override { grow_to(edges_, groups); }
  void enter(uint32_t group, uint64_t, uint64_t index) override {
    Edge& edge = edges_[group];
    edge.entered = index + 1;
    if ((last_ || edge.row == OverRows::kNoRow) && !values_.is_left_out(group, index)) {
      edge.row = index;
    }
  }
  void leave(uint32_t group, uint64_t index) override {
    Edge& edge = edges_[group];
    if (edge.row != index) return;
    edge.row = OverRows::kNoRow;
    for (uint64_t at = index + 1; !last_ && at < edge.entered; ++at) {
      if (values_.is_left_out(group, at)) continue;
      edge.row = at;
      return;
    }
  }
  void forget(uint32_t group) override {
    if (group < edges_.size()) edges_[group] = Edge();
  }
  void note(uint32_t group, uint64_t) override { found_.push_back(edges_[group].row); }
  ColumnPtr answers(std::span<const uint32_t> groups, RowErrors&) override {
    ColumnPtr column = rows_.gather(values_.column(), groups, found_);
    found_.clear();
    return column;
  }
  StateBytes memory_bytes() const override { return {edges_.capacity() * sizeof(Edge), 0}; }

 private:
  struct Edge {
    uint64_t row = OverRows::kNoRow;
    uint64_t entered = 0;
  };
  const OverRows& rows_;
  KeptValues values_;
  bool last_;
  std::vector<Edge> edges_;      // by group
  std::vector<uint64_t> found_;  // of this turn
};

class DistinctValues : public OverIndex {
 public:
  explicit DistinctValues(const KeptValues& values) : values_(values) {}

  void resize(size_t groups) override { grow_to(last_, groups); }
  void enter(uint32_t group, uint64_t low, uint64_t index) override {
    if (!values_.is_left_out(group, index)) last_[group].enter(values_, group, low, index);
  }
  void leave(uint32_t group, uint64_t index) override {
    if (!values_.is_left_out(group, index)) last_[group].leave(values_, group, index);
  }
  void forget(uint32_t group) override {
    if (group < last_.size()) last_[group] = LastOfValues();
  }
  StateBytes memory_bytes() const override {
    StateBytes bytes{last_.capacity() * sizeof(LastOfValues), 0};
    for (const LastOfValues& last : last_) bytes.rows += last.memory_bytes();
    return bytes;
  }

 protected:
  KeptValues values_;
  std::vector<LastOfValues> last_;  // by group
};

class DistinctCount final : public DistinctValues {
 public:
  using DistinctValues::DistinctValues;
  void note(uint32_t group, uint64_t) override {
    counts_.push_back(static_cast<int64_t>(last_[group].size()));
  }
  ColumnPtr answers(std::span<const uint32_t>, RowErrors&) override {
    ColumnBuilder builder(Type::bigint(), counts_.size());
    for (const int64_t count : counts_) builder.append_int64(count);
    counts_.clear();
    return builder.finish();
  }

 private:
  std::vector<int64_t> counts_;  // of this turn
};

/// What follows from a list of the values, ascending. The lists of a turn are never there at once.
class DistinctList final : public DistinctValues {
 public:
  DistinctList(const OverRows& rows, const KeptValues& values, Aggregate aggregate)
      : DistinctValues(values), rows_(rows), aggregate_(std::move(aggregate)) {}
  void note(uint32_t group, uint64_t low) override {
    last_[group].each(low, [&](uint64_t index) {
      groups_.push_back(group);
      indexes_.push_back(index);
    });
    ends_.push_back(static_cast<uint32_t>(groups_.size()));
    if (groups_.size() >= kElementsPerPiece) make_piece();
  }
  ColumnPtr answers(std::span<const uint32_t>, RowErrors& errors) override {
    make_piece();
    for (const RowError& error : errors_.raw()) errors.add(error.row, error.code, error.message);
    errors_ = RowErrors();
    answered_ = 0;
    return concat(std::exchange(pieces_, {}));
  }

 private:
  static constexpr size_t kElementsPerPiece = 65'536;  // about so many

  void make_piece() {
    const ColumnPtr values = rows_.gather(values_.column(), groups_, indexes_);
    Selection order(values->size());
    std::iota(order.begin(), order.end(), uint32_t{0});
    auto offsets = Buffer::allocate((ends_.size() + 1) * sizeof(uint32_t));
    offsets->as<uint32_t>()[0] = 0;
    std::copy(ends_.begin(), ends_.end(), offsets->as<uint32_t>() + 1);
    uint32_t begin = 0;
    for (const uint32_t end : ends_) {
      std::sort(order.begin() + begin, order.begin() + end,
                [&](uint32_t a, uint32_t b) { return compare_rows(*values, a, *values, b) < 0; });
      begin = end;
    }
    const ColumnPtr lists = Column::list(Type::array(values->type()), ends_.size(),
                                         std::move(offsets), {gather(values, order)});
    RowErrors failed;
    pieces_.push_back(finalise_aggregate(aggregate_, {&lists, 1}, ends_.size(), failed));
    for (const RowError& error : failed.raw()) {
      errors_.add(answered_ + error.row, error.code, error.message);
    }
    answered_ += static_cast<uint32_t>(ends_.size());
    groups_.clear(), indexes_.clear(), ends_.clear();
  }

  const OverRows& rows_;
  Aggregate aggregate_;
  // Of this turn: the values of the piece at work, and what is done.
  std::vector<uint32_t> groups_;
  std::vector<uint64_t> indexes_;
  std::vector<uint32_t> ends_;
  std::vector<ColumnPtr> pieces_;
  RowErrors errors_;
  uint32_t answered_ = 0;
};

class Indexed final : public OverAggregates {
 public:
  Indexed(const OverAggregatesOptions& options, const OverRows& rows) : rows_(rows) {
    for (const Aggregate& aggregate : options.aggregates) {
      const Component& component = aggregate.components[0];
      const Expr& input = *component.inputs[0];
      const int filter = component.filter ? static_cast<int>(component.filter->index()) : -1;
      const KeptValues values(rows, input.index(), input.type(), filter);
      const bool greatest = component.kind == AccumulatorKind::kMax;
      const bool last = component.kind == AccumulatorKind::kLast;
      if (greatest || component.kind == AccumulatorKind::kMin) {
        indexes_.push_back(std::make_unique<LeastValue>(rows, values, greatest));
      } else if (last || component.kind == AccumulatorKind::kFirst) {
        indexes_.push_back(std::make_unique<EdgeValue>(rows, values, last));
      } else if (component.emission == Emission::kValues) {
        indexes_.push_back(std::make_unique<DistinctList>(rows, values, aggregate));
      } else {
        indexes_.push_back(std::make_unique<DistinctCount>(values));
      }
    }
  }

  void arrive(const Batch&, EvaluationContext&) override {}
  std::vector<ColumnPtr> answer(const OverTurn& turn, const OverSpans& spans, EvaluationContext&,
                                RowErrors& errors) override {
    grow();
    std::vector<ColumnPtr> columns;
    for (size_t i = 0; i < turn.size(); ++i) {
      move_to(turn.groups[i], spans.starts[i], spans.ends[i]);
      const uint64_t low = places_[turn.groups[i]].left;
      for (const auto& index : indexes_) index->note(turn.groups[i], low);
    }
    for (const auto& index : indexes_) columns.push_back(index->answers(turn.groups, errors));
    return columns;
  }

  uint64_t low(uint32_t group, const OverNextFrame&) const override {
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
  const auto is_column = [](const ExprPtr& expr) { return expr->kind() == ExprKind::kColumn; };
  if (component.inputs.size() != 1 || !is_column(component.inputs[0])) return false;
  if (component.filter != nullptr && !is_column(component.filter)) return false;
  const Type& type = component.inputs[0]->type();
  switch (component.kind) {
    case AccumulatorKind::kFirst:
    case AccumulatorKind::kLast:
      return true;
    case AccumulatorKind::kDistinct:
    case AccumulatorKind::kHyperLogLog:
      return !type.is_nested();
    case AccumulatorKind::kMin:
    case AccumulatorKind::kMax:
      return !type.is_nested() && !follows_from_numbers(aggregate);
    default:
      return false;
  }
}

std::unique_ptr<OverAggregates> make_indexed_aggregates(OverAggregatesOptions options,
                                                        const OverRows& rows) {
  return std::make_unique<Indexed>(options, rows);
}

}  // namespace velo
