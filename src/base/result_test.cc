#include "base/result.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

Result<int> half(int x) {
  if (x % 2 != 0) return Error(ErrorCode::kEvaluation, "odd");
  return x / 2;
}

Result<int> quarter(int x) {
  int h = TRY(half(x));
  return TRY(half(h));
}

Status only_even(int x) {
  TRY(half(x));
  return {};
}

TEST(Result, TryGivesTheValueOrReturnsTheError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message, "odd");
  EXPECT_TRUE(only_even(2).has_value());
  EXPECT_FALSE(only_even(3).has_value());
}

TEST(Error, SaysWhatWhereAndWhatToDo) {
  Error e = Error(ErrorCode::kUnknownName, "no column 'prise'")
                .at({.source = "q.sql", .line = 3, .column = 8})
                .with_hint("did you mean 'price'?");
  EXPECT_EQ(e.to_string(),
            "error 2002: no column 'prise'\n  at q.sql:3:8\n  hint: did you mean 'price'?");
  EXPECT_EQ(exit_status(e.code), 2);
}

}  // namespace
}  // namespace velo
