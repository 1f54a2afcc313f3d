#include "cli/golden_compare.h"

#include <algorithm>
#include <map>

#include "base/fmt.h"
#include "cli/golden_rows.h"

namespace velo {
namespace {

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool error_matches(const GoldenError& expected, const Error& error) {
  if (expected.code != 0 && expected.code != static_cast<int>(error.code)) return false;
  if (expected.line != 0 && expected.line != error.place.line) return false;
  if (expected.column != 0 && expected.column != error.place.column) return false;
  return error.to_string().find(expected.text) != std::string::npos;
}

std::string error_problem(const GoldenStep& step, const GoldenStepOutcome& outcome) {
  if (!step.error) {
    return outcome.error ? "failed:\n" + outcome.error->to_string() : std::string();
  }
  if (!outcome.error) return "an error was expected and none came";
  if (!error_matches(*step.error, *outcome.error)) {
    return "another error was expected; it was:\n" + outcome.error->to_string();
  }
  if (!step.expected) return {};
  const std::vector<std::string> lines = split_lines(outcome.error->to_string());
  if (lines == step.expected->lines) return {};
  return "the error reads differently:\n" + diff_lines(step.expected->lines, lines);
}

std::string rows_problem(const GoldenStep& step, const GoldenStepOutcome& outcome) {
  const std::vector<std::string> none;
  const std::vector<std::string>& written = step.expected ? step.expected->lines : none;
  const std::vector<std::string> expected = in_order(written, step.order);
  const std::vector<std::string> actual = in_order(outcome.lines, step.order);
  if (expected == actual) return {};
  return "other rows came out:\n" + diff_lines(expected, actual);
}

std::string stats_problem(const GoldenStep& step, const GoldenStepOutcome& outcome) {
  std::string problem;
  for (const std::string& word : split_words(step.text)) {
    const auto& lines = outcome.lines;
    if (std::find(lines.begin(), lines.end(), word) != lines.end()) continue;
    problem = "other counts:";
    for (const std::string& line : lines) problem += " " + line;
  }
  return problem;
}

std::string warnings_problem(const GoldenStep& step, const GoldenStepOutcome& outcome) {
  const std::vector<std::string>& expected = step.expected->lines;
  bool equal = expected.size() == outcome.lines.size();
  for (size_t i = 0; equal && i < expected.size(); ++i) {
    equal = outcome.lines[i].find(expected[i]) != std::string::npos;
  }
  return equal ? std::string() : "other warnings:\n" + diff_lines(expected, outcome.lines);
}

std::string problem_of(const GoldenStep& step, const GoldenStepOutcome& outcome) {
  switch (step.kind) {
    case GoldenKind::kStatement: {
      std::string problem = error_problem(step, outcome);
      if (!problem.empty() || step.error || !step.expected) return problem;
      return rows_problem(step, outcome);
    }
    case GoldenKind::kQuery: {
      std::string problem = error_problem(step, outcome);
      return problem.empty() && !step.error ? rows_problem(step, outcome) : problem;
    }
    case GoldenKind::kError: return error_problem(step, outcome);
    case GoldenKind::kOutput:
    case GoldenKind::kRead: return rows_problem(step, outcome);
    case GoldenKind::kStats: return stats_problem(step, outcome);
    case GoldenKind::kWarnings: return warnings_problem(step, outcome);
    case GoldenKind::kSchema:
      if (outcome.lines.size() == 1 && outcome.lines[0] == step.text) return {};
      return fmt::format("other columns: {}", outcome.lines.empty() ? "" : outcome.lines[0]);
    default: return {};
  }
}

/// Changes of every output, added up since the query began.
class RunningFold {
 public:
  void clear() { ports_.clear(); }
  std::string problem(const GoldenStep& step, const GoldenStepOutcome& outcome) {
    Port& port = ports_[step.name];
    if (step.expected) append(port.expected, step.expected->lines);
    append(port.actual, outcome.lines);
    if (port.expected == port.actual) return {};
    return "added up, the changes so far leave other rows:\n" +
           diff_lines(port.expected, port.actual);
  }

 private:
  struct Port {
    std::vector<std::string> expected;
    std::vector<std::string> actual;
  };
  /// Folded rows count as inserts when more is folded in.
  static void append(std::vector<std::string>& folded, const std::vector<std::string>& rows) {
    for (std::string& row : folded) {
      if (!row.starts_with("-D ")) row = "+I " + row;
    }
    folded.insert(folded.end(), rows.begin(), rows.end());
    folded = fold_rows(folded);
  }
  std::map<std::string, Port> ports_;
};

}  // namespace

bool step_agrees(const GoldenStep& step, const GoldenStepOutcome& outcome) {
  return problem_of(step, outcome).empty();
}

std::vector<GoldenFailure> compare_golden(const GoldenFile& file, const GoldenOutcome& outcome,
                                          const GoldenWay& way) {
  std::vector<GoldenFailure> failures;
  RunningFold fold;
  for (size_t i = 0; i < file.steps.size(); ++i) {
    const GoldenStep& step = file.steps[i];
    const GoldenStepOutcome& happened = outcome.steps[i];
    const auto fail = [&](std::string text) { failures.push_back({step.line, std::move(text)}); };
    if (!happened.fault.empty()) {
      fail(happened.fault);
      continue;
    }
    if (step.kind == GoldenKind::kWarnings && way.restore) continue;
    if (step.kind == GoldenKind::kQuery) fold.clear();
    const bool rows = step.kind == GoldenKind::kOutput ||
                      (step.kind == GoldenKind::kQuery && !step.error && !happened.error);
    std::string problem;
    if (rows && happened.changing && !way.is_primary()) {
      problem = fold.problem(step, happened);
    } else {
      problem = problem_of(step, happened);
    }
    if (!problem.empty()) fail(std::move(problem));
    if (!happened.unclaimed.empty()) {
      fail("rows came out that no 'output' looks at:\n" + diff_lines({}, happened.unclaimed));
    }
  }
  return failures;
}

}  // namespace velo
