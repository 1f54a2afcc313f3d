// Sub-queries on their way into joins.
//
// 1. A conjunct of WHERE that is EXISTS or IN itself keeps rows that have a partner: a semi join.
//    NOT EXISTS keeps those that have none: an anti join. So does NOT IN where something other than
//    equalities tells which rows count: its partners are those that do not differ for certain.
// 2. Everything else adds a column: a mark join that of IN and EXISTS, a single join the value.
#include <algorithm>

#include "base/fmt.h"
#include "plan/join_binder.h"
#include "plan/plan_build.h"
#include "plan/subquery.h"

namespace velo {
namespace {

/// Both sides of an equality, of one type.
struct Sides {
  ExprPtr left;
  ExprPtr right;
};

class SubqueryJoin {
 public:
  SubqueryJoin(BindSession& session, PlanPtr plan, const OuterColumn& outer)
      : session_(session), plan_(std::move(plan)), outer_(outer) {}

  const PlanPtr& plan() const { return plan_; }

  /// The value, over the plan as it is then.
  Result<ExprPtr> add_column(const BoundSubquery& subquery) {
    return subquery.use == SubqueryUse::kValue ? add_value(subquery) : add_mark(subquery);
  }

  /// True if a join alone answers [NOT] `subquery` as a condition.
  Result<bool> keep_rows(const BoundSubquery& subquery, bool negated) {
    if (subquery.use == SubqueryUse::kValue) return false;
    const bool in = subquery.use == SubqueryUse::kIn;
    // What is the same for all rows around is asked of no partner.
    if (!has_tie(subquery.conditions) && !has_tie(subquery.compared)) return false;
    if (in && negated && has_equalities_only(subquery)) return false;
    JoinParts parts = parts_of_join(subquery);
    parts.kind = negated ? PlanJoinKind::kAnti : PlanJoinKind::kSemi;
    for (const ExprPtr& condition : subquery.conditions) {
      parts.conjuncts.push_back(TRY(over_both(condition)));
    }
    ExprPtr unlike;
    for (const ExprPtr& equality : subquery.compared) {
      ExprPtr both = TRY(over_both(equality));
      if (!negated) {
        parts.conjuncts.push_back(std::move(both));
      } else {
        unlike = unlike == nullptr ? std::move(both) : TRY(make_and(unlike, std::move(both)));
      }
    }
    if (unlike != nullptr) {
      parts.conjuncts.push_back(TRY(make_call("IS NOT FALSE", {std::move(unlike)})));
    }
    PlanPtr joined = make_join(plan_, subquery.right, std::move(parts));
    const auto& node = joined->as<JoinNode>();
    // What can fail is no key. A mark has it computed before.
    const bool finds_partners = !node.left_keys.empty() || node.times.has_value();
    if (!finds_partners && has_equalities_only(subquery)) return false;
    plan_ = std::move(joined);
    return true;
  }

 private:
  JoinParts parts_of_join(const BoundSubquery& subquery) const {
    JoinParts parts;
    parts.fallback = unbounded_state(session_);
    parts.span = session_.node_span(subquery.span);
    return parts;
  }

  /// Over the columns of the plan, then those of the sub-query.
  Result<ExprPtr> over_both(const ExprPtr& expr) const {
    const size_t left = plan_->schema->size();
    const ExprPtr moved = replace_leaves(expr, ExprKind::kColumn, [left](const ExprPtr& column) {
      return make_column(column->index() + left, column->type(), column->name());
    });
    return with_outer(moved);
  }

  /// What is around in the place of its stand-ins.
  Result<ExprPtr> with_outer(const ExprPtr& expr) const {
    Status failed;
    const ExprPtr done =
        replace_leaves(expr, ExprKind::kOuter, [&](const ExprPtr& stand_in) -> ExprPtr {
          Result<ExprPtr> column =
              outer_(make_column(stand_in->index(), stand_in->type(), stand_in->name()));
          if (column) return *column;
          failed = column.error();
          return stand_in;
        });
    TRY(failed);
    return done;
  }

  /// Whether one of the conditions is about both a row around and one of the sub-query.
  static bool has_tie(const std::vector<ExprPtr>& conditions) {
    return std::any_of(conditions.begin(), conditions.end(), [](const ExprPtr& condition) {
      std::vector<size_t> columns;
      collect_columns(*condition, &columns);
      return !columns.empty() && has_stand_in(*condition, ExprKind::kOuter);
    });
  }

  static bool has_equalities_only(const BoundSubquery& subquery) {
    return std::all_of(subquery.conditions.begin(), subquery.conditions.end(),
                       [](const ExprPtr& condition) {
                         std::vector<size_t> columns;
                         collect_columns(*condition, &columns);
                         return columns.empty() || outer_equality(*condition);
                       });
  }

  Result<ExprPtr> add_value(const BoundSubquery& subquery) {
    JoinParts parts = parts_of_join(subquery);
    parts.kind = PlanJoinKind::kSingle;
    parts.one_row = subquery.one_row;
    for (const ExprPtr& condition : subquery.conditions) {
      parts.conjuncts.push_back(TRY(over_both(condition)));
    }
    ExprPtr value = TRY(over_both(subquery.value));
    plan_ = make_join(plan_, subquery.right, std::move(parts));
    if (plan_->as<JoinNode>().form == JoinForm::kStream && !subquery.one_row) {
      return session_
          .not_supported(
              "a sub-query as a value that could give several rows, over tables that go on",
              subquery.span)
          .with_hint("take one of them: MAX(…), LAST_VALUE(…), or ORDER BY … LIMIT 1");
    }
    return value;
  }

  Result<Sides> sides_of(const ExprPtr& outer, const ExprPtr& inner) const {
    Sides sides;
    sides.left = TRY(with_outer(outer));
    sides.right = inner;
    if (sides.left->type() == sides.right->type()) return sides;
    const std::vector<ArgumentType> types = {sides.left->type(), sides.right->type()};
    const std::optional<Type> type = common_type(types);
    CHECK(type.has_value());  // it was compared
    sides.left = TRY(make_implicit_cast(sides.left, *type));
    sides.right = TRY(make_implicit_cast(sides.right, *type));
    return sides;
  }

  /// The column of the plan that holds the expression: itself, or one that is added.
  static size_t place(const ExprPtr& expr, std::vector<ExprPtr>* exprs,
                      std::vector<std::string>* names) {
    for (size_t i = 0; i < exprs->size(); ++i) {
      if (*(*exprs)[i] == *expr) return i;
    }
    exprs->push_back(expr);
    names->push_back(fmt::format("asked{}", exprs->size()));
    return exprs->size() - 1;
  }

  Result<ExprPtr> add_mark(const BoundSubquery& subquery) {
    if (!has_equalities_only(subquery)) {
      return session_
          .not_supported(
              fmt::format("{} beside other conditions, where its rows are tied to the query around "
                          "by something other than equalities",
                          subquery.use == SubqueryUse::kIn ? "IN" : "EXISTS"),
              subquery.span)
          .with_hint("it can stand as a condition of its own in WHERE: … AND EXISTS (…)");
    }
    std::vector<ExprPtr> left = all_columns(*plan_);
    std::vector<std::string> left_names = column_names(*plan_);
    std::vector<ExprPtr> right = all_columns(*subquery.right);
    std::vector<std::string> right_names = column_names(*subquery.right);
    ExprPtr asked;  // of the rows around alone
    std::vector<std::pair<size_t, size_t>> keys;
    std::vector<std::pair<size_t, size_t>> compared;
    const auto add = [&](const Sides& sides, auto* to) {
      to->emplace_back(place(sides.left, &left, &left_names),
                       place(sides.right, &right, &right_names));
    };
    for (const ExprPtr& condition : subquery.conditions) {
      if (const std::optional<OuterEquality> equality = outer_equality(*condition)) {
        const Sides sides = TRY(sides_of(equality->outer, equality->inner));
        add(sides, &keys);
        continue;
      }
      ExprPtr one = TRY(with_outer(condition));
      asked = asked == nullptr ? std::move(one) : TRY(make_and(asked, std::move(one)));
    }
    for (const ExprPtr& equality : subquery.compared) {
      const Sides sides = TRY(sides_of(equality->arg(0), equality->arg(1)));
      add(sides, &compared);
    }
    JoinParts parts = parts_of_join(subquery);
    parts.kind = PlanJoinKind::kMark;
    parts.mark = subquery.name;
    const size_t shown = plan_->schema->size();
    const size_t width = left.size();
    const auto equal = [&](std::pair<size_t, size_t> pair) {
      const auto& [mine, other] = pair;
      return make_call("=", {make_column(mine, left[mine]->type(), left_names[mine]),
                             make_column(width + other, right[other]->type(), right_names[other])});
    };
    for (const auto& pair : keys) parts.conjuncts.push_back(TRY(equal(pair)));
    for (const auto& pair : compared) parts.compared.push_back(TRY(equal(pair)));
    const SourceSpan parts_span = parts.span;
    PlanPtr with_asked = plan_;
    if (width > shown) {
      with_asked = make_project(plan_, std::move(left), std::move(left_names), parts_span);
    }
    PlanPtr values = subquery.right;
    if (right.size() > subquery.right->schema->size()) {
      values = make_project(values, std::move(right), std::move(right_names), parts_span);
    }
    plan_ = make_join(std::move(with_asked), std::move(values), std::move(parts));
    ExprPtr mark = column_of(*plan_, width);
    if (asked == nullptr) return mark;
    return make_case({std::move(asked), std::move(mark)}, make_boolean(false));
  }

  BindSession& session_;
  PlanPtr plan_;
  const OuterColumn& outer_;
};

/// The sub-query that the condition is, or is NOT.
std::optional<size_t> whole_subquery(const Expr& condition, bool* negated) {
  const Expr* at = &condition;
  *negated = at->kind() == ExprKind::kCall && at->function().name() == "NOT";
  if (*negated) at = at->arg(0).get();
  if (at->kind() != ExprKind::kSubquery) return std::nullopt;
  return at->index();
}

}  // namespace

Result<PlanPtr> place_subqueries(BindSession& session, PlanPtr plan, SubqueryList& list,
                                 const OuterColumn& outer, const std::vector<ExprPtr*>& exprs) {
  std::vector<size_t> wanted;
  for (const ExprPtr* expr : exprs) {
    if (*expr != nullptr) collect_stand_ins(**expr, ExprKind::kSubquery, &wanted);
  }
  if (wanted.empty()) return plan;
  SubqueryJoin join(session, std::move(plan), outer);
  std::vector<ExprPtr> values(list.subqueries.size());
  for (const size_t k : wanted) {
    values[k] = TRY(join.add_column(list.subqueries[k]));
    list.placed[k] = true;
  }
  for (ExprPtr* expr : exprs) {
    if (*expr == nullptr) continue;
    *expr = replace_leaves(*expr, ExprKind::kSubquery,
                           [&](const ExprPtr& stand_in) { return values[stand_in->index()]; });
  }
  return join.plan();
}

Result<PlanPtr> filter_by_subqueries(BindSession& session, PlanPtr plan, SubqueryList& list,
                                     const OuterColumn& outer, ExprPtr condition, SourceSpan span) {
  bool negated = false;
  if (const std::optional<size_t> k = whole_subquery(*condition, &negated)) {
    SubqueryJoin join(session, plan, outer);
    const bool done = TRY(join.keep_rows(list.subqueries[*k], negated));
    if (done) {
      list.placed[*k] = true;
      return join.plan();
    }
  }
  std::vector<ExprPtr> columns = all_columns(*plan);
  std::vector<std::string> names = column_names(*plan);
  plan = TRY(place_subqueries(session, std::move(plan), list, outer, {&condition}));
  plan = make_filter(std::move(plan), std::move(condition), session.node_span(span));
  return make_project(std::move(plan), std::move(columns), std::move(names),
                      session.node_span(span));
}

}  // namespace velo
