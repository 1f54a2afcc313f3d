#include "expr/aggregate.h"

#include <gtest/gtest.h>

#include "column/column_builder.h"
#include "expr/expr_test_support.h"

namespace velo::test {
namespace {

ExprPtr input(Type type) { return make_column(0, std::move(type), "x"); }

Aggregate resolved(AggregateRequest request) {
  Result<Aggregate> made = resolve_aggregate(request);
  CHECK(made.has_value(), made.error().to_string());
  return *made;
}

std::string refused(AggregateRequest request) {
  Result<Aggregate> made = resolve_aggregate(request);
  return made ? "resolved" : made.error().message;
}

std::string type_of(std::string_view name, Type type) {
  return resolved({name, {input(std::move(type))}}).type.to_string();
}

ColumnPtr column_of(Type type, const std::vector<std::string>& values) {
  ColumnBuilder builder(type);
  for (const std::string& value : values) {
    append_scalar(builder, value == "." ? Scalar::null(type) : *parse_scalar(type, value));
  }
  return builder.finish();
}

ColumnPtr lists_of(Type element, const std::vector<std::vector<std::string>>& lists) {
  ColumnBuilder builder(Type::array(element));
  for (const auto& list : lists) {
    for (const std::string& value : list) {
      append_scalar(builder.child(0),
                    value == "." ? Scalar::null(element) : *parse_scalar(element, value));
    }
    builder.append_list_end();
  }
  return builder.finish();
}

/// Parts are given flat; group by group, blanks between; errors between exclamation marks.
std::string finished(const Aggregate& aggregate, std::vector<ColumnPtr> parts) {
  RowErrors errors;
  const size_t groups = parts[0]->size();
  const ColumnPtr column = finalise_aggregate(aggregate, parts, groups, errors);
  EXPECT_EQ(column->type(), aggregate.type);
  std::string out;
  size_t next = 0;
  for (size_t g = 0; g < groups; ++g) {
    if (g > 0) out += " ";
    if (next < errors.rows().size() && errors.rows()[next].row == g) {
      out += "!" + errors.rows()[next++].message + "!";
    } else if (column->is_null(g)) {
      out += "NULL";
    } else {
      append_text(out, *column, g);
    }
  }
  return out;
}

const Type kSum = Type::decimal(38, 0);

TEST(Aggregates, ResultTypes) {
  EXPECT_EQ(type_of("SUM", Type::integer()), "BIGINT");
  EXPECT_EQ(type_of("SUM", Type::decimal(10, 2)), "DECIMAL(38, 2)");
  EXPECT_EQ(type_of("SUM", Type::float32()), "DOUBLE");
  EXPECT_EQ(type_of("AVG", Type::bigint()), "DOUBLE");
  EXPECT_EQ(type_of("AVG", Type::decimal(10, 2)), "DECIMAL(38, 6)");
  EXPECT_EQ(type_of("AVG", Type::decimal(10, 8)), "DECIMAL(38, 8)");
  EXPECT_EQ(type_of("MIN", Type::timestamp(3)), "TIMESTAMP(3)");
  EXPECT_EQ(type_of("count", Type::string()), "BIGINT");
  EXPECT_EQ(type_of("ARRAY_AGG", Type::string()), "ARRAY<STRING>");
  EXPECT_EQ(type_of("MEDIAN", Type::integer()), "DOUBLE");
  EXPECT_EQ(type_of("STRING_AGG", Type::integer()), "STRING");
}

TEST(Aggregates, ComponentsAreShared) {
  const Aggregate sum = resolved({"SUM", {input(Type::float64())}});
  const Aggregate average = resolved({"AVG", {input(Type::float64())}});
  const Aggregate count = resolved({"COUNT", {input(Type::float64())}});
  EXPECT_TRUE(sum.components[0].same_state(average.components[0]));
  EXPECT_TRUE(sum.components[1].same_state(count.components[0]));
  const Aggregate filtered =
      resolved({.name = "COUNT", .args = {input(Type::float64())}, .filter = make_boolean(true)});
  EXPECT_FALSE(filtered.components[0].same_state(count.components[0]));
  EXPECT_EQ(resolved({.name = "COUNT", .star = true}).components[0].kind,
            AccumulatorKind::kRowCount);
  // One set of distinct values serves COUNT(DISTINCT x) and SUM(DISTINCT x).
  const Aggregate distinct =
      resolved({.name = "COUNT", .args = {input(Type::bigint())}, .distinct = true});
  const Aggregate distinct_sum =
      resolved({.name = "SUM", .args = {input(Type::bigint())}, .distinct = true});
  EXPECT_TRUE(distinct.components[0].same_state(distinct_sum.components[0]));
  EXPECT_EQ(distinct.components[0].output_types()[0], Type::bigint());
  EXPECT_EQ(distinct_sum.components[0].output_types()[0], Type::array(Type::bigint()));
  EXPECT_EQ(distinct_sum.text, "SUM(DISTINCT x)");
  EXPECT_TRUE(sum.is_invertible());
  EXPECT_FALSE(resolved({"MAX", {input(Type::bigint())}}).is_invertible());
  EXPECT_TRUE(resolved({"FIRST_VALUE", {input(Type::bigint())}}).needs_event_time());
  EXPECT_TRUE(resolved({"ARRAY_AGG", {input(Type::bigint())}}).needs_event_time());
  // Their values are put in order anyway.
  EXPECT_FALSE(resolved({"MODE", {input(Type::bigint())}}).needs_event_time());
  EXPECT_FALSE(resolved({"MEDIAN", {input(Type::float64())}}).needs_event_time());
}

TEST(Aggregates, Refusals) {
  EXPECT_EQ(refused({"SUM", {input(Type::string())}}),
            "SUM(STRING) does not exist for these types");
  EXPECT_EQ(refused({"SUMM", {input(Type::bigint())}}), "there is no aggregate SUMM");
  EXPECT_EQ(refused({.name = "SUM", .star = true}), "SUM(*) does not exist: only COUNT(*)");
  EXPECT_EQ(refused({"PERCENTILE_CONT", {input(Type::float64()), make_double(1.5)}}),
            "PERCENTILE_CONT needs a share from 0 to 1, not 1.5e0");
  EXPECT_EQ(refused({"PERCENTILE_CONT", {input(Type::float64()), input(Type::float64())}}),
            "PERCENTILE_CONT needs a constant here, not x");
  EXPECT_EQ(refused({.name = "CORR",
                     .args = {input(Type::float64()), input(Type::float64())},
                     .distinct = true}),
            "not supported yet: DISTINCT in CORR");
}

TEST(Aggregates, SumsAndAverages) {
  const auto counts = column_of(Type::bigint(), {"0", "2", "1", "1"});
  const auto sums = column_of(kSum, {"0", "5", "9223372036854775808", "."});
  EXPECT_EQ(finished(resolved({"SUM", {input(Type::bigint())}}), {sums, counts}),
            "NULL 5 !SUM(x) = 9223372036854775808 does not fit in BIGINT! !SUM(x) does not fit in "
            "BIGINT!");
  EXPECT_EQ(finished(resolved({"AVG", {input(Type::bigint())}}),
                     {slice(sums, 0, 3), slice(counts, 0, 3)}),
            "NULL 2.5 9.223372036854776e+18");
  const auto money = column_of(Type::decimal(38, 2), {"10.00", "-10.00"});
  const auto threes = column_of(Type::bigint(), {"3", "3"});
  EXPECT_EQ(finished(resolved({"AVG", {input(Type::decimal(10, 2))}}), {money, threes}),
            "3.333333 -3.333333");
  EXPECT_EQ(finished(resolved({"SUM", {input(Type::decimal(10, 2))}}), {money, threes}),
            "10.00 -10.00");
  const auto doubles = column_of(Type::float64(), {"1.5", "0"});
  EXPECT_EQ(finished(resolved({"AVG", {input(Type::float64())}}),
                     {doubles, column_of(Type::bigint(), {"3", "0"})}),
            "0.5 NULL");
}

TEST(Aggregates, Moments) {
  const std::vector<ColumnPtr> parts = {column_of(Type::bigint(), {"0", "1", "4"}),
                                        column_of(Type::float64(), {"0", "5", "2.5"}),
                                        column_of(Type::float64(), {"0", "0", "5"})};
  EXPECT_EQ(finished(resolved({"VAR_POP", {input(Type::integer())}}), parts), "NULL 0.0 1.25");
  EXPECT_EQ(finished(resolved({"VAR_SAMP", {input(Type::integer())}}), parts),
            "NULL NULL 1.6666666666666667");
  EXPECT_EQ(finished(resolved({"STDDEV_POP", {input(Type::integer())}}), parts),
            "NULL 0.0 1.118033988749895");
}

TEST(Aggregates, LeastSquares) {
  // y = 2x + 1 over x = 0, 1, 2.
  std::vector<ColumnPtr> parts = {column_of(Type::bigint(), {"3"})};
  for (const char* value : {"3", "1", "8", "2", "4"})
    parts.push_back(column_of(Type::float64(), {value}));
  auto of = [&](std::string_view name) {
    return finished(resolved({name, {input(Type::float64()), input(Type::float64())}}), parts);
  };
  EXPECT_EQ(of("REGR_SLOPE"), "2.0");
  EXPECT_EQ(of("REGR_INTERCEPT"), "1.0");
  EXPECT_EQ(of("REGR_R2"), "1.0");
  EXPECT_EQ(of("CORR"), "1.0");
  EXPECT_EQ(of("COVAR_POP"), "1.3333333333333333");
  EXPECT_EQ(of("COVAR_SAMP"), "2.0");
  EXPECT_EQ(of("REGR_COUNT"), "3");
  EXPECT_EQ(of("REGR_AVGX"), "1.0");
}

TEST(Aggregates, Lists) {
  const auto doubles = lists_of(Type::float64(), {{"4", "1", "3", "2"}, {}, {"7"}});
  EXPECT_EQ(finished(resolved({"MEDIAN", {input(Type::float64())}}), {doubles}), "2.5 NULL 7.0");
  EXPECT_EQ(
      finished(resolved({"PERCENTILE_CONT", {input(Type::float64()), decimal("0.25")}}), {doubles}),
      "1.75 NULL 7.0");
  EXPECT_EQ(
      finished(resolved({"PERCENTILE_DISC", {input(Type::float64()), decimal("0.5")}}), {doubles}),
      "2.0 NULL 7.0");
  const Aggregate within = resolved({.name = "PERCENTILE_DISC",
                                     .args = {decimal("0.25")},
                                     .within_group = {{input(Type::float64()), true, false}}});
  EXPECT_EQ(finished(within, {doubles}), "4.0 NULL 7.0");
  EXPECT_EQ(finished(resolved({"MODE", {input(Type::float64())}}),
                     {lists_of(Type::float64(), {{"2", "1", "2", "1"}})}),
            "1.0");
  const auto words = lists_of(Type::string(), {{"b", "a"}, {}});
  EXPECT_EQ(finished(resolved({"STRING_AGG", {input(Type::string()), text("-")}}), {words}),
            "b-a NULL");
  EXPECT_EQ(finished(resolved({"LISTAGG", {input(Type::string())}}), {words}), "b,a NULL");
  EXPECT_EQ(finished(resolved({"ARRAY_AGG", {input(Type::string())}}), {words}), "[b, a] NULL");
  EXPECT_EQ(finished(resolved({.name = "SUM", .args = {input(Type::bigint())}, .distinct = true}),
                     {lists_of(Type::bigint(), {{"1", "2"}, {}})}),
            "3 NULL");
  EXPECT_EQ(
      finished(resolved({.name = "AVG", .args = {input(Type::decimal(4, 1))}, .distinct = true}),
               {lists_of(Type::decimal(4, 1), {{"1.5", "2.0"}})}),
      "1.750000");
}

}  // namespace
}  // namespace velo::test
