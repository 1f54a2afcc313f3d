// Joins of FROM. The condition is bound over the columns of both sides; which part of it is a key,
// a bound in time or the rest is found out in join_condition.cc, again whenever WHERE adds to it.
#include "plan/join_binder.h"

#include <algorithm>

#include "base/fmt.h"
#include "plan/literals.h"
#include "plan/plan_build.h"

namespace velo {
namespace {

PlanJoinKind kind_of(ast::JoinKind kind) {
  switch (kind) {
    case ast::JoinKind::kInner:
    case ast::JoinKind::kCross:
      return PlanJoinKind::kInner;
    case ast::JoinKind::kLeft:
      return PlanJoinKind::kLeft;
    case ast::JoinKind::kRight:
      return PlanJoinKind::kRight;
    case ast::JoinKind::kFull:
      return PlanJoinKind::kFull;
    case ast::JoinKind::kSemi:
      return PlanJoinKind::kSemi;
    case ast::JoinKind::kAnti:
      return PlanJoinKind::kAnti;
  }
  return PlanJoinKind::kInner;
}

class JoinBinder {
 public:
  JoinBinder(BindSession& session, const ast::Join& join, SourceSpan span, BoundRelation left,
             BoundRelation right)
      : session_(session),
        join_(join),
        span_(span),
        left_(std::move(left)),
        right_(std::move(right)) {}

  Result<BoundRelation> bind() {
    scope_ = left_.scope;
    const std::vector<ScopeColumn>& more = right_.scope.columns;
    scope_.columns.insert(scope_.columns.end(), more.begin(), more.end());
    TRY(check_names());
    TRY(bind_condition());
    TRY(bind_within());
    TRY(bind_version());
    parts_.kind = kind_of(join_.kind);
    parts_.fallback = unbounded_state(session_);
    parts_.span = session_.node_span(join_.kind_span.length > 0 ? join_.kind_span : span_);
    PlanPtr plan = make_join(left_.plan, right_.plan, parts_);
    if (parts_.asof) TRY(check_asof(plan->as<JoinNode>()));
    if (plan->schema->size() == left_.plan->schema->size()) scope_.columns = left_.scope.columns;
    return merge_using(std::move(plan));
  }

 private:
  SourceSpan kind_span() const { return join_.kind_span.length > 0 ? join_.kind_span : span_; }

  /// Two tables of one name could not be told apart.
  Status check_names() const {
    for (const ScopeColumn& mine : left_.scope.columns) {
      for (const ScopeColumn& other : right_.scope.columns) {
        if (mine.relation.empty() || !equals_ignoring_case(mine.relation, other.relation)) continue;
        return session_
            .error(ErrorCode::kDuplicateName,
                   fmt::format("'{}' stands twice in this FROM", other.relation), span_)
            .with_hint("give one of them another name: … AS name");
      }
    }
    return {};
  }

  Status bind_condition() {
    if (join_.on) {
      ExprBinder binder(session_, scope_, "ON");
      split_conjuncts(TRY(binder.bind_condition(*join_.on)), &parts_.conjuncts);
    }
    std::vector<ast::Name> names = join_.using_columns;
    if (join_.natural) {
      for (const ScopeColumn& column : left_.scope.columns) {
        ast::Name name;
        name.text = column.name;
        if (!column.is_system && right_.scope.find(name, false) >= 0) names.push_back(name);
      }
    }
    for (const ast::Name& name : names) {
      const size_t mine = TRY(find_common(left_.scope, name, "left"));
      const size_t other =
          left_.scope.columns.size() + TRY(find_common(right_.scope, name, "right"));
      common_.emplace_back(mine, other);
      const SourceSpan at = name.span.length > 0 ? name.span : kind_span();
      parts_.conjuncts.push_back(
          TRY(session_.at(at, make_call("=", {scope_.column(mine), scope_.column(other)}))));
    }
    return {};
  }

  Result<size_t> find_common(const Scope& scope, const ast::Name& name, std::string_view side) {
    const int found = scope.find(name, false);
    if (found >= 0) return static_cast<size_t>(found);
    return session_.error(
        found == -1 ? ErrorCode::kUnknownName : ErrorCode::kAmbiguousName,
        found == -1 ? fmt::format("USING: the {} side has no column '{}'", side, name.text)
                    : fmt::format("USING: '{}' could be several columns of the "
                                  "{} side",
                                  name.text, side),
        name.span.length > 0 ? name.span : kind_span());
  }

  Result<ExprPtr> only_time(const Scope& scope, size_t first, std::string_view side) const {
    const int found = scope.event_time();
    if (found >= 0) return scope_.column(first + static_cast<size_t>(found));
    return session_
        .error(ErrorCode::kInvalidStatement,
               fmt::format("WITHIN needs one event time on each side: the {} side has {}", side,
                           found == -1 ? "none" : "several"),
               join_.within->span)
        .with_hint(
            "write the bound out: ON … AND b.ts BETWEEN a.ts - INTERVAL '5' MINUTE AND "
            "a.ts + INTERVAL '5' MINUTE");
  }

  Status bind_within() {
    if (!join_.within) return {};
    const size_t first = left_.scope.columns.size();
    const ExprPtr mine = TRY(only_time(left_.scope, 0, "left"));
    const ExprPtr other = TRY(only_time(right_.scope, first, "right"));
    const int64_t before = TRY(bind_duration(session_, *join_.within, "WITHIN"));
    const int64_t after =
        join_.within_after ? TRY(bind_duration(session_, *join_.within_after, "WITHIN")) : before;
    if (before < 0 || after < 0) {
      return session_.error(ErrorCode::kInvalidStatement, "WITHIN below zero", join_.within->span);
    }
    const ExprPtr low = TRY(make_call("-", {mine, make_int64(Type::interval_day(), before)}));
    const ExprPtr high = TRY(make_call("+", {mine, make_int64(Type::interval_day(), after)}));
    split_conjuncts(TRY(make_between(other, low, high, false)), &parts_.conjuncts);
    if (!join_.grace) return {};
    parts_.grace_us = TRY(bind_duration(session_, *join_.grace, "GRACE PERIOD"));
    if (parts_.grace_us < 0) {
      return session_.error(ErrorCode::kInvalidStatement, "GRACE PERIOD below zero",
                            join_.grace->span);
    }
    return {};
  }

  /// FOR SYSTEM_TIME AS OF: an event time asks for the version that held then, PROCTIME() for the
  /// one that holds now.
  Status bind_version() {
    parts_.asof = join_.asof;
    const auto* table = join_.right->as<ast::NamedTable>();
    if (table == nullptr || !table->system_time) return {};
    const SourceSpan at = table->system_time->span;
    const ExprPtr time =
        TRY(ExprBinder(session_, left_.scope, "FOR SYSTEM_TIME AS OF").bind(*table->system_time));
    const bool event_time =
        time->kind() == ExprKind::kColumn && left_.plan->traits[time->index()].event_time;
    if (!event_time) {
      if (right_.plan->bounded && !time->is_literal()) return {};
      return session_
          .error(ErrorCode::kNotSupported,
                 "not supported: FOR SYSTEM_TIME AS OF something other than an event time of the "
                 "left side, over a table that goes on",
                 at)
          .with_hint("name the column that the left table's WATERMARK is for");
    }
    const int version = right_.scope.event_time();
    if (version < 0) {
      if (right_.plan->bounded && version == -1) return {};
      return session_
          .error(ErrorCode::kInvalidStatement,
                 fmt::format("FOR SYSTEM_TIME AS OF: the table has {} event time, which would say "
                             "from when on a row holds",
                             version == -1 ? "no" : "more than one"),
                 at)
          .with_hint("declare WATERMARK FOR on its time column");
    }
    parts_.asof = true;
    const size_t column = left_.scope.columns.size() + static_cast<size_t>(version);
    parts_.conjuncts.push_back(
        TRY(session_.at(at, make_call("<=", {scope_.column(column), time}))));
    return {};
  }

  Status check_asof(const JoinNode& node) const {
    if (node.join != PlanJoinKind::kInner && node.join != PlanJoinKind::kLeft) {
      return session_.error(ErrorCode::kInvalidStatement,
                            "a join with the version of a time is an inner or a LEFT JOIN",
                            kind_span());
    }
    if (node.left_keys.empty() || !node.times || node.times->upper_us > 0) {
      return session_
          .error(ErrorCode::kInvalidStatement,
                 "a join with the version of a time needs an equality of keys, and the right event "
                 "time not after the left one",
                 kind_span())
          .with_hint("ASOF JOIN b ON a.key = b.key AND b.ts <= a.ts");
    }
    if (node.rest.empty()) return {};
    return session_
        .error(ErrorCode::kInvalidStatement,
               fmt::format("a join with the version of a time takes keys alone, not {}",
                           node.rest[0]->to_string()),
               kind_span())
        .with_hint("put it into WHERE");
  }

  /// A column of USING stands once in `*`, and its bare name means either side's; of FULL JOIN
  /// whichever is there.
  BoundRelation merge_using(PlanPtr plan) {
    BoundRelation relation;
    const bool both = scope_.columns.size() > left_.scope.columns.size();
    if (both) {
      for (const auto& [mine, other] : common_) {
        const bool of_right = join_.kind == ast::JoinKind::kRight;
        scope_.columns[of_right ? mine : other].is_system = true;
      }
    }
    if (both && join_.kind == ast::JoinKind::kFull && !common_.empty()) {
      std::vector<ExprPtr> columns = all_columns(*plan);
      std::vector<std::string> names = column_names(*plan);
      for (const auto& [mine, other] : common_) {
        scope_.columns[mine].is_system = true;
        columns.push_back(make_coalesce({columns[mine], columns[other]}).value());
        names.push_back(scope_.columns[mine].name);
        scope_.columns.push_back({"", names.back(), columns.back()->type(), {}, false});
      }
      plan = make_project(std::move(plan), std::move(columns), std::move(names), parts_.span);
    }
    for (size_t i = 0; i < scope_.columns.size(); ++i) scope_.columns[i].traits = plan->traits[i];
    relation.scope = std::move(scope_);
    relation.plan = std::move(plan);
    return relation;
  }

  BindSession& session_;
  const ast::Join& join_;
  SourceSpan span_;
  BoundRelation left_;
  BoundRelation right_;
  Scope scope_;
  JoinParts parts_;
  std::vector<std::pair<size_t, size_t>> common_;
};

bool reads_within(const Expr& expr, size_t begin, size_t end) {
  std::vector<size_t> columns;
  collect_columns(expr, &columns);
  return !columns.empty() && columns.front() >= begin && columns.back() < end;
}

}  // namespace

Result<BoundRelation> bind_join(BindSession& session, const ast::Join& join, SourceSpan span,
                                BoundRelation left, BoundRelation right) {
  BoundRelation first = TRY(assign_window(session, std::move(left)));
  BoundRelation second = TRY(assign_window(session, std::move(right)));
  return JoinBinder(session, join, span, std::move(first), std::move(second)).bind();
}

Result<BoundRelation> assign_window(BindSession& session, BoundRelation relation) {
  if (!relation.window) return relation;
  if (relation.window->window.kind == PlanWindowKind::kSession) {
    return session.not_supported("SESSION without GROUP BY window_start, window_end",
                                 relation.window->span);
  }
  relation.plan = make_window_assign(relation.plan, relation.window->window,
                                     session.node_span(relation.window->span));
  relation.window.reset();
  return relation;
}

PlanPtr give_to_joins(const PlanPtr& plan, std::vector<ExprPtr>* conjuncts) {
  if (plan->kind != PlanKind::kJoin) return plan;
  const auto& node = plan->as<JoinNode>();
  if (node.join != PlanJoinKind::kInner || node.asof) return plan;
  const size_t left = node.inputs[0]->schema->size();
  std::vector<ExprPtr> to_left;
  std::vector<ExprPtr> rest;
  JoinParts parts = parts_of(node);
  for (ExprPtr& conjunct : *conjuncts) {
    if (conjunct->is_volatile() || conjunct->is_constant()) {
      rest.push_back(std::move(conjunct));
    } else if (reads_within(*conjunct, 0, left)) {
      to_left.push_back(std::move(conjunct));
    } else {
      parts.conjuncts.push_back(std::move(conjunct));
    }
  }
  PlanPtr first = give_to_joins(node.inputs[0], &to_left);
  for (ExprPtr& conjunct : to_left) parts.conjuncts.push_back(std::move(conjunct));
  *conjuncts = std::move(rest);
  return make_join(std::move(first), node.inputs[1], std::move(parts));
}

Status check_joins(const BindSession& session, const PlanNode& plan) {
  for (const PlanPtr& input : plan.inputs) TRY(check_joins(session, *input));
  if (plan.kind != PlanKind::kJoin) return {};
  const auto& node = plan.as<JoinNode>();
  if (!node.left_keys.empty() || node.form != JoinForm::kStream) return {};
  // One row, or one answer, is held against all.
  if (node.join == PlanJoinKind::kMark || node.join == PlanJoinKind::kSingle) return {};
  const bool subquery = node.join == PlanJoinKind::kSemi || node.join == PlanJoinKind::kAnti;
  return session
      .error(ErrorCode::kNotSupported,
             "not supported: a join of two streams without an equality between them", node.span)
      .with_hint(std::string(subquery ? "add WHERE inner.key = outer.key to the sub-query"
                                      : "add ON a.key = b.key") +
                 ", or a bound on the time between their rows, or read one of them from a bounded "
                 "source");
}

PlanStateBound unbounded_state(const BindSession& session) {
  const std::string ttl = session.setting("state.ttl");
  if (!ttl.empty()) return {StateBoundKind::kTtl, parse_duration_us(ttl).value_or(0)};
  if (session.setting("state.unbounded") == "allow") return {StateBoundKind::kAllowed, 0};
  return {StateBoundKind::kWarned, 0};
}

}  // namespace velo
