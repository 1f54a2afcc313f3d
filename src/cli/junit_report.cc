#include "cli/junit_report.h"

#include <algorithm>

#include "base/fmt.h"

namespace velo {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default:
        // XML 1.0 has no place for other control characters, not even escaped.
        out.push_back(static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c);
    }
  }
  return out;
}

}  // namespace

std::string junit_report(const std::vector<GoldenVerdict>& verdicts) {
  size_t failures = 0;
  size_t skipped = 0;
  double seconds = 0;
  for (const GoldenVerdict& verdict : verdicts) {
    failures += verdict.failure.empty() ? 0 : 1;
    skipped += verdict.skip_reason.empty() ? 0 : 1;
    seconds += verdict.seconds;
  }
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += fmt::format(
      "<testsuite name=\"velo test\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" "
      "time=\"{:.3f}\">\n",
      verdicts.size(), failures, skipped, seconds);
  for (const GoldenVerdict& verdict : verdicts) {
    out += fmt::format("  <testcase classname=\"sql\" name=\"{}\" time=\"{:.3f}\">",
                       escaped(verdict.path), verdict.seconds);
    if (!verdict.skip_reason.empty()) {
      out += fmt::format("<skipped message=\"{}\"/>", escaped(verdict.skip_reason));
    }
    if (!verdict.failure.empty()) {
      const std::string first = verdict.failure.substr(0, verdict.failure.find('\n'));
      out += fmt::format("<failure message=\"{}\">{}</failure>", escaped(first),
                         escaped(verdict.failure));
    }
    out += "</testcase>\n";
  }
  return out + "</testsuite>\n";
}

}  // namespace velo
