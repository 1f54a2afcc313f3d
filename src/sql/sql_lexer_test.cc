#include <gtest/gtest.h>

#include "sql/lexer.h"

namespace velo {
namespace {

/// "kind:text" of every token but the end, for short expectations.
std::vector<std::pair<TokenKind, std::string>> kinds(std::string_view text) {
  std::vector<std::pair<TokenKind, std::string>> out;
  for (const Token& token : lex(text).tokens) {
    if (token.kind != TokenKind::kEnd) out.emplace_back(token.kind, token.text);
  }
  return out;
}

using Tokens = std::vector<std::pair<TokenKind, std::string>>;
using K = TokenKind;

TEST(Lexer, WordsAreUpperCasedQuotedOnesKeptAsWritten) {
  EXPECT_EQ(kinds("select Foo _x1 a$b \"Mixed \"\"x\"\"\" `tick``ed` größe"),
            (Tokens{{K::kWord, "SELECT"},
                    {K::kWord, "FOO"},
                    {K::kWord, "_X1"},
                    {K::kWord, "A$B"},
                    {K::kQuotedWord, "Mixed \"x\""},
                    {K::kQuotedWord, "tick`ed"},
                    {K::kWord, "GRößE"}}));
}

TEST(Lexer, Numbers) {
  EXPECT_EQ(kinds("1 1.5 .5 1. 1e3 1.5E-3 007"), (Tokens{{K::kInteger, "1"},
                                                         {K::kDecimal, "1.5"},
                                                         {K::kDecimal, ".5"},
                                                         {K::kDecimal, "1."},
                                                         {K::kDouble, "1e3"},
                                                         {K::kDouble, "1.5E-3"},
                                                         {K::kInteger, "007"}}));
  EXPECT_EQ(kinds("1m 500ms 1.5h 2w 3min"), (Tokens{{K::kDuration, "1m"},
                                                    {K::kDuration, "500ms"},
                                                    {K::kDuration, "1.5h"},
                                                    {K::kDuration, "2w"},
                                                    {K::kDuration, "3min"}}));
}

TEST(Lexer, MalformedNumbers) {
  Token name = lex("12abc").tokens[0];
  EXPECT_EQ(name.kind, K::kError);
  EXPECT_EQ(name.text, "'12abc' is neither a number nor a duration");
  Token months = lex("5M").tokens[0];
  EXPECT_EQ(months.kind, K::kError);
  EXPECT_EQ(months.hint, "write 5m for minutes, INTERVAL '5' MONTH for months");
}

TEST(Lexer, Strings) {
  EXPECT_EQ(
      kinds("'it''s' '' 'a\nb' X'0aFF'"),
      (Tokens{{K::kString, "it's"}, {K::kString, ""}, {K::kString, "a\nb"}, {K::kBytes, "0AFF"}}));
  Token open = lex("a 'open").tokens[1];
  EXPECT_EQ(open.kind, K::kError);
  EXPECT_EQ(open.text, "this string is not closed");
  EXPECT_EQ(lex("X'0a0'").tokens[0].kind, K::kError);
  EXPECT_EQ(lex("X'zz'").tokens[0].kind, K::kError);
  EXPECT_EQ(lex("\"open").tokens[0].text, "this quoted name is not closed");
  EXPECT_EQ(lex("``").tokens[0].text, "a quoted name is empty");
}

TEST(Lexer, SymbolsLongestFirst) {
  EXPECT_EQ(kinds("<= <> != >= => || :: < > = ( ) [ ] , . ; : + - * / %"),
            (Tokens{{K::kLessEqual, ""},    {K::kNotEqual, ""},     {K::kNotEqual, ""},
                    {K::kGreaterEqual, ""}, {K::kArrow, ""},        {K::kConcat, ""},
                    {K::kDoubleColon, ""},  {K::kLess, ""},         {K::kGreater, ""},
                    {K::kEqual, ""},        {K::kLeftParen, ""},    {K::kRightParen, ""},
                    {K::kLeftBracket, ""},  {K::kRightBracket, ""}, {K::kComma, ""},
                    {K::kDot, ""},          {K::kSemicolon, ""},    {K::kColon, ""},
                    {K::kPlus, ""},         {K::kMinus, ""},        {K::kStar, ""},
                    {K::kSlash, ""},        {K::kPercent, ""}}));
  EXPECT_EQ(lex("a == b").tokens[1].hint, "equality is written '='");
  EXPECT_EQ(lex("a && b").tokens[1].hint, "write AND");
  EXPECT_EQ(lex("a ^ b").tokens[1].hint, "write POWER(x, y)");
  EXPECT_EQ(lex("#").tokens[0].text, "unexpected character '#'");
  EXPECT_EQ(lex(std::string_view("\x01", 1)).tokens[0].text, "unexpected byte 0x01");
}

TEST(Lexer, CommentsStandApart) {
  LexedText text = lex("-- one  \n\n/* two\n */ a -- three\nb");
  EXPECT_EQ(text.tokens.size(), 3u);
  ASSERT_EQ(text.comments.size(), 3u);
  EXPECT_EQ(text.comments[0].text, "-- one");
  EXPECT_TRUE(text.comments[0].blank_line_before);
  EXPECT_EQ(text.comments[1].text, "/* two\n */");
  EXPECT_TRUE(text.comments[1].blank_line_before);
  EXPECT_EQ(text.comments[2].text, "-- three");
  EXPECT_FALSE(text.comments[2].blank_line_before);
  EXPECT_EQ(text.comments[2].span.offset, 23u);
  EXPECT_EQ(lex("a /* open").tokens[1].text, "this comment is not closed");
}

TEST(Lexer, HintsAreTokensBannersAreComments) {
  EXPECT_EQ(kinds("/*+ OPTIONS */"),
            (Tokens{{K::kHintOpen, ""}, {K::kWord, "OPTIONS"}, {K::kHintClose, ""}}));
  EXPECT_EQ(lex("/*+-----+*/ a").comments.size(), 1u);
}

TEST(Lexer, SpansAreBytes) {
  LexedText text = lex("\xEF\xBB\xBFgröße = 'ä'");
  EXPECT_EQ(text.tokens[0].span.offset, 3u);
  EXPECT_EQ(text.tokens[0].span.length, 7u);
  EXPECT_EQ(text.tokens[2].span.offset, 13u);
  EXPECT_EQ(text.tokens[2].span.length, 4u);
  EXPECT_EQ(text.tokens[3].span.offset, 17u);
}

TEST(SourceSpan, LineColumnAndCaret) {
  std::string_view text = "SELECT ä,\n\tb FROM t";
  LineColumn where = line_and_column(text, 12);
  EXPECT_EQ(where.line, 2u);
  EXPECT_EQ(where.column, 2u);
  EXPECT_EQ(caret_excerpt(text, {12, 1}), "  2 |  b FROM t\n    |  ^");
  EXPECT_EQ(caret_excerpt(text, {7, 2}), "  1 | SELECT ä,\n    |        ^");
  // At the end, and beyond.
  EXPECT_EQ(caret_excerpt("ab", {2, 0}), "  1 | ab\n    |   ^");
  EXPECT_EQ(caret_excerpt("", {5, 3}), "  1 | \n    | ^");
}

TEST(SourceSpan, LongLinesAreCut) {
  std::string text = std::string(300, 'a') + "X" + std::string(300, 'b');
  std::string excerpt = caret_excerpt(text, {300, 1});
  EXPECT_EQ(excerpt, "  1 | ..." + std::string(48, 'a') + "X" + std::string(47, 'b') +
                         "...\n    |    " + std::string(48, ' ') + "^");
}

}  // namespace
}  // namespace velo
