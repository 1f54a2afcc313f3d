#include <gtest/gtest.h>

#include <set>

#include "base/fmt.h"
#include "column/batch_text.h"
#include "expr/expr_test_support.h"
#include "expr/signature.h"

namespace velo::test {
namespace {

struct Case {
  std::string name;
  std::vector<ExprPtr> args;
  std::string wanted;
};

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const ExprPtr expr = call(c.name, c.args);
    EXPECT_EQ(text_of(expr), c.wanted) << expr->to_string();
  }
}

const ExprPtr kNull = make_null();

TEST(FunctionTable, RowsAreWellFormed) {
  std::set<std::string> seen;
  for (const Function& function : function_table()) {
    EXPECT_TRUE(seen.insert(fmt::format("{} {}", function.names, function.signature)).second)
        << function.names;
    EXPECT_FALSE(function.doc.empty()) << function.names;
    // Signatures parse, or a CHECK stops the test.
    EXPECT_FALSE(signature_text(function).empty());
    EXPECT_FALSE(function.doc.ends_with('.')) << function.doc;
  }
  EXPECT_GE(function_names().size(), 150U);
  EXPECT_TRUE(is_function("char_length"));
  EXPECT_FALSE(is_function("nope"));
}

TEST(FunctionTable, SignaturesReadWell) {
  const auto resolved =
      resolve_function("LPAD", std::vector<ArgumentType>{Type::string(), Type::integer()});
  ASSERT_TRUE(resolved.has_value());
  EXPECT_EQ(signature_text(*resolved->function),
            "LPAD(s STRING, n BIGINT [, pad STRING]) -> STRING");
  const auto refused = resolve_function("LPAD", std::vector<ArgumentType>{Type::integer()});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "LPAD(INTEGER) does not exist for these types");
  EXPECT_EQ(refused.error().hint,
            "accepted: LPAD(s STRING, n BIGINT [, pad STRING]) -> STRING; use CAST to convert");
}

TEST(FunctionTable, UnknownNamesGetTheNearest) {
  const auto unknown = make_call("SUBSTRNG", {text("a"), number(1)});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().hint, "did you mean 'SUBSTRING'?");
}

TEST(StringFunctions, Values) {
  check({
      {"UPPER", {text("straße äöü Ωω я")}, "STRAßE ÄÖÜ ΩΩ Я"},
      {"LOWER", {text("ÀÉ ŽÓŁĆ")}, "àé žółć"},
      {"INITCAP", {text("hello wORLD o'neil")}, "Hello World O'Neil"},
      {"TRIM", {text("  a b ")}, "a b"},
      {"LTRIM", {text("xxyax"), text("xy")}, "ax"},
      {"RTRIM", {text("axxy"), text("xy")}, "a"},
      {"BTRIM", {text("ééaé"), text("é")}, "a"},
      {"SUBSTRING", {text("hello"), number(2)}, "ello"},
      {"SUBSTRING", {text("hello"), number(2), number(3)}, "ell"},
      {"SUBSTRING", {text("hello"), number(-3), number(2)}, "ll"},
      {"SUBSTRING", {text("hello"), number(0), number(3)}, "he"},
      {"SUBSTRING", {text("äöü"), number(2), number(1)}, "ö"},
      {"SUBSTRING", {text("hello"), number(9)}, ""},
      {"SUBSTRING",
       {text("hello"), make_int64(Type::bigint(), INT64_MIN),
        make_int64(Type::bigint(), INT64_MAX)},
       "hello"},
      {"SUBSTRING", {text("hello"), number(1), number(-1)}, "!SUBSTRING of negative length -1!"},
      {"LEFT", {text("hello"), number(-2)}, "hel"},
      {"RIGHT", {text("hello"), number(2)}, "lo"},
      {"RIGHT", {text("hello"), make_int64(Type::bigint(), INT64_MIN)}, ""},
      {"LPAD", {text("7"), number(3), text("ab")}, "ab7"},
      {"LPAD", {text("hello"), number(3)}, "hel"},
      {"RPAD", {text("7"), number(4), text("ab")}, "7aba"},
      {"REPEAT", {text("ab"), number(0)}, ""},
      {"REPEAT",
       {text("ab"), make_int64(Type::bigint(), INT64_MAX)},
       "!the string would be 18446744073709551614 bytes long; at most 16777216!"},
      {"REVERSE", {text("añb")}, "bña"},
      {"REPLACE", {text("aaa"), text("a"), text("bb")}, "bbbbbb"},
      {"REPLACE", {text("aaa"), text(""), text("x")}, "aaa"},
      {"TRANSLATE", {text("a-b_c"), text("-_"), text("+")}, "a+bc"},
      {"OVERLAY", {text("Txxxxas"), text("hom"), number(2), number(4)}, "Thomas"},
      {"OVERLAY", {text("abcdef"), text("XY"), number(2)}, "aXYdef"},
      {"CONCAT", {text("a"), number(1), kNull, make_boolean(true)}, "a1TRUE"},
      {"CONCAT_WS", {text(", "), text("a"), kNull, text("b")}, "a, b"},
      {"CONCAT_WS", {kNull, text("a")}, "NULL"},
      {"||", {text("a"), make_null(Type::string())}, "NULL"},
      {"||", {text("the number "), number(7)}, "the number 7"},
      {"LENGTH", {text("äöü")}, "3"},
      {"OCTET_LENGTH", {text("äöü")}, "6"},
      {"ASCII", {text("€")}, "8364"},
      {"CHR", {number(8364)}, "€"},
      {"CHR", {number(-1)}, "!CHR(-1): no such character!"},
      {"POSITION", {text("l"), text("hello")}, "3"},
      {"LOCATE", {text("l"), text("hello"), number(4)}, "4"},
      {"INSTR", {text("äbc"), text("b")}, "2"},
      {"INSTR", {text("abc"), text("x")}, "0"},
      {"STARTS_WITH", {text("hello"), text("he")}, "TRUE"},
      {"ENDS_WITH", {text("hello"), text("he")}, "FALSE"},
      {"CONTAINS", {text("hello"), text("ll")}, "TRUE"},
      {"SPLIT_INDEX", {text("a,b,,c"), text(","), number(2)}, ""},
      {"SPLIT_INDEX", {text("a,b"), text(","), number(2)}, "NULL"},
      {"SPLIT_PART", {text("a,b,c"), text(","), number(-1)}, "c"},
      {"SPLIT_PART", {text("a,b,c"), text(","), number(7)}, ""},
      {"SPLIT_PART", {text("a"), text(","), number(0)}, "!SPLIT_PART counts from 1, not 0!"},
      {"SPLIT", {text("a,b,"), text(",")}, "[a, b, ]"},
      {"HEX", {text("AZ")}, "415A"},
      {"HEX", {number(255)}, "FF"},
      {"UNHEX", {text("4")}, "!'4' is not hexadecimal!"},
      {"TO_BASE64", {text("hello")}, "aGVsbG8="},
      {"FROM_BASE64", {text("aGVsbG8=")}, "hello"},
      {"FROM_BASE64", {text("aGVsb!8=")}, "!'aGVsb!8=' is not base64!"},
      {"URL_ENCODE", {text("a b&ü")}, "a+b%26%C3%BC"},
      {"URL_DECODE", {text("a+b%26%C3%BC")}, "a b&ü"},
      {"URL_DECODE", {text("%4")}, "!'%4' is not URL-encoded!"},
      {"PARSE_URL", {text("https://u:p@a.org:80/x/y?k=v&z=1#top"), text("HOST")}, "a.org"},
      {"PARSE_URL", {text("https://u:p@a.org:80/x/y?k=v&z=1#top"), text("FILE")}, "/x/y?k=v&z=1"},
      {"PARSE_URL", {text("https://u:p@a.org:80/x/y?k=v&z=1#top"), text("QUERY"), text("z")}, "1"},
      {"PARSE_URL", {text("https://u:p@a.org:80/x/y?k=v&z=1#top"), text("USERINFO")}, "u:p"},
      {"PARSE_URL", {text("https://a.org"), text("REF")}, "NULL"},
  });
}

TEST(PatternFunctions, Values) {
  check({
      {"LIKE", {text("a.b"), text("a.b")}, "TRUE"},
      {"LIKE", {text("axb"), text("a.b")}, "FALSE"},
      {"LIKE", {text("a+(b"), text("a+(%")}, "TRUE"},
      {"LIKE", {text("äb"), text("_b")}, "TRUE"},
      {"LIKE", {text("100%"), text("100\\%"), text("\\")}, "TRUE"},
      {"LIKE", {text("1000"), text("100#%"), text("#")}, "FALSE"},
      {"LIKE", {text("aab"), text("%a_")}, "TRUE"},
      {"LIKE", {text(""), text("%")}, "TRUE"},
      {"LIKE", {make_null(Type::string()), text("%")}, "NULL"},
      {"ILIKE", {text("ÄBC"), text("äb%")}, "TRUE"},
      {"SIMILAR TO", {text("abc"), text("(a|x)b_")}, "TRUE"},
      {"SIMILAR TO", {text("a.c"), text("abc")}, "FALSE"},
      {"SIMILAR TO", {text("abc"), text("a.c")}, "FALSE"},
      {"SIMILAR TO", {text("xabcx"), text("abc")}, "FALSE"},
      {"REGEXP_LIKE", {text("xabcx"), text("b.?x")}, "TRUE"},
      {"REGEXP_EXTRACT", {text("id=42;"), text("id=(\\d+)"), number(1)}, "42"},
      {"REGEXP_EXTRACT", {text("id=42;"), text("id=(\\d+)")}, "id=42"},
      {"REGEXP_EXTRACT", {text("none"), text("(\\d+)"), number(1)}, "NULL"},
      {"REGEXP_EXTRACT", {text("1"), text("(\\d+)"), number(2)}, "!'(\\d+)' has no group 2!"},
      {"REGEXP_REPLACE", {text("a1b22"), text("([0-9]+)"), text("<$1>")}, "a<1>b<22>"},
      {"REGEXP_COUNT", {text("a1b22"), text("[0-9]")}, "3"},
      {"REGEXP_COUNT", {text("aaa"), text("")}, "4"},
  });
  EXPECT_EQ(refusal("REGEXP_LIKE", {text("a"), text("(")}),
            "'(' is not a regular expression: missing ): (");
  EXPECT_EQ(refusal("LIKE", {text("a"), text("a"), text("ab")}),
            "ESCAPE takes one character, not 'ab'");
}

TEST(PatternFunctions, PatternsFromColumns) {
  const Batch batch = batch_from_text("s STRING, p STRING", "abc a%\nabc b%\n. a%\nabc .\nxyz _y_");
  EXPECT_EQ(column_text(call("LIKE", {column(batch, "s"), column(batch, "p")}), batch),
            "TRUE FALSE NULL NULL TRUE");
}

TEST(MathFunctions, Values) {
  check({
      {"ABS", {number(-3)}, "3"},
      {"ABS",
       {make_int64(Type::bigint(), INT64_MIN)},
       "!ABS(-9223372036854775808) does not fit in BIGINT!"},
      {"ABS", {decimal("-1.50")}, "1.50"},
      {"SIGN", {decimal("-1.50")}, "-1"},
      {"SQRT", {number(2)}, "1.4142135623730951"},
      {"SQRT", {number(-1)}, "!-1: not a number this function takes!"},
      {"POWER", {number(2), number(10)}, "1024.0"},
      {"POWER", {number(0), number(-1)}, "!0 to the power of -1!"},
      {"LN", {number(0)}, "!0: not a number this function takes!"},
      {"LOG10", {number(1000)}, "3.0"},
      {"LOG", {number(2), number(8)}, "3.0"},
      {"ATAN2", {number(0), number(1)}, "0.0"},
      {"DEGREES", {call("PI", {})}, "180.0"},
      {"CEIL", {decimal("1.2")}, "2"},
      {"CEIL", {decimal("-1.2")}, "-1"},
      {"FLOOR", {decimal("-1.2")}, "-2"},
      {"FLOOR", {make_double(-1.2)}, "-2.0"},
      {"ROUND", {decimal("2.675"), number(2)}, "2.68"},
      {"ROUND", {decimal("-2.5")}, "-3"},
      {"ROUND", {decimal("9.99"), number(1)}, "10.0"},
      {"ROUND", {decimal("1234.5"), number(-2)}, "1200"},
      {"ROUND", {make_double(2.5)}, "3.0"},
      {"ROUND", {make_double(1234.567), number(-2)}, "1200.0"},
      {"ROUND", {number(1250), number(-2)}, "1300"},
      {"ROUND",
       {number(2147483647), number(-1)},
       "!ROUND(2147483647, -1) does not fit in INTEGER!"},
      {"TRUNCATE", {decimal("-2.679"), number(2)}, "-2.67"},
      {"MOD", {number(7), number(4)}, "3"},
      {"WIDTH_BUCKET", {number(5), number(0), number(10), number(4)}, "3"},
      {"BITAND", {number(12), number(10)}, "8"},
      {"HASH_CODE", {text("a")}, text_of(call("HASH_CODE", {text("a")}))},
      {"TYPEOF", {decimal("1.5")}, "DECIMAL(2, 1)"},
  });
  EXPECT_EQ(
      call("ROUND", {make_column(0, Type::decimal(10, 4), "x"), number(2)})->type().to_string(),
      "DECIMAL(9, 2)");
}

TEST(Conditionals, Values) {
  check({
      {"COALESCE", {kNull, number(2), number(3)}, "2"},
      {"NULLIF", {number(1), number(1)}, "NULL"},
      {"IF", {make_boolean(false), text("a"), text("b")}, "b"},
      {"IF", {make_null(), number(1), number(2)}, "2"},
      {"NVL2", {kNull, text("set"), text("unset")}, "unset"},
      {"IFNULL", {kNull, decimal("1.5")}, "1.5"},
      {"TRY", {call("/", {number(1), number(0)})}, "NULL"},
  });
}

TEST(ArrayFunctions, Values) {
  const ExprPtr array = call("ARRAY", {number(5), kNull, number(7)});
  check({
      {"CARDINALITY", {array}, "3"},
      {"[]", {array, number(3)}, "7"},
      {"[]", {array, number(4)}, "NULL"},
      {"[]", {array, number(2)}, "NULL"},
      {"ARRAY_CONTAINS", {array, number(7)}, "TRUE"},
      {"ARRAY_POSITION", {array, number(8)}, "0"},
      {"ARRAY_JOIN", {array, text("-")}, "5-7"},
      {"ARRAY_JOIN", {array, text("-"), text("?")}, "5-?-7"},
      {"ARRAY_CONCAT", {array, call("ARRAY", {decimal("1.5")})}, "[5.0, NULL, 7.0, 1.5]"},
      {"ARRAY_DISTINCT", {call("ARRAY", {number(1), number(2), number(1)})}, "[1, 2]"},
      {"ARRAY_REVERSE", {array}, "[7, NULL, 5]"},
  });
}

TEST(Random, DiffersByRowButIsSeeded) {
  Batch batch;
  batch.schema = make_schema({});
  batch.rows = 3;
  EvaluationContext context;
  const std::string first = column_text(call("RAND_INTEGER", {number(1000000)}), batch, context);
  EXPECT_EQ(first, column_text(call("RAND_INTEGER", {number(1000000)}), batch, context));
  EXPECT_NE(first.substr(0, first.find(' ')), first.substr(first.rfind(' ') + 1));
}

}  // namespace
}  // namespace velo::test
