#include "engine/answers.h"

#include <utility>
#include <vector>

#include "base/fmt.h"
#include "base/letters.h"
#include "column/column_builder.h"
#include "connector/kafka_topics.h"
#include "expr/aggregate.h"
#include "expr/function.h"
#include "expr/over_functions.h"
#include "plan/literals.h"
#include "plan/topic_binder.h"
#include "sql/printer.h"

namespace velo {
namespace {

/// An option's value as it may be printed.
std::string shown(std::string_view name, const std::string& value) {
  return is_secret_option(name) ? "******" : value;
}

/// A table of strings under construction.
class Rows {
 public:
  explicit Rows(const std::vector<std::string>& columns) {
    std::vector<Field> fields;
    for (const std::string& name : columns) {
      fields.push_back({name, Type::string()});
      builders_.emplace_back(Type::string());
    }
    schema_ = make_schema(std::move(fields));
  }
  void add(const std::vector<std::string>& row) {
    for (size_t i = 0; i < row.size(); ++i) builders_[i].append_string(row[i]);
    ++rows_;
  }
  Batch finish() {
    Batch batch{schema_, rows_, {}, nullptr, nullptr};
    for (ColumnBuilder& builder : builders_) batch.columns.push_back(builder.finish());
    return batch;
  }

 private:
  SchemaPtr schema_;
  std::vector<ColumnBuilder> builders_;
  size_t rows_ = 0;
};

/// SQL's LIKE over a name: % and _, case does not count.
bool like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (size_t i = 0; i <= text.size(); ++i) {
      if (like(text.substr(i), pattern.substr(1))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  return (pattern[0] == '_' || lower_letter(text[0]) == lower_letter(pattern[0])) &&
         like(text.substr(1), pattern.substr(1));
}

/// The first row of a table of functions that has the name, among others perhaps.
template <typename Row>
const Row* first_of(std::span<const Row> table, std::string_view name) {
  for (const Row& row : table) {
    const std::string names = fmt::format(",{},", row.names);
    if (names.find(fmt::format(",{},", name)) != std::string::npos) return &row;
  }
  return nullptr;
}

std::string key_text(const std::vector<size_t>& key, size_t column) {
  for (const size_t k : key) {
    if (k == column) return "PRIMARY KEY";
  }
  return "";
}

std::string watermark_text(const TableDef& table) {
  const TableWatermark& watermark = *table.watermark;
  if (!watermark.delay_us) return watermark.expr->to_string();
  const std::string& column = table.columns[watermark.column].name;
  if (*watermark.delay_us == 0) return column;
  return fmt::format("{} - {}", column, duration_text(*watermark.delay_us));
}

std::string column_extra(const TableDef& table, size_t i) {
  const TableColumn& column = table.columns[i];
  std::string extra;
  if (column.kind == TableColumnKind::kComputed) extra = "AS " + column.computed->to_string();
  if (column.kind == TableColumnKind::kMetadata) {
    extra = fmt::format("METADATA FROM '{}'{}", column.metadata_key,
                        column.is_virtual ? " VIRTUAL" : "");
  }
  if (table.watermark && table.watermark->column == i) {
    if (!extra.empty()) extra += ", ";
    extra += "WATERMARK AS " + watermark_text(table);
  }
  if (!column.comment.empty()) extra += (extra.empty() ? "" : ", ") + column.comment;
  return extra;
}

/// As a string of SQL.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

/// A type with the names inside of it as they have to be written.
std::string written_type(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kArray:
      return fmt::format("ARRAY<{}>", written_type(type.children()[0]));
    case TypeKind::kMap:
      return fmt::format("MAP<{}, {}>", written_type(type.children()[0]),
                         written_type(type.children()[1]));
    case TypeKind::kRow:
      break;
    default:
      return type.to_string();
  }
  std::string fields;
  for (size_t i = 0; i < type.children().size(); ++i) {
    fields += fmt::format("{}{} {}", i == 0 ? "" : ", ", sql_name(type.field_names()[i]),
                          written_type(type.children()[i]));
  }
  return fmt::format("ROW<{}>", fields);
}

std::string column_text(const TableColumn& column) {
  std::string line = fmt::format("  {} ", sql_name(column.name));
  if (column.kind == TableColumnKind::kComputed) {
    line += "AS " + column.computed->to_string();
  } else {
    const bool nested = !column.type.children().empty();
    line += nested ? written_type(column.type) : column.type_text();
    if (column.not_null) line += " NOT NULL";
    if (column.kind == TableColumnKind::kMetadata) {
      line += fmt::format(" METADATA FROM '{}'", column.metadata_key);
      if (column.is_virtual) line += " VIRTUAL";
    }
  }
  if (!column.comment.empty()) line += " COMMENT " + quoted(column.comment);
  return line;
}

/// CREATE TABLE with these options, as they are.
std::string create_text(const TableDef& table, const OptionMap& options) {
  std::string text =
      fmt::format("CREATE {} {} (\n", table.is_stream ? "STREAM" : "TABLE", sql_name(table.name));
  std::vector<std::string> lines;
  for (const TableColumn& column : table.columns) {
    if (!column.is_system) lines.push_back(column_text(column));
  }
  if (table.watermark) {
    lines.push_back(fmt::format("  WATERMARK FOR {} AS {}",
                                sql_name(table.columns[table.watermark->column].name),
                                watermark_text(table)));
  }
  if (!table.primary_key.empty()) {
    std::string key;
    for (const size_t column : table.primary_key) {
      key += (key.empty() ? "" : ", ") + sql_name(table.columns[column].name);
    }
    lines.push_back(fmt::format("  PRIMARY KEY ({}) NOT ENFORCED", key));
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    text += lines[i] + (i + 1 < lines.size() ? ",\n" : "\n");
  }
  text += ")";
  if (!table.comment.empty()) text += " COMMENT " + quoted(table.comment);
  text += " WITH (\n";
  size_t left = options.size();
  for (const auto& [name, value] : options) {
    text += fmt::format("  {} = {}{}\n", quoted(name), quoted(value), --left > 0 ? "," : "");
  }
  return text + ")";
}

Result<Batch> show_create(const ast::Show& show, const Catalog& catalog) {
  const CatalogEntry* entry = catalog.find(std::string_view(show.name->to_string()));
  if (entry == nullptr && show.name->parts.size() == 1) entry = catalog.find(show.name->parts[0]);
  if (entry == nullptr) return Error(ErrorCode::kUnknownName, "there is no such relation");
  if (const auto* view = std::get_if<ViewDefPtr>(entry)) {
    return lines_as_rows("create", (*view)->text);
  }
  if (const auto* shared = std::get_if<SharedDefPtr>(entry)) {
    return lines_as_rows("create", (*shared)->text);
  }
  const TableDef& table = **std::get_if<TableDefPtr>(entry);
  OptionMap options;
  for (const auto& [name, value] : table.options) options[name] = shown(name, value);
  return lines_as_rows("create", create_text(table, options));
}

/// A column that may be the time of a row: the only one of its kind.
const TableColumn* time_column(const TableDef& table) {
  const TableColumn* found = nullptr;
  for (const TableColumn& column : table.columns) {
    if (column.kind != TableColumnKind::kPhysical || !column.type.is_timestamp()) continue;
    if (found != nullptr) return nullptr;
    found = &column;
  }
  return found;
}

}  // namespace

Batch lines_as_rows(std::string_view column, std::string_view text) {
  Rows rows({std::string(column)});
  while (!text.empty()) {
    const size_t end = text.find('\n');
    rows.add({std::string(text.substr(0, end))});
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return rows.finish();
}

Batch describe(const CatalogEntry& entry, bool extended) {
  Rows rows({"name", "type", "null", "key", "extra"});
  if (const auto* table = std::get_if<TableDefPtr>(&entry)) {
    const TableDef& def = **table;
    for (size_t i = 0; i < def.columns.size(); ++i) {
      const TableColumn& column = def.columns[i];
      if (column.is_system && !extended) continue;
      rows.add({column.name, column.type_text(), column.not_null ? "NOT NULL" : "",
                key_text(def.primary_key, i), column_extra(def, i)});
    }
    if (extended) {
      for (const auto& [name, value] : def.options)
        rows.add({name, "", "", "", shown(name, value)});
    }
  } else if (const auto* shared = std::get_if<SharedDefPtr>(&entry)) {
    const PlanNode& plan = *(*shared)->plan;
    for (size_t i = 0; i < plan.schema->size(); ++i) {
      const Field& field = (*plan.schema)[i];
      rows.add({field.name, field.type.to_string(), "", key_text((*shared)->primary_key, i),
                plan.traits[i].event_time ? "event time" : ""});
    }
  } else {
    const ViewDef& view = **std::get_if<ViewDefPtr>(&entry);
    for (const std::string& name : view.columns) rows.add({name, "", "", "", ""});
    if (view.columns.empty()) rows.add({view.name, "", "", "", view.text});
  }
  return rows.finish();
}

Batch describe_proposal(const BoundProposal& proposal) {
  const TableDef& table = *proposal.table;
  std::string text;
  if (!proposal.guess.empty()) {
    text += fmt::format("-- guessed from {}\n", proposal.guess);
  }
  if (const TableColumn* const time = time_column(table)) {
    const std::string name = sql_name(time->name);
    text += fmt::format(
        "-- for windows over {0} add a column: WATERMARK FOR {0} AS {0} - INTERVAL '5' SECOND\n",
        name);
  }
  return lines_as_rows("create", text + create_text(table, proposal.written) + ";");
}

Result<Batch> show_topics(const ast::Show& show, const OptionMap& properties,
                          const ConnectorContext& context) {
  Rows rows({"name", "partitions", "messages"});
  for (const TopicInfo& topic : TRY(kafka_topics(properties, context.kafka_properties))) {
    if (show.like && !like(topic.name, *show.like)) continue;
    rows.add({topic.name, fmt::format("{}", topic.partitions), fmt::format("{}", topic.messages)});
  }
  return rows.finish();
}

Batch show_settings(const OptionMap& settings) {
  Rows rows({"name", "value"});
  for (const auto& [name, value] : settings) {
    // Those for topics have their variables.
    rows.add({name, is_topic_setting(name) ? value : shown(name, value)});
  }
  return rows.finish();
}

Result<Batch> show(const ast::Show& show, const Catalog& catalog, const OptionMap& settings) {
  const auto wanted = [&](std::string_view name) { return !show.like || like(name, *show.like); };
  switch (show.kind) {
    case ast::ShowKind::kTables:
    case ast::ShowKind::kStreams:
    case ast::ShowKind::kViews: {
      Rows rows({"name", "kind"});
      for (const auto& [name, entry] : catalog.entries()) {
        const std::string_view kind = entry_kind(entry);
        const bool fits = show.kind == ast::ShowKind::kTables ||
                          (show.kind == ast::ShowKind::kStreams && kind == "stream") ||
                          (show.kind == ast::ShowKind::kViews && kind == "view");
        if (fits && wanted(name)) rows.add({name, std::string(kind)});
      }
      return rows.finish();
    }
    case ast::ShowKind::kFunctions: {
      Rows rows({"name", "kind", "signature", "gives"});
      for (const std::string& name : function_names()) {
        if (!wanted(name)) continue;
        const Function& function = *first_of(function_table(), name);
        rows.add({name, "scalar", signature_text(function), std::string(function.doc)});
      }
      for (const std::string& name : aggregate_names()) {
        if (!wanted(name)) continue;
        const AggregateFunction& aggregate = *first_of(aggregate_table(), name);
        rows.add({name, "aggregate", signature_text(aggregate), std::string(aggregate.doc)});
      }
      for (const OverFunctionInfo& function : over_function_table()) {
        if (!wanted(function.name)) continue;
        rows.add({std::string(function.name), "window", std::string(function.signature),
                  std::string(function.doc)});
      }
      return rows.finish();
    }
    case ast::ShowKind::kSettings:
      return show_settings(settings);
    case ast::ShowKind::kCreate:
      return show_create(show, catalog);
    case ast::ShowKind::kSchema:
    case ast::ShowKind::kColumns:
      if (show.name) {
        const CatalogEntry* entry = show.name->parts.size() == 1
                                        ? catalog.find(show.name->parts[0])
                                        : catalog.find(std::string_view(show.name->to_string()));
        if (entry != nullptr) return describe(*entry, false);
      }
      [[fallthrough]];
    default:
      break;
  }
  return Error(ErrorCode::kNotSupported,
               fmt::format("not supported yet: SHOW {}", ast::show_kind_name(show.kind)));
}

}  // namespace velo
