#pragma once

#include <string>
#include <vector>

namespace velo::bench {

/// One measured thing, its answers already checked.
struct Measurement {
  std::string name;
  std::string unit = "rec/s";  ///< of `value`, `median` and `reference`
  double value = 0;            ///< of the best round
  double median = 0;           ///< of all rounds; 0 = there was one
  double records = 0;          ///< per round
  double results = 0;          ///< rows that came out per round
  double reference = 0;        ///< what it is compared with; 0 = nothing
  std::string reference_name;
  double ratio = 0;      ///< value / reference, or reference / value where less is better
  double ratio_min = 0;  ///< the bar; 0 = none
};

/// Collects measurements and prints them: a table for people, and one JSON object per line for
/// bench/run, each line beginning with `{"program":`.
class Report {
 public:
  explicit Report(std::string program) : program_(std::move(program)) {}

  /// Prints its line of the table at once.
  void add(Measurement measurement);
  /// A heading inside the table.
  void section(const std::string& title);
  /// Prints the JSON lines.
  void finish() const;

 private:
  std::string program_;
  std::vector<Measurement> measurements_;
};

}  // namespace velo::bench
