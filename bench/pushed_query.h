#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace velo::bench {

/// A script with one pushed table and one bare SELECT, opened and ready for records.
struct PushedQuery {
  /// REQUIRES: the script is good; says what is wrong and ends the program if not.
  PushedQuery(const std::string& sql, std::string_view table);
  Engine engine;
  std::unique_ptr<Query> query;
  Input* input = nullptr;
};

/// Rows as a multiset of texts. Retractions must meet what they take back.
class RowSet {
 public:
  /// The columns as text, separated by one blank; integers, times (µs) and doubles as numbers.
  static std::string text(const Batch& rows, size_t row);

  void add(const std::string& row, int64_t times = 1);
  void add(const Batch& rows);
  size_t size() const { return rows_.size(); }
  /// Ends the program with the first difference, if there is one.
  void check_equal(const RowSet& expected, std::string_view what) const;

 private:
  std::map<std::string, int64_t> rows_;
};

/// Pushes all records, one by one, into `Input`.
using PushAll = std::function<void(Input&)>;

struct PushedTimes {
  double best_s = 0;
  double median_s = 0;
  size_t results = 0;  ///< rows, retractions among them
};

/// Runs `sql` over the records once, compares what came out with `expected`, then times fresh runs
/// from the first push to the end of `finish`, all of which happens on this thread: CPU time.
PushedTimes check_and_time(const std::string& what, const std::string& sql, std::string_view table,
                           const PushAll& push_all, const RowSet& expected, size_t rounds);

}  // namespace velo::bench
