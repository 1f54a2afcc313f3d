// Dictionary-encoded strings give what flat ones give, are worked on once per entry, and follow a
// growing dictionary.
#include <gtest/gtest.h>

#include "base/random.h"
#include "column/column_builder.h"
#include "column/string_dictionary.h"
#include "expr/expr_test_support.h"
#include "expr/like.h"

namespace velo::test {
namespace {

struct Words {
  std::shared_ptr<StringDictionary> dictionary = std::make_shared<StringDictionary>();
  std::vector<std::string> words;

  void grow(Random& random, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      // Numbers and others, short and longer than what fits inside a reference.
      std::string word = std::to_string(words.size());
      if (random.below(3) == 0) word += "-a word longer than twelve bytes";
      words.push_back(word);
      dictionary->append(word);
    }
  }

  /// The same rows twice: dictionary-encoded and flat.
  std::pair<ColumnPtr, ColumnPtr> rows(Random& random, size_t count, bool nulls) const {
    auto indices = Buffer::allocate(count * sizeof(uint32_t));
    auto validity = Buffer::allocate(bitmap_words(count) * 8 + 8);
    std::memset(validity->data(), 0xff, validity->capacity());
    ColumnBuilder flat(Type::string(), count);
    for (size_t i = 0; i < count; ++i) {
      auto index = static_cast<uint32_t>(random.below(words.size()));
      if (nulls && random.below(5) == 0) {
        validity->as<uint64_t>()[i >> 6] &= ~(uint64_t{1} << (i & 63));
        index = 0;
        flat.append_null();
      } else {
        flat.append_string(words[index]);
      }
      indices->as<uint32_t>()[i] = index;
    }
    return {
        Column::dictionary(Type::string(), count, indices, dictionary, nulls ? validity : nullptr),
        flat.finish()};
  }
};

std::vector<ExprPtr> expressions() {
  const ExprPtr s = make_column(0, Type::string(), "s");
  const ExprPtr n = make_column(1, Type::bigint(), "n");
  return {
      s,
      call("UPPER", {s}),
      call("LENGTH", {s}),
      call("=", {s, text("3")}),
      call("LIKE", {s, text("%word%")}),
      *make_in(s, {text("1"), text("5")}, false),
      cast(s, Type::bigint()),
      cast(s, Type::bigint(), true),
      *make_coalesce({call("NULLIF", {s, text("2")}), text("none")}),
      call("SUBSTRING", {s, number(2)}),
      *make_case({call(">", {n, number(5)}), call("||", {s, text("!")})}, call("REVERSE", {s})),
      *make_and(call(">", {n, number(3)}), call("=", {cast(s, Type::bigint()), number(7)})),
      call("||", {s, s}),
      call("IS NULL", {s}),
  };
}

std::string outcome(const ColumnPtr& column, RowErrors& errors) {
  std::string out;
  const std::vector<RowError>& failed = errors.rows();
  size_t next = 0;
  for (size_t row = 0; row < column->size(); ++row) {
    if (next < failed.size() && failed[next].row == row) {
      out += "!" + failed[next++].message + "!";
    } else if (column->is_null(row)) {
      out += "NULL";
    } else {
      append_text(out, *column, row);
    }
    out += "|";
  }
  return out;
}

TEST(Dictionary, GivesWhatFlatStringsGive) {
  Random random(17);
  for (const ExprPtr& expr : expressions()) {
    Words words;
    Evaluator evaluator(expr);
    Evaluator plain(expr);
    EvaluationContext context;
    for (int round = 0; round < 40; ++round) {
      if (round % 3 == 0) words.grow(random, 1 + random.below(round == 9 ? 300 : 6));
      if (round == 30) words = Words();
      if (words.words.empty()) words.grow(random, 3);
      const size_t rows = 1 + random.below(100);
      auto [encoded, flat] = words.rows(random, rows, random.below(2) == 0);
      ColumnBuilder numbers(Type::bigint(), rows);
      for (size_t i = 0; i < rows; ++i)
        numbers.append_int64(static_cast<int64_t>(random.below(10)));
      const ColumnPtr n = numbers.finish();
      Batch batch;
      batch.rows = rows;
      batch.columns = {encoded, n};
      RowErrors errors;
      const ColumnPtr got = evaluator.evaluate(0, batch, context, errors);
      batch.columns = {flat, n};
      RowErrors plain_errors;
      const ColumnPtr wanted = plain.evaluate(0, batch, context, plain_errors);
      ASSERT_EQ(outcome(got, errors), outcome(wanted, plain_errors))
          << expr->to_string() << " round " << round;
    }
  }
}

TEST(Dictionary, ColumnsKeepTheirEncoding) {
  Random random(1);
  Words words;
  words.grow(random, 4);
  Batch batch;
  batch.rows = 10;
  batch.columns = {words.rows(random, 10, false).first};
  Evaluator evaluator(make_column(0, Type::string(), "s"));
  EvaluationContext context;
  RowErrors errors;
  EXPECT_EQ(evaluator.evaluate(0, batch, context, errors), batch.columns[0]);
}

TEST(Evaluator, ConstantsStayConstant) {
  Batch batch;
  batch.rows = 5;
  Evaluator evaluator({call("+", {number(1), number(2)}), call("NOW", {})});
  EvaluationContext context;
  RowErrors errors;
  std::vector<ColumnPtr> out;
  evaluator.evaluate(batch, context, errors, &out);
  EXPECT_EQ(out[0]->encoding(), Encoding::kConstant);
  EXPECT_EQ(out[0]->int64_at(4), 3);
  EXPECT_EQ(out[1]->encoding(), Encoding::kConstant);
}

TEST(Evaluator, EqualPartsAreComputedOnce) {
  // A shared part that fails reports each row once per batch, not once per use.
  const ExprPtr ratio = call("/", {number(1), make_column(0, Type::bigint(), "x")});
  Evaluator evaluator({call("+", {ratio, number(1)}), call("+", {ratio, number(2)})});
  ColumnBuilder x(Type::bigint());
  x.append_int64(0);
  x.append_int64(1);
  Batch batch;
  batch.rows = 2;
  batch.columns = {x.finish()};
  EvaluationContext context;
  RowErrors errors;
  std::vector<ColumnPtr> out;
  evaluator.evaluate(batch, context, errors, &out);
  EXPECT_EQ(errors.raw().size(), 1U);
  EXPECT_EQ(out[1]->int64_at(1), 3);
}

TEST(Evaluator, EmptyBatches) {
  Batch batch;
  batch.columns = {ColumnBuilder(Type::bigint()).finish(), ColumnBuilder(Type::string()).finish()};
  const ExprPtr n = make_column(0, Type::bigint(), "n");
  const ExprPtr s = make_column(1, Type::string(), "s");
  Evaluator evaluator({call("+", {n, n}), call("UPPER", {s}), call("SPLIT", {s, text(",")}),
                       *make_case({call(">", {n, number(1)}), s}, nullptr)});
  EvaluationContext context;
  RowErrors errors;
  std::vector<ColumnPtr> out;
  evaluator.evaluate(batch, context, errors, &out);
  for (const ColumnPtr& column : out) EXPECT_EQ(column->size(), 0U);
}

/// LIKE by trying everything.
bool slow_like(std::string_view pattern, std::string_view s) {
  if (pattern.empty()) return s.empty();
  if (pattern[0] == '%') {
    for (size_t i = 0; i <= s.size(); ++i) {
      if (slow_like(pattern.substr(1), s.substr(i))) return true;
    }
    return false;
  }
  return !s.empty() && (pattern[0] == '_' || pattern[0] == s[0]) &&
         slow_like(pattern.substr(1), s.substr(1));
}

TEST(Like, AgreesWithTryingEverything) {
  Random random(23);
  for (int i = 0; i < 30000; ++i) {
    std::string pattern;
    std::string s;
    for (size_t k = random.below(7); k > 0; --k) pattern.push_back("ab%_"[random.below(4)]);
    for (size_t k = random.below(9); k > 0; --k) s.push_back("ab"[random.below(2)]);
    ASSERT_EQ(LikePattern::compile(pattern)->matches(s), slow_like(pattern, s))
        << pattern << " / " << s;
  }
}

}  // namespace
}  // namespace velo::test
