#pragma once

#include <memory>
#include <vector>

#include "column/batch.h"
#include "format/change_rows.h"
#include "format/column_target.h"
#include "format/decoder.h"

namespace velo {

/// The batch under construction: one target per projected column, rows [0, rows()) written.
class BatchAssembler {
 public:
  BatchAssembler(SchemaPtr schema, std::vector<std::unique_ptr<ColumnTarget>> targets,
                 size_t batch_rows);

  /// From now on the records are changes, of which `changes` makes the rows.
  void set_changes(std::unique_ptr<ChangeRows> changes) { changes_ = std::move(changes); }
  /// Null: every record is a row.
  ChangeRows* changes() { return changes_.get(); }

  const SchemaPtr& schema() const { return schema_; }
  /// Of the batches that are handed out.
  const SchemaPtr& output_schema() const { return changes_ ? changes_->schema() : schema_; }
  size_t columns() const { return targets_.size(); }
  ColumnTarget& target(size_t i) { return *targets_[i]; }
  /// The leaves are the columns with the fields of ROWs in place of these, at any depth. Without
  /// ROWs, leaf i is column i.
  size_t leaves() const { return leaves_.size(); }
  ColumnTarget& leaf(size_t i) { return *leaves_[i]; }
  /// Leaf i; null if it is no ScalarTarget.
  ScalarTarget* scalar(size_t i) { return scalars_[i]; }

  size_t rows() const { return rows_; }
  size_t room() const { return batch_rows_ - rows_; }
  bool full() const { return rows_ == batch_rows_; }
  /// Rows [rows(), rows() + n) are written.
  void add(size_t n) { rows_ += n; }
  /// Notes, while messages are decoded, that the next row to be added is of this one.
  void note_message(uint32_t number) { messages_.push_back(number); }
  /// Takes rows out of [rows(), rows() + n), which are written but not added, and returns how many
  /// are left. `dropped`: ascending, counted from rows().
  size_t remove(size_t n, const std::vector<uint32_t>& dropped);
  /// What was written into row `row` does not count: it is as if never written.
  void forget(size_t row);
  /// Bytes that stable strings of this batch lie in; `set_owner`: of all batches until it is called
  /// again.
  void keep(const BufferPtr& owner);
  void set_owner(BufferPtr owner);

  /// Where the next batch's range begins.
  void set_begin(uint64_t offset) { begin_ = offset; }
  /// Hands out the rows, if any, as the range that ends at `end`.
  Status flush(uint64_t end, DecodeOutput& out);

 private:
  void start();
  void add_leaves(ColumnTarget& target);

  SchemaPtr schema_;
  std::vector<std::unique_ptr<ColumnTarget>> targets_;
  std::vector<ColumnTarget*> leaves_;
  std::vector<ScalarTarget*> scalars_;
  std::unique_ptr<ChangeRows> changes_;
  size_t batch_rows_;
  size_t rows_ = 0;
  BufferPtr owner_;
  uint64_t begin_ = 0;
  std::vector<uint32_t> messages_;  ///< of the rows; empty unless these come as messages
};

/// A target for a column of this type, nested ones included. Errors: a type that text formats
/// cannot read.
Result<std::unique_ptr<ColumnTarget>> make_target(std::string_view format, const Field& column,
                                                  const FieldRules& rules, bool nested_allowed);

}  // namespace velo
