#pragma once

#include <vector>

#include "base/fmt.h"
#include "column/type.h"
#include "expr/expr.h"

namespace velo {

/// The columns of an input, then what is computed of them for an operator that reads columns only.
struct LoweredColumns {
  std::vector<Field> fields;
  std::vector<ExprPtr> exprs;

  explicit LoweredColumns(const Schema& schema) : fields(schema.fields()), width_(fields.size()) {
    for (size_t i = 0; i < fields.size(); ++i) {
      exprs.push_back(make_column(i, fields[i].type, fields[i].name));
    }
  }
  /// Whether anything is computed.
  bool computed() const { return fields.size() > width_; }
  size_t place_of(const ExprPtr& expr) {
    if (expr->kind() == ExprKind::kColumn) return expr->index();
    for (size_t i = width_; i < exprs.size(); ++i) {
      if (*exprs[i] == *expr && !expr->is_volatile()) return i;
    }
    fields.push_back({fmt::format("key {}", fields.size() + 1), expr->type()});
    exprs.push_back(expr);
    return exprs.size() - 1;
  }
  /// The same as a column.
  ExprPtr column_of(const ExprPtr& expr) {
    const size_t place = place_of(expr);
    return make_column(place, fields[place].type, fields[place].name);
  }

 private:
  size_t width_;
};

}  // namespace velo
