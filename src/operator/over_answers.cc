#include "operator/over_answers.h"

#include <algorithm>
#include <set>

#include "column/row_width.h"
#include "expr/over_functions.h"
#include "operator/over_ranks.h"
#include "operator/partition_rows.h"

namespace velo {
namespace {

/// Those that find rows by their indexes.
bool is_indexed(const OverCall& call, bool whole) {
  return call.function == OverFunction::kAggregate && !whole &&
         call.frame.start.unit != OverBound::Unit::kUnbounded &&
         follows_from_indexes(call.aggregate);
}
/// Those that are made anew for every frame.
bool is_listed(const OverCall& call, bool whole) {
  return (whole || call.frame.start.unit != OverBound::Unit::kUnbounded) &&
         follows_from_lists(call.aggregate);
}
/// Aggregates that keep values are one state per partition, not one per row.
bool slides(const OverCall& call) { return !merges_cheaply(call.aggregate); }
/// Those that find what belongs to rows by their handles.
bool asks_for_handles(const OverCall& call) {
  return call.function == OverFunction::kAggregate && !slides(call) &&
         !follows_from_numbers(call.aggregate);
}

/// The n-th row behind, or one further behind: of a row that is answered later than it comes these
/// are rows that wait too.
bool only_asks_ahead(const OverCall& call) {
  const OverBound& start = call.frame.start;
  return call.function != OverFunction::kAggregate && start.unit == OverBound::Unit::kRows &&
         start.distance >= 0;
}
/// A row is looked at once, as it enters the frames, of which the first is its own or one before.
bool only_asks_as_it_waits(const OverCall& call) {
  return OverNavigation::keeps_values(call) && !call.frame.end.ends_before();
}
/// A column of PARTITION BY whose values are those of the partition's key.
bool is_like_key(const OverOptions& options, size_t column) {
  return column != options.time_column && is_told_by_key((*options.input)[column].type) &&
         std::ranges::find(options.partition, column) != options.partition.end();
}

/// The row's peers and all before them, to say how many these are.
OverFrame up_to_peers() {
  OverFrame frame;
  frame.end.unit = OverBound::Unit::kGroups;
  return frame;
}

}  // namespace

void add_columns_of(const OverCall& call, std::set<size_t>* columns) {
  const auto add = [columns](const ExprPtr& expr) {
    if (expr == nullptr) return;
    std::vector<size_t> read;
    collect_columns(*expr, &read);
    columns->insert(read.begin(), read.end());
  };
  add(call.argument);
  add(call.otherwise);
  for (const Component& component : call.aggregate.components) {
    for (const ExprPtr& input : component.inputs) add(input);
    for (const ListOrder& order : component.order) add(order.key);
    add(component.filter);
  }
}

OverRows::Options rows_for(const OverOptions& options, bool whole, bool delayed) {
  OverRows::Options rows;
  rows.schema = options.input;
  rows.order = options.order;
  rows.whole = whole;
  rows.handles = whole;
  std::set<size_t> kept, until_answered;
  const auto has = [](const OverFrame& frame, OverBound::Unit unit) {
    return frame.start.unit == unit || frame.end.unit == unit;
  };
  for (const OverCall& call : options.calls) {
    rows.peers |= asks_for_peers(call.function);
    if (!call.has_frame()) continue;
    rows.peers_behind |= has(call.frame, OverBound::Unit::kGroups);
    rows.ranges |= has(call.frame, OverBound::Unit::kRange);
    const bool indexed = is_indexed(call, whole);
    rows.handles |= !indexed && asks_for_handles(call);
    const bool asks = call.function != OverFunction::kAggregate || indexed || slides(call);
    if (!asks) continue;
    const bool waits =
        (delayed && only_asks_ahead(call)) || (!whole && only_asks_as_it_waits(call));
    add_columns_of(call, waits ? &until_answered : &kept);
  }
  rows.peers |= rows.peers_behind;
  for (size_t column = 0; column < options.input->size(); ++column) {
    if (kept.count(column) > 0) continue;
    const bool known =
        is_like_key(options, column) || (rows.ranges && column == options.time_column);
    if (until_answered.count(column) > 0 || (delayed && !known)) rows.waiting.push_back(column);
  }
  rows.kept.assign(kept.begin(), kept.end());
  return rows;
}

size_t read_bytes(const OverOptions& options) {
  std::set<size_t> read;
  for (const OverCall& call : options.calls) {
    if (!call.has_frame()) continue;
    // From the partition's start on nothing of a row is kept once it is in the frame of another.
    const bool from_start = call.frame.start.unit == OverBound::Unit::kUnbounded;
    if (from_start && !call.frame.end.ends_before()) continue;
    for (const ExprPtr& expr : expressions_read(call)) {
      std::vector<size_t> columns;
      collect_columns(*expr, &columns);
      read.insert(columns.begin(), columns.end());
    }
    if (call.frame.start.unit == OverBound::Unit::kRange ||
        call.frame.end.unit == OverBound::Unit::kRange) {
      read.insert(options.order[0].column);
    }
    if (call.frame.start.unit != OverBound::Unit::kGroups) continue;
    for (const SortKey& key : options.order) read.insert(key.column);
  }
  std::vector<Field> fields;
  for (const size_t column : read) fields.push_back((*options.input)[column]);
  return row_width(*make_schema(std::move(fields)));
}

OverAnswers::OverAnswers(const OverOptions& options, bool whole, OverRows& rows)
    : options_(options), whole_(whole), rows_(rows) {
  framed_.reserve(options.calls.size());
  for (size_t call = 0; call < options.calls.size(); ++call) add(call);
  for (Framed& framed : framed_) make_aggregates(framed);
}

OverAnswers::Framed& OverAnswers::framed_by(const OverFrame& frame) {
  for (Framed& framed : framed_) {
    if (framed.cursor.frame() == frame) return framed;
  }
  return framed_.emplace_back(OverCursor(frame, rows_));
}

void OverAnswers::add(size_t index) {
  const OverCall& call = options_.calls[index];
  if (!call.has_frame()) {
    const bool counts_peers = call.function == OverFunction::kCumeDist;
    // Other ranks have no frame; the one that stands for none begins and ends with its partition.
    framed_by(counts_peers ? up_to_peers() : OverFrame()).rank_calls.push_back(index);
    return;
  }
  Framed& framed = framed_by(call.frame);
  if (call.function != OverFunction::kAggregate) {
    framed.navigations.emplace_back(call, whole_, rows_);
    framed.navigation_calls.push_back(index);
  } else {
    Framed::Aggregates& kind = is_indexed(call, whole_)               ? framed.indexed
                               : is_listed(call, whole_)              ? framed.lists
                               : slides(call)                         ? framed.sliding
                               : follows_from_numbers(call.aggregate) ? framed.numbers
                                                                      : framed.merged;
    kind.calls.push_back(index);
  }
}

void OverAnswers::make_aggregates(Framed& framed) {
  const auto options_for = [&](const std::vector<size_t>& calls) {
    OverAggregatesOptions options{
        options_.input, {}, framed.cursor.starts_with_partition(), whole_};
    for (const size_t call : calls) options.aggregates.push_back(options_.calls[call].aggregate);
    return options;
  };
  const auto make = [&](Framed::Aggregates& kind, auto make_aggregates_of) {
    if (!kind.calls.empty()) kind.made = make_aggregates_of(options_for(kind.calls), rows_);
  };
  make(framed.numbers, make_number_aggregates);
  make(framed.indexed, make_indexed_aggregates);
  make(framed.lists, make_list_aggregates);
  make(framed.merged, make_merged_aggregates);
  make(framed.sliding, make_sliding_aggregates);
}

void OverAnswers::arrive(const Batch& batch, EvaluationContext& context) {
  each_aggregates([&](OverAggregates& made) { made.arrive(batch, context); });
}

std::vector<ColumnPtr> OverAnswers::answer(const OverTurn& turn, EvaluationContext& context,
                                           RowErrors& errors) {
  std::vector<ColumnPtr> columns(options_.calls.size());
  const auto place = [&columns](const std::vector<size_t>& calls, std::vector<ColumnPtr> made) {
    for (size_t i = 0; i < calls.size(); ++i) columns[calls[i]] = std::move(made[i]);
  };
  for (Framed& framed : framed_) {
    if (framed.has_calls() || framed.cursor.frame() == up_to_peers()) {
      framed.cursor.find(turn, &framed.spans);
    }
    const OverSpans& spans = framed.spans;
    for (const auto* kind : framed.kinds()) {
      if (kind->made) place(kind->calls, kind->made->answer(turn, spans, context, errors));
    }
    for (size_t i = 0; i < framed.navigations.size(); ++i) {
      columns[framed.navigation_calls[i]] = framed.navigations[i].answer(turn, spans);
    }
    for (const size_t call : framed.rank_calls) {
      columns[call] = rank_column(options_.calls[call], rows_, turn, spans);
    }
  }
  return columns;
}

uint64_t OverAnswers::low(uint32_t group, uint64_t next) const {
  uint64_t low = UINT64_MAX;
  for (const Framed& framed : framed_) {
    if (!framed.has_calls()) continue;
    const OverNextFrame frame = framed.cursor.next_frame(group, next);
    low = std::min(low, framed.cursor.low(group));
    for (const auto* kind : framed.kinds()) {
      if (kind->made) low = std::min(low, kind->made->low(group, frame));
    }
    for (const OverNavigation& navigation : framed.navigations) {
      low = std::min(low, navigation.low(group, frame));
    }
  }
  return low;
}

void OverAnswers::forget_rows(std::span<const uint32_t> handles) {
  each_aggregates([&](OverAggregates& aggregates) { aggregates.forget_rows(handles); });
}

void OverAnswers::forget(uint32_t group) {
  each_aggregates([&](OverAggregates& aggregates) { aggregates.forget(group); });
  for (Framed& framed : framed_) {
    framed.cursor.forget(group);
    for (OverNavigation& navigation : framed.navigations) navigation.forget(group);
  }
}

void OverAnswers::settle() {
  each_aggregates([](OverAggregates& aggregates) { aggregates.settle(); });
}

void OverAnswers::clear() {
  each_aggregates([](OverAggregates& aggregates) { aggregates.clear(); });
  for (Framed& framed : framed_) {
    framed.cursor.clear();
    for (OverNavigation& navigation : framed.navigations) navigation.clear();
  }
}

void OverAnswers::save(std::span<const uint32_t> groups, std::span<const uint32_t> handles,
                       SnapshotWriter& writer) const {
  for (const Framed& framed : framed_) {
    framed.cursor.save(groups, writer);
    for (const OverNavigation& navigation : framed.navigations) {
      navigation.save(groups, writer);
    }
  }
  each_aggregates([&](const OverAggregates& made) { made.save(groups, handles, writer); });
}

Status OverAnswers::load(std::span<const uint32_t> groups, size_t rows, SnapshotReader& reader) {
  for (Framed& framed : framed_) {
    TRY(framed.cursor.load(groups, reader));
    for (OverNavigation& navigation : framed.navigations) {
      TRY(navigation.load(groups, reader));
    }
  }
  for (Framed& framed : framed_) {
    for (const auto* kind : framed.kinds()) {
      if (kind->made) TRY(kind->made->load(groups, rows, reader));
    }
  }
  return {};
}

StateBytes OverAnswers::memory_bytes() const {
  StateBytes bytes;
  each_aggregates([&](const OverAggregates& made) { bytes += made.memory_bytes(); });
  for (const Framed& framed : framed_) {
    bytes += framed.cursor.memory_bytes();
    for (const OverNavigation& navigation : framed.navigations) bytes += navigation.memory_bytes();
  }
  return bytes;
}

}  // namespace velo
