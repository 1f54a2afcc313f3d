#include <gtest/gtest.h>

#include "sql/parser.h"
#include "sql/printer.h"
#include "sql/sql_corpus_test.h"

namespace velo {
namespace {

TEST(RoundTrip, Expressions) {
  for (std::string_view text : expression_corpus()) {
    Result<ast::Expr> tree = parse_expression(text);
    ASSERT_TRUE(tree) << text << "\n" << tree.error().to_string();
    std::string printed = print_sql(*tree);
    Result<ast::Expr> again = parse_expression(printed);
    ASSERT_TRUE(again) << text << "\n" << printed << "\n" << again.error().to_string();
    EXPECT_TRUE(*tree == *again) << text << "\n" << printed << "\n" << print_sql(*again);
    EXPECT_EQ(printed, print_sql(*again));
    EXPECT_TRUE(ast::Expr(*tree) == *tree);
    EXPECT_EQ(tree->span.offset, 0u) << text;
    EXPECT_EQ(tree->span.length, text.size()) << text;
  }
}

TEST(RoundTrip, Statements) {
  for (std::string_view text : sql_corpus()) {
    Result<ast::Statement> tree = parse_statement(text);
    ASSERT_TRUE(tree) << text << "\n" << tree.error().to_string();
    std::string printed = print_sql(*tree);
    Result<ast::Statement> again = parse_statement(printed);
    ASSERT_TRUE(again) << text << "\n" << printed << "\n" << again.error().to_string();
    EXPECT_TRUE(*tree == *again) << text << "\n" << printed << "\n" << print_sql(*again);
    EXPECT_EQ(printed, print_sql(*again));
    EXPECT_TRUE(ast::Statement(*tree) == *tree);
    EXPECT_EQ(tree->span.length, text.size()) << text;
  }
}

TEST(RoundTrip, DifferentTreesAreNotEqual) {
  std::vector<std::string_view> texts = expression_corpus();
  std::vector<std::pair<std::string, ast::Expr>> trees;
  for (std::string_view text : texts) {
    ast::Expr tree = *parse_expression(text);
    trees.emplace_back(print_sql(tree), std::move(tree));
  }
  for (size_t i = 0; i < trees.size(); ++i) {
    for (size_t j = 0; j < trees.size(); ++j) {
      EXPECT_EQ(trees[i].first == trees[j].first, trees[i].second == trees[j].second)
          << texts[i] << "\n"
          << texts[j];
    }
  }
}

}  // namespace
}  // namespace velo
