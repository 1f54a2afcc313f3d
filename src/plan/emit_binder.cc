// When an aggregation gives results, what bounds its state, and where late rows go.
#include <algorithm>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "plan/join_binder.h"
#include "plan/join_late.h"
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
  if (clauses_.late != nullptr && !windowed && !late_of_joins_) {
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
  if (clauses_.late != nullptr && !late_of_joins_) {
    return session_.error(ErrorCode::kInvalidStatement,
                          "LATE DATA TO without a window or a join by time in this SELECT",
                          clauses_.late->span);
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
  return unbounded_state(session_);
}

namespace {

/// What a late row says beside its columns, under the names that a sink may give it.
struct LateNote {
  std::string_view name;
  LateField field;
};
constexpr LateNote kLateNotes[] = {{"watermark", LateField::kWatermark},
                                   {"window_start", LateField::kWindowStart},
                                   {"window_end", LateField::kWindowEnd},
                                   {"late_by", LateField::kLateBy},
                                   {"position", LateField::kPosition}};

Type type_of(const LateNote& note, const Type& bound) {
  if (note.field == LateField::kPosition) return Type::string();
  return note.field == LateField::kLateBy ? Type::interval_day() : bound;
}

}  // namespace

Result<LateColumn> SelectBinder::bind_late_column(const PlanNode& input, const Type& bound,
                                                  const TableColumn& column,
                                                  const TableDef& table) const {
  ast::Name name;
  name.text = column.name;
  const int found = Scope::of(input, "").find(name, false);
  LateColumn from;
  from.field = LateField::kNull;
  Type type;
  if (found >= 0) {
    from.field = LateField::kInput;
    from.input_column = static_cast<size_t>(found);
    type = (*input.schema)[from.input_column].type;
  }
  for (const LateNote& note : kLateNotes) {
    if (found >= 0 || !equals_ignoring_case(column.name, note.name)) continue;
    from.field = note.field;
    type = type_of(note, bound);
  }
  if (from.field == LateField::kPosition) {
    const std::optional<LateColumn> position = late_position();
    if (!position) {
      return session_.not_supported(
          fmt::format("LATE DATA TO '{}': the position of rows that do not come straight from a "
                      "table with positions",
                      table.name),
          clauses_.late->span);
    }
    from = *position;
  }
  if (from.field == LateField::kNull) {
    std::vector<std::string> names = column_names(input);
    for (const LateNote& note : kLateNotes) names.emplace_back(note.name);
    return session_
        .error(ErrorCode::kUnknownName,
               fmt::format("LATE DATA TO '{}': its column '{}' is neither of the source nor "
                           "watermark, window_start, window_end, late_by, position",
                           table.name, column.name),
               clauses_.late->span)
        .with_hint(did_you_mean(column.name, names));
  }
  if (type == column.type) return from;
  return session_.error(
      ErrorCode::kTypeMismatch,
      fmt::format("LATE DATA TO '{}': its column '{}' is {}, the late row's is {}", table.name,
                  column.name, column.type.to_string(), type.to_string()),
      clauses_.late->span);
}

std::optional<LateColumn> SelectBinder::late_position() const {
  // Only the metadata itself will do, and a query in between shows no metadata.
  std::optional<size_t> partition;
  std::optional<size_t> offset;
  for (size_t i = 0; i < inputs_; ++i) {
    const ScopeColumn& column = scope_.columns[i];
    if (!column.is_system) continue;
    if (column.name == "_PARTITION" && column.type.kind() == TypeKind::kString) partition = i;
    if (column.name == "_OFFSET" && column.type.kind() == TypeKind::kBigInt) offset = i;
  }
  if (!partition || !offset) return std::nullopt;
  return LateColumn{LateField::kPosition, *partition, *offset, {}};
}

Result<std::optional<PlanLateOutput>> SelectBinder::bind_late(const PlanNode& input,
                                                              size_t time_column) {
  if (clauses_.late == nullptr) return std::optional<PlanLateOutput>();
  PlanLateOutput late;
  late.table = TRY(find_sink(session_, *clauses_.late, "LATE DATA TO"));
  const Type bound = window_bound_type((*input.schema)[time_column].type);
  std::vector<Field> fields;
  for (const TableColumn& column : late.table->columns) {
    if (!column.is_written()) continue;
    late.columns.push_back(TRY(bind_late_column(input, bound, column, *late.table)));
    fields.push_back({column.name, column.type});
  }
  if (late.table->columns.empty()) {
    for (size_t i = 0; i < inputs_; ++i) {
      if (scope_.columns[i].is_system) continue;
      fields.push_back((*input.schema)[i]);
      late.columns.push_back({LateField::kInput, i, 0, {}});
    }
    const std::optional<LateColumn> position = late_position();
    for (const LateNote& note : kLateNotes) {
      if (note.field == LateField::kPosition && !position) continue;
      fields.push_back({std::string(note.name), type_of(note, bound)});
      late.columns.push_back(note.field == LateField::kPosition ? *position
                                                                : LateColumn{note.field, 0, 0, {}});
    }
  }
  late.schema = make_schema(std::move(fields));
  return std::optional<PlanLateOutput>(std::move(late));
}

Status SelectBinder::bind_join_late() {
  if (clauses_.late == nullptr) return {};
  const TableDefPtr table = TRY(find_sink(session_, *clauses_.late, "LATE DATA TO"));
  relation_.plan =
      TRY(with_late_output(session_, relation_.plan, table, clauses_.late->span, &late_of_joins_));
  return {};
}

}  // namespace velo
