// 1. The tree of inner joins is taken apart into its leaves, in the order of FROM, and its
// conditions, over the columns
//    of all leaves.
// 2. From the first leaf on, the next is the first in FROM that a condition ties to what is joined
// already; where
//    none is, one that ends.
// 3. A condition belongs to the first join that has all its columns.
#include "plan/join_order.h"

#include <algorithm>

#include "plan/join_condition.h"
#include "plan/plan_build.h"

namespace velo {
namespace {

/// Whether the leaves below may be joined in another order.
bool is_free(const PlanNode& plan) {
  if (plan.kind != PlanKind::kJoin) return false;
  const auto& node = plan.as<JoinNode>();
  return node.join == PlanJoinKind::kInner && !node.asof && !node.late && node.grace_us == 0;
}

bool is_tied(const JoinNode& node) { return !node.left_keys.empty() || node.times.has_value(); }

bool all_tied(const PlanNode& plan) {
  if (!is_free(plan)) return true;
  return is_tied(plan.as<JoinNode>()) && all_tied(*plan.inputs[0]) && all_tied(*plan.inputs[1]);
}

struct Leaf {
  PlanPtr plan;
  size_t first_column = 0;  ///< in FROM
  PlanStateBound fallback;  ///< of the join that brought it in, as FROM has it
  SourceSpan span;
};

class JoinOrder {
 public:
  explicit JoinOrder(const PlanPtr& plan) { take_apart(plan, 0, {}, {}); }

  PlanPtr run() {
    if (leaves_.size() < 3) return nullptr;
    join_first();
    while (!leaves_.empty()) join_next(choose());
    return std::move(joined_);
  }
  /// Where each column of FROM is now.
  const std::vector<size_t>& places() const { return places_; }

 private:
  void take_apart(const PlanPtr& plan, size_t first, PlanStateBound fallback, SourceSpan span) {
    if (!is_free(*plan)) {
      leaves_.push_back({plan, first, fallback, span});
      columns_ = std::max(columns_, first + plan->schema->size());
      return;
    }
    const auto& node = plan->as<JoinNode>();
    const size_t left = node.inputs[0]->schema->size();
    take_apart(node.inputs[0], first, fallback, span);
    take_apart(node.inputs[1], first + left, node.fallback, node.span);
    std::vector<size_t> shift(plan->schema->size());
    for (size_t i = 0; i < shift.size(); ++i) shift[i] = first + i;
    for (const ExprPtr& conjunct : node.conjuncts) {
      conditions_.push_back(remap_columns(conjunct, shift));
    }
  }

  void join_first() {
    places_.assign(columns_, kNowhere);
    joined_ = leaves_.front().plan;
    place(leaves_.front(), 0);
    leaves_.erase(leaves_.begin());
  }

  void place(const Leaf& leaf, size_t at) {
    for (size_t i = 0; i < leaf.plan->schema->size(); ++i) places_[leaf.first_column + i] = at + i;
  }

  /// The conditions that hold with `leaf` joined next, over the columns as they are then.
  std::vector<ExprPtr> conditions_with(const Leaf& leaf, std::vector<ExprPtr>* others) const {
    std::vector<size_t> places = places_;
    const size_t at = joined_->schema->size();
    for (size_t i = 0; i < leaf.plan->schema->size(); ++i) places[leaf.first_column + i] = at + i;
    std::vector<ExprPtr> ready;
    for (const ExprPtr& condition : conditions_) {
      std::vector<size_t> columns;
      collect_columns(*condition, &columns);
      const bool all = std::all_of(columns.begin(), columns.end(),
                                   [&](size_t column) { return places[column] != kNowhere; });
      if (all) {
        ready.push_back(remap_columns(condition, places));
      } else if (others != nullptr) {
        others->push_back(condition);
      }
    }
    return ready;
  }

  size_t choose() const {
    std::optional<size_t> bounded;
    for (size_t i = 0; i < leaves_.size(); ++i) {
      const Leaf& leaf = leaves_[i];
      const JoinCondition condition =
          sort_join_condition(conditions_with(leaf, nullptr), *joined_, *leaf.plan, false);
      if (!condition.left_keys.empty() || condition.times) return i;
      if (!bounded && leaf.plan->bounded) bounded = i;
    }
    return bounded.value_or(0);
  }

  void join_next(size_t i) {
    const Leaf leaf = leaves_[i];
    leaves_.erase(leaves_.begin() + static_cast<ptrdiff_t>(i));
    std::vector<ExprPtr> others;
    JoinParts parts;
    parts.conjuncts = conditions_with(leaf, &others);
    parts.fallback = leaf.fallback;
    parts.span = leaf.span;
    parts.moved = i > 0;
    conditions_ = std::move(others);
    place(leaf, joined_->schema->size());
    joined_ = make_join(std::move(joined_), leaf.plan, std::move(parts));
  }

  static constexpr size_t kNowhere = SIZE_MAX;
  std::vector<Leaf> leaves_;         // not joined yet
  std::vector<ExprPtr> conditions_;  // not asked yet, over the columns of FROM
  size_t columns_ = 0;
  std::vector<size_t> places_;
  PlanPtr joined_;
};

}  // namespace

PlanPtr order_joins(const PlanPtr& plan) {
  if (all_tied(*plan)) return plan;
  JoinOrder order(plan);
  const PlanPtr joined = order.run();
  if (joined == nullptr) return plan;
  std::vector<ExprPtr> columns = all_columns(*joined);
  std::vector<ExprPtr> as_written;
  for (const size_t place : order.places()) as_written.push_back(columns[place]);
  return make_project(joined, std::move(as_written), column_names(*plan), plan->span);
}

std::optional<uint64_t> source_bytes(const PlanNode& plan) {
  if (plan.kind == PlanKind::kScan) return plan.as<ScanNode>().table->traits.bytes;
  if (plan.kind == PlanKind::kValues) return plan.as<ValuesNode>().rows.size();
  uint64_t all = 0;
  for (const PlanPtr& input : plan.inputs) {
    const std::optional<uint64_t> bytes = source_bytes(*input);
    if (!bytes) return std::nullopt;
    all += *bytes;
  }
  return all;
}

}  // namespace velo
