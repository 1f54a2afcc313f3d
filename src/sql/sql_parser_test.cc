#include "sql/parser.h"

#include <gtest/gtest.h>

#include "sql/printer.h"

// What the parser makes of a text. Most expectations are canonical text: parentheses appear exactly
// where a precedence was overridden, so the text shows the tree.

namespace velo {
namespace {

using namespace ast;

/// Every operand in parentheses: shows the shape of the tree without precedence.
std::string shape(const Expr& e) {
  if (const Binary* b = e.as<Binary>()) {
    return "(" + shape(*b->left) + " " + std::string(binary_op_text(b->op)) + " " +
           shape(*b->right) + ")";
  }
  if (const Unary* u = e.as<Unary>()) {
    const char* op = u->op == UnaryOp::kNot ? "NOT " : u->op == UnaryOp::kNegate ? "-" : "+";
    return "(" + std::string(op) + shape(*u->operand) + ")";
  }
  if (const IsTest* t = e.as<IsTest>()) return "(" + shape(*t->operand) + " IS…)";
  if (const Between* b = e.as<Between>()) {
    return "(" + shape(*b->operand) + " BETWEEN " + shape(*b->low) + " " + shape(*b->high) + ")";
  }
  if (const Like* l = e.as<Like>())
    return "(" + shape(*l->operand) + " LIKE " + shape(*l->pattern) + ")";
  if (const AtTimeZone* z = e.as<AtTimeZone>())
    return "(" + shape(*z->operand) + " AT " + shape(*z->zone) + ")";
  if (const Cast* c = e.as<Cast>())
    return "(" + shape(*c->operand) + "::" + print_sql(c->type) + ")";
  return print_sql(e);
}

std::string shape_of(std::string_view text) {
  Result<Expr> e = parse_expression(text);
  return e ? shape(*e) : e.error().message;
}

std::string printed(std::string_view text) {
  Result<Expr> e = parse_expression(text);
  return e ? print_sql(*e) : e.error().message;
}

Statement statement(std::string_view text) {
  Result<Statement> s = parse_statement(text);
  EXPECT_TRUE(s) << text << "\n" << s.error().to_string();
  return s ? *s : Statement();
}

Query query(std::string_view text) {
  Result<Query> q = parse_query(text);
  EXPECT_TRUE(q) << text << "\n" << q.error().to_string();
  return q ? *q : Query();
}

Select select(std::string_view text) {
  Query q = query(text);
  const Select* s = q.as<Select>();
  return s ? *s : Select();
}

TEST(ParsePrecedence, LikePostgreSql) {
  EXPECT_EQ(shape_of("a + b * c - d"), "((a + (b * c)) - d)");
  EXPECT_EQ(shape_of("a - b - c"), "((a - b) - c)");
  EXPECT_EQ(shape_of("a OR b AND c OR d"), "((a OR (b AND c)) OR d)");
  EXPECT_EQ(shape_of("NOT a = 1"), "(NOT (a = 1))");
  EXPECT_EQ(shape_of("NOT a IS NULL AND b"), "((NOT (a IS…)) AND b)");
  EXPECT_EQ(shape_of("c = a || b"), "(c = (a || b))");
  EXPECT_EQ(shape_of("a || b + 1"), "(a || (b + 1))");
  EXPECT_EQ(shape_of("a = b IS NULL"), "((a = b) IS…)");
  EXPECT_EQ(shape_of("a IS DISTINCT FROM b = c"), "(a IS DISTINCT FROM (b = c))");
  EXPECT_EQ(shape_of("a < b BETWEEN 1 AND 2"), "(a < (b BETWEEN 1 2))");
  EXPECT_EQ(shape_of("a BETWEEN 1 AND 2 AND b"), "((a BETWEEN 1 2) AND b)");
  EXPECT_EQ(shape_of("a LIKE b || '%' = c"), "((a LIKE (b || '%')) = c)");
  EXPECT_EQ(shape_of("-a::int"), "(-(a::INT))");
  EXPECT_EQ(shape_of("-a AT TIME ZONE 'x' + 1"), "(((-a) AT 'x') + 1)");
  EXPECT_EQ(shape_of("- - 1"), "(-(-1))");
  EXPECT_EQ(shape_of("a % 2 = -1.5"), "((a % 2) = (-1.5))");
  EXPECT_EQ(shape_of("ts - 5m > x"), "((ts - INTERVAL '5' MINUTE) > x)");
}

TEST(ParseLiteral, KeepsExactText) {
  auto literal = [](std::string_view text) { return *parse_expression(text)->as<Literal>(); };
  EXPECT_EQ(literal("1.50"), (Literal{LiteralKind::kDecimal, "1.50"}));
  EXPECT_EQ(literal("1e3"), (Literal{LiteralKind::kDouble, "1e3"}));
  EXPECT_EQ(literal("12345678901234567890123"),
            (Literal{LiteralKind::kInteger, "12345678901234567890123"}));
  EXPECT_EQ(literal("'it''s'"), (Literal{LiteralKind::kString, "it's"}));
  EXPECT_EQ(literal("true"), (Literal{LiteralKind::kBoolean, "TRUE"}));
  EXPECT_EQ(literal("TIMESTAMP WITH LOCAL TIME ZONE '2024-01-01 00:00:00'"),
            (Literal{LiteralKind::kTimestampLtz, "2024-01-01 00:00:00"}));
  EXPECT_EQ(literal("date '2024-01-01'"), (Literal{LiteralKind::kDate, "2024-01-01"}));
}

TEST(ParseInterval, Amounts) {
  struct Expected {
    std::string_view text;
    int64_t months, days, microseconds;
    std::string_view printed;
  };
  for (const Expected& e : std::initializer_list<Expected>{
           {"INTERVAL '5' MINUTE", 0, 0, 300'000'000, "INTERVAL '5' MINUTE"},
           {"INTERVAL '10' MINUTES", 0, 0, 600'000'000, "INTERVAL '10' MINUTE"},
           {"INTERVAL 5 MINUTES", 0, 0, 300'000'000, "INTERVAL '5' MINUTE"},
           {"5m", 0, 0, 300'000'000, "INTERVAL '5' MINUTE"},
           {"1.5h", 0, 0, 5'400'000'000, "INTERVAL '1.5' HOUR"},
           {"250ms", 0, 0, 250'000, "INTERVAL '0.25' SECOND"},
           {"7us", 0, 0, 7, "INTERVAL '0.000007' SECOND"},
           {"2w", 0, 14, 0, "INTERVAL '2' WEEK"},
           {"1.5d", 0, 1, 43'200'000'000, "INTERVAL '1.5' DAY"},
           {"INTERVAL -'5' DAY", 0, -5, 0, "INTERVAL '-5' DAY"},
           {"INTERVAL '1-2' YEAR TO MONTH", 14, 0, 0, "INTERVAL '1-2' YEAR TO MONTH"},
           {"INTERVAL '2' QUARTER", 6, 0, 0, "INTERVAL '2' QUARTER"},
           {"INTERVAL '0.5' YEAR", 6, 0, 0, "INTERVAL '0.5' YEAR"},
           {"INTERVAL '3 04:05:06.789' DAY TO SECOND", 0, 3, 14'706'789'000,
            "INTERVAL '3 04:05:06.789' DAY TO SECOND"},
           {"INTERVAL '-04:05' HOUR TO MINUTE", 0, 0, -14'700'000'000,
            "INTERVAL '-04:05' HOUR TO MINUTE"},
           {"INTERVAL '1 day 2 hours'", 0, 1, 7'200'000'000, "INTERVAL '1 day 2 hours'"},
           {"INTERVAL '1 02:30:00'", 0, 1, 9'000'000'000, "INTERVAL '1 02:30:00'"},
           {"INTERVAL '1 year 2 mons'", 0, 0, 0, ""},
           {"INTERVAL '5 minutes'", 0, 0, 300'000'000, "INTERVAL '5' MINUTE"}}) {
    Result<Expr> tree = parse_expression(e.text);
    ASSERT_EQ(tree.has_value(), !e.printed.empty()) << e.text;
    if (!tree) continue;
    const Interval* interval = tree->as<Interval>();
    ASSERT_TRUE(interval) << e.text;
    EXPECT_EQ(interval->months, e.months) << e.text;
    EXPECT_EQ(interval->days, e.days) << e.text;
    EXPECT_EQ(interval->microseconds, e.microseconds) << e.text;
    EXPECT_EQ(print_sql(*tree), e.printed);
  }
}

TEST(ParseCall, WordedFunctionsBecomePlainCalls) {
  EXPECT_EQ(printed("substring(s from 2 for 3)"), "SUBSTRING(s, 2, 3)");
  EXPECT_EQ(printed("trim(leading 'x' from s)"), "LTRIM(s, 'x')");
  EXPECT_EQ(printed("trim(trailing from s)"), "RTRIM(s)");
  EXPECT_EQ(printed("trim('x' from s)"), "TRIM(BOTH 'x' FROM s)");
  EXPECT_EQ(printed("position('a' in s)"), "POSITION('a' IN s)");
  EXPECT_EQ(printed("overlay(s placing 'x' from 2 for 1)"), "OVERLAY(s PLACING 'x' FROM 2 FOR 1)");
  EXPECT_EQ(printed("extract('hour', ts)"), "EXTRACT(HOUR FROM ts)");
  EXPECT_EQ(printed("ceiling(ts to days)"), "CEIL(ts TO DAY)");
  EXPECT_EQ(printed("current_timestamp()"), "CURRENT_TIMESTAMP");
  EXPECT_EQ(printed("x::decimal(10,2)"), "CAST(x AS DECIMAL(10, 2))");
  Expr call = *parse_expression("substring(s from 2)");
  EXPECT_EQ(call.as<Call>()->name.text, "SUBSTRING");
  EXPECT_EQ(call.as<Call>()->arguments.size(), 2u);
}

TEST(ParseCall, AggregateModifiers) {
  Expr e = *parse_expression("count(distinct a, b) filter (where c > 1)");
  const Call* call = e.as<Call>();
  ASSERT_TRUE(call);
  EXPECT_EQ(call->name.text, "COUNT");
  EXPECT_TRUE(call->distinct);
  EXPECT_EQ(call->arguments.size(), 2u);
  EXPECT_TRUE(call->filter);
}

TEST(ParseOver, BufferIsAFrame) {
  EXPECT_EQ(printed("AVG(p) OVER (ROWS WINDOW BUFFER 100 ROWS PARTITION BY s ORDER BY ts)"),
            "AVG(p) OVER (PARTITION BY s ORDER BY ts ROWS BETWEEN 99 PRECEDING AND CURRENT ROW)");
  EXPECT_EQ(printed("AVG(p) OVER (ROWS WINDOW BUFFER 100 ROWS ORDER BY ts ROWS 10 PRECEDING)"),
            "AVG(p) OVER (ORDER BY ts ROWS BETWEEN 10 PRECEDING AND CURRENT ROW)");
  EXPECT_EQ(printed("AVG(p) OVER (ROWS WINDOW BUFFER 5 ROWS ORDER BY ts ROWS 10 PRECEDING)"),
            "AVG(p) OVER (ORDER BY ts ROWS BETWEEN 4 PRECEDING AND CURRENT ROW)");
  EXPECT_EQ(printed("AVG(p) OVER (ROWS WINDOW BUFFER 5 ROWS ORDER BY ts ROWS UNBOUNDED PRECEDING)"),
            "AVG(p) OVER (ORDER BY ts ROWS BETWEEN 4 PRECEDING AND CURRENT ROW)");
  EXPECT_EQ(printed("AVG(p) OVER (ROWS WINDOW BUFFER 5 ROWS ORDER BY ts RANGE 1m PRECEDING)"),
            "AVG(p) OVER (ORDER BY ts ROWS WINDOW BUFFER 5 ROWS RANGE BETWEEN INTERVAL '1' MINUTE "
            "PRECEDING "
            "AND CURRENT ROW)");
}

// Each of these the reference engine drops, refuses or misreads.

TEST(ReferenceMistakes, NothingAfterFromIsDropped) {
  Query q = query(
      "SELECT a FROM t AS x WHERE x.a = 1 GROUP BY a HAVING COUNT(*) > 1 WINDOW TUMBLING(1m) EMIT "
      "FINAL "
      "ORDER BY a LIMIT 10 OFFSET 5");
  const Select* s = q.as<Select>();
  ASSERT_TRUE(s);
  EXPECT_EQ(s->from->alias->name.text, "x");
  EXPECT_TRUE(s->where);
  EXPECT_TRUE(s->having);
  ASSERT_TRUE(s->window);
  EXPECT_EQ(s->window->kind, WindowKind::kTumble);
  EXPECT_EQ(q.emit->kind, EmitKind::kFinal);
  EXPECT_EQ(q.order_by.size(), 1u);
  EXPECT_EQ(print_sql(*q.limit), "10");
  EXPECT_EQ(print_sql(*q.offset), "5");
}

TEST(ReferenceMistakes, TheWholeTextMustParse) {
  EXPECT_FALSE(parse_script("SELECT a FROM t WHERE a = 1 GRUP BY a"));
  EXPECT_FALSE(parse_script("SELECT a FROM t MATCH_RECOGNIZE (PATTERN (a))"));
  EXPECT_FALSE(parse_script("SELECT 'unterminated FROM t"));
  EXPECT_EQ(parse_script("SELECT a FROM t; SELECT b FROM u")->statements.size(), 2u);
}

TEST(ReferenceMistakes, Expressions) {
  EXPECT_EQ(shape_of("c = a || b"), "(c = (a || b))");
  EXPECT_EQ(shape_of("NOT a = 1"), "(NOT (a = 1))");
  EXPECT_EQ(shape_of("-1.5"), "(-1.5)");
  EXPECT_EQ(shape_of("-a * -(b)"), "((-a) * (-b))");
  EXPECT_EQ(shape_of("a % 2"), "(a % 2)");
  EXPECT_EQ(printed("'it''s'"), "'it''s'");
  EXPECT_EQ(printed("a.b.c"), "a.b.c");
  EXPECT_EQ(printed("arr[1]"), "arr[1]");
  EXPECT_EQ(printed("CASE x WHEN 1 THEN 'a' END"), "CASE x WHEN 1 THEN 'a' END");
  EXPECT_EQ(printed("CAST(a AS DECIMAL(10,2))"), "CAST(a AS DECIMAL(10, 2))");
  EXPECT_EQ(printed("a IS TRUE"), "a IS TRUE");
  EXPECT_EQ(printed("a ILIKE 'x' AND b = 1"), "a ILIKE 'x' AND b = 1");
  EXPECT_EQ(printed("COUNT(DISTINCT x)"), "COUNT(DISTINCT x)");
  EXPECT_EQ(printed("COUNT(*) FILTER (WHERE a)"), "COUNT(*) FILTER (WHERE a)");
  EXPECT_EQ(printed("SUM(a) OVER (PARTITION BY UPPER(b) ORDER BY c)"),
            "SUM(a) OVER (PARTITION BY UPPER(b) ORDER BY c)");
  EXPECT_EQ(printed("x = ANY (SELECT a FROM t)"), "x = ANY (SELECT a FROM t)");
  EXPECT_EQ(printed("\"col\""), "`col`");
}

TEST(ReferenceMistakes, ImplicitAliases) {
  Select s = select("SELECT a sym, b FROM t x WHERE x.b > 1");
  ASSERT_EQ(s.items.size(), 2u);
  EXPECT_EQ(s.items[0].alias->text, "sym");
  EXPECT_EQ(s.from->alias->name.text, "x");
  EXPECT_TRUE(s.where);
}

TEST(ReferenceMistakes, KeywordsAsNames) {
  for (std::string_view word :
       {"key",   "version", "schema",    "final",     "changes", "list",     "start",   "stop",
        "table", "stream",  "job",       "query",     "topics",  "primary",  "replace", "current",
        "row",   "rows",    "range",     "over",      "window",  "strategy", "value",   "timestamp",
        "date",  "time",    "interval",  "first",     "last",    "filter",   "set",     "values",
        "emit",  "offset",  "partition", "second",    "minute",  "day",      "array",   "map",
        "size",  "data",    "lateness",  "watermark", "for"}) {
    std::string text = "SELECT t." + std::string(word) + ", " + std::string(word) + " + 1 AS " +
                       std::string(word) + " FROM t WHERE " + std::string(word) + " = 1 GROUP BY " +
                       std::string(word) + " ORDER BY " + std::string(word) + " DESC";
    Result<Query> q = parse_query(text);
    ASSERT_TRUE(q) << text << "\n" << q.error().to_string();
    const Expr& left = *q->as<Select>()->items[1].expr.as<Binary>()->left;
    ASSERT_TRUE(left.is<ColumnRef>()) << word;
    EXPECT_EQ(left.as<ColumnRef>()->parts[0].text, word);
    EXPECT_TRUE(parse_statement("CREATE TABLE t (" + std::string(word) + " INT) WITH (x = y)"))
        << word;
  }
}

TEST(ReferenceMistakes, QueriesInQueries) {
  Query q = query(
      "WITH c AS (SELECT 1) SELECT * FROM c, (SELECT a FROM t) d WHERE d.a IN (SELECT b FROM u)");
  EXPECT_EQ(q.with.size(), 1u);
  const Join* join = q.as<Select>()->from->as<Join>();
  ASSERT_TRUE(join);
  EXPECT_EQ(join->kind, JoinKind::kCross);
  EXPECT_TRUE(join->right->as<DerivedTable>());
  EXPECT_TRUE(q.as<Select>()->where->is<InQuery>());
  Statement s =
      statement("CREATE STREAM s AS SELECT a FROM t UNION ALL SELECT b FROM u EMIT CHANGES");
  EXPECT_TRUE(s.as<CreateTable>()->query->as<SetOperation>());
  EXPECT_EQ(s.as<CreateTable>()->query->emit->kind, EmitKind::kChanges);
}

TEST(ReferenceMistakes, Joins) {
  Select s = select(
      "SELECT o.*, c.a FROM o JOIN c AS x ON o.id = x.id WITHIN INTERVAL '1' DAY FULL JOIN d USING "
      "(id)");
  EXPECT_EQ(print_sql(s.items[0].expr), "o.*");
  const Join* full = s.from->as<Join>();
  ASSERT_TRUE(full);
  EXPECT_EQ(full->kind, JoinKind::kFull);
  EXPECT_EQ(full->using_columns[0].text, "id");
  const Join* inner = full->left->as<Join>();
  ASSERT_TRUE(inner);
  EXPECT_EQ(print_sql(*inner->within), "INTERVAL '1' DAY");
  EXPECT_EQ(inner->right->alias->name.text, "x");
}

TEST(ReferenceMistakes, WithBeforeEmit) {
  Statement s = statement(
      "CREATE STREAM s AS SELECT a FROM t WHERE a > 1 WITH ('s.type'='kafka_sink') EMIT CHANGES");
  const CreateTable* create = s.as<CreateTable>();
  ASSERT_EQ(create->options.size(), 1u);
  EXPECT_EQ(create->options[0].key, "s.type");
  EXPECT_TRUE(create->query->options.empty());
  EXPECT_EQ(create->query->emit->kind, EmitKind::kChanges);
}

TEST(ReferenceMistakes, IntoWithOptions) {
  Statement s =
      statement("CREATE STREAM s AS SELECT a FROM t EMIT CHANGES INTO snk WITH ('x'='y')");
  const CreateTable* create = s.as<CreateTable>();
  ASSERT_TRUE(create->query->into);
  EXPECT_EQ(create->query->into->name.to_string(), "snk");
  EXPECT_EQ(create->query->into->options[0].value, "y");
}

/// The window of `… GROUP BY a WINDOW <text>`.
WindowSpec window(std::string_view text) {
  Select s = select("SELECT a FROM t GROUP BY a WINDOW " + std::string(text));
  return s.window.value_or(WindowSpec());
}

std::string text_of(const Box<Expr>& e) { return e ? print_sql(*e) : ""; }

TEST(ParseWindow, EverySpellingIsOneSpec) {
  for (std::string_view text :
       {"TUMBLING(1m)", "TUMBLING(INTERVAL '1' MINUTE)", "TUMBLING('1m')", "TUMBLING(1 MINUTE)",
        "TUMBLING (SIZE 1 MINUTE)", "TUMBLING(SIZE => 1m)"}) {
    WindowSpec w = window(text);
    EXPECT_EQ(w.kind, WindowKind::kTumble);
    EXPECT_FALSE(w.time) << text;
    EXPECT_EQ(text_of(w.size), "INTERVAL '1' MINUTE") << text;
    EXPECT_TRUE(w == window("TUMBLING(1m)"));
  }
  for (std::string_view text :
       {"TUMBLING(ts, 1m)", "TUMBLING(1m, ts)", "TUMBLING(ts, SIZE 1 MINUTE)",
        "TUMBLING(DESCRIPTOR(ts), 1m)", "TUMBLING(TIMECOL => ts, SIZE => 1m)"}) {
    EXPECT_TRUE(window(text) == window("TUMBLING(ts, 1m)")) << text;
    EXPECT_EQ(text_of(window(text).time), "ts");
  }
  for (std::string_view text : {"SLIDING(ts, 10m, 2m)", "HOPPING(ts, 10m, 2m)",
                                "HOPPING(ts, SIZE 10 MINUTES, ADVANCE BY 2 MINUTES)",
                                "SLIDING(ts, INTERVAL '10' MINUTE, INTERVAL '2' MINUTE)"}) {
    WindowSpec w = window(text);
    EXPECT_EQ(w.kind, WindowKind::kHop) << text;
    EXPECT_EQ(text_of(w.size), "INTERVAL '10' MINUTE") << text;
    EXPECT_EQ(text_of(w.slide), "INTERVAL '2' MINUTE") << text;
  }
  WindowSpec session = window("SESSION(ts, INTERVAL '4' HOUR, k)");
  EXPECT_EQ(text_of(session.gap), "INTERVAL '4' HOUR");
  ASSERT_EQ(session.partition_by.size(), 1u);
  EXPECT_EQ(print_sql(session.partition_by[0]), "k");
  WindowSpec grace = window("TUMBLING (SIZE 1 HOUR, GRACE PERIOD 10 MINUTES)");
  EXPECT_EQ(text_of(grace.grace), "INTERVAL '10' MINUTE");
}

TEST(ParseWindow, TableFunctions) {
  Select s = select(
      "SELECT * FROM HOP(TABLE bids, DESCRIPTOR(ts), INTERVAL '2' MINUTES, INTERVAL '10' MINUTES)");
  const WindowTable* hop = s.from->as<WindowTable>();
  ASSERT_TRUE(hop);
  EXPECT_EQ(text_of(hop->window.slide), "INTERVAL '2' MINUTE");
  EXPECT_EQ(text_of(hop->window.size), "INTERVAL '10' MINUTE");
  EXPECT_EQ(text_of(hop->window.time), "ts");
  EXPECT_EQ(hop->input->as<NamedTable>()->target.name.to_string(), "bids");
  std::string canonical =
      "SELECT *\nFROM TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '10' MINUTE, INTERVAL '1' "
      "MINUTE)";
  for (std::string_view text : {"SELECT * FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), 10m, 1m))",
                                "SELECT * FROM TUMBLE(bids, ts, 10m, 1m)",
                                "SELECT * FROM TUMBLE(DATA => TABLE bids, TIMECOL => "
                                "DESCRIPTOR(ts), SIZE => 10m, `OFFSET` => 1m)"}) {
    EXPECT_EQ(print_sql(query(text)), canonical) << text;
  }
  s = select(
      "SELECT 1 FROM TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' DAY, TIME_ZONE => "
      "'Europe/Berlin') w");
  const WindowTable* day = s.from->as<WindowTable>();
  EXPECT_EQ(text_of(day->window.time_zone), "'Europe/Berlin'");
  EXPECT_EQ(s.from->alias->name.text, "w");
}

TEST(ParseWindow, GroupFunctions) {
  Select s =
      select("SELECT 1 FROM t GROUP BY HOP(ts, INTERVAL '1' MINUTE, INTERVAL '5' MINUTE), k");
  const WindowSpec* hop = std::get_if<WindowSpec>(&s.group_by[0].node);
  ASSERT_TRUE(hop);
  EXPECT_EQ(hop->form, WindowForm::kGroupFunction);
  EXPECT_EQ(text_of(hop->slide), "INTERVAL '1' MINUTE");
  EXPECT_EQ(text_of(hop->size), "INTERVAL '5' MINUTE");
  EXPECT_TRUE(std::get_if<Expr>(&s.group_by[1].node));
}

TEST(ParseGrouping, Sets) {
  Select s = select("SELECT 1 FROM t GROUP BY GROUPING SETS ((a, b), a, ()), ROLLUP (a, (b, c))");
  const GroupingSets* sets = std::get_if<GroupingSets>(&s.group_by[0].node);
  ASSERT_TRUE(sets);
  ASSERT_EQ(sets->items.size(), 3u);
  EXPECT_EQ(std::get<GroupingSet>(sets->items[0].node).exprs.size(), 2u);
  EXPECT_TRUE(std::get_if<Expr>(&sets->items[1].node));
  EXPECT_EQ(std::get<GroupingSet>(sets->items[2].node).exprs.size(), 0u);
  EXPECT_EQ(std::get<GroupingSets>(s.group_by[1].node).kind, GroupingKind::kRollup);
}

TEST(ParseOptions, BelongToWhatStandsBeforeThem) {
  Query q =
      query("SELECT a FROM t WITH ('x' = 1) WHERE a = 1 WITH ('y' = 2) INTO s WITH ('z' = 3)");
  EXPECT_EQ(q.as<Select>()->from->as<NamedTable>()->target.options[0].key, "x");
  EXPECT_EQ(q.options[0].key, "y");
  EXPECT_EQ(q.into->options[0].key, "z");
  q = query("SELECT a FROM 'file:///x.csv' WITH (format = csv)");
  EXPECT_EQ(q.as<Select>()->from->as<NamedTable>()->target.options[0].value, "csv");
  q = query("SELECT a FROM t WITH (a = 5m, b.c-d = -1.5, e = 'x')");
  ASSERT_EQ(q.options.size(), 3u);
  EXPECT_EQ(q.options[0].value, "5m");
  EXPECT_EQ(q.options[1].key, "b.c-d");
  EXPECT_EQ(q.options[1].value, "-1.5");
  EXPECT_EQ(q.options[2].value_span.length, 3u);
}

TEST(ParseCreate, Columns) {
  Statement s = statement(
      "CREATE TABLE t (id BIGINT NOT NULL, c AS id + 1, p INT METADATA FROM 'partition' VIRTUAL, "
      "ts TIMESTAMP(3) WITH LOCAL TIME ZONE, WATERMARK FOR ts AS ts - INTERVAL '5' SECOND, "
      "PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'kafka')");
  const CreateTable* t = s.as<CreateTable>();
  ASSERT_EQ(t->columns.size(), 4u);
  EXPECT_TRUE(t->columns[0].type->not_null);
  EXPECT_EQ(t->columns[1].kind, ColumnKind::kComputed);
  EXPECT_EQ(print_sql(*t->columns[1].computed), "id + 1");
  EXPECT_EQ(t->columns[2].kind, ColumnKind::kMetadata);
  EXPECT_EQ(t->columns[2].metadata_key, "partition");
  EXPECT_TRUE(t->columns[2].is_virtual);
  EXPECT_EQ(t->columns[3].type->kind, TypeKind::kTimestampLtz);
  EXPECT_EQ(t->columns[3].type->arguments, std::vector<int64_t>{3});
  ASSERT_EQ(t->watermarks.size(), 1u);
  EXPECT_EQ(print_sql(t->watermarks[0].strategy), "ts - INTERVAL '5' SECOND");
  EXPECT_TRUE(t->primary_key->not_enforced);
}

TEST(ParseScript, CommentsAndAnnotations) {
  Result<Script> script = parse_script(
      "-- @app shop\n-- plain\n\n-- @name: orders # 1\nSELECT a -- @metric x\nFROM t; -- @tail\n"
      "-- @metric_labels: a, b\nSELECT 2\n-- end\n");
  ASSERT_TRUE(script);
  ASSERT_EQ(script->statements.size(), 2u);
  const Statement& first = script->statements[0];
  EXPECT_EQ(first.annotations, (std::vector<Annotation>{{"app", "shop", {}, {}},
                                                        {"name", "orders # 1", {}, {}},
                                                        {"metric", "x", {}, {}},
                                                        {"tail", "", {}, {}}}));
  EXPECT_EQ(first.annotations[1].name_span.offset, 27u);
  EXPECT_EQ(first.annotations[1].name_span.length, 4u);
  EXPECT_EQ(first.annotations[1].value_span.offset, 33u);
  EXPECT_EQ(first.comments.size(), 4u);
  EXPECT_EQ(first.trailing_comments.size(), 1u);
  EXPECT_EQ(script->statements[1].annotations[0].value, "a, b");
  ASSERT_EQ(script->comments.size(), 1u);
  EXPECT_EQ(script->comments[0].text, "-- end");
}

TEST(ParseSpans, PointAtTheText) {
  std::string_view text = "SELECT a + f(b) AS c, \"D\" FROM t";
  Select s = select(text);
  auto source = [&](SourceSpan span) { return text.substr(span.offset, span.length); };
  EXPECT_EQ(source(s.items[0].expr.span), "a + f(b)");
  EXPECT_EQ(source(s.items[0].expr.as<Binary>()->op_span), "+");
  EXPECT_EQ(source(s.items[0].expr.as<Binary>()->right->span), "f(b)");
  EXPECT_EQ(source(s.items[0].alias->span), "c");
  EXPECT_EQ(source(s.items[1].expr.span), "\"D\"");
  EXPECT_EQ(source(s.from->span), "t");
}

TEST(Names, MatchWithoutCaseUnlessQuoted) {
  Name plain{"Price", false, {}};
  Name quoted{"Price", true, {}};
  EXPECT_TRUE(plain.matches("PRICE"));
  EXPECT_TRUE(quoted.matches("Price"));
  EXPECT_FALSE(quoted.matches("price"));
  EXPECT_FALSE(plain.matches("Prices"));
}

}  // namespace
}  // namespace velo
