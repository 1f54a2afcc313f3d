#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/scope.h"

namespace velo {

/// The aggregate calls of one SELECT. While its clauses are bound, call k stands in expressions as
/// the column `first_column + k`; equal calls share one.
class AggregateList {
 public:
  explicit AggregateList(size_t first_column) : first_column_(first_column) {}

  /// The column that stands for the call.
  ExprPtr add(Aggregate aggregate);
  std::vector<PlanAggregate>& aggregates() { return aggregates_; }
  const std::vector<PlanAggregate>& aggregates() const { return aggregates_; }
  size_t first_column() const { return first_column_; }
  bool empty() const { return aggregates_.empty(); }

 private:
  size_t first_column_;
  std::vector<PlanAggregate> aggregates_;
};

/// GROUPING(a, b), GROUPING_ID(…), GROUP_ID(): which keys the grouping set of a result row lacks.
struct GroupingCall {
  std::vector<ExprPtr> args;  ///< over the columns of FROM; none = all keys
  bool of_set = false;        ///< GROUP_ID(): how many equal sets were named before this one
  std::string name;
  SourceSpan span;
};

/// Those of one SELECT: while its clauses are bound, call k stands in expressions as the column
/// `kFirstColumn + k`, beyond all others.
class GroupingCalls {
 public:
  static constexpr size_t kFirstColumn = size_t{1} << 20;

  ExprPtr add(GroupingCall call);
  const std::vector<GroupingCall>& calls() const { return calls_; }

 private:
  std::vector<GroupingCall> calls_;
};

/// One call with OVER, over the columns of FROM, or of the grouping.
struct BoundOver {
  std::vector<ExprPtr> partition;
  std::vector<PlanOrder> order;
  OverCall call;
  SourceSpan span;
};

/// The calls with OVER of one SELECT: while its clauses are bound, call k stands in expressions as
/// the column `first_column + k`.
class OverList {
 public:
  explicit OverList(size_t first_column) : first_column_(first_column) {}

  ExprPtr add(BoundOver call);
  const std::vector<BoundOver>& calls() const { return calls_; }
  size_t first_column() const { return first_column_; }
  bool empty() const { return calls_.empty(); }

 private:
  size_t first_column_;
  std::vector<BoundOver> calls_;
};

/// A name given in the SELECT list and what it stands for.
struct SelectAlias {
  ast::Name name;
  ExprPtr expr;
};

/// The window of a SELECT, for TUMBLE_START(…) and its kin: its three columns stand in the scope
/// from `first_column` on.
struct WindowInScope {
  PlanWindow window;
  size_t first_column = 0;
};

struct SubqueryList;
struct Decorrelated;

/// Syntax trees of expressions to bound ones, over the columns of a scope.
class ExprBinder {
 public:
  /// `clause` names the place in messages: "WHERE".
  ExprBinder(BindSession& session, const Scope& scope, std::string_view clause)
      : session_(session), scope_(scope), clause_(clause) {}

  ExprBinder& allow_aggregates(AggregateList* list) {
    aggregates_ = list;
    return *this;
  }
  ExprBinder& allow_grouping(GroupingCalls* calls) {
    groupings_ = calls;
    return *this;
  }
  /// `windows`: those that WINDOW names.
  ExprBinder& allow_over(OverList* list, const std::vector<ast::NamedWindow>* windows) {
    overs_ = list;
    named_windows_ = windows;
    return *this;
  }
  /// Names that the scope does not have are looked for among these.
  ExprBinder& allow_aliases(const std::vector<SelectAlias>* aliases) {
    aliases_ = aliases;
    return *this;
  }
  ExprBinder& with_window(const WindowInScope* window) {
    window_ = window;
    return *this;
  }
  ExprBinder& allow_subqueries(SubqueryList* list) {
    subqueries_ = list;
    return *this;
  }
  /// Where each column was first named.
  ExprBinder& note_columns(std::map<size_t, SourceSpan>* columns) {
    columns_ = columns;
    return *this;
  }

  Result<ExprPtr> bind(const ast::Expr& expr);
  /// A BOOLEAN.
  Result<ExprPtr> bind_condition(const ast::Expr& expr);

 private:
  Result<ExprPtr> bind_column(const ast::ColumnRef& ref, SourceSpan span);
  Result<ExprPtr> bind_unary(const ast::Unary& unary, SourceSpan span);
  /// A comparison with NULL gives NULL for every row, which is seldom what was meant.
  void warn_of_null(const ast::Binary& binary, SourceSpan span);
  Result<ExprPtr> bind_binary(const ast::Binary& binary, SourceSpan span);
  Result<ExprPtr> bind_is_test(const ast::IsTest& test, SourceSpan span);
  Result<ExprPtr> bind_between(const ast::Between& between, SourceSpan span);
  Result<ExprPtr> bind_in(const ast::InList& in, SourceSpan span);
  /// (a, b) = (c, d) where both sides are written so; nothing if they are not.
  Result<std::optional<ExprPtr>> bind_row_comparison(const ast::Binary& binary, SourceSpan span);
  Result<ExprPtr> bind_rows_equal(const ast::RowValue& a, const ast::RowValue& b, SourceSpan span);
  Result<ExprPtr> bind_rows_in(const ast::InList& in, SourceSpan span);
  Result<ExprPtr> bind_like(const ast::Like& like, SourceSpan span);
  Result<ExprPtr> bind_case(const ast::Case& case_expr, SourceSpan span);
  Result<ExprPtr> bind_cast(const ast::Cast& cast, SourceSpan span);
  Result<ExprPtr> bind_call(const ast::Call& call, SourceSpan span);
  Result<ExprPtr> bind_function(const ast::Call& call, SourceSpan span);
  Result<ExprPtr> bind_aggregate(const ast::Call& call, SourceSpan span);
  Result<ExprPtr> bind_map_agg(const ast::Call& call, SourceSpan span);
  Result<ExprPtr> bind_grouping(const ast::Call& call, SourceSpan span);
  Result<Aggregate> bind_aggregate_call(const ast::Call& call, SourceSpan span, bool over = false);
  Result<std::optional<ExprPtr>> bind_window_function(const ast::Call& call, SourceSpan span);
  // subquery_binder.cc
  /// The column of a query around that has the name; null if there is none.
  Result<ExprPtr> bind_outer(const ast::ColumnRef& ref, SourceSpan span);
  Result<PlanPtr> bind_inner(const ast::Query& query, SourceSpan span);
  Result<ExprPtr> bind_exists(const ast::Exists& exists, SourceSpan span);
  Result<ExprPtr> bind_scalar(const ast::ScalarQuery& scalar, SourceSpan span);
  Result<ExprPtr> bind_in_query(const ast::InQuery& in, SourceSpan span);
  Result<ExprPtr> bind_quantified(const ast::Quantified& quantified, SourceSpan span);
  Result<ExprPtr> add_value(const PlanPtr& plan, const std::string& name, SourceSpan span);
  Result<ExprPtr> add_membership(std::vector<ExprPtr> needles, const ast::Query& query,
                                 SourceSpan span);
  Status check_needle(const Expr& needle, SourceSpan span) const;
  Result<ExprPtr> compare_with_value(ast::BinaryOp op, const std::vector<ExprPtr>& needles,
                                     const PlanPtr& plan, SourceSpan span);
  Result<ExprPtr> add_comparison(ast::BinaryOp op, const ExprPtr& needle, const ast::Query& query,
                                 SourceSpan span);
  static bool is_one_row(const Decorrelated& inner);

  Result<std::vector<ListOrder>> bind_order(const std::vector<ast::OrderItem>& items);
  Result<std::vector<ExprPtr>> bind_all(const std::vector<ast::Expr>& exprs);
  Result<std::vector<ExprPtr>> bind_both(const ast::Expr& left, const ast::Expr& right);
  Status check_plain_call(const ast::Call& call, SourceSpan span);

  // over_binder.cc
  Result<ExprPtr> bind_over(const ast::Call& call, SourceSpan span);
  Result<ast::Over> whole_over(const ast::Over& over, size_t depth) const;
  Result<std::vector<PlanOrder>> bind_over_order(const ast::Over& over);
  Result<OverFrame> bind_frame(const ast::Over& over, const std::vector<PlanOrder>& order);
  Result<OverBound> bind_bound(const ast::Frame& frame, const ast::FrameBound& bound,
                               const std::vector<PlanOrder>& order);
  Result<OverBound> bind_range(const ast::Expr& distance, bool before, const std::string& what,
                               const std::vector<PlanOrder>& order);
  Result<OverCall> bind_over_aggregate(const ast::Call& call, const ast::Over& over,
                                       const std::vector<PlanOrder>& order, SourceSpan span);
  Result<OverCall> bind_over_function(const ast::Call& call, const ast::Over& over,
                                      const std::vector<PlanOrder>& order, SourceSpan span);
  Status bind_navigation(const ast::Call& call, const ast::Over& over,
                         const std::vector<PlanOrder>& order, OverCall* made);
  Status bind_default(const ast::Expr& expr, OverCall* made);
  Status bind_n(const ast::Expr& expr, std::string_view what, int64_t least, int64_t* n) const;

  BindSession& session_;
  const Scope& scope_;
  std::string clause_;
  AggregateList* aggregates_ = nullptr;
  OverList* overs_ = nullptr;
  GroupingCalls* groupings_ = nullptr;
  const std::vector<ast::NamedWindow>* named_windows_ = nullptr;
  bool inside_aggregate_ = false;
  bool inside_over_ = false;
  SubqueryList* subqueries_ = nullptr;
  const std::vector<SelectAlias>* aliases_ = nullptr;
  const WindowInScope* window_ = nullptr;
  std::map<size_t, SourceSpan>* columns_ = nullptr;
};

/// = <> < <= > >=
bool is_comparison(ast::BinaryOp op);
/// An error for a MAP, or what holds one: it has neither order nor equality.
Status check_comparable(const BindSession& session, const Type& type, SourceSpan span);

}  // namespace velo
