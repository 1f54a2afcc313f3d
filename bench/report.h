#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace velo::bench {

/// How a program is asked to measure: --rows N --rounds N --only TEXT --form text|json.
struct RunOptions {
  uint64_t rows = 0;
  uint64_t rounds = 0;
  std::string only;   ///< measure what has this in its name
  bool json = false;  ///< one JSON object per line and nothing else, instead of a table

  bool wants(std::string_view name) const { return name.find(only) != std::string_view::npos; }
};
/// Ends the program with a word about what is wrong.
RunOptions parse_run_options(int argc, char** argv, RunOptions defaults);

/// One measured thing, its answers already checked.
struct Measurement {
  std::string name;
  uint64_t rows = 0;          ///< in per round
  uint64_t results = 0;       ///< out per round
  double seconds = 0;         ///< processor time, the median of all rounds
  double best_seconds = 0;    ///< the same of the best round
  double reference_rate = 0;  ///< rows per second that it is compared with; 0 = nothing
  std::string reference;      ///< whose that is
  double bar = 0;             ///< wanted: so many times the reference; 0 = none

  double rate() const { return static_cast<double>(rows) / seconds; }
  double ratio() const { return reference_rate > 0 ? rate() / reference_rate : 0; }
};

/// Prints measurements as they come, in the form that was asked for (bench/README.md).
class Report {
 public:
  explicit Report(bool json) : json_(json) {}
  /// A heading of the table.
  void section(std::string_view title) const;
  void add(const Measurement& measurement) const;

 private:
  bool json_;
};

}  // namespace velo::bench
