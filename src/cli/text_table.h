#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "column/batch.h"

namespace velo {

/// Rows for people, aligned:
///
///      symbol | window_end              | price
///     --------+-------------------------+-------
///      A      | 2024-01-01T00:01:00.000 |   1.5
///
/// Rows are held until `render`: the first call fixes the widths by all that was added before;
/// later ones widen a column when a value needs it, without a new header.
class TextTable {
 public:
  explicit TextTable(SchemaPtr schema);

  void add(const Batch& batch);
  size_t waiting_rows() const { return waiting_.size(); }
  size_t rows() const { return rows_; }
  /// The header if there was none yet, and the rows added since the last call.
  std::string render();
  /// The header again before the next rows: something else was printed in between.
  void repeat_header() { header_written_ = false; }

 private:
  void append_header(std::string& out) const;

  SchemaPtr schema_;
  std::vector<size_t> widths_;
  std::vector<bool> right_;  ///< numbers stand to the right
  std::vector<std::vector<std::string>> waiting_;
  size_t rows_ = 0;
  bool header_written_ = false;
};

/// Letters of a UTF-8 text: an estimate of the columns it takes on a terminal.
size_t display_width(std::string_view text);

}  // namespace velo
