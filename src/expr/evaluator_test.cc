#include "expr/evaluator.h"

#include <gtest/gtest.h>

#include "column/batch_text.h"
#include "column/scalar.h"
#include "expr/expr_test_support.h"

namespace velo {
namespace {

using test::call;
using test::column_text;
using test::number;
using test::text_of;

TEST(Evaluator, AddsIntegersAndPropagatesNull) {
  const Batch batch = batch_from_text("a BIGINT, b BIGINT", "1 2\n. 3\n4 .\n5 6");
  EXPECT_EQ(column_text(call("+", {test::column(batch, "a"), test::column(batch, "b")}), batch),
            "3 NULL NULL 11");
}

TEST(Evaluator, ReportsOverflowPerRow) {
  const Batch batch = batch_from_text("a BIGINT, b BIGINT",
                                      "9223372036854775807 1\n1 1\n. 9223372036854775807\n"
                                      "-9223372036854775808 -1");
  EXPECT_EQ(column_text(call("+", {test::column(batch, "a"), test::column(batch, "b")}), batch),
            "!9223372036854775807 + 1 does not fit in BIGINT! 2 NULL "
            "!-9223372036854775808 + -1 does not fit in BIGINT!");
}

TEST(Evaluator, BranchesSeeOnlyTheirRows) {
  const Batch batch = batch_from_text("x BIGINT", "0\n2\n.\n-1");
  const ExprPtr x = test::column(batch, "x");
  const ExprPtr guarded =
      *make_case({call("<>", {x, number(0)}), call("/", {number(10), x})}, nullptr);
  EXPECT_EQ(column_text(guarded, batch), "NULL 5 NULL -10");
  const ExprPtr both =
      *make_and(call("<>", {x, number(0)}), call(">", {call("/", {number(10), x}), number(0)}));
  EXPECT_EQ(column_text(both, batch), "FALSE TRUE NULL FALSE");
  const ExprPtr either =
      *make_or(call("=", {x, number(0)}), call(">", {call("/", {number(10), x}), number(0)}));
  EXPECT_EQ(column_text(either, batch), "TRUE TRUE NULL FALSE");
  EXPECT_EQ(column_text(*make_coalesce({call("NULLIF", {x, number(0)}), number(7)}), batch),
            "7 2 7 -1");
}

/// Branches so cheap that all are computed for all rows: the first whose condition is TRUE counts.
TEST(Evaluator, CheapBranchesAreBlended) {
  std::string rows, expected;
  for (int i = 0; i < 200; ++i) {
    const std::string k = i % 7 == 0 ? "." : std::to_string(i % 4);
    const std::string a = i % 5 == 0 ? "." : std::to_string(i);
    rows += k + " " + a + " " + std::to_string(-i) + "\n";
    const bool first = k == "1", second = k == "1" || k == "2" || k == "3";
    expected += (i > 0 ? " " : "") + (first      ? a == "." ? "NULL" : a
                                      : second   ? std::to_string(-i)
                                      : k == "0" ? std::string("NULL")
                                                 : std::string("9"));
  }
  const Batch batch = batch_from_text("k BIGINT, a BIGINT, b BIGINT", rows);
  const ExprPtr k = test::column(batch, "k");
  const ExprPtr chosen =
      *make_case({call("=", {k, number(1)}), test::column(batch, "a"), call(">", {k, number(0)}),
                  test::column(batch, "b"), call("=", {k, number(0)}), make_null(Type::bigint())},
                 number(9));
  EXPECT_EQ(column_text(chosen, batch), expected);
}

TEST(Evaluator, TryGivesNull) {
  const Batch batch = batch_from_text("x BIGINT", "0\n2");
  const ExprPtr x = test::column(batch, "x");
  EXPECT_EQ(column_text(call("TRY", {call("/", {number(10), x})}), batch), "NULL 5");
  EXPECT_EQ(column_text(call("/", {number(10), x}), batch), "!division by zero: 10 / 0! 5");
}

}  // namespace
}  // namespace velo
