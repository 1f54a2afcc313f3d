// When an aggregation gives results, what bounds its state, and where late rows go.
#include <algorithm>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "plan/literals.h"
#include "plan/select_binder.h"

namespace velo {
namespace {

/// Some aggregation lies below, whose results are final before they get here.
bool has_aggregation(const PlanNode& plan) {
  if (plan.kind == PlanKind::kWindowAggregate || plan.kind == PlanKind::kAggregate) return true;
  return std::any_of(plan.inputs.begin(), plan.inputs.end(),
                     [](const PlanPtr& input) { return has_aggregation(*input); });
}

/// State that grows with the rows, not with the groups.
bool keeps_values(const Component& component, bool changing_input) {
  switch (component.kind) {
    case AccumulatorKind::kDistinct:
    case AccumulatorKind::kValueList:
      return true;
    default:
      return changing_input && !component.is_invertible();
  }
}

}  // namespace

Result<SelectBinder::EmitPlan> SelectBinder::bind_emit(bool windowed, const PlanNode& input) {
  EmitPlan plan;
  plan.emit.coalesce = session_.setting("emit.coalesce") != "none";
  if (clauses_.emit != nullptr) {
    const ast::Emit& emit = *clauses_.emit;
    plan.span = emit.span;
    switch (emit.kind) {
      case ast::EmitKind::kFinal:
        if (!windowed && !input.bounded) {
          return session_
              .error(ErrorCode::kInvalidStatement,
                     "EMIT FINAL needs a window or an input that ends, and this one goes on",
                     emit.span)
              .with_hint("add a window, or write EMIT CHANGES");
        }
        plan.emit.mode = PlanEmitMode::kFinal;
        break;
      case ast::EmitKind::kChanges:
        plan.emit.mode = PlanEmitMode::kChanges;
        break;
      case ast::EmitKind::kEvery:
        plan.emit.mode = PlanEmitMode::kEvery;
        plan.emit.every_us = TRY(bind_duration(session_, *emit.every, "EMIT EVERY"));
        if (plan.emit.every_us <= 0) {
          return session_.error(ErrorCode::kInvalidStatement, "EMIT EVERY needs more than no time",
                                emit.every->span);
        }
        break;
    }
  } else if (!windowed && !input.bounded) {
    plan.emit.mode = PlanEmitMode::kChanges;
  }
  if (clauses_.lateness != nullptr) {
    if (!windowed) {
      return session_.error(ErrorCode::kInvalidStatement, "ALLOWED LATENESS without a window",
                            clauses_.lateness->span);
    }
    plan.lateness_us = TRY(bind_duration(session_, *clauses_.lateness, "ALLOWED LATENESS"));
    if (plan.lateness_us < 0) {
      return session_.error(ErrorCode::kInvalidStatement, "ALLOWED LATENESS below zero",
                            clauses_.lateness->span);
    }
    if (plan.span.length == 0) plan.span = clauses_.lateness->span;
  }
  if (grace_us_ < 0) {
    return session_.error(ErrorCode::kInvalidStatement, "GRACE PERIOD below zero", window_span_);
  }
  // A result given once waits for its late rows; one that changes is corrected by them.
  if (plan.emit.mode == PlanEmitMode::kFinal) {
    plan.grace_us = grace_us_;
  } else {
    plan.lateness_us = std::max(plan.lateness_us, grace_us_);
  }
  if (clauses_.late != nullptr && !windowed) {
    return session_.error(ErrorCode::kInvalidStatement, "LATE DATA TO without a window",
                          clauses_.late->span);
  }
  return plan;
}

Status SelectBinder::check_plain_emit(const PlanNode& input) {
  if (clauses_.lateness != nullptr) {
    return session_.error(ErrorCode::kInvalidStatement,
                          "ALLOWED LATENESS without a window in this SELECT",
                          clauses_.lateness->span);
  }
  if (clauses_.late != nullptr) {
    return session_.error(ErrorCode::kInvalidStatement,
                          "LATE DATA TO without a window in this SELECT", clauses_.late->span);
  }
  if (clauses_.emit == nullptr || select_.distinct) return {};
  if (clauses_.emit->kind == ast::EmitKind::kEvery) {
    return session_.error(ErrorCode::kInvalidStatement,
                          "EMIT EVERY without an aggregate in this SELECT", clauses_.emit->span);
  }
  if (has_aggregation(input)) {
    session_.warn("EMIT has no effect here: this SELECT aggregates nothing itself",
                  clauses_.emit->span, "write it inside the query that aggregates");
  }
  return {};
}

PlanStateBound SelectBinder::state_bound(const std::vector<ExprPtr>& keys,
                                         const PlanNode& input) const {
  if (input.bounded) return {StateBoundKind::kBoundedInput, 0};
  bool grows = false;
  for (const PlanAggregate& aggregate : aggregates_.aggregates()) {
    for (const Component& component : aggregate.aggregate.components) {
      grows |= keeps_values(component, input.changelog.changing);
    }
  }
  if (keys.empty() && !grows) return {StateBoundKind::kSingleGroup, 0};
  const std::string ttl = session_.setting("state.ttl");
  if (!ttl.empty()) {
    return {StateBoundKind::kTtl, parse_duration_us(ttl).value_or(0)};
  }
  if (session_.setting("state.unbounded") == "allow") return {StateBoundKind::kAllowed, 0};
  return {StateBoundKind::kWarned, 0};
}

namespace {

Error unknown_late_column(const BindSession& session, const std::string& table,
                          const std::string& column, const std::vector<std::string>& known,
                          SourceSpan span) {
  Error error = session.error(
      ErrorCode::kUnknownName,
      fmt::format("LATE DATA TO '{}': its column '{}' is neither of the source nor watermark, "
                  "window_start, window_end, late_by",
                  table, column),
      span);
  error.hint = did_you_mean(column, known);
  return error;
}

}  // namespace

Result<std::optional<PlanLateOutput>> SelectBinder::bind_late(const PlanNode& input,
                                                              size_t time_column) {
  if (clauses_.late == nullptr) return std::optional<PlanLateOutput>();
  const ast::Target& target = *clauses_.late;
  PlanLateOutput late;
  late.table = TRY(find_sink(session_, target, "LATE DATA TO"));
  const Type time = (*input.schema)[time_column].type;
  const Type instant = window_bound_type(time);
  struct Special {
    std::string_view name;
    LateField field;
    Type type;
  };
  const Special specials[] = {{"watermark", LateField::kWatermark, instant},
                              {"window_start", LateField::kWindowStart, instant},
                              {"window_end", LateField::kWindowEnd, instant},
                              {"late_by", LateField::kLateBy, Type::interval_day()}};
  std::vector<Field> fields;
  if (late.table->columns.empty()) {
    for (size_t i = 0; i < input.schema->size(); ++i) {
      if (i < scope_.columns.size() && scope_.columns[i].is_system) continue;
      fields.push_back((*input.schema)[i]);
      late.columns.push_back({LateField::kInput, i});
    }
    for (const Special& special : specials) {
      fields.push_back({std::string(special.name), special.type});
      late.columns.push_back({special.field, 0});
    }
    late.schema = make_schema(std::move(fields));
    return std::optional<PlanLateOutput>(std::move(late));
  }
  const Scope rows = Scope::of(input, "");
  for (const TableColumn& column : late.table->columns) {
    if (!column.is_written()) continue;
    ast::Name name;
    name.text = column.name;
    const int found = rows.find(name, false);
    LateColumn from{LateField::kNull, 0};
    Type type;
    if (found >= 0) {
      from = {LateField::kInput, static_cast<size_t>(found)};
      type = rows.columns[static_cast<size_t>(found)].type;
    }
    for (const Special& special : specials) {
      if (found >= 0 || !equals_ignoring_case(column.name, special.name)) continue;
      from = {special.field, 0};
      type = special.type;
    }
    if (from.field == LateField::kNull) {
      std::vector<std::string> names = column_names(input);
      for (const Special& special : specials) names.emplace_back(special.name);
      return unknown_late_column(session_, late.table->name, column.name, names, target.span);
    }
    if (type != column.type) {
      return session_.error(
          ErrorCode::kTypeMismatch,
          fmt::format("LATE DATA TO '{}': its column '{}' is {}, the late row's "
                      "is {}",
                      late.table->name, column.name, column.type.to_string(), type.to_string()),
          target.span);
    }
    fields.push_back({column.name, column.type});
    late.columns.push_back(from);
  }
  late.schema = make_schema(std::move(fields));
  return std::optional<PlanLateOutput>(std::move(late));
}

}  // namespace velo
