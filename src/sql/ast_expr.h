#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sql/ast_box.h"
#include "sql/source_span.h"

/// Syntax trees of expressions: plain values that copy deeply and compare by meaning (spans do not
/// count). Nothing here is resolved: a name is what was written, a literal keeps its text.
namespace velo::ast {

struct Expr;
struct Query;

/// An identifier. Unquoted names keep the case they were written in and match without regard to it.
struct Name {
  std::string text;
  bool quoted = false;
  SourceSpan span;

  /// Whether this name, as somebody wrote it, refers to something called `declared`.
  bool matches(std::string_view declared) const;
  bool operator==(const Name&) const = default;
};

/// `a`, `a.b`, `a.b.c`: never empty.
struct QualifiedName {
  std::vector<Name> parts;
  SourceSpan span;

  std::string to_string() const;  ///< parts joined by '.', without quotes: for messages and look-up
  bool operator==(const QualifiedName&) const = default;
};

/// Units of INTERVAL, EXTRACT, TIMESTAMPADD, TIMESTAMPDIFF, FLOOR … TO and CEIL … TO.
enum class TimeUnit : uint8_t {
  kYear,
  kQuarter,
  kMonth,
  kWeek,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kMillisecond,
  kMicrosecond,
  kNanosecond,
  // Only in EXTRACT:
  kEpoch,
  kDow,
  kDoy,
  kIsodow,
  kIsoyear,
  kDecade,
  kCentury,
  kMillennium,
};
std::string_view time_unit_name(TimeUnit unit);                 ///< "MINUTE"
std::optional<TimeUnit> find_time_unit(std::string_view word);  ///< singular or plural, any case

/// The SQL types after folding synonyms (INTEGER, NUMERIC, TEXT, BOOL, REAL, …).
enum class TypeKind : uint8_t {
  kBoolean,
  kTinyint,
  kSmallint,
  kInt,
  kBigint,
  kFloat,
  kDouble,
  kDecimal,
  kChar,
  kVarchar,
  kString,
  kBinary,
  kVarbinary,
  kBytes,
  kDate,
  kTime,
  kTimestamp,
  kTimestampLtz,
  kIntervalYearMonth,
  kIntervalDaySecond,
  kInterval,
  kArray,
  kMap,
  kMultiset,
  kRow,
  kNull,
};
std::string_view type_kind_name(TypeKind kind);  ///< "TIMESTAMP_LTZ"

struct RowField;

/// A type as written: `DECIMAL(10, 2)`, `ARRAY<ROW<a INT, b STRING>>`, `TIMESTAMP(3) NOT NULL`.
struct TypeName {
  TypeKind kind = TypeKind::kNull;
  std::vector<int64_t> arguments;  ///< precision, scale or length, as many as were written
  std::vector<TypeName> elements;  ///< ARRAY and MULTISET: one; MAP: key, value
  std::vector<RowField> fields;    ///< ROW
  bool not_null = false;
  SourceSpan span;

  bool operator==(const TypeName&) const;
};

struct RowField {
  Name name;
  TypeName type;
  bool operator==(const RowField&) const;
};

enum class LiteralKind : uint8_t {
  kNull,
  kBoolean,
  kInteger,
  kDecimal,
  kDouble,
  kString,
  kBytes,
  kDate,
  kTime,
  kTimestamp,
  kTimestampLtz,
};

/// A constant. `text`: NULL ""; boolean "TRUE"/"FALSE"; integer its digits (any number of them);
/// decimal digits with a point (exact); double as written, with an exponent; string its characters,
/// unescaped; bytes upper-case hex digits; date and times the characters between the quotes, not
/// yet checked. Numbers are never negative: minus is a Unary.
struct Literal {
  LiteralKind kind = LiteralKind::kNull;
  std::string text;
  bool operator==(const Literal&) const = default;
};

/// `INTERVAL '1-2' YEAR TO MONTH`, `INTERVAL '5' MINUTE`, `INTERVAL '1 day 2 hours'`, and the
/// durations `5m`, `5 MINUTES` which are turned into the first form. `text` and units are what is
/// printed; the three amounts are what it means (a week is 7 days, a quarter 3 months).
struct Interval {
  std::string text;
  std::optional<TimeUnit> from;  ///< absent: the units stand in the text
  std::optional<TimeUnit> to;
  int64_t months = 0;
  int64_t days = 0;
  int64_t microseconds = 0;
  bool operator==(const Interval&) const = default;
};

/// A unit word as an argument: EXTRACT(HOUR FROM ts) is Call EXTRACT(UnitWord HOUR, ts).
struct UnitWord {
  TimeUnit unit = TimeUnit::kSecond;
  bool operator==(const UnitWord&) const = default;
};

/// `price`, `t.price`, `t.address.city`: which part is table, column or field is the binder's to
/// find out.
struct ColumnRef {
  std::vector<Name> parts;
  bool operator==(const ColumnRef&) const = default;
};

/// `*` or `t.*`; only in select lists and as the argument of COUNT.
struct Star {
  std::vector<Name> qualifier;
  bool operator==(const Star&) const = default;
};

enum class UnaryOp : uint8_t { kNegate, kPlus, kNot };
struct Unary {
  UnaryOp op = UnaryOp::kNegate;
  Box<Expr> operand;
  bool operator==(const Unary&) const;
};

enum class BinaryOp : uint8_t {
  kOr,
  kAnd,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIsDistinct,
  kIsNotDistinct,
  kConcat,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
};
std::string_view binary_op_text(BinaryOp op);  ///< "<>", "IS DISTINCT FROM"
struct Binary {
  BinaryOp op = BinaryOp::kAdd;
  Box<Expr> left;
  Box<Expr> right;
  SourceSpan op_span;
  bool operator==(const Binary&) const;
};

/// `x IS [NOT] NULL|TRUE|FALSE|UNKNOWN`.
enum class IsTestKind : uint8_t { kNull, kTrue, kFalse, kUnknown };
struct IsTest {
  IsTestKind test = IsTestKind::kNull;
  bool negated = false;
  Box<Expr> operand;
  bool operator==(const IsTest&) const;
};

struct Between {
  bool negated = false;
  bool symmetric = false;
  Box<Expr> operand;
  Box<Expr> low;
  Box<Expr> high;
  bool operator==(const Between&) const;
};

/// `x [NOT] IN (1, 2)`: at least one item.
struct InList {
  bool negated = false;
  Box<Expr> operand;
  std::vector<Expr> items;
  bool operator==(const InList&) const;
};

struct InQuery {
  bool negated = false;
  Box<Expr> operand;
  Box<Query> query;
  bool operator==(const InQuery&) const;
};

/// LIKE, ILIKE, SIMILAR TO and RLIKE (also written REGEXP).
enum class LikeKind : uint8_t { kLike, kIlike, kSimilar, kRegexp };
struct Like {
  LikeKind kind = LikeKind::kLike;
  bool negated = false;
  Box<Expr> operand;
  Box<Expr> pattern;
  Box<Expr> escape;  ///< may be empty
  bool operator==(const Like&) const;
};

/// `x > ALL (SELECT …)`, `x = ANY (SELECT …)` (also written SOME). `op` is a comparison.
struct Quantified {
  BinaryOp op = BinaryOp::kEqual;
  bool all = false;
  Box<Expr> operand;
  Box<Query> query;
  bool operator==(const Quantified&) const;
};

struct Exists {
  Box<Query> query;
  bool operator==(const Exists&) const;
};

struct ScalarQuery {
  Box<Query> query;
  bool operator==(const ScalarQuery&) const;
};

struct CaseArm;
/// Both forms; `operand` is empty in `CASE WHEN …`. At least one arm.
struct Case {
  Box<Expr> operand;
  std::vector<CaseArm> arms;
  Box<Expr> otherwise;  ///< ELSE; may be empty
  bool operator==(const Case&) const;
};

/// CAST(x AS t), TRY_CAST(x AS t), x::t.
struct Cast {
  bool try_cast = false;
  Box<Expr> operand;
  TypeName type;
  bool operator==(const Cast&) const;
};

struct OrderItem;
struct Argument;
struct Over;

enum class NullTreatment : uint8_t { kDefault, kIgnore, kRespect };

/// A call of anything: scalar function, aggregate, ranking function. Functions with words between
/// their arguments are folded into plain calls: SUBSTRING(s, from[, for]), POSITION(needle, text),
/// OVERLAY(s, by, from[, for]), TRIM(s[, chars]), LTRIM and RTRIM (from TRIM(LEADING|TRAILING …)),
/// EXTRACT(unit, t), CEIL|FLOOR(t, unit). CURRENT_TIMESTAMP and its kin without parentheses are
/// calls without arguments.
struct Call {
  Name name;  ///< upper case unless quoted
  std::vector<Argument> arguments;
  bool distinct = false;
  std::vector<OrderItem> order_by;      ///< inside the parentheses
  std::vector<OrderItem> within_group;  ///< WITHIN GROUP (ORDER BY …)
  Box<Expr> filter;                     ///< FILTER (WHERE …)
  NullTreatment nulls = NullTreatment::kDefault;
  Box<Over> over;
  bool operator==(const Call&) const;
};

struct AtTimeZone {
  Box<Expr> operand;
  Box<Expr> zone;
  bool operator==(const AtTimeZone&) const;
};

/// `ROW(a, b)` or `(a, b)`.
struct RowValue {
  bool row_keyword = false;
  std::vector<Expr> fields;
  bool operator==(const RowValue&) const;
};

/// `ARRAY[1, 2]`.
struct ArrayValue {
  std::vector<Expr> elements;
  bool operator==(const ArrayValue&) const;
};

/// `MAP['k', 1, 'l', 2]`: `entries` holds keys and values in turn.
struct MapValue {
  std::vector<Expr> entries;
  bool operator==(const MapValue&) const;
};

/// `(expr).field`, `a[1].field`; where only names stand before the dot it is a ColumnRef.
struct FieldAccess {
  Box<Expr> operand;
  Name field;
  bool operator==(const FieldAccess&) const;
};

/// `a[1]`, `m['k']`.
struct Subscript {
  Box<Expr> operand;
  Box<Expr> index;
  bool operator==(const Subscript&) const;
};

/// An expression of any kind, with the text it came from.
struct Expr : OneOf<Expr> {
  using Node =
      std::variant<Literal, Interval, UnitWord, ColumnRef, Star, Unary, Binary, IsTest, Between,
                   InList, InQuery, Like, Quantified, Exists, ScalarQuery, Case, Cast, Call,
                   AtTimeZone, RowValue, ArrayValue, MapValue, FieldAccess, Subscript>;
  Node node;
  SourceSpan span;

  Expr();  ///< the literal NULL
  Expr(Node n, SourceSpan s);
  Expr(const Expr&);
  Expr(Expr&&) noexcept;
  Expr& operator=(const Expr&);
  Expr& operator=(Expr&&) noexcept;
  ~Expr();

  bool operator==(const Expr&) const;
};

struct CaseArm {
  Expr when;
  Expr then;
  bool operator==(const CaseArm&) const;
};

/// `value` or `name => value`.
struct Argument {
  std::optional<Name> name;
  Expr value;
  bool operator==(const Argument&) const;
};

/// `expr [ASC|DESC] [NULLS FIRST|LAST]`.
struct OrderItem {
  Expr expr;
  bool descending = false;
  std::optional<bool> nulls_first;
  bool operator==(const OrderItem&) const;
};

enum class FrameUnit : uint8_t { kRows, kRange, kGroups };
enum class BoundKind : uint8_t {
  kUnboundedPreceding,
  kPreceding,
  kCurrentRow,
  kFollowing,
  kUnboundedFollowing
};
struct FrameBound {
  BoundKind kind = BoundKind::kCurrentRow;
  Box<Expr> distance;  ///< for kPreceding and kFollowing
  bool operator==(const FrameBound&) const;
};
struct Frame {
  FrameUnit unit = FrameUnit::kRange;
  FrameBound start;
  FrameBound end;
  SourceSpan span;
  bool operator==(const Frame&) const;
};

/// What follows OVER. `ROWS WINDOW BUFFER n ROWS` has become the frame ROWS BETWEEN n-1 PRECEDING
/// AND CURRENT ROW, or has narrowed the frame written beside it; only beside a RANGE frame it
/// stays, as `buffer_rows`.
struct Over {
  std::optional<Name> base;  ///< OVER w, or OVER (w …): a name of the WINDOW clause
  bool only_name = false;    ///< OVER w, without parentheses
  std::vector<Expr> partition_by;
  std::vector<OrderItem> order_by;
  std::optional<Frame> frame;
  std::optional<int64_t> buffer_rows;
  bool emit_on_buffer_full = false;  ///< EMIT ON BUFFER FULL
  Box<Expr> expire_after;            ///< EXPIRE AFTER INTERVAL … INACTIVITY
  SourceSpan span;
  bool operator==(const Over&) const;
};

}  // namespace velo::ast
