#pragma once

#include <string>
#include <vector>

#include "plan/field_reads.h"
#include "plan/plan_build.h"

namespace velo {

/// What of an output is read; and whether somebody waits for its watermark.
struct Needs {
  FieldReads reads;
  bool watermark = false;

  const std::vector<size_t>& columns() const { return reads.columns(); }
  void add(size_t column) { reads.add(column); }
  void add(const ExprPtr& expr) { reads.add(expr); }
  /// Reads the same of an input whose first `columns` columns are passed on.
  void pass(const Needs& above, size_t columns);
};

/// For nodes that pass on no fields of their columns.
Needs whole_columns(const Needs& needs);
Needs needs_all(const std::vector<size_t>& columns);

/// A field that has become a column.
struct MovedField {
  ExprPtr field;   ///< over the old output
  ExprPtr column;  ///< of the new one
};

struct Pruned {
  PlanPtr plan;
  std::vector<size_t> at;  ///< new index by old index
  std::vector<MovedField> fields = {};
};

/// An expression over the old output, over the new one.
ExprPtr carry(const ExprPtr& expr, const Pruned& to);
std::vector<ExprPtr> carry_all(const std::vector<ExprPtr>& exprs, const Pruned& to);

/// Exactly the given old columns, in that order.
PlanPtr exactly(const Pruned& pruned, const std::vector<size_t>& columns);

/// Without what was only read below, as by a filter: for nodes that keep rows.
Pruned narrowed(Pruned pruned, const Needs& needs);

}  // namespace velo
