#include "column/batch_text.h"

#include <cctype>
#include <cstdlib>

#include "column/scalar.h"

namespace velo {
namespace {

std::string_view trim(std::string_view s) {
  while (!s.empty() && std::isspace(static_cast<unsigned char>(s.front()))) s.remove_prefix(1);
  while (!s.empty() && std::isspace(static_cast<unsigned char>(s.back()))) s.remove_suffix(1);
  return s;
}

Type type_from_text(std::string_view text) {
  std::string name;
  for (char c : text)
    name.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  if (name == "boolean") return Type::boolean();
  if (name == "tinyint") return Type::tinyint();
  if (name == "smallint") return Type::smallint();
  if (name == "int" || name == "integer") return Type::integer();
  if (name == "bigint") return Type::bigint();
  if (name == "float") return Type::float32();
  if (name == "double") return Type::float64();
  if (name == "string") return Type::string();
  if (name == "bytes") return Type::bytes();
  if (name == "date") return Type::date();
  if (name == "time") return Type::time();
  if (name == "time(3)") return Type::time(3);
  if (name == "timestamp_ltz(6)") return Type::timestamp_ltz(6);
  if (name == "timestamp" || name == "timestamp(3)") return Type::timestamp(3);
  if (name == "timestamp(6)") return Type::timestamp(6);
  if (name == "timestamp_ltz" || name == "timestamp_ltz(3)") return Type::timestamp_ltz(3);
  if (name.starts_with("decimal(")) {
    const size_t comma = name.find(',');
    CHECK(comma != std::string::npos, "decimal(p,s)");
    return Type::decimal(std::atoi(name.c_str() + 8), std::atoi(name.c_str() + comma + 1));
  }
  CHECK(false, name);
  return Type::null();
}

struct Cell {
  std::string text;
  bool quoted = false;
};

std::vector<Cell> cells_of(std::string_view line) {
  std::vector<Cell> cells;
  size_t i = 0;
  while (i < line.size()) {
    if (line[i] == ' ' || line[i] == '\t') {
      ++i;
      continue;
    }
    Cell cell;
    if (line[i] == '\'') {
      cell.quoted = true;
      for (++i; i < line.size() && line[i] != '\''; ++i) cell.text.push_back(line[i]);
      ++i;
    } else {
      for (; i < line.size() && line[i] != ' ' && line[i] != '\t'; ++i)
        cell.text.push_back(line[i]);
    }
    cells.push_back(std::move(cell));
  }
  return cells;
}

bool needs_quotes(std::string_view text) {
  return text.empty() || text == "." || text.find_first_of(" \t\n") != std::string_view::npos;
}

}  // namespace

SchemaPtr schema_from_text(std::string_view schema) {
  std::vector<Field> fields;
  int depth = 0;
  size_t start = 0;
  for (size_t i = 0; i <= schema.size(); ++i) {
    if (i < schema.size() && schema[i] == '(') ++depth;
    if (i < schema.size() && schema[i] == ')') --depth;
    if (i < schema.size() && (schema[i] != ',' || depth > 0)) continue;
    const std::string_view part = trim(schema.substr(start, i - start));
    start = i + 1;
    if (part.empty()) continue;
    const size_t blank = part.find(' ');
    CHECK(blank != std::string_view::npos, part);
    fields.push_back(
        {std::string(part.substr(0, blank)), type_from_text(trim(part.substr(blank)))});
  }
  return make_schema(std::move(fields));
}

Batch batch_from_text(std::string_view schema, std::string_view rows) {
  Batch batch{.schema = schema_from_text(schema), .rows = 0, .columns = {}, .weights = nullptr,
              .watermarks = nullptr};
  std::vector<ColumnBuilder> builders;
  for (const Field& field : batch.schema->fields()) builders.emplace_back(field.type);
  ColumnBuilder weights(Type::bigint());
  bool weighted = false;
  while (!rows.empty()) {
    const size_t end = std::min(rows.find('\n'), rows.size());
    std::vector<Cell> cells = cells_of(trim(rows.substr(0, end)));
    rows.remove_prefix(std::min(end + 1, rows.size()));
    if (cells.empty()) continue;
    int64_t weight = 1;
    if (!cells[0].quoted && (cells[0].text == "+" || cells[0].text == "-")) {
      weight = cells[0].text == "+" ? 1 : -1;
      weighted = true;
      cells.erase(cells.begin());
    }
    CHECK(cells.size() == builders.size(), "a row has too many or too few cells");
    for (size_t c = 0; c < cells.size(); ++c) {
      if (cells[c].text == "." && !cells[c].quoted) {
        builders[c].append_null();
      } else {
        append_scalar(builders[c], parse_scalar(builders[c].type(), cells[c].text).value());
      }
    }
    weights.append_int64(weight);
    ++batch.rows;
  }
  for (ColumnBuilder& builder : builders) batch.columns.push_back(builder.finish());
  if (weighted) batch.weights = weights.finish();
  return batch;
}

std::string batch_to_text(const Batch& batch) {
  std::string out;
  for (size_t row = 0; row < batch.rows; ++row) {
    if (batch.weights) out += batch.weight(row) < 0 ? "- " : "+ ";
    for (size_t c = 0; c < batch.columns.size(); ++c) {
      if (c > 0) out.push_back(' ');
      std::string text = ".";
      if (!batch.columns[c]->is_null(row)) {
        text.clear();
        append_text(text, *batch.columns[c], row);
        if (needs_quotes(text)) text = "'" + text + "'";
      }
      out += text;
    }
    out.push_back('\n');
  }
  return out;
}

}  // namespace velo
