#include <gtest/gtest.h>

#include "base/random.h"
#include "sql/lexer.h"
#include "sql/parser.h"
#include "sql/printer.h"
#include "sql/sql_corpus_test.h"

// Two generators against one law: parse(print(tree)) == tree. One grows random trees, which tests
// the printer's parentheses; the other splices the tokens of real statements, which tests whatever
// still parses.

namespace velo {
namespace {

using namespace ast;

class TreeGrower {
 public:
  explicit TreeGrower(uint64_t seed) : random_(seed) {}

  Expr expr(int depth) {
    if (depth <= 0) return leaf();
    switch (random_.below(22)) {
      case 0:
        return {Unary{static_cast<UnaryOp>(random_.below(3)), expr(depth - 1)}, {}};
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
        return {
            Binary{static_cast<BinaryOp>(random_.below(16)), expr(depth - 1), expr(depth - 1), {}},
            {}};
      case 6:
        return {IsTest{static_cast<IsTestKind>(random_.below(4)), flag(), expr(depth - 1)}, {}};
      case 7:
        return {Between{flag(), flag(), expr(depth - 1), expr(depth - 1), expr(depth - 1)}, {}};
      case 8:
        return {InList{flag(), expr(depth - 1), exprs(depth - 1, 1)}, {}};
      case 9:
        return {InQuery{flag(), expr(depth - 1), query(depth - 1)}, {}};
      case 10:
        return like(depth - 1);
      case 11:
        return {Quantified{static_cast<BinaryOp>(2 + random_.below(6)), flag(), expr(depth - 1),
                           query(depth - 1)},
                {}};
      case 12:
        return flag() ? Expr{Exists{query(depth - 1)}, {}}
                      : Expr{ScalarQuery{query(depth - 1)}, {}};
      case 13:
        return case_of(depth - 1);
      case 14:
        return {Cast{flag(), expr(depth - 1), type(2)}, {}};
      case 15:
      case 16:
        return call(depth - 1);
      case 17:
        return {AtTimeZone{expr(depth - 1), expr(depth - 1)}, {}};
      case 18:
        return row(depth - 1);
      case 19:
        return flag() ? Expr{ArrayValue{exprs(depth - 1, 0)}, {}} : map(depth - 1);
      case 20:
        return {FieldAccess{expr(depth - 1), name()}, {}};
      default:
        return {Subscript{expr(depth - 1), expr(depth - 1)}, {}};
    }
  }

 private:
  bool flag() { return random_.below(2) == 0; }

  Name name() {
    static constexpr std::string_view kPlain[] = {"a",      "B",    "_c",   "key",    "interval",
                                                  "array",  "map",  "row",  "values", "date",
                                                  "window", "emit", "both", "size"};
    static constexpr std::string_view kQuoted[] = {"a",    "Order", "x y", "tick`",
                                                   "from", "1",     "\"",  "ä"};
    if (flag()) return {std::string(kPlain[random_.below(std::size(kPlain))]), false, {}};
    return {std::string(kQuoted[random_.below(std::size(kQuoted))]), true, {}};
  }

  Expr leaf() {
    switch (random_.below(9)) {
      case 0:
        return {Literal{LiteralKind::kInteger, "42"}, {}};
      case 1:
        return {Literal{LiteralKind::kDecimal, flag() ? "1.50" : ".5"}, {}};
      case 2:
        return {Literal{LiteralKind::kString, flag() ? "it's" : "--'/*"}, {}};
      case 3:
        return {Literal{LiteralKind::kNull, ""}, {}};
      case 4:
        return {Literal{LiteralKind::kTimestamp, "2024-01-01 00:00:00"}, {}};
      case 5:
        return *parse_expression(flag() ? "INTERVAL '5' MINUTE" : "INTERVAL '1 day 2 hours'");
      case 6:
        return {Literal{LiteralKind::kDouble, "1e3"}, {}};
      default: {
        ColumnRef column;
        for (uint64_t i = 0; i <= random_.below(3); ++i) column.parts.push_back(name());
        return {std::move(column), {}};
      }
    }
  }

  std::vector<Expr> exprs(int depth, uint64_t least) {
    std::vector<Expr> out;
    for (uint64_t n = least + random_.below(3); n > 0; --n) out.push_back(expr(depth));
    return out;
  }

  Expr like(int depth) {
    Like out{static_cast<LikeKind>(random_.below(4)), flag(), expr(depth), expr(depth), {}};
    if (out.kind != LikeKind::kRegexp && flag()) out.escape = expr(depth);
    return {std::move(out), {}};
  }

  Expr case_of(int depth) {
    Case out;
    if (flag()) out.operand = expr(depth);
    for (uint64_t i = 0; i <= random_.below(2); ++i) out.arms.push_back({expr(depth), expr(depth)});
    if (flag()) out.otherwise = expr(depth);
    return {std::move(out), {}};
  }

  Expr row(int depth) {
    bool keyword = flag();
    return {RowValue{keyword, exprs(depth, keyword ? 0 : 2)}, {}};
  }

  Expr map(int depth) {
    MapValue out;
    for (uint64_t i = random_.below(3); i > 0; --i) {
      out.entries.push_back(expr(depth));
      out.entries.push_back(expr(depth));
    }
    return {std::move(out), {}};
  }

  Expr call(int depth) {
    static constexpr std::string_view kNames[] = {"F",         "COUNT",   "TRIM", "FLOOR",
                                                  "SUBSTRING", "OVERLAY", "LEFT"};
    Call out;
    std::string_view function = kNames[random_.below(std::size(kNames))];
    bool plain = function == "F" || function == "COUNT" || function == "LEFT";
    out.name = {std::string(function), false, {}};
    uint64_t count = function == "OVERLAY" ? 3 : function == "FLOOR" ? 1 : 1 + random_.below(2);
    for (uint64_t i = 0; i < count; ++i) out.arguments.push_back({std::nullopt, expr(depth)});
    if (function == "FLOOR" && flag())
      out.arguments.push_back({std::nullopt, {UnitWord{TimeUnit::kDay}, {}}});
    if (!plain) return {std::move(out), {}};
    out.distinct = flag();
    if (flag()) out.arguments[0].name = name();
    if (flag()) out.filter = expr(depth);
    if (flag()) out.within_group.push_back({expr(depth), flag(), std::nullopt});
    out.nulls = static_cast<NullTreatment>(random_.below(3));
    if (flag()) out.over = over(depth);
    return {std::move(out), {}};
  }

  Over over(int depth) {
    Over out;
    if (flag()) out.partition_by = exprs(depth, 1);
    if (flag()) out.order_by.push_back({expr(depth), flag(), flag()});
    if (flag()) out.frame = Frame{FrameUnit::kRows, {BoundKind::kPreceding, expr(depth)}, {}, {}};
    return out;
  }

  TypeName type(int depth) {
    TypeName out;
    out.kind = static_cast<TypeKind>(random_.below(depth > 0 ? 25 : 21));
    if (out.kind == TypeKind::kDecimal && flag()) out.arguments = {10, 2};
    if (out.kind == TypeKind::kTimestamp && flag()) out.arguments = {3};
    uint64_t elements = out.kind == TypeKind::kMap
                            ? 2
                            : out.kind == TypeKind::kArray || out.kind == TypeKind::kMultiset;
    for (uint64_t i = 0; i < elements; ++i) {
      out.elements.push_back(type(depth - 1));
      out.elements.back().not_null = flag();
    }
    if (out.kind == TypeKind::kRow) out.fields.push_back({name(), type(depth - 1)});
    return out;
  }

  /// A query whose text starts with SELECT, as ANY (…) needs.
  Query query(int depth) {
    Query out;
    Select select;
    select.items.push_back({expr(depth), name(), flag()});
    if (flag()) select.from = TableRef(NamedTable{{{{name()}, {}}, {}, {}, {}}, {}}, {});
    if (select.from && flag()) select.where = expr(depth);
    out.body = std::move(select);
    if (flag()) out.order_by.push_back({expr(depth), flag(), std::nullopt});
    if (flag()) out.limit = expr(depth);
    out.with_ties = out.limit && flag();
    return out;
  }

  Random random_;
};

TEST(RandomTrees, PrintThenParseGivesTheSameTree) {
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    TreeGrower grower(seed);
    Expr tree = grower.expr(static_cast<int>(1 + seed % 4));
    std::string printed = print_sql(tree);
    Result<Expr> again = parse_expression(printed);
    ASSERT_TRUE(again) << "seed " << seed << "\n" << printed << "\n" << again.error().to_string();
    ASSERT_TRUE(*again == tree) << "seed " << seed << "\n" << printed << "\n" << print_sql(*again);
  }
}

/// Statements with a few tokens replaced, dropped or doubled.
std::string splice(Random& random, const std::vector<std::string_view>& corpus) {
  std::string out;
  std::string_view text = corpus[random.below(corpus.size())];
  LexedText lexed = lex(text);
  for (const Token& token : lexed.tokens) {
    std::string_view raw = text.substr(token.span.offset, token.span.length);
    uint64_t fate = random.below(30);
    if (fate == 0) continue;
    if (fate == 1) {
      // A run of tokens from elsewhere.
      std::string_view other = corpus[random.below(corpus.size())];
      LexedText tokens = lex(other);
      uint64_t from = random.below(tokens.tokens.size());
      uint64_t to = std::min<uint64_t>(tokens.tokens.size(), from + 1 + random.below(8));
      for (uint64_t i = from; i < to; ++i) {
        out += other.substr(tokens.tokens[i].span.offset, tokens.tokens[i].span.length);
        out += ' ';
      }
    }
    out += raw;
    out += fate == 2 ? " -- c\n" : fate == 3 ? "\n\n" : " ";
  }
  return out;
}

TEST(RandomSplices, WhatParsesRoundTrips) {
  std::vector<std::string_view> corpus = sql_corpus();
  size_t parsed = 0;
  Random random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string text = splice(random, corpus);
    Result<Script> script = parse_script(text);
    if (!script) {
      ASSERT_FALSE(script.error().excerpt.empty()) << text;
      continue;
    }
    ++parsed;
    std::string printed = print_sql(*script);
    Result<Script> again = parse_script(printed);
    ASSERT_TRUE(again) << text << "\n" << printed << "\n" << again.error().to_string();
    ASSERT_TRUE(*again == *script) << text << "\n" << printed << "\n" << print_sql(*again);
    ASSERT_EQ(print_sql(*again), printed) << text;
  }
  EXPECT_GT(parsed, 4000u);
}

TEST(RandomBytes, NeverHurt) {
  static constexpr char kBytes[] = "aS 1.'\"`()[]<>=!|*/-+%,;:@#{}\n\t\0\xC3\xFFxX$";
  Random random(2);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (uint64_t n = random.below(40); n > 0; --n) text += kBytes[random.below(sizeof(kBytes))];
    for (const Error& error : parse_script_with_errors(text).errors) {
      ASSERT_LE(error.place.offset, text.size());
      ASSERT_FALSE(error.to_string().empty());
    }
  }
}

}  // namespace
}  // namespace velo
