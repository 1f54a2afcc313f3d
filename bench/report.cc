#include "bench/report.h"

#include <cstdio>

#include "base/fmt.h"

namespace velo::bench {
namespace {

std::string verdict(const Measurement& m) {
  if (m.ratio_min == 0) return "";
  return fmt::format("  bar {:g}x {}", m.ratio_min, m.ratio >= m.ratio_min ? "met" : "MISSED");
}

}  // namespace

void Report::section(const std::string& title) {
  fmt::print("{}\n  {:<34} {:>9} {:>10} {:>13} {:>9}\n", title, "", "records", "results", "best",
             "ns/rec");
  std::fflush(stdout);
}

void Report::add(Measurement m) {
  fmt::print("  {:<34} {:>9.0f} {:>10.0f} {:>7.2f} M/s {:>9.1f}", m.name, m.records, m.results,
             m.value / 1e6, 1e9 / m.value);
  if (m.reference > 0) fmt::print(" {:>7.0f}x {}", m.ratio, m.reference_name);
  fmt::print("{}\n", verdict(m));
  std::fflush(stdout);
  measurements_.push_back(std::move(m));
}

void Report::finish() const {
  for (const Measurement& m : measurements_) {
    std::string line =
        fmt::format(R"({{"program":"{}","name":"{}","unit":"{}","value":{:.6g},"median":{:.6g},)"
                    R"("records":{:.0f},"results":{:.0f})",
                    program_, m.name, m.unit, m.value, m.median, m.records, m.results);
    if (m.reference > 0) {
      line += fmt::format(R"(,"reference":{:.6g},"reference_name":"{}","ratio":{:.4g})",
                          m.reference, m.reference_name, m.ratio);
    }
    if (m.ratio_min > 0)
      line += fmt::format(R"(,"bar":{:g},"met":{})", m.ratio_min, m.ratio >= m.ratio_min);
    fmt::print("{}}}\n", line);
  }
}

}  // namespace velo::bench
