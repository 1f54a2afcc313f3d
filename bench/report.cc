#include "bench/report.h"

#include <cstdio>
#include <cstdlib>

#include "base/fmt.h"

namespace velo::bench {
namespace {

[[noreturn]] void refuse(const char* program, std::string_view argument) {
  fmt::print(stderr, "{}: '{}' makes no sense here\n", program, argument);
  fmt::print(stderr, "usage: {} [--rows N] [--rounds N] [--only TEXT] [--form text|json]\n",
             program);
  std::exit(2);
}

std::string as_json(const Measurement& m) {
  std::string line =
      fmt::format(R"({{"bench":"{}","rows":{},"seconds":{:.6g},"best_seconds":{:.6g},"results":{})",
                  m.name, m.rows, m.seconds, m.best_seconds, m.results);
  if (m.reference_rate > 0) {
    line += fmt::format(R"(,"reference":"{}","reference_rate":{:.6g},"ratio":{:.4g})", m.reference,
                        m.reference_rate, m.ratio());
  }
  if (m.bar > 0) line += fmt::format(R"(,"bar":{:g},"holds":{})", m.bar, m.ratio() >= m.bar);
  return line + "}";
}

std::string as_row(const Measurement& m) {
  const auto rows = static_cast<double>(m.rows);
  std::string line =
      fmt::format("  {:<34} {:>9} {:>9} {:>8.2f} {:>9.1f} {:>9.1f}", m.name, m.rows, m.results,
                  m.rate() / 1e6, m.seconds * 1e9 / rows, m.best_seconds * 1e9 / rows);
  if (m.reference_rate > 0) line += fmt::format(" {:>7.0f}x {}", m.ratio(), m.reference);
  if (m.bar > 0) line += fmt::format(", bar {:g}x {}", m.bar, m.ratio() >= m.bar ? "" : "MISSED");
  return line;
}

}  // namespace

RunOptions parse_run_options(int argc, char** argv, RunOptions options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) refuse(argv[0], name);
    const std::string value = argv[++i];
    const uint64_t number = std::strtoull(value.c_str(), nullptr, 10);
    if (name == "--only") {
      options.only = value;
    } else if (name == "--form" && (value == "json" || value == "text")) {
      options.json = value == "json";
    } else if (name == "--rows" && number > 0) {
      options.rows = number;
    } else if (name == "--rounds" && number > 0) {
      options.rounds = number;
    } else {
      refuse(argv[0], fmt::format("{} {}", name, value));
    }
  }
  return options;
}

void Report::section(std::string_view title) const {
  if (json_) return;
  fmt::print("{}\n  {:<34} {:>9} {:>9} {:>8} {:>9} {:>9}\n", title, "", "records", "results",
             "M rec/s", "ns/rec", "best");
  std::fflush(stdout);
}

void Report::add(const Measurement& measurement) const {
  fmt::print("{}\n", json_ ? as_json(measurement) : as_row(measurement));
  std::fflush(stdout);
}

}  // namespace velo::bench
