#pragma once

#include <functional>
#include <string>
#include <vector>

#include "plan/plan_node.h"

namespace velo {

/// Nodes with their schema, traits, changelog and bounds worked out from their inputs. The binder
/// and the rewrites make nodes through these alone, so that the two cannot disagree.

/// The columns of the table that `columns` lists (ascending), computed and METADATA ones included,
/// then the fields of ROW columns that `paths` gives, over the table's columns. The watermark is
/// kept if its column is among the columns.
PlanPtr make_scan(TableDefPtr table, const std::vector<size_t>& columns, bool with_watermark,
                  SourceSpan span, std::vector<ExprPtr> paths = {});
/// `key`: columns of the input, whose rows are changes by key.
PlanPtr make_normalize(PlanPtr input, std::vector<size_t> key, PlanStateBound bound,
                       SourceSpan span);
PlanPtr make_keep_last(PlanPtr input, std::vector<size_t> key, PlanStateBound bound,
                       SourceSpan span);
PlanPtr make_to_changelog(PlanPtr input, std::string op, std::vector<size_t> key,
                          std::array<std::optional<std::string>, 4> codes, SourceSpan span);
PlanPtr make_from_changelog(PlanPtr input, size_t op,
                            std::map<std::string, int64_t, std::less<>> weights, SourceSpan span);
PlanPtr make_values(std::vector<Field> fields, std::vector<std::vector<ExprPtr>> rows,
                    SourceSpan span);
PlanPtr make_filter(PlanPtr input, ExprPtr predicate, SourceSpan span);
/// REQUIRES: one name per expression.
PlanPtr make_project(PlanPtr input, std::vector<ExprPtr> exprs, std::vector<std::string> names,
                     SourceSpan span);
/// `name` of the column that is appended. REQUIRES: the input only grows.
PlanPtr make_processing_time(PlanPtr input, std::string name, SourceSpan span);
/// The input with that instead of a column which is the wall clock.
PlanPtr stamp_column(const PlanPtr& input, size_t column, SourceSpan span);
PlanPtr make_window_assign(PlanPtr input, PlanWindow window, SourceSpan span);

/// REQUIRES: one name per key; for every set as many truth values as keys.
PlanPtr make_expand(PlanPtr input, std::vector<ExprPtr> keys, std::vector<std::string> key_names,
                    std::vector<std::vector<bool>> sets, SourceSpan span);
/// What UNNEST says of the list; `names` of the columns that it adds.
struct UnnestParts {
  ExprPtr list;
  bool ordinality = false;
  bool keep_empty = false;
  std::vector<std::string> names;
  SourceSpan span;
};
/// REQUIRES: as many names as columns are added.
PlanPtr make_unnest(PlanPtr input, UnnestParts parts);
UnnestParts parts_of(const UnnestNode& node);
/// The types of the columns that the elements of an ARRAY or MAP become.
std::vector<Field> element_columns(const Type& list);

/// What GROUP BY says; `names` of the keys.
struct GroupingParts {
  std::vector<ExprPtr> keys;
  std::vector<std::string> key_names;
  std::vector<PlanAggregate> aggregates;
  bool grouping_sets = false;
  std::vector<int64_t> standing;
  bool partial = false;  ///< see AggregateNode
  std::string clause;
  PlanEmit emit;
  PlanStateBound bound;
  SourceSpan span;
  SourceSpan emit_span;  ///< of EMIT or ALLOWED LATENESS; empty = not written
};
PlanPtr make_window_aggregate(PlanPtr input, PlanWindow window, WindowOutputs outputs,
                              GroupingParts parts, int64_t lateness_us, int64_t grace_us,
                              std::optional<PlanLateOutput> late);
PlanPtr make_aggregate(PlanPtr input, GroupingParts parts);
/// What OVER says.
struct OverParts {
  std::vector<ExprPtr> partition;
  std::vector<PlanOrder> order;
  std::vector<PlanOverCall> calls;
  PlanStateBound fallback;
  SourceSpan span;
};
PlanPtr make_over(PlanPtr input, OverParts parts);
OverParts parts_of(const OverNode& node);
/// REQUIRES: equal types; the names are the first input's.
PlanPtr make_union(std::vector<PlanPtr> inputs, SourceSpan span);
PlanPtr make_repeat(PlanPtr input, ExprPtr times, SourceSpan span);
/// What is said of rows that are dealt anew; see RepartitionNode.
struct RepartitionParts {
  std::vector<ExprPtr> keys;
  std::string topic;
  std::string reason;
  std::vector<std::string> like = {};
  bool has_origins = false;
};
PlanPtr make_repartition(PlanPtr input, RepartitionParts parts, SourceSpan span);
RepartitionParts parts_of(const RepartitionNode& node);
/// What a join asks of its rows; see JoinNode.
struct JoinParts {
  PlanJoinKind kind = PlanJoinKind::kInner;
  std::vector<ExprPtr> conjuncts;
  int64_t grace_us = 0;
  bool asof = false;
  PlanStateBound fallback = {};
  SourceSpan span = {};
  std::optional<PlanLateOutput> late = {};
  bool moved = false;
  std::vector<ExprPtr> compared = {};
  std::string mark = {};
  bool one_row = false;
};
PlanPtr make_join(PlanPtr left, PlanPtr right, JoinParts parts);
JoinParts parts_of(const JoinNode& node);
/// How much later than the value of an event time or window bound its rows may still come to an
/// operator that takes rows of equal time together: +1 µs, or less for columns of windows.
int64_t arrival_shift_us(const PlanNode& plan, size_t column);

/// The event time that all rows of a partition have in common, if there is one.
std::optional<size_t> partition_time(const PlanNode& input, const std::vector<ExprPtr>& partition);
/// What is asked of the first rows; `name` of the number's column, "" = it is not given.
struct TopNParts {
  std::vector<ExprPtr> partition;
  std::vector<PlanOrder> order;
  OverFunction rank = OverFunction::kRowNumber;
  int64_t limit = 1;
  std::string name;
  PlanStateBound fallback;
  SourceSpan span;
};
PlanPtr make_top_n(PlanPtr input, TopNParts parts);
TopNParts parts_of(const TopNNode& node);
PlanPtr make_order_by(PlanPtr input, std::vector<PlanOrder> keys, SourceSpan span);
PlanPtr make_limit(PlanPtr input, std::optional<int64_t> limit, int64_t offset, SourceSpan span);
PlanPtr make_shared_plan(std::string name, PlanPtr input, SourceSpan span);
PlanPtr make_sink(PlanPtr input, TableDefPtr table, std::vector<size_t> columns,
                  SinkEncoding encoding, SourceSpan span);

/// The same node over other inputs of the same shape.
PlanPtr with_inputs(const PlanPtr& node, std::vector<PlanPtr> inputs);

using ExprRewrite = std::function<ExprPtr(const ExprPtr&)>;
/// The aggregate with its inputs, filter and order rewritten.
PlanAggregate rewrite_aggregate(const PlanAggregate& aggregate, const ExprRewrite& rewrite);
/// All expressions of an aggregate.
std::vector<ExprPtr> expressions_of(const PlanAggregate& aggregate);
/// The same of all that OVER says.
OverParts rewrite_over(OverParts parts, const ExprRewrite& rewrite);
std::vector<ExprPtr> expressions_of(const OverParts& parts);
/// The grouping of a node, as make_aggregate and make_window_aggregate took it.
GroupingParts parts_of(const AggregateNode& node);
GroupingParts parts_of(const WindowAggregateNode& node);

/// The type of window_start and window_end for a time column of this type.
Type window_bound_type(const Type& time);

/// Columns 0 … n-1 of a plan as expressions, and its names.
std::vector<ExprPtr> all_columns(const PlanNode& plan);
std::vector<std::string> column_names(const PlanNode& plan);
ExprPtr column_of(const PlanNode& plan, size_t index);

}  // namespace velo
