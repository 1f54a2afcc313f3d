#pragma once

#include <string>
#include <vector>

namespace velo {

/// One golden file in a report.
struct GoldenVerdict {
  std::string path;
  double seconds = 0;
  size_t ways = 0;            ///< that were run
  std::string skip_reason;    ///< "" = it was run
  std::string failure;        ///< "" = it passed
};

/// A JUnit XML document with one test case per file.
std::string junit_report(const std::vector<GoldenVerdict>& verdicts);

}  // namespace velo
