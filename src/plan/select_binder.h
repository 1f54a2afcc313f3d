#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan_build.h"
#include "plan/query_binder.h"
#include "plan/subquery.h"

namespace velo {

/// Binds one SELECT.
///
/// While its clauses are bound, all expressions stand over one layout:
///   [0, n)      the columns of FROM
///   [n, n+3)    window_start, window_end, window_time, if there is a window
///   [n+3, …)    the aggregate calls, as they are met
///   [kOverColumns, …)  the calls with OVER
/// Only when all are known does it turn out what is grouped, and they are carried over to the
/// columns of the aggregation (`Grouped`), where a column of FROM that is neither key nor inside an
/// aggregate is an error.
class SelectBinder {
 public:
  SelectBinder(BindSession& session, const ast::Select& select, const EmitClauses& clauses,
               const std::vector<ast::OrderItem>& order_by, const WithTables* ctes)
      : session_(session),
        select_(select),
        clauses_(clauses),
        order_by_(order_by),
        ctes_(ctes),
        subqueries_{ctes, {}, {}},
        aggregates_(0),
        overs_(0) {}
  Result<PlanPtr> bind();

 private:
  /// One column of the result.
  struct Item {
    ExprPtr expr;
    std::string name;
    bool named = false;  ///< by AS
    SourceSpan span;
  };
  struct Order {
    ExprPtr expr;
    std::optional<size_t> item;  ///< or that item
    bool descending = false;
    bool nulls_first = false;
    SourceSpan span;
  };
  /// One grouping set.
  struct KeySet {
    std::vector<size_t> keys;  ///< of Keys::exprs
    bool start = false;
    bool end = false;
    bool time = false;
    void add(const KeySet& other);
  };
  /// More columns than FROM, a window and aggregates have.
  static constexpr size_t kOverColumns = size_t{1} << 16;
  /// How window columns and keys of GROUP BY are to be read.
  struct Keys {
    std::vector<ExprPtr> exprs;  ///< not those over window columns alone; of all sets
    std::vector<std::string> names;
    bool start = false;
    bool end = false;
    bool time = false;
    std::vector<KeySet> sets;  ///< one, without GROUPING SETS and the like
    bool names_window() const { return start || end || time; }
  };
  struct EmitPlan {
    PlanEmit emit;
    int64_t lateness_us = 0;
    int64_t grace_us = 0;
    SourceSpan span;  ///< empty = not written
  };

  // select_binder.cc
  Status check_named_windows() const;
  Status bind_source();
  Result<const ast::WindowSpec*> written_window() const;
  Status bind_written_window();
  Status bind_where();
  /// Orders the joins of FROM and checks them, once all their conditions are known; then come those
  /// with sub-queries.
  Status bind_joins(const std::vector<ExprPtr>& with_subqueries);
  Status filter_source(const ExprPtr& condition);
  Status bind_items();
  Status bind_star(const ast::Star& star, SourceSpan span);
  /// `AS _event_time` says which time the result has: it must be one.
  Status check_event_time_alias(const ast::SelectItem& item, const Expr& expr) const;
  Status bind_item(const ast::SelectItem& item, size_t position);
  Status name_items();
  Status bind_having();
  Status bind_order();
  Result<PlanPtr> build_plain();
  Result<PlanPtr> finish(PlanPtr plan, std::vector<ExprPtr> items, std::vector<ExprPtr> orders,
                         bool distinct);
  bool is_distinct_already(const GroupingParts& parts) const;
  ExprBinder binder(std::string_view clause);
  /// Joins the sub-queries of `exprs` to the plan. `grouped`: both stand over the groups.
  Result<PlanPtr> place(PlanPtr plan, bool grouped, const std::vector<ExprPtr*>& exprs);
  Status check_all_placed() const;

  // grouping_binder.cc
  Result<ExprPtr> bind_key(const ast::Expr& expr);
  Status add_key(const ExprPtr& key, SourceSpan span, Keys* keys, KeySet* set);
  Status keys_of_items(Keys* keys);
  Result<bool> is_windowed(const Keys& keys) const;
  /// All sets have a column that bounds a window which the input was aggregated in, or lies in: the
  /// groups are complete when the watermark has passed it. Nothing if there is none.
  std::optional<PlanWindow> window_of_input(const Keys& keys) const;
  Status check_partition(const Keys& keys) const;
  Result<PlanPtr> build_grouped(Keys keys);
  GroupingParts grouping_parts(const Keys& keys, bool windowed,
                               std::vector<std::vector<bool>>* sets) const;
  SourceSpan span_of_group_by() const;
  Result<PlanPtr> place_below_grouping(PlanPtr plan, GroupingParts* parts);
  WindowOutputs used_window_columns() const;
  /// Where the keys (as they were written) and all else of the grouping stand in its output. Gives
  /// the column with the number of the grouping set, if there is one.
  ExprPtr carry_columns(const std::vector<ExprPtr>& keys, const GroupingParts& parts,
                        const WindowOutputs& outputs);
  Result<ExprPtr> carry_over(const ExprPtr& expr) const;
  Result<PlanPtr> place_where(PlanPtr plan, bool windowed, std::vector<ExprPtr>* later);
  Status check_aggregates_read_rows(bool windowed) const;
  Error not_grouped(size_t column) const;
  bool is_grouped() const {
    return !select_.group_by.empty() || !aggregates_.empty() || select_.having ||
           select_.window.has_value();
  }

  // grouping_sets.cc
  Result<Keys> bind_keys();
  Result<std::vector<KeySet>> bind_item_sets(const ast::GroupItem& item, Keys* keys);
  Result<std::vector<KeySet>> bind_set(const std::vector<ast::Expr>& exprs, Keys* keys);
  Result<std::vector<KeySet>> bind_sets(const ast::GroupingSets& sets, SourceSpan span, Keys* keys);
  Status check_sets(const Keys& keys, bool windowed) const;
  /// Puts an Expand over `plan`; the parts are then over it. `sets`: for every set, which of the
  /// parts' keys it has.
  PlanPtr expand_sets(PlanPtr plan, const std::vector<std::vector<bool>>& sets,
                      GroupingParts* parts) const;
  Status carry_groupings(const std::vector<ExprPtr>& keys,
                         const std::vector<std::vector<bool>>& sets, const ExprPtr& set_column);

  // over_place.cc
  Status bind_qualify();
  std::vector<ExprPtr> expressions_of_overs() const;
  Result<std::vector<BoundOver>> carry_overs() const;
  Result<PlanPtr> place_overs(PlanPtr plan, const std::vector<BoundOver>& calls,
                              size_t first_column, const ExprPtr& qualify,
                              std::vector<ExprPtr>* exprs) const;

  // emit_binder.cc
  Result<EmitPlan> bind_emit(bool windowed, const PlanNode& input);
  Status check_plain_emit(const PlanNode& input);
  /// LATE DATA TO of a SELECT without a window: late rows of its joins by time.
  Status bind_join_late();
  PlanStateBound state_bound(const std::vector<ExprPtr>& keys, const PlanNode& input) const;
  Result<std::optional<PlanLateOutput>> bind_late(const PlanNode& input, size_t time_column);
  /// Where rows of FROM stood in their source; nothing if that is not known.
  std::optional<LateColumn> late_position() const;
  Result<LateColumn> bind_late_column(const PlanNode& input, const Type& bound,
                                      const TableColumn& column, const TableDef& table) const;

  BindSession& session_;
  const ast::Select& select_;
  const EmitClauses& clauses_;
  const std::vector<ast::OrderItem>& order_by_;
  const WithTables* ctes_;

  BoundRelation relation_;
  size_t inputs_ = 0;  ///< n
  Scope scope_;
  std::optional<WindowInScope> window_;
  bool window_in_from_ = false;
  SourceSpan window_span_;
  int64_t grace_us_ = 0;
  bool late_of_joins_ = false;  ///< LATE DATA TO is about joins
  ExprPtr where_;
  SubqueryList subqueries_;
  AggregateList aggregates_;
  OverList overs_;
  GroupingCalls groupings_;
  ExprPtr qualify_;
  std::vector<Item> items_;
  std::vector<SelectAlias> aliases_;
  ExprPtr having_;
  std::vector<Order> orders_;
  std::map<size_t, SourceSpan> columns_seen_;
  /// What carry_over replaces by what, once the grouping is known.
  std::vector<ExprPtr> what_;
  std::vector<ExprPtr> by_;
  size_t carried_from_ = 0;  ///< columns below are of the old layout
};

/// A name for an unnamed expression: of its column or function, else "expr<position>".
std::string default_name(const ast::Expr& expr, size_t position);

/// The table of LATE DATA TO, INSERT INTO or INTO. Errors: not there, a view, cannot be written.
Result<TableDefPtr> find_sink(BindSession& session, const ast::Target& target,
                              std::string_view what);

}  // namespace velo
