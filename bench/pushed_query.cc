#include "bench/pushed_query.h"

#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/fmt.h"

namespace velo::bench {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::fflush(stdout);
  fmt::print(stderr, "{}\n", why);
  std::exit(1);
}

/// CPU time of this thread: one that runs alone, so nothing is hidden by it, and nothing of what
/// else the machine does is counted.
double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void append_value(std::string& text, const Column& column, size_t row) {
  if (column.is_null(row)) {
    text += "NULL";
    return;
  }
  switch (column.type().physical()) {
    case Physical::kInt64:
      text += fmt::format("{}", column.int64_at(row));
      break;
    case Physical::kDouble:
      text += fmt::format("{}", column.double_at(row));
      break;
    case Physical::kString:
      text += column.string_at(row);
      break;
    default:
      text += "?";
  }
}

}  // namespace

PushedQuery::PushedQuery(const std::string& sql, std::string_view table) {
  auto made = engine.query(sql);
  if (!made) give_up(made.error().to_string());
  query = std::move(*made);
  auto found = query->input(table);
  if (!found) give_up(found.error().to_string());
  input = *found;
}

std::string RowSet::text(const Batch& rows, size_t row) {
  std::string text;
  for (size_t i = 0; i < rows.columns.size(); ++i) {
    if (i > 0) text += ' ';
    append_value(text, *rows.columns[i], row);
  }
  return text;
}

void RowSet::add(const std::string& row, int64_t times) {
  const auto at = rows_.try_emplace(row, 0).first;
  at->second += times;
  if (at->second < 0) give_up("taken back, but never there: " + row);
  if (at->second == 0) rows_.erase(at);
}

void RowSet::add(const Batch& rows) {
  for (size_t row = 0; row < rows.rows; ++row) add(text(rows, row), rows.weight(row));
}

void RowSet::check_equal(const RowSet& expected, std::string_view what) const {
  auto got = rows_.begin();
  auto want = expected.rows_.begin();
  for (; got != rows_.end() && want != expected.rows_.end() && *got == *want; ++got) ++want;
  if (got == rows_.end() && want == expected.rows_.end()) return;
  give_up(fmt::format(
      "{}: wrong answer\n  expected {}\n  got      {}", what,
      want == expected.rows_.end() ? "nothing more"
                                   : fmt::format("{} ({} times)", want->first, want->second),
      got == rows_.end() ? "nothing more" : fmt::format("{} ({} times)", got->first, got->second)));
}

PushedTimes check_and_time(const std::string& what, const std::string& sql, std::string_view table,
                           const PushAll& push_all, const RowSet& expected, size_t rounds) {
  {
    PushedQuery run(sql, table);
    RowSet got;
    run.query->on_result([&got](const Batch& rows) { got.add(rows); });
    push_all(*run.input);
    run.query->finish().value();
    got.check_equal(expected, what);
    const Progress progress = run.query->progress();
    if (progress.rows_late + progress.rows_bad + progress.rows_future > 0) {
      give_up(what + ": rows were left out");
    }
  }
  // What checking has left behind in the heap must not be put in order while the clock runs.
  malloc_trim(0);
  PushedTimes times;
  std::vector<double> seconds;
  for (size_t round = 0; round < rounds; ++round) {
    PushedQuery run(sql, table);
    times.results = 0;
    run.query->on_result([&times](const Batch& rows) { times.results += rows.rows; });
    const double begin = thread_seconds();
    push_all(*run.input);
    run.query->finish().value();
    seconds.push_back(thread_seconds() - begin);
  }
  std::sort(seconds.begin(), seconds.end());
  times.best_s = seconds.front();
  times.median_s = seconds[seconds.size() / 2];
  return times;
}

}  // namespace velo::bench
