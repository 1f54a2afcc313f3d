#pragma once

#include <vector>

#include "column/type.h"
#include "expr/expr.h"

namespace velo {

/// What expressions over one input read of it: whole columns, and of ROW columns single fields.
///
/// A field is an expression as it is written: `person.address.city`, fields of fields down to a
/// column. Neither a field of a column that is read whole nor one inside of another that is read is
/// listed.
class FieldReads {
 public:
  void add(size_t column);
  /// Reads what `expr` reads.
  void add(const ExprPtr& expr);
  void add(const FieldReads& other);
  bool has(size_t column) const;

  const std::vector<size_t>& columns() const { return columns_; }  ///< ascending
  const std::vector<ExprPtr>& fields() const { return fields_; }   ///< in the order of being met

 private:
  void add_field(const ExprPtr& field);

  std::vector<size_t> columns_;
  std::vector<ExprPtr> fields_;
};

/// The column that a field lies in; null if the expression is neither a column nor a field of one.
const Expr* column_of_field(const Expr& expr);

/// `type`, that of column `column`, with only those fields that are read of it.
Type narrowed(const Type& type, size_t column, const FieldReads& reads);
/// A ROW with the fields that `a` or `b` has, both narrowed from `whole`.
Type widest(const Type& whole, const Type& a, const Type& b);
/// The same over other columns: number i is `by[i]`, which may have fewer fields than the column
/// that it replaces, but has those that are read.
ExprPtr over_columns(const ExprPtr& expr, const std::vector<ExprPtr>& by);

}  // namespace velo
