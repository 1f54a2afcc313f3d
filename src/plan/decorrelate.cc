// From the leaves up: a node gives what it gave before, without the conditions that read the query
// around; those come along, with the columns that they need behind the node's own.
//
// 1. WHERE gives up its conjuncts that read the query around.
// 2. A grouping takes the columns that equalities tie to the query around as further keys: what it
//    counted for one row around it now counts for all at once. So with the partitions of numberings
//    and of first rows, and LIMIT n becomes the first n rows of each.
// 3. Everything else hands the columns on, or is refused: then there is no join that says the same.
//
// Invariant: columns 0 … width − 1 of what comes out are those of the plan that went in.
#include <algorithm>
#include <optional>

#include "base/fmt.h"
#include "plan/join_binder.h"
#include "plan/plan_build.h"
#include "plan/subquery.h"

namespace velo {
namespace {

bool reads_outer(const Expr& expr) { return has_stand_in(expr, ExprKind::kOuter); }
bool reads_outer(const std::vector<ExprPtr>& exprs) {
  return std::any_of(exprs.begin(), exprs.end(),
                     [](const ExprPtr& expr) { return reads_outer(*expr); });
}
bool reads_outer(const std::vector<PlanAggregate>& aggregates) {
  return std::any_of(aggregates.begin(), aggregates.end(), [](const PlanAggregate& aggregate) {
    return reads_outer(expressions_of(aggregate));
  });
}
bool reads_outer(const std::vector<PlanOrder>& orders) {
  return std::any_of(orders.begin(), orders.end(),
                     [](const PlanOrder& order) { return reads_outer(*order.key); });
}

/// Whether the node's own expressions do.
bool node_reads_outer(const PlanNode& plan) {
  switch (plan.kind) {
    case PlanKind::kFilter:
      return reads_outer(*plan.as<FilterNode>().predicate);
    case PlanKind::kProject:
      return reads_outer(plan.as<ProjectNode>().exprs);
    case PlanKind::kValues: {
      const auto& rows = plan.as<ValuesNode>().rows;
      return std::any_of(rows.begin(), rows.end(),
                         [](const std::vector<ExprPtr>& row) { return reads_outer(row); });
    }
    case PlanKind::kExpand:
      return reads_outer(plan.as<ExpandNode>().keys);
    case PlanKind::kUnnest:
      return reads_outer(*plan.as<UnnestNode>().list);
    case PlanKind::kWindowAggregate:
      return reads_outer(plan.as<WindowAggregateNode>().keys) ||
             reads_outer(plan.as<WindowAggregateNode>().aggregates);
    case PlanKind::kAggregate:
      return reads_outer(plan.as<AggregateNode>().keys) ||
             reads_outer(plan.as<AggregateNode>().aggregates);
    case PlanKind::kOver:
      return reads_outer(expressions_of(parts_of(plan.as<OverNode>())));
    case PlanKind::kJoin:
      return reads_outer(plan.as<JoinNode>().conjuncts) ||
             reads_outer(plan.as<JoinNode>().compared);
    case PlanKind::kRepeat:
      return reads_outer(*plan.as<RepeatNode>().times);
    case PlanKind::kTopN:
      return reads_outer(plan.as<TopNNode>().partition) || reads_outer(plan.as<TopNNode>().order);
    case PlanKind::kOrderBy:
      return reads_outer(plan.as<OrderByNode>().keys);
    default:
      return false;
  }
}

/// What an aggregate gives over no rows: counts are 0, all else is NULL.
ExprPtr value_over_nothing(const Aggregate& aggregate) {
  bool counts =
      aggregate.rule == FinalRule::kCountOrZero || aggregate.rule == FinalRule::kRegrCount;
  if (aggregate.rule == FinalRule::kAsIs && aggregate.components.size() == 1) {
    const Component& component = aggregate.components[0];
    counts |=
        component.kind == AccumulatorKind::kRowCount ||
        component.kind == AccumulatorKind::kCountValid ||
        component.kind == AccumulatorKind::kHyperLogLog ||
        (component.kind == AccumulatorKind::kDistinct && component.emission == Emission::kCount);
  }
  if (!counts) return make_null(aggregate.type);
  return make_cast(make_integer(0), aggregate.type).value();
}

/// The columns named first, then those that no name was given to before.
PlanPtr project_columns(PlanPtr plan, const std::vector<size_t>& columns, SourceSpan span) {
  std::vector<ExprPtr> exprs;
  std::vector<std::string> names;
  for (const size_t column : columns) {
    exprs.push_back(column_of(*plan, column));
    names.push_back((*plan->schema)[column].name);
  }
  return make_project(std::move(plan), std::move(exprs), std::move(names), span);
}

std::vector<size_t> numbers(size_t begin, size_t end) {
  std::vector<size_t> all;
  for (size_t i = begin; i < end; ++i) all.push_back(i);
  return all;
}

class Decorrelation {
 public:
  Decorrelation(const BindSession& session, SourceSpan span) : session_(session), span_(span) {}

  Result<Decorrelated> take(const PlanPtr& plan) {
    switch (plan->kind) {
      case PlanKind::kFilter:
        return filter(plan->as<FilterNode>());
      case PlanKind::kProject:
        return project(plan->as<ProjectNode>());
      case PlanKind::kAggregate:
        return aggregate(plan->as<AggregateNode>());
      case PlanKind::kOrderBy:
      case PlanKind::kRepeat:
        return pass(plan);
      case PlanKind::kLimit:
        return limit(plan->as<LimitNode>());
      default:
        break;
    }
    if (!velo::reads_outer(*plan)) return Decorrelated{plan, {}, {}};
    switch (plan->kind) {
      case PlanKind::kJoin:
        return join(plan->as<JoinNode>());
      case PlanKind::kWindowAssign:
        return window_assign(plan->as<WindowAssignNode>());
      case PlanKind::kWindowAggregate:
        return window_aggregate(plan->as<WindowAggregateNode>());
      case PlanKind::kTopN:
        return top_n(plan->as<TopNNode>());
      case PlanKind::kOver:
        return over(plan->as<OverNode>());
      case PlanKind::kUnion:
        return refuse("inside a branch of UNION, INTERSECT or EXCEPT");
      case PlanKind::kUnnest:
        return refuse("in UNNEST");
      case PlanKind::kValues:
        return refuse("in VALUES");
      case PlanKind::kExpand:
        return refuse("below GROUPING SETS");
      default:
        return refuse("here");
    }
  }

 private:
  Error refuse(std::string_view where) const {
    return session_
        .not_supported(fmt::format("a sub-query that reads the query around it {}", where), span_)
        .with_hint(
            "it is joined with the rows around it, by the conditions that its own WHERE has on "
            "them; write the join out in FROM");
  }
  Error refuse_unequal(std::string_view what) const {
    return session_
        .not_supported(fmt::format("{} in a sub-query that is tied to the query around it by "
                                   "something other than equalities",
                                   what),
                       span_)
        .with_hint("WHERE inner.column = outer.column is what can become a key");
  }

  /// The input of a node that takes rows as they come: the row that an aggregate gives over nothing
  /// comes for no row around.
  Result<Decorrelated> take_rows(const PlanPtr& plan) {
    Decorrelated in = TRY(take(plan));
    if (!in.over_nothing.empty() && !in.conditions.empty()) {
      return refuse("inside an aggregate without GROUP BY in its FROM");
    }
    in.over_nothing.clear();
    return in;
  }

  Result<Decorrelated> filter(const FilterNode& node) {
    Decorrelated in = TRY(take(node.input()));
    std::vector<ExprPtr> conjuncts;
    split_conjuncts(node.predicate, &conjuncts);
    ExprPtr rest;
    bool ties = !in.conditions.empty();
    for (ExprPtr& conjunct : conjuncts) {
      if (reads_outer(*conjunct)) {
        ties = true;
        in.conditions.push_back(std::move(conjunct));
      } else {
        rest = rest == nullptr ? std::move(conjunct) : TRY(make_and(rest, std::move(conjunct)));
      }
    }
    if (!in.over_nothing.empty() && ties) return refuse("and has HAVING without GROUP BY");
    in.over_nothing.clear();
    if (rest != nullptr) in.plan = make_filter(in.plan, rest, node.span);
    return in;
  }

  Result<Decorrelated> project(const ProjectNode& node) {
    if (reads_outer(node.exprs)) return refuse("in the select list of a query inside it");
    Decorrelated in = TRY(take(node.input()));
    std::vector<ExprPtr> exprs = node.exprs;
    std::vector<std::string> names = column_names(node);
    for (ExprPtr& condition : in.conditions) {
      condition = replace_leaves(condition, ExprKind::kColumn, [&](const ExprPtr& column) {
        size_t at = 0;
        while (at < exprs.size() && !(*exprs[at] == *column)) ++at;
        if (at == exprs.size()) {
          exprs.push_back(column);
          names.push_back(column->name());
        }
        return make_column(at, column->type(), column->name());
      });
    }
    if (!in.over_nothing.empty()) {
      std::vector<ExprPtr> values;
      for (const ExprPtr& expr : node.exprs) {
        values.push_back(substitute_columns(expr, in.over_nothing));
      }
      in.over_nothing = std::move(values);
    }
    in.plan = make_project(in.plan, std::move(exprs), std::move(names), node.span);
    return in;
  }

  Result<Decorrelated> pass(const PlanPtr& plan) {
    if (node_reads_outer(*plan)) return refuse("in ORDER BY");
    Decorrelated in = TRY(take(plan->input()));
    if (plan->kind == PlanKind::kRepeat) {
      in.plan = make_repeat(in.plan, plan->as<RepeatNode>().times, plan->span);
    } else {
      in.plan = make_order_by(in.plan, plan->as<OrderByNode>().keys, plan->span);
    }
    return in;
  }

  Result<Decorrelated> limit(const LimitNode& node) {
    Decorrelated in = TRY(take(node.input()));
    const bool keeps_first = node.offset == 0 && node.limit.value_or(1) > 0;
    if (!in.over_nothing.empty() && keeps_first) return in;
    in.over_nothing.clear();
    if (in.conditions.empty()) {
      in.plan = make_limit(in.plan, node.limit, node.offset, node.span);
      return in;
    }
    if (!node.limit || !keeps_first) return refuse("and has OFFSET or LIMIT 0");
    TopNParts parts;
    parts.partition = TRY(tied_columns(in.conditions, "LIMIT"));
    parts.limit = *node.limit;
    parts.fallback = unbounded_state(session_);
    parts.span = node.span;
    // ORDER BY of something that is not selected stands below the select list.
    PlanPtr ordered = in.plan;
    const bool below =
        ordered->kind == PlanKind::kProject && ordered->input()->kind == PlanKind::kOrderBy;
    if (below) {
      const std::vector<ExprPtr>& exprs = ordered->as<ProjectNode>().exprs;
      for (ExprPtr& key : parts.partition) key = substitute_columns(key, exprs);
      ordered = ordered->input();
    }
    if (ordered->kind == PlanKind::kOrderBy) {
      parts.order = ordered->as<OrderByNode>().keys;
      ordered = ordered->input();
    }
    PlanPtr first = make_top_n(ordered, std::move(parts));
    in.plan = below ? make_project(std::move(first), in.plan->as<ProjectNode>().exprs,
                                   column_names(*in.plan), in.plan->span)
                    : std::move(first);
    return in;
  }

  /// The inner sides of the conditions. Error if one is no equality.
  Result<std::vector<ExprPtr>> tied_columns(const std::vector<ExprPtr>& conditions,
                                            std::string_view what) const {
    std::vector<ExprPtr> columns;
    for (const ExprPtr& condition : conditions) {
      std::vector<size_t> read;
      collect_columns(*condition, &read);
      if (read.empty()) continue;  // of the query around alone
      const std::optional<OuterEquality> equality = outer_equality(*condition);
      if (!equality) return refuse_unequal(what);
      const bool known = std::any_of(columns.begin(), columns.end(), [&](const ExprPtr& column) {
        return *column == *equality->inner;
      });
      if (!known) columns.push_back(equality->inner);
    }
    return columns;
  }

  /// The conditions over columns from `first` on, which hold what they are tied by.
  static void tie_to(const std::vector<ExprPtr>& columns, size_t first, const Schema& schema,
                     std::vector<ExprPtr>* conditions) {
    std::vector<ExprPtr> by;
    for (size_t i = 0; i < columns.size(); ++i) {
      by.push_back(make_column(first + i, columns[i]->type(), schema[first + i].name));
    }
    for (ExprPtr& condition : *conditions) condition = replace_subtrees(condition, columns, by);
  }

  /// Keys that are not there yet are added behind the others.
  static void add_keys(const std::vector<ExprPtr>& columns, GroupingParts* parts) {
    for (const ExprPtr& column : columns) {
      parts->keys.push_back(column);
      parts->key_names.push_back(column->kind() == ExprKind::kColumn
                                     ? column->name()
                                     : fmt::format("key{}", parts->keys.size()));
    }
  }

  /// Puts the columns that a grouping got as further keys behind all others: the `keys` that were,
  /// the rest of the `width` columns that were, the keys that came.
  static Decorrelated keys_behind(Decorrelated in, const std::vector<ExprPtr>& columns, size_t keys,
                                  size_t width, SourceSpan span) {
    std::vector<size_t> order = numbers(0, keys);
    for (const size_t i : numbers(keys + columns.size(), width + columns.size())) {
      order.push_back(i);
    }
    for (const size_t i : numbers(keys, keys + columns.size())) order.push_back(i);
    in.plan = project_columns(in.plan, order, span);
    tie_to(columns, width, *in.plan->schema, &in.conditions);
    return in;
  }

  Result<Decorrelated> aggregate(const AggregateNode& node) {
    if (node_reads_outer(node)) return refuse("inside an aggregate or GROUP BY");
    Decorrelated in = TRY(take_rows(node.input()));
    GroupingParts parts = parts_of(node);
    const size_t keys = parts.keys.size();
    const size_t width = node.schema->size();
    std::vector<ExprPtr> over_nothing;
    for (size_t i = 0; keys == 0 && i < parts.aggregates.size(); ++i) {
      over_nothing.push_back(value_over_nothing(parts.aggregates[i].aggregate));
    }
    in.over_nothing = std::move(over_nothing);
    const std::vector<ExprPtr> columns = TRY(tied_columns(in.conditions, "an aggregate"));
    // Its row over nothing would be one per row around.
    if (!parts.standing.empty() && !in.conditions.empty()) {
      return refuse("inside GROUPING SETS with ()");
    }
    add_keys(columns, &parts);
    if (parts.bound.kind == StateBoundKind::kSingleGroup && !columns.empty()) {
      parts.bound = unbounded_state(session_);
    }
    in.plan = make_aggregate(in.plan, std::move(parts));
    if (columns.empty()) return in;
    return keys_behind(std::move(in), columns, keys, width, node.span);
  }

  Result<Decorrelated> window_aggregate(const WindowAggregateNode& node) {
    if (node_reads_outer(node)) return refuse("inside an aggregate or GROUP BY");
    if (node.late) return refuse("and has LATE DATA TO");
    Decorrelated in = TRY(take_rows(node.input()));
    const std::vector<ExprPtr> columns = TRY(tied_columns(in.conditions, "an aggregate"));
    GroupingParts parts = parts_of(node);
    const size_t keys = parts.keys.size();
    const size_t width = node.schema->size();
    add_keys(columns, &parts);
    in.plan = make_window_aggregate(in.plan, node.window, node.outputs, std::move(parts),
                                    node.lateness_us, node.grace_us, std::nullopt);
    return keys_behind(std::move(in), columns, keys, width, node.span);
  }

  Result<Decorrelated> window_assign(const WindowAssignNode& node) {
    Decorrelated in = TRY(take_rows(node.input()));
    const size_t width = node.input()->schema->size();
    const size_t wide = in.plan->schema->size();
    in.plan = make_window_assign(in.plan, node.window, node.span);
    return behind(std::move(in), width, wide, 3, node.span);
  }

  /// Moves `own` columns that the node put at its end before what was added to its input.
  static Decorrelated behind(Decorrelated in, size_t width, size_t wide, size_t own,
                             SourceSpan span) {
    std::vector<size_t> order = numbers(0, width);
    for (const size_t i : numbers(wide, wide + own)) order.push_back(i);
    for (const size_t i : numbers(width, wide)) order.push_back(i);
    std::vector<size_t> at(order.size());
    for (size_t i = 0; i < order.size(); ++i) at[order[i]] = i;
    for (ExprPtr& condition : in.conditions) condition = remap_columns(condition, at);
    in.plan = project_columns(in.plan, order, span);
    return in;
  }

  Result<Decorrelated> top_n(const TopNNode& node) {
    if (node_reads_outer(node)) return refuse("in a numbering of rows");
    Decorrelated in = TRY(take_rows(node.input()));
    TopNParts parts = parts_of(node);
    for (const ExprPtr& column : TRY(tied_columns(in.conditions, "a numbering of rows"))) {
      parts.partition.push_back(column);
    }
    const size_t wide = in.plan->schema->size();
    in.plan = make_top_n(in.plan, std::move(parts));
    return behind(std::move(in), node.input()->schema->size(), wide, node.with_rank ? 1 : 0,
                  node.span);
  }

  Result<Decorrelated> over(const OverNode& node) {
    if (node_reads_outer(node)) return refuse("inside an OVER");
    Decorrelated in = TRY(take_rows(node.input()));
    OverParts parts = parts_of(node);
    for (const ExprPtr& column : TRY(tied_columns(in.conditions, "OVER"))) {
      parts.partition.push_back(column);
    }
    const size_t wide = in.plan->schema->size();
    in.plan = make_over(in.plan, std::move(parts));
    return behind(std::move(in), node.input()->schema->size(), wide, node.calls.size(), node.span);
  }

  Result<Decorrelated> join(const JoinNode& node) {
    const bool inner = node.join == PlanJoinKind::kInner && !node.asof;
    if (!inner && node_reads_outer(node))
      return refuse("in the condition of a join but an inner one");
    if (node.join == PlanJoinKind::kRight || node.join == PlanJoinKind::kFull || node.asof ||
        (!inner && velo::reads_outer(*node.inputs[1]))) {
      return refuse("on the side of a join whose rows may come out alone");
    }
    Decorrelated left = TRY(take_rows(node.inputs[0]));
    Decorrelated right = TRY(take_rows(node.inputs[1]));
    const size_t left_width = node.inputs[0]->schema->size();
    const size_t right_width = node.inputs[1]->schema->size();
    const size_t left_wide = left.plan->schema->size();
    const size_t right_wide = right.plan->schema->size();
    std::vector<size_t> at = numbers(0, left_width);
    for (const size_t i : numbers(left_wide, left_wide + right_width)) at.push_back(i);
    JoinParts parts = parts_of(node);
    Decorrelated out;
    std::vector<ExprPtr> conjuncts;
    for (const ExprPtr& conjunct : parts.conjuncts) {
      (reads_outer(*conjunct) ? out.conditions : conjuncts).push_back(remap_columns(conjunct, at));
    }
    parts.conjuncts = std::move(conjuncts);
    for (ExprPtr& equality : parts.compared) equality = remap_columns(equality, at);
    std::vector<size_t> moved = numbers(left_wide, left_wide + right_wide);
    for (const ExprPtr& condition : left.conditions) out.conditions.push_back(condition);
    for (const ExprPtr& condition : right.conditions) {
      out.conditions.push_back(remap_columns(condition, moved));
    }
    out.plan = make_join(left.plan, right.plan, std::move(parts));
    // Left columns, right columns, then what was added to each.
    const size_t own = node.schema->size() - left_width;  // of the right side, or the mark
    std::vector<size_t> order = numbers(0, left_width);
    for (const size_t i : numbers(left_wide, left_wide + own)) order.push_back(i);
    for (const size_t i : numbers(left_width, left_wide)) order.push_back(i);
    for (const size_t i : numbers(left_wide + own, out.plan->schema->size())) order.push_back(i);
    std::vector<size_t> place(order.size());
    for (size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    for (ExprPtr& condition : out.conditions) condition = remap_columns(condition, place);
    out.plan = project_columns(out.plan, order, node.span);
    return out;
  }

  const BindSession& session_;
  SourceSpan span_;
};

}  // namespace

bool reads_outer(const PlanNode& plan) {
  return node_reads_outer(plan) ||
         std::any_of(plan.inputs.begin(), plan.inputs.end(),
                     [](const PlanPtr& input) { return reads_outer(*input); });
}

Result<Decorrelated> decorrelate(const BindSession& session, const PlanPtr& plan, SourceSpan span) {
  return Decorrelation(session, span).take(plan);
}

std::optional<OuterEquality> outer_equality(const Expr& condition) {
  if (condition.kind() != ExprKind::kCall || condition.function().name() != "=") return {};
  ExprPtr a = condition.arg(0);
  ExprPtr b = condition.arg(1);
  if (reads_outer(*b)) std::swap(a, b);
  std::vector<size_t> of_a;
  std::vector<size_t> of_b;
  collect_columns(*a, &of_a);
  collect_columns(*b, &of_b);
  if (!reads_outer(*a) || reads_outer(*b) || !of_a.empty() || of_b.empty()) return {};
  if (a->is_volatile() || b->is_volatile()) return {};
  return OuterEquality{std::move(a), std::move(b)};
}

namespace {

bool are_among(const std::vector<ExprPtr>& exprs, const std::vector<size_t>& columns) {
  return std::all_of(exprs.begin(), exprs.end(), [&](const ExprPtr& expr) {
    return expr->kind() == ExprKind::kColumn &&
           std::find(columns.begin(), columns.end(), expr->index()) != columns.end();
  });
}

}  // namespace

bool is_unique_by(const PlanNode& plan, const std::vector<size_t>& columns) {
  switch (plan.kind) {
    case PlanKind::kValues:
      return plan.as<ValuesNode>().rows.size() <= 1;
    case PlanKind::kFilter:
    case PlanKind::kOrderBy:
      return is_unique_by(*plan.input(), columns);
    case PlanKind::kLimit:
      return plan.as<LimitNode>().limit.value_or(2) <= 1 || is_unique_by(*plan.input(), columns);
    case PlanKind::kProject: {
      std::vector<size_t> below;
      for (const size_t column : columns) {
        const Expr& expr = *plan.as<ProjectNode>().exprs[column];
        if (expr.kind() == ExprKind::kColumn) below.push_back(expr.index());
      }
      return is_unique_by(*plan.input(), below);
    }
    case PlanKind::kAggregate:
      for (size_t i = 0; i < plan.as<AggregateNode>().keys.size(); ++i) {
        if (std::find(columns.begin(), columns.end(), i) == columns.end()) return false;
      }
      return true;
    case PlanKind::kTopN:
      return plan.as<TopNNode>().limit == 1 &&
             plan.as<TopNNode>().rank == OverFunction::kRowNumber &&
             are_among(plan.as<TopNNode>().partition, columns);
    case PlanKind::kJoin: {
      const auto& join = plan.as<JoinNode>();
      const bool left_once = join.join == PlanJoinKind::kSemi || join.join == PlanJoinKind::kAnti ||
                             join.join == PlanJoinKind::kMark || join.join == PlanJoinKind::kSingle;
      std::vector<size_t> of_left;
      for (const size_t column : columns) {
        if (column < join.inputs[0]->schema->size()) of_left.push_back(column);
      }
      return left_once && is_unique_by(*join.inputs[0], of_left);
    }
    default:
      return false;
  }
}

}  // namespace velo
