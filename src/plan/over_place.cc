// Where the calls with OVER stand in the plan of their SELECT, and what QUALIFY asks of them.
#include <algorithm>

#include "plan/join_binder.h"
#include "plan/select_binder.h"
#include "plan/top_n_binder.h"

namespace velo {
namespace {

bool equal_orders(const std::vector<PlanOrder>& a, const std::vector<PlanOrder>& b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [](const PlanOrder& x, const PlanOrder& y) {
        return *x.key == *y.key && x.descending == y.descending && x.nulls_first == y.nulls_first;
      });
}

/// Both look at the same rows in the same order.
bool same_over(const BoundOver& a, const BoundOver& b) {
  return equal_orders(a.order, b.order) &&
         std::equal(a.partition.begin(), a.partition.end(), b.partition.begin(), b.partition.end(),
                    [](const ExprPtr& x, const ExprPtr& y) { return *x == *y; });
}

OverParts parts_of(const BoundOver& call) {
  OverParts parts;
  parts.partition = call.partition;
  parts.order = call.order;
  parts.calls.push_back({call.call, call.call.text + " OVER"});
  return parts;
}

}  // namespace

std::vector<ExprPtr> SelectBinder::expressions_of_overs() const {
  std::vector<ExprPtr> all;
  for (const BoundOver& call : overs_.calls()) {
    const std::vector<ExprPtr> exprs = expressions_of(parts_of(call));
    all.insert(all.end(), exprs.begin(), exprs.end());
  }
  if (qualify_ != nullptr) all.push_back(qualify_);
  return all;
}

/// The calls over the columns of the grouping.
Result<std::vector<BoundOver>> SelectBinder::carry_overs() const {
  std::vector<BoundOver> carried;
  for (const BoundOver& call : overs_.calls()) {
    std::optional<Error> error;
    const OverParts parts = rewrite_over(parts_of(call), [&](const ExprPtr& expr) {
      Result<ExprPtr> made = carry_over(expr);
      if (made.has_value()) return std::move(made).value();
      if (!error) error = std::move(made).error();
      return expr;
    });
    if (error) return *error;
    carried.push_back({parts.partition, parts.order, parts.calls[0].call, call.span});
  }
  return carried;
}

/// Puts the calls over `plan`, those that look at the same rows into one node. `exprs` learn where
/// their results have come to stand: call k stands in them as column `first_column` + k.
Result<PlanPtr> SelectBinder::place_overs(PlanPtr plan, const std::vector<BoundOver>& calls,
                                          size_t first_column, const ExprPtr& qualify,
                                          std::vector<ExprPtr>* exprs) const {
  if (calls.empty()) return plan;
  std::vector<size_t> mapping(first_column + calls.size(), 0);
  for (size_t i = 0; i < plan->schema->size(); ++i) mapping[i] = i;
  std::vector<bool> placed(calls.size(), false);
  for (size_t first = 0; first < calls.size(); ++first) {
    if (placed[first]) continue;
    OverParts parts = parts_of(calls[first]);
    parts.calls.clear();
    parts.fallback = unbounded_state(session_);
    parts.span = session_.node_span(calls[first].span);
    for (size_t i = first; i < calls.size(); ++i) {
      if (placed[i] || !same_over(calls[first], calls[i])) continue;
      placed[i] = true;
      mapping[first_column + i] = plan->schema->size() + parts.calls.size();
      parts.calls.push_back({calls[i].call, calls[i].call.text + " OVER"});
    }
    plan = make_over(std::move(plan), std::move(parts));
  }
  for (ExprPtr& expr : *exprs) {
    if (expr != nullptr) expr = remap_columns(expr, mapping);
  }
  if (qualify == nullptr) return plan;
  std::vector<ExprPtr> conjuncts;
  split_conjuncts(remap_columns(qualify, mapping), &conjuncts);
  plan = give_to_numbering(session_, plan, &conjuncts);
  for (const ExprPtr& rest : conjuncts) {
    plan = make_filter(plan, rest, session_.node_span(select_.qualify->span));
  }
  return plan;
}

Status SelectBinder::bind_qualify() {
  if (!select_.qualify) return {};
  qualify_ = TRY(binder("QUALIFY")
                     .allow_aggregates(&aggregates_)
                     .allow_grouping(&groupings_)
                     .allow_over(&overs_, &select_.named_windows)
                     .allow_aliases(&aliases_)
                     .bind_condition(*select_.qualify));
  if (!overs_.empty()) return {};
  return session_.error(ErrorCode::kInvalidStatement, "QUALIFY without an OVER in this SELECT",
                        select_.qualify->span);
}

}  // namespace velo
