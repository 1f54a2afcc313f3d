#include "engine/answers.h"

#include "base/fmt.h"
#include "column/column_builder.h"
#include "expr/aggregate.h"
#include "expr/function.h"
#include "plan/explain.h"

namespace velo {
namespace {

// Rows of text cells.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> names) {
    for (std::string& name : names) fields_.push_back({std::move(name), Type::string()});
    for (size_t i = 0; i < fields_.size(); ++i) builders_.emplace_back(Type::string());
  }
  void add(const std::vector<std::string>& cells) {
    for (size_t i = 0; i < cells.size(); ++i) builders_[i].append_string(cells[i]);
    ++rows_;
  }
  Batch finish() {
    Batch batch{.schema = make_schema(fields_),
                .rows = rows_,
                .columns = {},
                .weights = nullptr,
                .watermarks = nullptr};
    for (ColumnBuilder& builder : builders_) batch.columns.push_back(builder.finish());
    return batch;
  }

 private:
  std::vector<Field> fields_;
  std::vector<ColumnBuilder> builders_;
  size_t rows_ = 0;
};

std::string_view column_kind(TableColumnKind kind) {
  switch (kind) {
    case TableColumnKind::kComputed:
      return "computed";
    case TableColumnKind::kMetadata:
      return "metadata";
    case TableColumnKind::kPhysical:
      break;
  }
  return "physical";
}

Batch relations(const Catalog& catalog, std::string_view only) {
  TextTable table({"name", "kind"});
  for (const auto& [name, entry] : catalog.entries()) {
    if (only.empty() || entry_kind(entry) == only)
      table.add({name, std::string(entry_kind(entry))});
  }
  return table.finish();
}

}  // namespace

Batch text_answer(std::string_view column, std::string_view text) {
  TextTable table({std::string(column)});
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    table.add({std::string(text.substr(0, end))});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return table.finish();
}

Batch describe_answer(const CatalogEntry& entry) {
  TextTable table({"name", "type", "kind"});
  if (const auto* def = std::get_if<TableDefPtr>(&entry)) {
    for (const TableColumn& column : (*def)->columns) {
      if (!column.is_system) {
        table.add({column.name, column.type.to_string(), std::string(column_kind(column.kind))});
      }
    }
  } else if (const auto* shared = std::get_if<SharedDefPtr>(&entry)) {
    for (const Field& field : (*shared)->plan->schema->fields()) {
      table.add({field.name, field.type.to_string(), "query"});
    }
  } else if (const auto* view = std::get_if<ViewDefPtr>(&entry)) {
    for (const std::string& name : (*view)->columns) table.add({name, "", "query"});
  }
  return table.finish();
}

Result<Batch> show_answer(const ast::Show& show, const Catalog& catalog,
                          const OptionMap& settings) {
  switch (show.kind) {
    case ast::ShowKind::kTables:
      return relations(catalog, "");
    case ast::ShowKind::kStreams:
      return relations(catalog, "stream");
    case ast::ShowKind::kViews:
      return relations(catalog, "view");
    case ast::ShowKind::kSettings: {
      TextTable table({"name", "value"});
      for (const auto& [name, value] : settings) table.add({name, value});
      return table.finish();
    }
    case ast::ShowKind::kFunctions: {
      TextTable table({"name", "kind"});
      for (const std::string& name : function_names()) table.add({name, "function"});
      for (const std::string& name : aggregate_names()) table.add({name, "aggregate"});
      return table.finish();
    }
    default:
      break;
  }
  return Error(ErrorCode::kNotSupported,
               fmt::format("not supported yet: SHOW {}", ast::show_kind_name(show.kind)));
}

std::string state_bounds_text(const PlanNode& plan) {
  const std::string text = explain(plan);
  std::string out;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    if (line.find("; state: ") != std::string_view::npos) {
      out += line.substr(std::min(line.find_first_not_of(' '), line.size()));
      out += "\n";
    }
    begin = end + 1;
  }
  return out.empty() ? "no state\n" : out;
}

}  // namespace velo
