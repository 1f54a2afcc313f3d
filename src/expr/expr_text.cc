// SQL text of expressions, with as few parentheses as the grammar allows.
#include "base/fmt.h"
#include "column/scalar.h"
#include "column/time_text.h"
#include "expr/expr.h"

namespace velo {
namespace {

enum Precedence {
  kOrLevel = 1,
  kAndLevel,
  kNotLevel,
  kCompare,

  kSum,
  kProduct,
  kUnary,
  kAtom
};

int infix_precedence(std::string_view name) {
  if (name == "+" || name == "-" || name == "||") return kSum;
  if (name == "*" || name == "/" || name == "%") return kProduct;
  return kCompare;
}

void append_quoted(std::string& out, std::string_view text, char quote) {
  out.push_back(quote);
  for (const char c : text) {
    if (c == quote) out.push_back(quote);
    out.push_back(c);
  }
  out.push_back(quote);
}

bool is_plain_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  for (const char c : name) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
    if (!plain) return false;
  }
  return true;
}

/// Writes one expression; `above` is the binding strength of what surrounds it.
class Writer {
 public:
  void write(const Expr& e, int above);
  std::string take() { return std::move(out_); }

 private:
  void list(const Expr& e, size_t from);
  void open(int own, int above) {
    if (own < above) out_.push_back('(');
  }
  void close(int own, int above) {
    if (own < above) out_.push_back(')');
  }
  void call(const Expr& e, int above);
  void infix(const Expr& e, int above);
  bool special(const Expr& e, int above);
  bool with_unit(const Expr& e);
  void cases(const Expr& e);
  void logical(const Expr& e, std::string_view word, int own, int above);

  std::string out_;
};

void Writer::list(const Expr& e, size_t from) {
  for (size_t i = from; i < e.args().size(); ++i) {
    if (i > from) out_ += ", ";
    write(*e.arg(i), 0);
  }
}

void Writer::infix(const Expr& e, int above) {
  const std::string_view name = e.function().name();
  if (e.args().size() == 1) {
    open(kUnary, above);
    out_ += name;
    write(*e.arg(0), kUnary + 1);
    close(kUnary, above);
    return;
  }
  const int own = infix_precedence(name);
  open(own, above);
  // Comparisons do not associate.
  write(*e.arg(0), own == kCompare ? own + 1 : own);
  fmt::format_to(std::back_inserter(out_), " {} ", name);
  write(*e.arg(1), own + 1);
  if (e.args().size() == 3) {
    out_ += " ESCAPE ";
    write(*e.arg(2), own + 1);
  }
  close(own, above);
}

/// Functions with a syntax of their own.
bool Writer::special(const Expr& e, int above) {
  const std::string_view name = e.function().name();
  if (name.starts_with("IS ") && e.args().size() == 1) {
    open(kCompare, above);
    write(*e.arg(0), kCompare + 1);
    fmt::format_to(std::back_inserter(out_), " {}", name);
    close(kCompare, above);
    return true;
  }
  if (name == "NOT") {
    open(kNotLevel, above);
    out_ += "NOT ";
    write(*e.arg(0), kNotLevel);
    close(kNotLevel, above);
    return true;
  }
  if (name == "[]") {
    write(*e.arg(0), kAtom);
    out_.push_back('[');
    write(*e.arg(1), 0);
    out_.push_back(']');
    return true;
  }
  if (name == "ARRAY" || name == "MAP") {
    out_ += name;
    out_.push_back('[');
    list(e, 0);
    out_.push_back(']');
    return true;
  }
  return with_unit(e);
}

/// Functions whose unit of time is a word of the grammar.
bool Writer::with_unit(const Expr& e) {
  const std::string_view name = e.function().name();
  auto unit = [&](size_t i) { return e.arg(i)->literal()->string_at(0); };
  if (name == "EXTRACT" && e.arg(0)->is_literal()) {
    const bool is_word = unit(0) != "DAYOFWEEK";
    fmt::format_to(std::back_inserter(out_), "{}({}", is_word ? name : unit(0),
                   is_word ? unit(0) : "");
    if (is_word) out_ += " FROM ";
    write(*e.arg(1), 0);
    out_.push_back(')');
    return true;
  }
  if ((name == "FLOOR" || name == "CEIL") && e.args().size() == 2 && e.arg(1)->is_literal() &&
      e.arg(1)->type().is_string()) {
    fmt::format_to(std::back_inserter(out_), "{}(", name);
    write(*e.arg(0), 0);
    fmt::format_to(std::back_inserter(out_), " TO {})", unit(1));
    return true;
  }
  if ((name == "TIMESTAMPADD" || name == "TIMESTAMPDIFF") && e.arg(0)->is_literal()) {
    fmt::format_to(std::back_inserter(out_), "{}({}, ", name, unit(0));
    list(e, 1);
    out_.push_back(')');
    return true;
  }
  return false;
}

void Writer::call(const Expr& e, int above) {
  if (special(e, above)) return;
  if (e.function().has(kInfix)) return infix(e, above);
  out_ += e.function().name();
  out_.push_back('(');
  list(e, 0);
  out_.push_back(')');
}

void Writer::cases(const Expr& e) {
  out_ += "CASE";
  const size_t whens = e.args().size() - 1;
  for (size_t i = 0; i < whens; i += 2) {
    out_ += " WHEN ";
    write(*e.arg(i), 0);
    out_ += " THEN ";
    write(*e.arg(i + 1), 0);
  }
  if (!e.arg(whens)->is_null_literal()) {
    out_ += " ELSE ";
    write(*e.arg(whens), 0);
  }
  out_ += " END";
}

void Writer::logical(const Expr& e, std::string_view word, int own, int above) {
  open(own, above);
  write(*e.arg(0), own);
  fmt::format_to(std::back_inserter(out_), " {} ", word);
  write(*e.arg(1), own);
  close(own, above);
}

void Writer::write(const Expr& e, int above) {
  switch (e.kind()) {
    case ExprKind::kColumn:
    case ExprKind::kOuter:
    case ExprKind::kSubquery:
      if (is_plain_name(e.name())) {
        out_ += e.name();
      } else {
        append_quoted(out_, e.name(), '`');
      }
      return;
    case ExprKind::kLiteral:
      out_ += literal_text(*e.literal(), 0);
      return;
    case ExprKind::kCall:
      return call(e, above);
    case ExprKind::kCast:
      out_ += e.is_try() ? "TRY_CAST(" : "CAST(";
      write(*e.arg(0), 0);
      fmt::format_to(std::back_inserter(out_), " AS {})", e.type().to_string());
      return;
    case ExprKind::kTry:
    case ExprKind::kCoalesce:
      out_ += e.kind() == ExprKind::kTry ? "TRY(" : "COALESCE(";
      list(e, 0);
      out_.push_back(')');
      return;
    case ExprKind::kCase:
      return cases(e);
    case ExprKind::kAnd:
      return logical(e, "AND", kAndLevel, above);
    case ExprKind::kOr:
      return logical(e, "OR", kOrLevel, above);
    case ExprKind::kIn:
      open(kCompare, above);
      write(*e.arg(0), kCompare + 1);
      out_ += " IN (";
      list(e, 1);
      out_.push_back(')');
      close(kCompare, above);
      return;
    case ExprKind::kField:
      write(*e.arg(0), kAtom);
      out_.push_back('.');
      out_ += e.name();
      return;
  }
}

/// INTERVAL '1 02:03:04' DAY TO SECOND and the like need their unit spelled.
std::string interval_text(const Type& type, std::string_view text) {
  const std::string_view unit =
      type.kind() == TypeKind::kIntervalDay ? "DAY TO SECOND" : "YEAR TO MONTH";
  return fmt::format("INTERVAL '{}' {}", text, unit);
}

/// ARRAY['a', 'b'], MAP['a', 1], ROW(1, 'a')
std::string nested_text(const Column& nested, size_t at) {
  const bool constant = nested.encoding() == Encoding::kConstant;
  const Column& column = constant ? *nested.base() : nested;
  const size_t row = constant ? 0 : at;
  const bool is_row = column.type().physical() == Physical::kRow;
  std::string out;
  const auto add = [&](const Column& child, size_t i) {
    out += (out.empty() ? "" : ", ") + literal_text(child, i);
  };
  if (is_row) {
    for (const ColumnPtr& field : column.children()) add(*field, row);
    return "ROW(" + out + ")";
  }
  for (uint32_t i = column.offsets()[row]; i < column.offsets()[row + 1]; ++i) {
    for (const ColumnPtr& child : column.children()) add(*child, i);
  }
  return (column.type().kind() == TypeKind::kMap ? "MAP[" : "ARRAY[") + out + "]";
}

}  // namespace

std::string literal_text(const Column& column, size_t row) {
  if (column.is_null(row)) return "NULL";
  if (column.type().is_nested()) return nested_text(column, row);
  std::string text;
  append_text(text, column, row);
  std::string out;
  switch (column.type().kind()) {
    case TypeKind::kString:
      append_quoted(out, text, '\'');
      return out;
    case TypeKind::kBytes:
      append_quoted(out, text, '\'');
      return "CAST(" + out + " AS BYTES)";
    case TypeKind::kDate:
      return "DATE '" + text + "'";
    case TypeKind::kTime:
      return "TIME '" + text + "'";
    case TypeKind::kTimestamp:
      return "TIMESTAMP '" + text + "'";
    case TypeKind::kTimestampLtz:
      return "TIMESTAMP_LTZ '" + text + "'";
    case TypeKind::kIntervalDay:
    case TypeKind::kIntervalMonth:
      return interval_text(column.type(), text);
    case TypeKind::kDouble:
      // With an exponent, so that it is not read back as a DECIMAL.
      if (text.find_first_of("eNI") != std::string::npos) return text;
      return (text.ends_with(".0") ? text.substr(0, text.size() - 2) : text) + "e0";
    default:
      return text;
  }
}

std::string Expr::to_string() const {
  Writer writer;
  writer.write(*this, 0);
  return writer.take();
}

}  // namespace velo
