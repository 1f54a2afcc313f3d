#include "cli/golden_complete.h"

#include "base/fmt.h"
#include "cli/golden_compare.h"
#include "cli/golden_rows.h"

namespace velo {
namespace {

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string error_words(const Error& error) {
  std::string words = fmt::format("{}", static_cast<int>(error.code));
  if (error.place.line > 0 && error.place.source.empty()) {
    words += fmt::format(" at {}:{}", error.place.line, error.place.column);
  }
  return words + fmt::format(" \"{}\"", error.message);
}

/// `stats late=1` with the counts that came out, for the names that are there.
std::string stats_line(const GoldenStep& step, const GoldenStepOutcome& outcome) {
  std::string line = "stats";
  for (const std::string& count : outcome.lines) {
    const std::string name = count.substr(0, count.find('=') + 1);
    const bool asked = (" " + step.text).find(" " + name) != std::string::npos;
    if (asked || step.text.empty()) line += " " + count;
  }
  return line;
}

/// What replaces the directive's own line; "" = it stays.
std::string new_directive(const GoldenStep& step, const GoldenStepOutcome& outcome) {
  switch (step.kind) {
    case GoldenKind::kStatement:
      return step.error && outcome.error ? "statement error " + error_words(*outcome.error) : "";
    case GoldenKind::kQuery:
      return step.error && outcome.error ? "query error " + error_words(*outcome.error) : "";
    case GoldenKind::kError: return outcome.error ? "error " + error_words(*outcome.error) : "";
    case GoldenKind::kStats: return stats_line(step, outcome);
    case GoldenKind::kSchema: return outcome.lines.empty() ? "" : "schema " + outcome.lines[0];
    default: return "";
  }
}

/// The lines that belong into the step's block.
std::vector<std::string> new_block(const GoldenStep& step, const GoldenStepOutcome& outcome) {
  if (outcome.error) return split_lines(outcome.error->to_string());
  return in_order(outcome.lines, step.order);
}

}  // namespace

std::string complete_golden(const GoldenFile& file, const GoldenOutcome& outcome) {
  std::vector<std::string> text = file.text;
  for (size_t i = file.steps.size(); i-- > 0;) {  // from the end: line numbers before stay true
    const GoldenStep& step = file.steps[i];
    const GoldenStepOutcome& happened = outcome.steps[i];
    if (!happened.reached || !happened.fault.empty() || step_agrees(step, happened)) continue;
    if (happened.error && !step.error) continue;
    std::vector<std::string> block = new_block(step, happened);
    const bool has_block = step.kind != GoldenKind::kStats && step.kind != GoldenKind::kSchema;
    if (has_block && step.expected) {
      const auto begin = text.begin() + static_cast<ptrdiff_t>(step.expected->begin);
      const auto end = text.begin() + static_cast<ptrdiff_t>(step.expected->end);
      text.insert(text.erase(begin, end), block.begin(), block.end());
    } else if (step.kind == GoldenKind::kQuery && !step.error) {
      size_t after = step.line;  // the SQL ends at a blank line
      while (after < text.size() && !text[after].empty()) ++after;
      block.insert(block.begin(), "----");
      text.insert(text.begin() + static_cast<ptrdiff_t>(after), block.begin(), block.end());
    }
    const std::string directive = new_directive(step, happened);
    if (!directive.empty()) text[step.line - 1] = directive;
  }
  std::string out;
  for (const std::string& line : text) out += line + "\n";
  return out;
}

}  // namespace velo
