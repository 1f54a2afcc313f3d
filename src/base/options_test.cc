#include "base/options.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

constexpr OptionInfo kTable[] = {
    {.name = "path", .type = OptionType::kText, .description = "where", .required = true},
    {.name = "watch", .type = OptionType::kFlag, .default_value = "false"},
    {.name = "rows", .type = OptionType::kNumber, .default_value = "7"},
    {.name = "rate", .type = OptionType::kReal, .default_value = "0.5"},
    {.name = "size", .type = OptionType::kSize, .default_value = "64kb"},
    {.name = "every", .type = OptionType::kDuration, .default_value = "200 ms"},
    {.name = "mode",
     .type = OptionType::kChoice,
     .default_value = "auto",
     .choices = "auto|on|off"},
    {.name = "fields.*", .type = OptionType::kText},
};

std::string complaint(const OptionMap& options) {
  Status status = OptionReader("connector 'x'", options, kTable).check();
  return status ? "" : status.error().to_string();
}

TEST(Options, GivesValuesAndDefaults) {
  const OptionMap given = {{"path", "a"},
                           {"watch", "TRUE"},
                           {"size", "1.5 MB"},
                           {"mode", "Off"},
                           {"fields.x.kind", "sequence"}};
  OptionReader options("x", given, kTable);
  EXPECT_TRUE(options.check().has_value());
  EXPECT_EQ(options.text("path"), "a");
  EXPECT_EQ(options.text("fields.x.kind"), "sequence");
  EXPECT_TRUE(options.flag("watch").value());
  EXPECT_EQ(options.number("rows").value(), 7u);
  EXPECT_EQ(options.real("rate").value(), 0.5);
  EXPECT_EQ(options.bytes("size").value(), 1572864u);
  EXPECT_EQ(options.duration_us("every").value(), 200'000);
  EXPECT_EQ(options.choice("mode").value(), 2u);
}

TEST(Options, NamesTheUnknownTheMissingAndTheWrong) {
  EXPECT_EQ(complaint({{"path", "a"}, {"wach", "true"}}),
            "error 1001: connector 'x' has no option 'wach'\n  hint: did you mean 'watch'?");
  EXPECT_EQ(complaint({{"path", "a"}, {"zzzzzzzzzz", "1"}}),
            "error 1001: connector 'x' has no option 'zzzzzzzzzz'\n"
            "  hint: known options: path, watch, rows, rate, size, every, mode, fields.*");
  EXPECT_EQ(complaint({}), "error 1003: connector 'x' needs option 'path'\n  hint: 'path': where");
  EXPECT_EQ(complaint({{"path", "a"}, {"mode", "maybe"}}),
            "error 1002: option 'mode' cannot be 'maybe'\n"
            "  hint: give one of 'auto', 'on', 'off'");
  EXPECT_EQ(complaint({{"path", "a"}, {"rows", "-1"}}),
            "error 1002: option 'rows' cannot be '-1'\n  hint: give a whole number from 0 on");
  EXPECT_EQ(complaint({{"path", "a"}, {"every", "10"}}),
            "error 1002: option 'every' cannot be '10'\n"
            "  hint: give a duration such as '200 ms', '5 s' or '1 min'");
}

TEST(Options, ReadsSizesAndDurations) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("10 GiB"), 10ull << 30);
  EXPECT_EQ(parse_size("0.5b"), std::nullopt);
  EXPECT_EQ(parse_size("kb"), std::nullopt);
  EXPECT_EQ(parse_size("-1kb"), std::nullopt);
  EXPECT_EQ(parse_size("9999999999tb"), std::nullopt);
  EXPECT_EQ(parse_duration_us("1 min"), 60'000'000);
  EXPECT_EQ(parse_duration_us("2 Hours"), 7'200'000'000);
  EXPECT_EQ(parse_duration_us("1.5s"), 1'500'000);
  EXPECT_EQ(parse_duration_us("0"), 0);
  EXPECT_EQ(parse_duration_us("10"), std::nullopt);
  EXPECT_EQ(parse_duration_us("5 parsecs"), std::nullopt);
  EXPECT_EQ(parse_duration_us(""), std::nullopt);
}

}  // namespace
}  // namespace velo
