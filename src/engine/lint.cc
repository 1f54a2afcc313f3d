#include "engine/lint.h"

#include <set>

#include "base/fmt.h"
#include "plan/scope.h"

namespace velo {
namespace {

/// Names of tables that a plan has to do with, in lower case.
void collect_names(const PlanNode& plan, std::set<std::string>& names) {
  const auto add = [&](const TableDef& table) {
    names.insert(to_lower(table.name));
    for (const auto& [name, value] : table.options) {
      if (name.ends_with(".sink")) names.insert(to_lower(value));
    }
  };
  if (plan.kind == PlanKind::kScan) add(*plan.as<ScanNode>().table);
  if (plan.kind == PlanKind::kSink) add(*plan.as<SinkNode>().table);
  if (plan.kind == PlanKind::kWindowAggregate) {
    const auto& window = plan.as<WindowAggregateNode>();
    if (window.late) add(*window.late->table);
  }
  if (plan.kind == PlanKind::kShared) names.insert(to_lower(plan.as<SharedNode>().name));
  for (const PlanPtr& input : plan.inputs) collect_names(*input, names);
}

}  // namespace

std::vector<Error> unused_tables(const ast::Script& script, std::string_view text,
                                 const std::vector<PlanPtr>& plans) {
  std::vector<Error> notes;
  if (plans.empty()) return notes;
  std::set<std::string> names;
  for (const PlanPtr& plan : plans) collect_names(*plan, names);
  for (const ast::Statement& statement : script.statements) {
    const auto* create = std::get_if<ast::CreateTable>(&statement.node);
    if (create == nullptr || names.contains(to_lower(create->name.to_string()))) continue;
    notes.push_back(
        error_at(ErrorCode::kInvalidStatement,
                 fmt::format("{} '{}' is not used",
                             create->kind == ast::RelationKind::kStream ? "stream" : "table",
                             create->name.to_string()),
                 text, create->name.span));
  }
  return notes;
}

std::string statement_place(const ast::Statement& statement, std::string_view text,
                            std::string_view source_name) {
  const LineColumn place = line_and_column(text, statement.span.offset);
  return fmt::format("{}:{}", source_name.empty() ? "SQL" : source_name, place.line);
}

std::string statement_headline(const ast::Statement& statement, std::string_view text,
                               size_t most) {
  std::string line;
  for (const char c : text.substr(statement.span.offset, statement.span.length)) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank) line.push_back(c);
    if (blank && !line.empty() && line.back() != ' ') line.push_back(' ');
  }
  if (line.size() <= most) return line;
  size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;
  return line.substr(0, end) + "…";
}

}  // namespace velo
