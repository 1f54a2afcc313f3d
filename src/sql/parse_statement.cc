#include <utility>

#include "base/fmt.h"
#include "sql/token_parser.h"

// Statements other than CREATE.

namespace velo {

using ast::RelationKind;
using ast::ShowKind;

ast::Statement::Node TokenParser::statement() {
  Nest nest(*this);
  if (at_query() || cursor_.at(TokenKind::kLeftParen)) return select_statement();
  if (cursor_.at_word("CREATE")) return create();
  if (cursor_.at_word("INSERT")) return insert();
  if (cursor_.accept_word("EXPLAIN")) return explain();
  if (cursor_.accept_word("SHOW") || cursor_.accept_word("LIST")) return show();
  if (cursor_.accept_word("DESCRIBE") || cursor_.accept_word("DESC")) return describe();
  if (cursor_.accept_word("DROP")) return drop();
  if (cursor_.accept_word("SET")) return set();
  if (cursor_.accept_word("RESET")) return reset();
  if (cursor_.accept_word("START")) return start_job();
  if (cursor_.accept_word("STOP")) return control_job(ast::JobAction::kStop);
  if (cursor_.accept_word("PAUSE")) return control_job(ast::JobAction::kPause);
  if (cursor_.accept_word("RESUME")) return control_job(ast::JobAction::kResume);
  cursor_.fail_expected("a statement");
}

void TokenParser::finish() {
  if (!cursor_.at(TokenKind::kEnd) && !cursor_.at(TokenKind::kSemicolon)) {
    cursor_.fail_expected("the end of the statement");
  }
}

ast::SelectStatement TokenParser::select_statement() { return {query()}; }

/// EXPLAIN [ANALYZE] [PLAN FOR] [detail, …] statement.
ast::Explain TokenParser::explain() {
  ast::Explain out;
  out.analyze = cursor_.accept_word("ANALYZE");
  cursor_.accept_words({"PLAN", "FOR"});
  for (std::string_view detail :
       {"ESTIMATED_COST", "CHANGELOG_MODE", "PLAN_ADVICE", "JSON_EXECUTION_PLAN"}) {
    cursor_.at_word(detail);  // so that a misspelt one is recognised
  }
  while (cursor_.is_word(0, "ESTIMATED_COST") || cursor_.is_word(0, "CHANGELOG_MODE") ||
         cursor_.is_word(0, "PLAN_ADVICE") || cursor_.is_word(0, "JSON_EXECUTION_PLAN")) {
    out.details.push_back(cursor_.advance().text);
    cursor_.accept(TokenKind::kComma);
  }
  if (cursor_.is_word(0, "EXPLAIN")) cursor_.fail_expected("a statement to explain");
  size_t first = cursor_.position();
  ast::Statement inner;
  inner.node = statement();
  inner.span = cursor_.span_since(first);
  out.statement = std::move(inner);
  return out;
}

RelationKind TokenParser::relation_kind() {
  if (cursor_.accept_word("TABLE")) return RelationKind::kTable;
  if (cursor_.accept_word("STREAM")) return RelationKind::kStream;
  if (cursor_.accept_word("VIEW")) return RelationKind::kView;
  cursor_.fail_expected("TABLE, STREAM or VIEW");
}

/// SHOW TABLES …, SHOW CREATE TABLE t, SHOW COLUMNS FROM t, SHOW STATUS [job], each with LIKE.
ast::Show TokenParser::show() {
  ast::Show out;
  if (cursor_.accept_word("CREATE")) {
    out.kind = ShowKind::kCreate;
    out.relation = relation_kind();
    out.name = qualified_name("a name");
    return out;
  }
  bool found = false;
  for (int i = 0; i <= static_cast<int>(ShowKind::kSettings) && !found; ++i) {
    out.kind = static_cast<ShowKind>(i);
    found = out.kind != ShowKind::kCreate && cursor_.accept_word(ast::show_kind_name(out.kind));
  }
  if (!found && cursor_.accept_word("QUERIES")) {
    out.kind = ShowKind::kJobs;
    found = true;
  }
  if (!found) {
    cursor_.fail_expected(
        "TABLES, STREAMS, VIEWS, TOPICS, FUNCTIONS, JOBS, SCHEMA or CREATE TABLE");
  }
  bool of_relation = out.kind == ShowKind::kProperties;
  bool of_name = of_relation || out.kind == ShowKind::kSchema ||
                 out.kind == ShowKind::kPartitions || out.kind == ShowKind::kColumns ||
                 out.kind == ShowKind::kVersions;
  bool maybe_name = out.kind == ShowKind::kStatus || out.kind == ShowKind::kMetrics;
  if (of_relation) out.relation = relation_kind();
  if (out.kind == ShowKind::kColumns && !cursor_.accept_word("FROM")) cursor_.expect_word("IN");
  bool like_follows = cursor_.is_word(0, "LIKE");
  if (of_name || (maybe_name && at_name() && !like_follows)) out.name = qualified_name("a name");
  if (cursor_.accept_word("LIKE") || cursor_.at(TokenKind::kString)) out.like = string_value();
  return out;
}

/// DESCRIBE [EXTENDED] [TABLE|STREAM|VIEW] name, DESCRIBE kafka('topic').
ast::Describe TokenParser::describe() {
  ast::Describe out;
  auto named_so = [&] {  // the word is itself the name
    return cursor_.is_kind(1, TokenKind::kEnd) || cursor_.is_kind(1, TokenKind::kSemicolon) ||
           cursor_.is_kind(1, TokenKind::kDot);
  };
  out.extended = !named_so() && cursor_.accept_word("EXTENDED");
  if (!named_so() && !cursor_.accept_word("TABLE") && !cursor_.accept_word("STREAM")) {
    cursor_.accept_word("VIEW");
  }
  if (at_name() && cursor_.is_kind(1, TokenKind::kLeftParen)) {
    const size_t first = cursor_.position();
    out.call = call(any_word("a name"), first);
    return out;
  }
  out.name = qualified_name("a name");
  return out;
}

ast::Drop TokenParser::drop() {
  ast::Drop out;
  out.temporary = cursor_.accept_word("TEMPORARY");
  out.kind = relation_kind();
  out.if_exists = cursor_.accept_words({"IF", "EXISTS"});
  out.name = qualified_name("a name");
  return out;
}

ast::SetOption TokenParser::set() {
  ast::SetOption out;
  if (cursor_.at(TokenKind::kEnd) || cursor_.at(TokenKind::kSemicolon)) return out;
  ast::Option option;
  option.key = option_word(option.key_span);
  if (!cursor_.accept_word("TO")) cursor_.expect(TokenKind::kEqual);
  option.value = option_value(option.value_span);
  out.option = std::move(option);
  return out;
}

ast::SetOption TokenParser::reset() {
  ast::SetOption out;
  out.reset = true;
  if (cursor_.at(TokenKind::kEnd) || cursor_.at(TokenKind::kSemicolon)) return out;
  ast::Option option;
  option.key = option_word(option.key_span);
  out.option = std::move(option);
  return out;
}

/// START JOB j [WITH (…)] AS statement [WITH (…)], the statement perhaps in parentheses.
ast::StartJob TokenParser::start_job() {
  cursor_.expect_word("JOB");
  ast::StartJob out;
  out.name = name("a job name");
  if (cursor_.accept_word("WITH")) out.options = options();
  cursor_.expect_word("AS");
  bool round = cursor_.at(TokenKind::kLeftParen) &&
               (cursor_.is_word(1, "CREATE") || cursor_.is_word(1, "INSERT"));
  if (round) cursor_.advance();
  if (!at_query() && !cursor_.at_word("CREATE") && !cursor_.at_word("INSERT") &&
      !cursor_.at(TokenKind::kLeftParen)) {
    cursor_.fail_expected("SELECT, INSERT or CREATE");
  }
  size_t first = cursor_.position();
  ast::Statement inner;
  inner.node = statement();
  inner.span = cursor_.span_since(first);
  if (round) cursor_.expect(TokenKind::kRightParen);
  if (ast::SelectStatement* select = inner.as<ast::SelectStatement>()) {
    take_query_options(out.options, *select->query);
  } else if (ast::Insert* insert = inner.as<ast::Insert>()) {
    take_query_options(out.options, *insert->query);
  }
  SourceSpan here = cursor_.peek().span;
  if (cursor_.accept_word("WITH")) {
    if (!out.options.empty()) fail_twice("WITH", here);
    out.options = options();
  }
  out.statement = std::move(inner);
  return out;
}

/// STOP|PAUSE|RESUME JOB j; STOP JOB j FORCE.
ast::ControlJob TokenParser::control_job(ast::JobAction action) {
  cursor_.expect_word("JOB");
  ast::ControlJob out;
  out.action = action;
  out.name = name("a job name");
  out.force = action == ast::JobAction::kStop && cursor_.accept_word("FORCE");
  return out;
}

/// INSERT INTO [TABLE] t [(columns)] query.
ast::Insert TokenParser::insert() {
  cursor_.advance();
  ast::Insert out;
  out.overwrite = cursor_.accept_word("OVERWRITE");
  if (!out.overwrite) cursor_.expect_word("INTO");
  if (cursor_.is_word(0, "TABLE") && !cursor_.is_kind(1, TokenKind::kLeftParen) &&
      !cursor_.is_kind(1, TokenKind::kDot) && !cursor_.is_word(1, "SELECT") &&
      !cursor_.is_word(1, "VALUES") && !cursor_.is_word(1, "WITH")) {
    cursor_.advance();
  }
  out.table = qualified_name("a table name");
  bool query_follows = cursor_.is_word(1, "SELECT") || cursor_.is_word(1, "WITH") ||
                       cursor_.is_word(1, "VALUES") || cursor_.is_kind(1, TokenKind::kLeftParen);
  if (cursor_.at(TokenKind::kLeftParen) && !query_follows) out.columns = name_list();
  if (!at_query() && !cursor_.at(TokenKind::kLeftParen)) cursor_.fail_expected("SELECT or VALUES");
  out.query = query();
  return out;
}

}  // namespace velo
