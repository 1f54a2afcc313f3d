#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "column/batch.h"
#include "column/scalar.h"
#include "expr/evaluator.h"
#include "expr/expr.h"

namespace velo::test {

/// Expression text cannot be parsed on this floor: tests build trees with these.

inline ExprPtr column(const Batch& batch, std::string_view name) {
  const int index = batch.schema->index_of(name);
  CHECK(index >= 0, name);
  const auto i = static_cast<size_t>(index);
  return make_column(i, (*batch.schema)[i].type, std::string(name));
}

inline ExprPtr call(std::string_view name, std::vector<ExprPtr> args) {
  Result<ExprPtr> made = make_call(name, std::move(args));
  CHECK(made.has_value(), made.error().to_string());
  return *made;
}

/// The error message of a call that must not bind.
inline std::string refusal(std::string_view name, std::vector<ExprPtr> args) {
  Result<ExprPtr> made = make_call(name, std::move(args));
  return made ? "bound: " + (*made)->to_string() : made.error().message;
}

inline ExprPtr cast(ExprPtr arg, Type type, bool is_try = false) {
  Result<ExprPtr> made = make_cast(std::move(arg), std::move(type), is_try);
  CHECK(made.has_value(), made.error().to_string());
  return *made;
}

inline ExprPtr number(int64_t value) { return make_integer(value); }
inline ExprPtr text(std::string_view value) { return make_string(value); }
/// DECIMAL literal from its text: "1.50" is DECIMAL(3, 2).
inline ExprPtr decimal(std::string_view value) {
  const size_t point = value.find('.');
  int digits = 0;
  for (const char c : value) digits += c >= '0' && c <= '9' ? 1 : 0;
  const int scale = point == value.npos ? 0 : static_cast<int>(value.size() - point - 1);
  return make_literal(*parse_scalar(Type::decimal(digits, scale), value));
}
inline ExprPtr literal(Type type, std::string_view value) {
  return make_literal(*parse_scalar(type, value));
}

/// Row by row, parted by blanks; NULL; the message between exclamation marks where the row failed.
inline std::string column_text(const ExprPtr& expr, const Batch& batch,
                               EvaluationContext context = {}) {
  Evaluator evaluator(expr);
  RowErrors errors;
  const ColumnPtr column = evaluator.evaluate(0, batch, context, errors);
  CHECK(column->type() == expr->type(),
        column->type().to_string() + " is not " + expr->type().to_string());
  CHECK(column->size() == batch.rows);
  std::string out;
  size_t next = 0;
  const std::vector<RowError>& failed = errors.rows();
  for (size_t row = 0; row < batch.rows; ++row) {
    if (row > 0) out += " ";
    if (next < failed.size() && failed[next].row == row) {
      out += "!" + failed[next++].message + "!";
    } else if (column->is_null(row)) {
      out += "NULL";
    } else {
      append_text(out, *column, row);
    }
  }
  return out;
}

/// The value of a constant expression, evaluated for one row.
inline std::string text_of(const ExprPtr& expr, EvaluationContext context = {}) {
  Batch batch;
  batch.schema = make_schema({});
  batch.rows = 1;
  return column_text(expr, batch, context);
}

}  // namespace velo::test
