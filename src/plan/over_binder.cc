// f(x) OVER (…): what of it runs, and where it stands in the plan of its SELECT.
#include <algorithm>

#include "base/fmt.h"
#include "plan/literals.h"
#include "plan/select_binder.h"
#include "plan/top_n_binder.h"

namespace velo {
namespace {

constexpr int64_t kPrecedingMax = 1'000'000;  // a key holds a state per row of its frame

/// How many rows before the row itself belong to the frame; nothing = all.
Result<std::optional<uint64_t>> bind_frame(const BindSession& session, const ast::Over& over) {
  const bool ends_here = over.frame && over.frame->end.kind == ast::BoundKind::kCurrentRow;
  if (!over.frame || over.frame->unit != ast::FrameUnit::kRows || !ends_here) {
    return session.not_supported("OVER (…) but for ROWS … PRECEDING up to the row itself",
                                 over.frame ? over.frame->span : over.span);
  }
  const ast::FrameBound& start = over.frame->start;
  switch (start.kind) {
    case ast::BoundKind::kUnboundedPreceding:
      return std::optional<uint64_t>();
    case ast::BoundKind::kCurrentRow:
      return std::optional<uint64_t>(0);
    case ast::BoundKind::kPreceding:
      break;
    default:
      return session.error(ErrorCode::kInvalidStatement, "a frame that begins behind its end",
                           over.frame->span);
  }
  const int64_t rows = TRY(bind_count(session, *start.distance, "ROWS … PRECEDING"));
  if (rows < 0 || rows > kPrecedingMax) {
    return session.error(ErrorCode::kInvalidStatement,
                         fmt::format("ROWS {} PRECEDING: from 0 to {} rows", rows, kPrecedingMax),
                         start.distance->span);
  }
  return std::optional<uint64_t>(static_cast<uint64_t>(rows));
}

bool same_over(const OverCall& a, const OverCall& b) {
  return !a.numbers && !b.numbers && a.time_column == b.time_column && a.preceding == b.preceding &&
         std::equal(a.partition.begin(), a.partition.end(), b.partition.begin(), b.partition.end(),
                    [](const ExprPtr& x, const ExprPtr& y) { return *x == *y; });
}

}  // namespace

ExprPtr OverList::add(OverCall call) {
  calls_.push_back(std::move(call));
  const size_t column = first_column_ + calls_.size() - 1;
  if (calls_.back().numbers) return make_column(column, Type::bigint(), "row_number");
  const Aggregate& aggregate = calls_.back().aggregate;
  return make_column(column, aggregate.type, aggregate.text + " OVER");
}

/// The event time that OVER is ordered by.
Result<size_t> ExprBinder::bind_over_order(const ast::Over& over) {
  if (over.order_by.empty()) {
    return session_.error(ErrorCode::kInvalidStatement, "OVER (… ROWS …) needs ORDER BY",
                          over.span);
  }
  const ast::OrderItem& first = over.order_by[0];
  const ExprPtr key = TRY(bind(first.expr));
  const bool by_time = key->kind() == ExprKind::kColumn && key->index() < scope_.columns.size() &&
                       scope_.columns[key->index()].traits.event_time;
  if (!by_time || first.descending || over.order_by.size() > 1) {
    return session_.not_supported("OVER (…) in another order than that of an event time",
                                  first.expr.span);
  }
  return key->index();
}

Result<ExprPtr> ExprBinder::bind_over(const ast::Call& call, SourceSpan span) {
  const ast::Over& over = *call.over;
  const bool numbers = equals_ignoring_case(call.name.text, "ROW_NUMBER");
  if (!numbers && !is_aggregate(call.name.text)) {
    return session_.not_supported("OVER (…)", over.span);
  }
  if (overs_ == nullptr || inside_aggregate_) {
    return session_.error(
        ErrorCode::kInvalidStatement,
        fmt::format("OVER cannot stand in {}", inside_aggregate_ ? "an aggregate" : clause_), span);
  }
  if (over.base) return session_.not_supported("OVER with the name of a window", over.span);
  if (over.buffer_rows || over.emit_on_buffer_full || over.expire_after) {
    return session_.not_supported("EMIT or EXPIRE inside OVER (…)", over.span);
  }
  if (numbers) return bind_row_number(call, span);
  OverCall bound;
  bound.span = span;
  bound.preceding = TRY(bind_frame(session_, over));
  bound.time_column = TRY(bind_over_order(over));
  for (const ast::Expr& key : over.partition_by) bound.partition.push_back(TRY(bind(key)));
  bound.aggregate = TRY(bind_aggregate_call(call, span));
  return overs_->add(std::move(bound));
}

Result<ExprPtr> ExprBinder::bind_row_number(const ast::Call& call, SourceSpan span) {
  const ast::Over& over = *call.over;
  if (!call.arguments.empty() || over.frame) {
    return session_.error(ErrorCode::kInvalidStatement,
                          "ROW_NUMBER() takes neither arguments nor a frame", span);
  }
  OverCall bound;
  bound.span = span;
  bound.numbers = true;
  for (const ast::Expr& key : over.partition_by) bound.partition.push_back(TRY(bind(key)));
  for (const ast::OrderItem& item : over.order_by) {
    PlanOrder order;
    order.key = TRY(bind(item.expr));
    order.descending = item.descending;
    order.nulls_first = item.nulls_first.value_or(item.descending);
    bound.order.push_back(std::move(order));
  }
  return overs_->add(std::move(bound));
}

PlanStateBound SelectBinder::over_bound(const OverCall& call, const PlanNode& input) const {
  if (input.bounded) return {StateBoundKind::kBoundedInput, 0};
  if (call.partition.empty()) return {StateBoundKind::kSingleGroup, 0};
  if (session_.setting("state.unbounded") == "allow") return {StateBoundKind::kAllowed, 0};
  return {StateBoundKind::kWarned, 0};
}

/// Puts the calls over `plan`, those that look at the same rows into one node. `exprs` learn where
/// their results have come to stand.
Result<PlanPtr> SelectBinder::place_overs(PlanPtr plan, std::vector<ExprPtr>* exprs) const {
  const std::vector<OverCall>& calls = overs_.calls();
  if (calls.empty()) return plan;
  const bool numbers_only =
      std::all_of(calls.begin(), calls.end(), [](const OverCall& call) { return call.numbers; });
  if (plan->changelog.changing && !numbers_only) {
    return session_.not_supported("OVER (…) over a result that changes", calls[0].span);
  }
  std::vector<size_t> mapping(overs_.first_column() + calls.size(), 0);
  for (size_t i = 0; i < plan->schema->size(); ++i) mapping[i] = i;
  std::vector<bool> placed(calls.size(), false);
  for (size_t first = 0; first < calls.size(); ++first) {
    if (placed[first]) continue;
    if (calls[first].numbers) {
      mapping[overs_.first_column() + first] = plan->schema->size();
      plan = make_row_number(std::move(plan), calls[first].partition, calls[first].order,
                             "row_number", session_.node_span(calls[first].span));
      continue;
    }
    OverParts parts;
    parts.partition = calls[first].partition;
    parts.time_column = calls[first].time_column;
    parts.preceding = calls[first].preceding;
    parts.bound = over_bound(calls[first], *plan);
    parts.span = session_.node_span(calls[first].span);
    for (size_t i = first; i < calls.size(); ++i) {
      if (placed[i] || !same_over(calls[first], calls[i])) continue;
      placed[i] = true;
      mapping[overs_.first_column() + i] = plan->schema->size() + parts.aggregates.size();
      parts.aggregates.push_back({calls[i].aggregate, calls[i].aggregate.text + " OVER"});
    }
    plan = make_over(std::move(plan), std::move(parts));
  }
  for (ExprPtr& expr : *exprs) {
    if (expr != nullptr) expr = remap_columns(expr, mapping);
  }
  if (qualify_ == nullptr) return plan;
  std::vector<ExprPtr> conjuncts;
  split_conjuncts(remap_columns(qualify_, mapping), &conjuncts);
  plan = give_to_numbering(session_, plan, &conjuncts);
  for (const ExprPtr& rest : conjuncts) {
    plan = make_filter(plan, rest, session_.node_span(select_.qualify->span));
  }
  return plan;
}

Status SelectBinder::bind_qualify() {
  if (!select_.qualify) return {};
  qualify_ = TRY(binder("QUALIFY").allow_over(&overs_).allow_aliases(&aliases_).bind_condition(
      *select_.qualify));
  if (!overs_.empty()) return {};
  return session_.error(ErrorCode::kInvalidStatement, "QUALIFY without an OVER in this SELECT",
                        select_.qualify->span);
}

}  // namespace velo
