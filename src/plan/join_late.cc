// LATE DATA TO of joins by time: the rows that they do not take.
#include "plan/join_late.h"

#include <algorithm>

#include "base/fmt.h"
#include "base/letters.h"
#include "base/nearest_name.h"
#include "plan/plan_build.h"

namespace velo {
namespace {

bool is_by_time(const JoinNode& node) {
  return node.form == JoinForm::kInterval || node.form == JoinForm::kAsof;
}

/// What a late row of either side can say.
std::vector<Field> fields_of(const JoinNode& node) {
  const Type time = (*node.inputs[0]->schema)[node.times->left_column].type;
  std::vector<Field> fields;
  for (const PlanPtr& input : node.inputs) {
    for (const Field& field : input->schema->fields()) {
      const bool known = std::any_of(fields.begin(), fields.end(),
                                     [&](const Field& f) { return f.name == field.name; });
      if (!known && !field.name.starts_with('_')) fields.push_back(field);
    }
  }
  fields.push_back({"watermark", time});
  fields.push_back({"late_by", Type::interval_day()});
  return fields;
}

LateColumn column_of(const Field& field, bool is_note) {
  LateColumn column;
  column.field = LateField::kNamed;
  column.name = field.name;
  if (is_note)
    column.field = field.name == "watermark" ? LateField::kWatermark : LateField::kLateBy;
  return column;
}

class JoinLateBinder {
 public:
  JoinLateBinder(const BindSession& session, TableDefPtr table, SourceSpan span)
      : session_(session), table_(std::move(table)), span_(span) {}

  Result<PlanLateOutput> bind(const JoinNode& node) const {
    const std::vector<Field> known = fields_of(node);
    const auto is_note = [&](const Field& field) {
      return &field - known.data() >= static_cast<ptrdiff_t>(known.size()) - 2;
    };
    PlanLateOutput late;
    late.table = table_;
    std::vector<Field> fields;
    if (table_->columns.empty()) {
      for (const Field& field : known) {
        fields.push_back(field);
        late.columns.push_back(column_of(field, is_note(field)));
      }
    }
    for (const TableColumn& column : table_->columns) {
      if (!column.is_written()) continue;
      const auto found = std::find_if(known.begin(), known.end(), [&](const Field& field) {
        return equals_ignoring_case(field.name, column.name);
      });
      if (found == known.end()) return unknown(column, known);
      TRY(check_type(node, *found, column));
      fields.push_back({column.name, column.type});
      late.columns.push_back(column_of(*found, is_note(*found)));
    }
    late.schema = make_schema(std::move(fields));
    return late;
  }

 private:
  Error unknown(const TableColumn& column, const std::vector<Field>& known) const {
    std::vector<std::string> names;
    for (const Field& field : known) names.push_back(field.name);
    return session_
        .error(ErrorCode::kUnknownName,
               fmt::format("LATE DATA TO '{}': its column '{}' is neither of the joined tables nor "
                           "watermark, late_by",
                           table_->name, column.name),
               span_)
        .with_hint(did_you_mean(column.name, names));
  }

  /// Where both sides have a column of that name, both are written.
  Status check_type(const JoinNode& node, const Field& field, const TableColumn& column) const {
    std::vector<Type> types = {field.type};
    for (const PlanPtr& input : node.inputs) {
      const int at = input->schema->index_of(field.name);
      if (at >= 0) types.push_back((*input->schema)[static_cast<size_t>(at)].type);
    }
    for (const Type& type : types) {
      if (type == column.type) continue;
      return session_.error(
          ErrorCode::kTypeMismatch,
          fmt::format("LATE DATA TO '{}': its column '{}' is {}, the late row's is {}",
                      table_->name, column.name, column.type.to_string(), type.to_string()),
          span_);
    }
    return {};
  }

  const BindSession& session_;
  TableDefPtr table_;
  SourceSpan span_;
};

}  // namespace

Result<PlanPtr> with_late_output(const BindSession& session, const PlanPtr& plan,
                                 const TableDefPtr& table, SourceSpan span, bool* found) {
  if (plan->kind != PlanKind::kJoin) return plan;
  const auto& node = plan->as<JoinNode>();
  std::vector<PlanPtr> inputs;
  for (const PlanPtr& input : node.inputs) {
    inputs.push_back(TRY(with_late_output(session, input, table, span, found)));
  }
  JoinParts parts = parts_of(node);
  if (is_by_time(node)) {
    parts.late = TRY(JoinLateBinder(session, table, span).bind(node));
    *found = true;
  }
  return make_join(std::move(inputs[0]), std::move(inputs[1]), std::move(parts));
}

}  // namespace velo
