#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "cli/console.h"
#include "engine/query.h"

namespace velo {

enum class ProgressWhen : uint8_t { kAuto, kAlways, kNever };

/// Rows, rows per second, watermark and time left, on stderr: one line that is written over on a
/// terminal, else a line now and then. `hide` may be called by any thread, `update` and `close` by
/// one.
class ProgressLine {
 public:
  /// kAuto: shown if stderr is a terminal. Times are Clock::steady_ns.
  ProgressLine(const Console& console, ProgressWhen when, int64_t start_ns);

  /// Shows the progress if it is time to.
  void update(const Progress& progress, int64_t now_ns);
  /// Takes the line away so that something else can be written.
  void hide();
  /// Takes it away for good and, where progress is shown, says what was done.
  void close(const Progress& progress, int64_t now_ns);

  bool shown() const { return shown_; }

 private:
  const Console& console_;
  const bool shown_;
  const bool overwrite_;
  const int64_t start_ns_;
  std::mutex mutex_;
  bool visible_ = false;
  int64_t last_ns_;
  uint64_t last_rows_ = 0;
  double rate_ = 0;
};

/// "1,234,567"
std::string grouped(uint64_t number);
/// "1 row", "1,234 rows"
std::string rows(uint64_t number);
/// "850", "12.3 k", "5.21 M", for rates.
std::string short_number(double number);
/// "0.21 s", "12 s", "3 min 05 s", "2 h 04 min".
std::string short_duration(double seconds);
/// `line` as far as it fits before the last column of a terminal; `columns` 0 = all of it.
std::string clipped(std::string line, size_t columns);
/// The line itself: "1,200 rows in  5.2 M rows/s  watermark 2024-01-01T00:00:00Z  43 %  ETA 3 s".
std::string progress_text(const Progress& progress, double rate, double elapsed_s);

}  // namespace velo
