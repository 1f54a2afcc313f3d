#include "expr/simplify.h"

#include <gtest/gtest.h>

#include "base/fmt.h"

namespace velo {
namespace {

const ExprPtr kA = make_column(0, Type::bigint(), "a");
const ExprPtr kB = make_column(1, Type::bigint(), "b");
const ExprPtr kT = make_column(2, Type::boolean(), "t");

ExprPtr call(const char* name, std::vector<ExprPtr> args) {
  return make_call(name, std::move(args)).value();
}
ExprPtr number(int64_t value) { return make_int64(Type::bigint(), value); }
std::string simple(const ExprPtr& expr) { return simplify(expr)->to_string(); }

TEST(Simplify, LogicLosesWhatCannotDecide) {
  const ExprPtr more = call(">", {kA, number(1)});
  EXPECT_EQ(simple(make_and(more, make_boolean(true)).value()), "a > 1");
  EXPECT_EQ(simple(make_and(more, make_boolean(false)).value()), "FALSE");
  EXPECT_EQ(simple(make_or(make_boolean(false), more).value()), "a > 1");
  EXPECT_EQ(simple(make_or(more, make_boolean(true)).value()), "TRUE");
  EXPECT_EQ(simple(make_and(more, more).value()), "a > 1");
  EXPECT_EQ(simple(make_not(make_not(kT).value()).value()), "t");
  EXPECT_EQ(simple(make_and(more, make_null(Type::boolean())).value()), "a > 1 AND NULL");
}

TEST(Simplify, WhatMayFailStays) {
  const ExprPtr risky = call(">", {call("/", {number(1), kA}), number(1)});
  EXPECT_EQ(simple(make_and(risky, make_boolean(false)).value()), "1 / a > 1 AND FALSE");
  EXPECT_EQ(simple(make_and(make_boolean(false), risky).value()), "FALSE");
}

TEST(Simplify, CaseAndCoalesceKeepTheArmsThatCanBeReached) {
  const ExprPtr more = call(">", {kA, number(1)});
  EXPECT_EQ(simple(make_case({make_boolean(false), kA, more, kB}, number(7)).value()),
            "CASE WHEN a > 1 THEN b ELSE 7 END");
  EXPECT_EQ(simple(make_case({make_boolean(true), kA, more, kB}, number(7)).value()), "a");
  EXPECT_EQ(simple(make_coalesce({make_null(Type::bigint()), kA, number(3), kB}).value()),
            "COALESCE(a, 3)");
}

TEST(Simplify, AStrictFunctionOfNullIsNull) {
  EXPECT_EQ(simple(call("=", {kA, make_null(Type::bigint())})), "NULL");
  EXPECT_EQ(simple(call("IS DISTINCT FROM", {kA, make_null(Type::bigint())})),
            "a IS DISTINCT FROM NULL");
}

TEST(Simplify, AFieldOfARowThatIsWrittenOutIsItsPart) {
  EXPECT_EQ(simple(make_field(call("ROW", {kA, kB}), "f1").value()), "b");
}

std::string reduced(const std::vector<ExprPtr>& conjuncts) {
  const auto kept = reduce_conjuncts(conjuncts);
  if (!kept) return "never";
  std::string out;
  for (const ExprPtr& one : *kept) out += (out.empty() ? "" : " AND ") + one->to_string();
  return out;
}

TEST(ReduceConjuncts, FindsContradictions) {
  EXPECT_EQ(reduced({call(">", {kA, number(5)}), call("<", {kA, number(3)})}), "never");
  EXPECT_EQ(reduced({call("=", {kA, number(1)}), call("=", {kA, number(2)})}), "never");
  EXPECT_EQ(reduced({call(">", {kA, number(5)}), call("<=", {kA, number(5)})}), "never");
  EXPECT_EQ(reduced({call("IS NULL", {kA}), call("=", {kA, number(2)})}), "never");
  EXPECT_EQ(reduced({call("<>", {kA, number(2)}), call("=", {number(2), kA})}), "never");
  EXPECT_EQ(reduced({call(">", {kA, number(5)}), call("<", {kB, number(3)})}), "a > 5 AND b < 3");
  EXPECT_EQ(reduced({call(">=", {kA, number(5)}), call("<=", {kA, number(5)})}),
            "a >= 5 AND a <= 5");
}

TEST(ReduceConjuncts, LeavesOutWhatOthersImply) {
  EXPECT_EQ(reduced({call(">", {kA, number(3)}), call(">", {kA, number(5)})}), "a > 5");
  EXPECT_EQ(reduced({call("=", {kA, number(4)}), call(">", {kA, number(3)})}), "a = 4");
  EXPECT_EQ(reduced({call("<>", {kA, number(9)}), call("<", {kA, number(9)})}), "a < 9");
  EXPECT_EQ(reduced({call("IS NOT NULL", {kA}), call("<", {kA, number(9)})}), "a < 9");
  EXPECT_EQ(reduced({kT, kT, make_boolean(true)}), "t");
}

// Every pair of comparisons against all values near their constants.
TEST(ReduceConjuncts, AgreesWithTryingAllValues) {
  constexpr const char* kOps[] = {"=", "<>", "<", "<=", ">", ">="};
  const auto meets = [](const std::string& op, int64_t x, int64_t c) {
    return op == "="    ? x == c
           : op == "<>" ? x != c
           : op == "<"  ? x < c
           : op == "<=" ? x <= c
           : op == ">"  ? x > c
                        : x >= c;
  };
  for (const std::string a : kOps) {
    for (const std::string b : kOps) {
      for (int64_t c = 0; c <= 4; c += 2) {
        const auto kept =
            reduce_conjuncts({call(a.c_str(), {kA, number(2)}), call(b.c_str(), {kA, number(c)})});
        // Halves stand between the integers: the subject might be of any dense order.
        bool any = false;
        for (int64_t twice = -2; twice <= 12; ++twice) {
          const bool both = meets(a, twice, 4) && meets(b, twice, c * 2);
          any |= both;
          bool said = kept.has_value();
          for (size_t i = 0; said && i < kept->size(); ++i) {
            const Expr& one = *(*kept)[i];
            said &= meets(std::string(one.function().name()), twice,
                          one.arg(1)->literal()->int64_at(0) * 2);
          }
          EXPECT_EQ(said, both) << "a " << a << " 2 AND a " << b << " " << c << " at " << twice;
        }
        EXPECT_EQ(kept.has_value(), any) << a << b << c;
      }
    }
  }
}

}  // namespace
}  // namespace velo
