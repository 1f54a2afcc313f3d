#include <variant>

#include "base/fmt.h"
#include "sql/keywords.h"
#include "sql/lexer.h"
#include "sql/sql_printer.h"
#include "sql/token_parser.h"

// Expressions and types on one line.

namespace velo {

using ast::BinaryOp;
using ast::Expr;

namespace {

int level_of(BinaryOp op) {
  switch (op) {
    case BinaryOp::kOr:
      return kLevelOr;
    case BinaryOp::kAnd:
      return kLevelAnd;
    case BinaryOp::kIsDistinct:
    case BinaryOp::kIsNotDistinct:
      return kLevelIs;
    case BinaryOp::kConcat:
      return kLevelConcat;
    case BinaryOp::kAdd:
    case BinaryOp::kSubtract:
      return kLevelAdd;
    case BinaryOp::kMultiply:
    case BinaryOp::kDivide:
    case BinaryOp::kModulo:
      return kLevelMultiply;
    default:
      return kLevelComparison;
  }
}

/// How tightly the text of `e` holds together.
int level_of(const Expr& e) {
  if (const ast::Binary* binary = e.as<ast::Binary>()) return level_of(binary->op);
  if (const ast::Unary* unary = e.as<ast::Unary>()) {
    return unary->op == ast::UnaryOp::kNot ? kLevelNot : kLevelSign;
  }
  if (e.is<ast::IsTest>()) return kLevelIs;
  if (e.is<ast::Quantified>()) return kLevelComparison;
  if (e.is<ast::Between>() || e.is<ast::InList>() || e.is<ast::InQuery>() || e.is<ast::Like>()) {
    return kLevelRange;
  }
  if (e.is<ast::AtTimeZone>()) return kLevelAtZone;
  if (e.is<ast::FieldAccess>() || e.is<ast::Subscript>()) return kLevelPostfix;
  return kLevelPrimary;
}

/// `e` is the unquoted name `upper` alone, which means something else before certain tokens.
bool is_bare_word(const Expr& e, std::string_view upper) {
  const ast::ColumnRef* column = e.as<ast::ColumnRef>();
  return column && column->parts.size() == 1 && !column->parts[0].quoted &&
         upper_case(column->parts[0].text) == upper;
}

bool starts_with_word(std::string_view text, std::string_view upper) {
  return upper_case(text.substr(0, upper.size())) == upper &&
         (text.size() == upper.size() || !is_plain_word(std::string("a") + text[upper.size()]));
}

}  // namespace

namespace {

std::string in_backticks(std::string_view text) {
  std::string out = "`";
  for (const char c : text) out.append(c == '`' ? 2 : 1, c);
  return out + "`";
}

}  // namespace

std::string sql_name(std::string_view text) {
  const std::string upper = upper_case(text);
  const bool is_word = is_plain_word(text) && !is_reserved(upper) && !is_clause_word(upper) &&
                       !is_bare_function(upper) && upper != "WATERMARK" && upper != "CONSTRAINT";
  return is_word ? std::string(text) : in_backticks(text);
}

void SqlPrinter::name(const ast::Name& n) { put(n.quoted ? in_backticks(n.text) : n.text); }

void SqlPrinter::qualified_name(const ast::QualifiedName& n) {
  for (size_t i = 0; i < n.parts.size(); ++i) {
    if (i > 0) put(".");
    name(n.parts[i]);
  }
}

void SqlPrinter::names(const std::vector<ast::Name>& list) {
  put("(");
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) put(", ");
    name(list[i]);
  }
  put(")");
}

void SqlPrinter::string(std::string_view value) {
  out_ += '\'';
  for (char c : value) {
    if (c == '\'') out_ += '\'';
    out_ += c;
  }
  out_ += '\'';
}

void SqlPrinter::expr_list(const std::vector<Expr>& list) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) put(", ");
    expr(list[i]);
  }
}

void SqlPrinter::expr(const Expr& e, int min_level) {
  bool lines = std::exchange(lines_, false);
  bool parens = level_of(e) < min_level;
  if (parens) put("(");
  std::visit([&](const auto& n) { node(n); }, e.node);
  if (parens) put(")");
  lines_ = lines;
}

void SqlPrinter::node(const ast::Literal& n) {
  using ast::LiteralKind;
  switch (n.kind) {
    case LiteralKind::kNull:
      return put("NULL");
    case LiteralKind::kString:
      return string(n.text);
    case LiteralKind::kBytes:
      put("X");
      return string(n.text);
    case LiteralKind::kDate:
      put("DATE ");
      return string(n.text);
    case LiteralKind::kTime:
      put("TIME ");
      return string(n.text);
    case LiteralKind::kTimestamp:
      put("TIMESTAMP ");
      return string(n.text);
    case LiteralKind::kTimestampLtz:
      put("TIMESTAMP_LTZ ");
      return string(n.text);
    default:
      return put(n.text);
  }
}

void SqlPrinter::node(const ast::Interval& n) {
  put("INTERVAL ");
  string(n.text);
  if (n.from) put(fmt::format(" {}", ast::time_unit_name(*n.from)));
  if (n.to) put(fmt::format(" TO {}", ast::time_unit_name(*n.to)));
}

void SqlPrinter::node(const ast::UnitWord& n) { put(ast::time_unit_name(n.unit)); }

void SqlPrinter::node(const ast::ColumnRef& n) { qualified_name({n.parts, {}}); }

void SqlPrinter::node(const ast::Star& n) {
  qualified_name({n.qualifier, {}});
  put(n.qualifier.empty() ? "*" : ".*");
}

void SqlPrinter::node(const ast::Unary& n) {
  if (n.op == ast::UnaryOp::kNot) {
    put("NOT ");
    return expr(*n.operand, kLevelNot);
  }
  put(n.op == ast::UnaryOp::kNegate ? "-" : "+");
  // Two minus signs in a row would start a comment.
  if (n.operand->is<ast::Unary>()) put(" ");
  expr(*n.operand, kLevelSign);
}

void SqlPrinter::node(const ast::Binary& n) {
  int level = level_of(n.op);
  bool chains = level != kLevelComparison;
  // `interval - '5'` would be read as a literal.
  bool guard =
      (n.op == BinaryOp::kAdd || n.op == BinaryOp::kSubtract) && is_bare_word(*n.left, "INTERVAL");
  if (guard) put("(");
  expr(*n.left, chains ? level : level + 1);
  if (guard) put(")");
  put(fmt::format(" {} ", ast::binary_op_text(n.op)));
  expr(*n.right, level + 1);
}

void SqlPrinter::node(const ast::IsTest& n) {
  expr(*n.operand, kLevelIs);
  put(n.negated ? " IS NOT " : " IS ");
  switch (n.test) {
    case ast::IsTestKind::kNull:
      return put("NULL");
    case ast::IsTestKind::kTrue:
      return put("TRUE");
    case ast::IsTestKind::kFalse:
      return put("FALSE");
    case ast::IsTestKind::kUnknown:
      return put("UNKNOWN");
  }
}

void SqlPrinter::node(const ast::Between& n) {
  expr(*n.operand, kLevelRange + 1);
  put(n.negated ? " NOT BETWEEN " : " BETWEEN ");
  if (n.symmetric) put("SYMMETRIC ");
  expr(*n.low, kLevelRange + 1);
  put(" AND ");
  expr(*n.high, kLevelRange + 1);
}

void SqlPrinter::node(const ast::InList& n) {
  expr(*n.operand, kLevelRange + 1);
  put(n.negated ? " NOT IN (" : " IN (");
  expr_list(n.items);
  put(")");
}

void SqlPrinter::node(const ast::InQuery& n) {
  expr(*n.operand, kLevelRange + 1);
  put(n.negated ? " NOT IN " : " IN ");
  parenthesised(*n.query);
}

void SqlPrinter::node(const ast::Like& n) {
  expr(*n.operand, kLevelRange + 1);
  if (n.negated) put(" NOT");
  switch (n.kind) {
    case ast::LikeKind::kLike:
      put(" LIKE ");
      break;
    case ast::LikeKind::kIlike:
      put(" ILIKE ");
      break;
    case ast::LikeKind::kSimilar:
      put(" SIMILAR TO ");
      break;
    case ast::LikeKind::kRegexp:
      put(" RLIKE ");
      break;
  }
  expr(*n.pattern, kLevelRange + 1);
  if (!n.escape) return;
  put(" ESCAPE ");
  expr(*n.escape, kLevelRange + 1);
}

void SqlPrinter::node(const ast::Quantified& n) {
  expr(*n.operand, kLevelComparison + 1);
  put(fmt::format(" {} {} ", ast::binary_op_text(n.op), n.all ? "ALL" : "ANY"));
  parenthesised(*n.query);
}

void SqlPrinter::node(const ast::Exists& n) {
  put("EXISTS ");
  parenthesised(*n.query);
}

void SqlPrinter::node(const ast::ScalarQuery& n) { parenthesised(*n.query); }

void SqlPrinter::node(const ast::Case& n) {
  put("CASE");
  if (n.operand) {
    put(" ");
    expr(*n.operand);
  }
  for (const ast::CaseArm& arm : n.arms) {
    put(" WHEN ");
    expr(arm.when);
    put(" THEN ");
    expr(arm.then);
  }
  if (n.otherwise) {
    put(" ELSE ");
    expr(*n.otherwise);
  }
  put(" END");
}

void SqlPrinter::node(const ast::Cast& n) {
  put(n.try_cast ? "TRY_CAST(" : "CAST(");
  expr(*n.operand);
  put(" AS ");
  type(n.type);
  put(")");
}

void SqlPrinter::node(const ast::AtTimeZone& n) {
  expr(*n.operand, kLevelAtZone);
  put(" AT TIME ZONE ");
  expr(*n.zone, kLevelAtZone + 1);
}

void SqlPrinter::node(const ast::RowValue& n) {
  put(n.row_keyword ? "ROW(" : "(");
  expr_list(n.fields);
  put(")");
}

void SqlPrinter::node(const ast::ArrayValue& n) {
  put("ARRAY[");
  expr_list(n.elements);
  put("]");
}

void SqlPrinter::node(const ast::MapValue& n) {
  put("MAP[");
  expr_list(n.entries);
  put("]");
}

void SqlPrinter::node(const ast::FieldAccess& n) {
  const Expr& operand = *n.operand;
  // After a name the dot would belong to the name, after a number to the number.
  bool plain = operand.is<ast::Call>() || operand.is<ast::FieldAccess>() ||
               operand.is<ast::Subscript>() || operand.is<ast::Cast>() ||
               operand.is<ast::ScalarQuery>() || operand.is<ast::RowValue>();
  if (!plain) put("(");
  expr(operand);
  if (!plain) put(")");
  put(".");
  name(n.field);
}

void SqlPrinter::node(const ast::Subscript& n) {
  bool guard = is_bare_word(*n.operand, "ARRAY") || is_bare_word(*n.operand, "MAP");
  if (guard) put("(");
  expr(*n.operand, guard ? 0 : kLevelPostfix);
  if (guard) put(")");
  put("[");
  expr(*n.index);
  put("]");
}

/// Calls with words between their arguments; false for all others.
bool SqlPrinter::worded_call(const ast::Call& n) {
  if (n.name.quoted) return false;
  const std::string& function = n.name.text;
  size_t count = n.arguments.size();
  auto argument = [&](size_t i, int min_level = 0) { expr(n.arguments[i].value, min_level); };
  auto is_unit = [&](size_t i) { return n.arguments[i].value.is<ast::UnitWord>(); };
  if (count == 2 && function == "EXTRACT" && is_unit(0)) {
    put("EXTRACT(");
    argument(0);
    put(" FROM ");
    argument(1);
  } else if (count == 2 && function == "POSITION") {
    put("POSITION(");
    argument(0, kLevelRange + 1);
    put(" IN ");
    argument(1);
  } else if ((count == 3 || count == 4) && function == "OVERLAY") {
    put("OVERLAY(");
    argument(0);
    put(" PLACING ");
    argument(1);
    put(" FROM ");
    argument(2);
    if (count == 4) put(" FOR ");
    if (count == 4) argument(3);
  } else if (count == 2 && function == "TRIM") {
    put("TRIM(BOTH ");
    argument(1);
    put(" FROM ");
    argument(0);
  } else if (count == 2 && (function == "FLOOR" || function == "CEIL") && is_unit(1)) {
    put(function + "(");
    // INTERVAL '1' DAY TO HOUR would be one literal.
    argument(0, n.arguments[0].value.is<ast::Interval>() ? kLevelPrimary + 1 : 0);
    put(" TO ");
    argument(1);
  } else {
    return false;
  }
  put(")");
  return true;
}

void SqlPrinter::node(const ast::Call& n) {
  bool suffix =
      !n.within_group.empty() || n.filter || n.nulls != ast::NullTreatment::kDefault || n.over;
  bool bare = n.arguments.empty() && !suffix && !n.name.quoted;
  if (bare && is_bare_function(n.name.text)) return name(n.name);
  if (!worded_call(n)) plain_call(n);
}

/// name(arguments) and what follows.
void SqlPrinter::plain_call(const ast::Call& n) {
  name(n.name);
  put("(");
  if (n.distinct) put("DISTINCT ");
  for (size_t i = 0; i < n.arguments.size(); ++i) {
    if (i > 0) put(", ");
    const ast::Argument& argument = n.arguments[i];
    if (argument.name) name(*argument.name);
    if (argument.name) put(" => ");
    std::string text = preview([&](SqlPrinter& p) { p.expr(argument.value); });
    // TRIM(both + 1) would be read as TRIM(BOTH …).
    bool guard = !n.name.quoted && n.name.text == "TRIM" &&
                 (starts_with_word(text, "BOTH") || starts_with_word(text, "LEADING") ||
                  starts_with_word(text, "TRAILING"));
    put(guard ? "(" + text + ")" : text);
  }
  if (!n.order_by.empty()) put(" ORDER BY ");
  order_items(n.order_by);
  put(")");
  call_suffix(n);
}

void SqlPrinter::call_suffix(const ast::Call& n) {
  if (!n.within_group.empty()) {
    put(" WITHIN GROUP (ORDER BY ");
    order_items(n.within_group);
    put(")");
  }
  if (n.filter) {
    put(" FILTER (WHERE ");
    expr(*n.filter);
    put(")");
  }
  if (n.nulls == ast::NullTreatment::kIgnore) put(" IGNORE NULLS");
  if (n.nulls == ast::NullTreatment::kRespect) put(" RESPECT NULLS");
  if (n.over) {
    put(" OVER ");
    over(*n.over);
  }
}

void SqlPrinter::over(const ast::Over& n) {
  if (n.only_name) return name(*n.base);
  std::vector<std::string> parts;
  auto part = [&](auto write) { parts.push_back(preview(write)); };
  if (n.base) part([&](SqlPrinter& p) { p.name(*n.base); });
  if (!n.partition_by.empty()) {
    part([&](SqlPrinter& p) {
      p.put("PARTITION BY ");
      p.expr_list(n.partition_by);
    });
  }
  if (!n.order_by.empty()) {
    part([&](SqlPrinter& p) {
      p.put("ORDER BY ");
      p.order_items(n.order_by);
    });
  }
  if (n.buffer_rows) parts.push_back(fmt::format("ROWS WINDOW BUFFER {} ROWS", *n.buffer_rows));
  if (n.frame) part([&](SqlPrinter& p) { p.frame(*n.frame); });
  if (n.emit_on_buffer_full) parts.push_back("EMIT ON BUFFER FULL");
  if (n.expire_after) {
    part([&](SqlPrinter& p) {
      p.put("EXPIRE AFTER ");
      p.expr(*n.expire_after);
      p.put(" INACTIVITY");
    });
  }
  put("(");
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) put(" ");
    put(parts[i]);
  }
  put(")");
}

void SqlPrinter::frame(const ast::Frame& n) {
  switch (n.unit) {
    case ast::FrameUnit::kRows:
      put("ROWS");
      break;
    case ast::FrameUnit::kRange:
      put("RANGE");
      break;
    case ast::FrameUnit::kGroups:
      put("GROUPS");
      break;
  }
  put(" BETWEEN ");
  bound(n.start);
  put(" AND ");
  bound(n.end);
}

void SqlPrinter::bound(const ast::FrameBound& n) {
  using ast::BoundKind;
  switch (n.kind) {
    case BoundKind::kUnboundedPreceding:
      return put("UNBOUNDED PRECEDING");
    case BoundKind::kCurrentRow:
      return put("CURRENT ROW");
    case BoundKind::kUnboundedFollowing:
      return put("UNBOUNDED FOLLOWING");
    case BoundKind::kPreceding:
    case BoundKind::kFollowing:
      break;
  }
  expr(*n.distance, kLevelConcat);
  put(n.kind == BoundKind::kPreceding ? " PRECEDING" : " FOLLOWING");
}

void SqlPrinter::order_items(const std::vector<ast::OrderItem>& list) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) put(", ");
    expr(list[i].expr);
    if (list[i].descending) put(" DESC");
    if (list[i].nulls_first) put(*list[i].nulls_first ? " NULLS FIRST" : " NULLS LAST");
  }
}

void SqlPrinter::type(const ast::TypeName& t) {
  put(ast::type_kind_name(t.kind));
  for (size_t i = 0; i < t.arguments.size(); ++i) {
    put(i == 0 ? "(" : ", ");
    put(std::to_string(t.arguments[i]));
  }
  if (!t.arguments.empty()) put(")");
  for (size_t i = 0; i < t.elements.size(); ++i) {
    put(i == 0 ? "<" : ", ");
    type(t.elements[i]);
  }
  for (size_t i = 0; i < t.fields.size(); ++i) {
    put(i == 0 ? "<" : ", ");
    name(t.fields[i].name);
    put(" ");
    type(t.fields[i].type);
  }
  if (!t.elements.empty() || !t.fields.empty()) put(">");
  if (t.not_null) put(" NOT NULL");
}

}  // namespace velo
