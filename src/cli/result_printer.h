#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "cli/text_table.h"
#include "engine/query.h"
#include "format/encoder.h"

namespace velo {

enum class OutputForm : uint8_t { kTable, kJson, kCsv };

/// Writes the rows of bare SELECTs to standard output. A changing result has a first column `op`:
/// +I -U +U -D.
///
/// `print` may be called by the query's threads, all else by one thread. Rows are buffered: the
/// first ones and full buffers go out at once, the rest with the next `flush`.
class ResultPrinter {
 public:
  struct Options {
    OutputForm form = OutputForm::kJson;
    bool count_rows = false;             ///< kTable: "(3 rows)" at the end
    std::function<void()> before_write;  ///< clears the progress line; may be empty
  };
  /// Borrows `out`.
  ResultPrinter(File& out, Options options);
  ~ResultPrinter();

  /// One per result, before the first row.
  Status add_result(const ResultInfo& result);
  void print(size_t result, const Batch& batch);
  /// The answer of a SHOW, DESCRIBE or EXPLAIN.
  Status print_answer(const Batch& rows);
  void flush();
  /// Writes what is left, and headers of results without rows.
  Status finish();

  /// Whoever read our output is gone: no reason to go on, and no error.
  bool closed() const;

 private:
  struct Port;
  Batch visible_rows(Port& port, const Batch& batch) const;
  void render_table(Port& port, size_t index);
  void write(std::string_view text);

  File& out_;
  const Options options_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::string buffer_;
  std::optional<size_t> last_table_;
  bool wrote_ = false;
  bool closed_ = false;
  std::optional<Error> error_;
};

}  // namespace velo
