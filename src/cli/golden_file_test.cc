#include "cli/golden_file.h"

#include <gtest/gtest.h>

#include "cli/golden_compare.h"
#include "cli/golden_complete.h"
#include "cli/junit_report.h"

namespace velo {
namespace {

GoldenFile parsed(std::string_view text) {
  Result<GoldenFile> file = parse_golden_file("f.slt", text);
  EXPECT_TRUE(file.has_value()) << (file ? "" : file.error().to_string());
  return *std::move(file);
}

TEST(GoldenFile, Directives) {
  const GoldenFile file = parsed(
      "# about something\n"
      "statement error 2002 at 1:8 \"no column 'x'\"\n"
      "SELECT x\n"
      "FROM t\n"
      "\n"
      "query rowsort\n"
      "SELECT 1\n"
      "----\n"
      "1\n"
      "\n"
      "input t partition 1\n"
      "a,1\n"
      "# not a comment\n"
      "\n"
      "output late\n"
      "# a comment\n"
      "b\n"
      "clock +1500ms\n"
      "\n"
      "watermark t 2024-01-01 00:00:01\n"
      "clock +1500ms\n"
      "stats late=1 bad=0\n"
      "end\n");
  ASSERT_EQ(file.steps.size(), 8u);
  EXPECT_EQ(file.steps[0].line, 2u);
  EXPECT_EQ(file.steps[0].text, "SELECT x\nFROM t");
  EXPECT_EQ(file.steps[0].error->code, 2002);
  EXPECT_EQ(file.steps[0].error->line, 1u);
  EXPECT_EQ(file.steps[0].error->column, 8u);
  EXPECT_EQ(file.steps[0].error->text, "no column 'x'");
  EXPECT_EQ(file.steps[1].order, RowOrder::kSorted);
  EXPECT_EQ(file.steps[1].expected->lines, std::vector<std::string>{"1"});
  EXPECT_EQ(file.steps[2].partition, 1u);
  EXPECT_EQ(file.steps[2].lines, (std::vector<std::string>{"a,1", "# not a comment"}));
  EXPECT_EQ(file.steps[3].name, "late");
  EXPECT_EQ(file.steps[3].order, RowOrder::kSorted);  // as the query says
  EXPECT_EQ(file.steps[3].expected->lines, (std::vector<std::string>{"b", "clock +1500ms"}));
  EXPECT_EQ(file.steps[4].time_us, 1'704'067'201'000'000);
  EXPECT_TRUE(file.steps[5].relative);
  EXPECT_EQ(file.steps[5].time_us, 1'500'000);
  EXPECT_EQ(file.steps[6].text, "late=1 bad=0");
  EXPECT_EQ(file.steps[7].kind, GoldenKind::kEnd);
}

TEST(GoldenFile, WaysNeedAReason) {
  const GoldenFile file = parsed("ways batch=1024,3 parallelism=1 restore=no because of x\n");
  EXPECT_EQ(file.ways.batch_rows, (std::vector<size_t>{1024, 3}));
  EXPECT_EQ(ways_of(file).size(), 2u);
  EXPECT_EQ(ways_of(parsed("")).size(), 12u);
  EXPECT_TRUE(ways_of(parsed(""))[0].is_primary());
  EXPECT_FALSE(parse_golden_file("f", "ways batch=1\n").has_value());
}

TEST(GoldenFile, ErrorsNameTheLine) {
  const Error error = parse_golden_file("f.slt", "\noutptu\n").error();
  EXPECT_EQ(error.to_string(),
            "error 2001: no directive 'outptu'\n  at f.slt:2\n  hint: did you mean 'output'?");
}

GoldenOutcome outcome_with(size_t steps, size_t at, std::vector<std::string> lines, bool changing) {
  GoldenOutcome outcome;
  outcome.steps.resize(steps);
  for (GoldenStepOutcome& step : outcome.steps) step.reached = true;
  outcome.steps[at].lines = std::move(lines);
  outcome.steps[at].changing = changing;
  return outcome;
}

TEST(GoldenCompare, ExactRowsInThePrimaryWay) {
  const GoldenFile file = parsed("output\na,1\nb,2\n");
  EXPECT_TRUE(compare_golden(file, outcome_with(1, 0, {"a,1", "b,2"}, false), {}).empty());
  const auto failures = compare_golden(file, outcome_with(1, 0, {"a,1", "c,2"}, false), {});
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].line, 1u);
  EXPECT_EQ(failures[0].text, "other rows came out:\n   a,1\n - b,2\n + c,2\n");
}

TEST(GoldenCompare, ChangesAreAddedUpInOtherWays) {
  const GoldenFile file = parsed("output\n+I a,2\n");
  const std::vector<std::string> finer{"+I a,1", "-U a,1", "+U a,2"};
  EXPECT_FALSE(compare_golden(file, outcome_with(1, 0, finer, true), {}).empty());
  EXPECT_TRUE(compare_golden(file, outcome_with(1, 0, finer, true), {1, 1, false}).empty());
  const std::vector<std::string> wrong{"+I a,1", "+I a,2"};
  EXPECT_FALSE(compare_golden(file, outcome_with(1, 0, wrong, true), {1, 1, false}).empty());
}

TEST(GoldenComplete, FillsWhatDiffersAndKeepsTheRest) {
  const GoldenFile file = parsed("output\n# says why\nold\n\noutput rowsort\n# stays\nb\na\n");
  GoldenOutcome outcome = outcome_with(2, 0, {"new", "rows"}, false);
  outcome.steps[1].lines = {"a", "b"};
  EXPECT_EQ(complete_golden(file, outcome),
            "output\nnew\nrows\n\noutput rowsort\n# stays\nb\na\n");
}

TEST(GoldenComplete, CountsAndErrors) {
  const GoldenFile file = parsed("stats late=7\n\nstatement error\nSELECT x\n");
  GoldenOutcome outcome = outcome_with(2, 0, {"in=3", "late=1"}, false);
  Place place;
  place.line = 1;
  place.column = 8;
  outcome.steps[1].error = Error(ErrorCode::kUnknownName, "no column 'x'").at(place);
  EXPECT_EQ(complete_golden(file, outcome), "stats late=1\n\nstatement error\nSELECT x\n");
  const GoldenFile other = parsed("stats late=7\n\nstatement error 2001\nSELECT x\n");
  EXPECT_EQ(complete_golden(other, outcome),
            "stats late=1\n\nstatement error 2002 at 1:8 \"no column 'x'\"\nSELECT x\n");
}

TEST(JunitReport, OneCasePerFile) {
  const std::string report =
      junit_report({{.path = "a<b.slt", .seconds = 0.5, .ways = 12, .skip_reason = "", .failure = ""},
                    {.path = "c.slt", .seconds = 0, .ways = 1, .skip_reason = "",
                     .failure = "c.slt:3: \"x\"\n"}});
  EXPECT_NE(report.find("tests=\"2\" failures=\"1\""), std::string::npos);
  EXPECT_NE(report.find("name=\"a&lt;b.slt\" time=\"0.500\"></testcase>"), std::string::npos);
  EXPECT_NE(report.find("<failure message=\"c.slt:3: &quot;x&quot;\">"), std::string::npos);
}

}  // namespace
}  // namespace velo
