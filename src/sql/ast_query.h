#pragma once

#include "sql/ast_expr.h"

/// Syntax trees of queries: FROM items, SELECT, set operations, and the clauses that close a query.
namespace velo::ast {

struct TableRef;

/// One `'key' = 'value'` of a WITH list. Keys and values may be written as strings, names or
/// numbers; both end as text.
/// `${VAR}` is still in the value: see sql/variables.h.
struct Option {
  std::string key;
  std::string value;
  SourceSpan key_span;
  SourceSpan value_span;
  bool operator==(const Option&) const = default;
};

/// A table or stream by name, or by address ('file:///data/x.csv', 'kafka://broker/topic').
struct Target {
  QualifiedName name;  ///< empty if `address` is given
  std::optional<std::string> address;
  std::vector<Option> options;
  SourceSpan span;
  bool operator==(const Target&) const = default;
};

enum class WindowKind : uint8_t { kTumble, kHop, kCumulate, kSession };
/// How a window was written. The meaning is the same; only printing and messages differ.
enum class WindowForm : uint8_t {
  kTableFunction,  ///< FROM TUMBLE(TABLE t, DESCRIPTOR(ts), …)
  kGroupFunction,  ///< GROUP BY TUMBLE(ts, …)
  kClause,         ///< WINDOW TUMBLING(…)
};

/// A window, whatever its spelling. Every expression may be empty where the table says so.
///
///               size      slide           gap
///   tumble      required  -               -
///   hop         required  required        -
///   cumulate    required  required(step)  -
///   session     -         -               required
struct WindowSpec {
  WindowKind kind = WindowKind::kTumble;
  WindowForm form = WindowForm::kTableFunction;
  Box<Expr> time;  ///< the time column; only kClause may leave it out
  Box<Expr> size;
  Box<Expr> slide;
  Box<Expr> gap;
  Box<Expr> offset;
  Box<Expr> time_zone;
  Box<Expr> week_start;
  Box<Expr> grace;      ///< GRACE PERIOD (ksqlDB): lateness that is waited for
  Box<Expr> retention;  ///< RETENTION (ksqlDB)
  std::vector<Expr> partition_by;
  SourceSpan span;
  bool operator==(const WindowSpec&) const;
};

struct TableAlias {
  Name name;
  std::vector<Name> columns;
  bool operator==(const TableAlias&) const = default;
};

/// `t`, `'file://…'`, each with options and FOR SYSTEM_TIME AS OF.
struct NamedTable {
  Target target;
  Box<Expr> system_time;
  bool operator==(const NamedTable&) const;
};

struct DerivedTable {
  bool lateral = false;
  Box<Query> query;
  bool operator==(const DerivedTable&) const;
};

/// `UNNEST(a) [WITH ORDINALITY]`, `[LATERAL] TABLE(f(x))`, `f(x)`.
struct TableFunction {
  bool lateral = false;
  bool with_ordinality = false;
  Box<Expr> call;  ///< always a Call
  bool operator==(const TableFunction&) const;
};

/// `TUMBLE(TABLE t, DESCRIPTOR(ts), …)`, with or without TABLE( ) around it.
struct WindowTable {
  WindowSpec window;
  Box<TableRef> input;
  bool operator==(const WindowTable&) const;
};

/// `TO_CHANGELOG(input => TABLE t [PARTITION BY k], op => DESCRIPTOR(op), op_mapping => MAP[…])`,
/// and FROM_CHANGELOG: changes as rows with a column that says their kind, and the way back.
struct ChangelogTable {
  bool from = false;  ///< FROM_CHANGELOG
  Box<TableRef> input;
  std::vector<Expr> partition_by;
  std::optional<Name> op;
  Box<Expr> op_mapping;  ///< a MapValue, if it is written as it should be
  bool operator==(const ChangelogTable&) const;
};

enum class JoinKind : uint8_t { kInner, kLeft, kRight, kFull, kCross, kSemi, kAnti };
/// `a JOIN b`. A comma between tables is a cross join. Exactly one of `on`, `using_columns`,
/// `natural` is set, or none for cross joins (and laterals joined by comma).
struct Join {
  JoinKind kind = JoinKind::kInner;
  bool natural = false;
  bool asof = false;
  Box<TableRef> left;
  Box<TableRef> right;
  Box<Expr> on;
  std::vector<Name> using_columns;
  Box<Expr> within;        ///< WITHIN i: how long before, and after unless within_after is given
  Box<Expr> within_after;  ///< WITHIN (before, after)
  Box<Expr> grace;         ///< GRACE PERIOD i
  SourceSpan kind_span;    ///< the words LEFT OUTER JOIN
  bool operator==(const Join&) const;
};

/// One item of FROM.
struct TableRef : OneOf<TableRef> {
  using Node =
      std::variant<NamedTable, DerivedTable, TableFunction, WindowTable, ChangelogTable, Join>;
  Node node;
  std::optional<TableAlias> alias;
  SourceSpan span;

  TableRef();
  TableRef(Node n, SourceSpan s);
  TableRef(const TableRef&);
  TableRef(TableRef&&) noexcept;
  TableRef& operator=(const TableRef&);
  TableRef& operator=(TableRef&&) noexcept;
  ~TableRef();

  bool operator==(const TableRef&) const;
};

struct SelectItem {
  Expr expr;  ///< may be a Star
  std::optional<Name> alias;
  bool primary_key = false;  ///< `item PRIMARY KEY`: part of the key of the result
  bool operator==(const SelectItem&) const;
};

struct GroupItem;
enum class GroupingKind : uint8_t { kSets, kRollup, kCube };
/// GROUPING SETS (…), ROLLUP (…), CUBE (…).
struct GroupingSets {
  GroupingKind kind = GroupingKind::kSets;
  std::vector<GroupItem> items;
  bool operator==(const GroupingSets&) const;
};
/// `(a, b)` or `()` in GROUP BY.
struct GroupingSet {
  std::vector<Expr> exprs;
  bool operator==(const GroupingSet&) const;
};
struct GroupItem {
  std::variant<Expr, GroupingSet, GroupingSets, WindowSpec> node;
  SourceSpan span;
  bool operator==(const GroupItem&) const;
};

/// `WINDOW w AS (…)`.
struct NamedWindow {
  Name name;
  Over over;
  bool operator==(const NamedWindow&) const;
};

struct Select {
  bool distinct = false;
  std::vector<SelectItem> items;
  Box<TableRef> from;
  Box<Expr> where;
  std::vector<GroupItem> group_by;
  std::optional<WindowSpec> window;  ///< WINDOW TUMBLING(…) and its kin
  std::vector<NamedWindow> named_windows;
  Box<Expr> having;
  Box<Expr> qualify;
  SourceSpan span;
  bool operator==(const Select&) const;
};

/// `VALUES (1, 'a'), (2, 'b')`.
struct Values {
  std::vector<std::vector<Expr>> rows;
  bool operator==(const Values&) const;
};

enum class SetOp : uint8_t { kUnion, kIntersect, kExcept };
struct SetOperation {
  SetOp op = SetOp::kUnion;
  bool all = false;
  Box<Query> left;
  Box<Query> right;
  bool operator==(const SetOperation&) const;
};

/// `name [(columns)] AS (query)` of WITH.
struct CommonTable {
  Name name;
  std::vector<Name> columns;
  Box<Query> query;
  bool operator==(const CommonTable&) const;
};

enum class EmitKind : uint8_t { kFinal, kChanges, kEvery };
struct Emit {
  EmitKind kind = EmitKind::kFinal;  ///< EMIT ON WINDOW CLOSE is kFinal
  Box<Expr> every;                   ///< kEvery: the interval
  SourceSpan span;
  bool operator==(const Emit&) const;
};

/// Anything that yields rows, with the clauses that close it.
struct Query {
  using Body = std::variant<Select, Values, SetOperation>;
  bool recursive = false;
  std::vector<CommonTable> with;
  Body body;
  std::vector<OrderItem> order_by;
  Box<Expr> limit;         ///< LIMIT n, FETCH FIRST n ROWS ONLY
  bool with_ties = false;  ///< FETCH FIRST n ROWS WITH TIES: and all that equal the last of them
  Box<Expr> offset;
  std::optional<Emit> emit;
  Box<Expr> allowed_lateness;
  std::optional<Target> late_data_to;
  std::optional<Target> into;   ///< SELECT … INTO sink [WITH (…)]; only at the top of a statement
  std::vector<Option> options;  ///< WITH (…) at the end; of CREATE … AS it moves to the statement
  SourceSpan span;

  Query();
  Query(const Query&);
  Query(Query&&) noexcept;
  Query& operator=(const Query&);
  Query& operator=(Query&&) noexcept;
  ~Query();

  template <typename T>
  const T* as() const {
    return std::get_if<T>(&body);
  }
  template <typename T>
  T* as() {
    return std::get_if<T>(&body);
  }
  bool operator==(const Query&) const;
};

}  // namespace velo::ast
