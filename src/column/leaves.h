#pragma once

#include <span>
#include <vector>

#include "column/column.h"

namespace velo {

/// Columns without ROWs, for what keeps the values of rows in places of equal size: a ROW is a leaf
/// that says no more than where it is NULL, and behind it come the leaves of its fields; any other
/// column is one leaf.
class Leaves {
 public:
  explicit Leaves(std::span<const Type> types);

  size_t size() const { return types_.size(); }
  /// By leaf. Of a ROW nothing but NULL or not is asked for.
  const std::vector<Type>& types() const { return types_; }
  const Type& type(size_t leaf) const { return types_[leaf]; }
  bool is_row(size_t leaf) const { return types_[leaf].physical() == Physical::kRow; }
  bool is_string(size_t leaf) const { return types_[leaf].physical() == Physical::kString; }
  bool is_list(size_t leaf) const { return types_[leaf].physical() == Physical::kList; }
  /// The leaf that the column is, or is the first of.
  size_t of(size_t column) const { return first_[column]; }

  /// The columns' leaves; that of a ROW is the ROW itself, flat.
  std::vector<ColumnPtr> split(std::span<const ColumnPtr> columns) const;
  /// The column that begins with this leaf, from `validity(leaf)` of ROWs (null = none is NULL) and
  /// `column(leaf)` of others.
  template <typename ValidityOf, typename ColumnOf>
  ColumnPtr join(size_t leaf, size_t rows, ValidityOf validity, ColumnOf column) const {
    return join_from(&leaf, rows, validity, column);
  }

 private:
  void add(const Type& type);
  static void split_into(const ColumnPtr& column, std::vector<ColumnPtr>* leaves);
  /// Moves on to the leaf behind.
  template <typename ValidityOf, typename ColumnOf>
  ColumnPtr join_from(size_t* leaf, size_t rows, ValidityOf validity, ColumnOf column) const {
    const size_t at = (*leaf)++;
    if (!is_row(at)) return column(at);
    std::vector<ColumnPtr> fields;
    for (size_t i = 0; i < types_[at].children().size(); ++i) {
      fields.push_back(join_from(leaf, rows, validity, column));
    }
    return Column::row(types_[at], rows, std::move(fields), validity(at));
  }

  std::vector<Type> types_;
  std::vector<size_t> first_;  // by column
};

}  // namespace velo
