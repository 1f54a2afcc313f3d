#pragma once

#include <map>
#include <string>
#include <vector>

#include "plan/query_binder.h"

namespace velo {

/// What is asked of the rows of a sub-query.
enum class SubqueryUse : uint8_t {
  kValue,   ///< the value of its one row; NULL if there is none
  kExists,  ///< whether there are any
  kIn,      ///< whether one equals something: TRUE, FALSE, or NULL where that is not known
};

/// A sub-query of an expression, taken apart so that it can be joined with the rows around it.
/// Expressions stand over the columns of `right` (kColumn) and those of the query around (kOuter,
/// in the layout of its SELECT).
struct BoundSubquery {
  SubqueryUse use = SubqueryUse::kValue;
  PlanPtr right;
  std::vector<ExprPtr> conditions;  ///< which rows of `right` belong to a row around
  std::vector<ExprPtr> compared;  ///< kIn: equalities of something around with a column of `right`
  ExprPtr value;                  ///< kValue
  bool one_row = false;           ///< kValue: no row around has more than one row of `right`
  Type type;
  std::string name;  ///< of a column that holds the answer
  SourceSpan span;
};

/// All its expressions.
std::vector<ExprPtr> expressions_of(const BoundSubquery& subquery);

/// The sub-queries of one SELECT: while its clauses are bound, the k-th stands in expressions as
/// the stand-in kSubquery k.
struct SubqueryList {
  const WithTables* ctes = nullptr;
  std::vector<BoundSubquery> subqueries;
  std::vector<bool> placed;  ///< joined somewhere

  /// The stand-in of the sub-query, or of an equal one that is there already.
  ExprPtr add(BoundSubquery subquery);
};

/// Expressions of a SELECT's layout as they stand over the plan that a sub-query is joined to.
using OuterColumn = std::function<Result<ExprPtr>(const ExprPtr& outer)>;

/// Joins the sub-queries that `exprs` have in them to `plan`, whose columns stay where they are,
/// and puts what they give in their places.
Result<PlanPtr> place_subqueries(BindSession& session, PlanPtr plan, SubqueryList& list,
                                 const OuterColumn& outer, const std::vector<ExprPtr*>& exprs);

/// The rows of `plan` for which the condition, which has sub-queries in it, is TRUE.
Result<PlanPtr> filter_by_subqueries(BindSession& session, PlanPtr plan, SubqueryList& list,
                                     const OuterColumn& outer, ExprPtr condition, SourceSpan span);

/// A sub-query's plan without anything of the query around in it.
struct Decorrelated {
  PlanPtr plan;  ///< the columns of the plan that was given, then those that `conditions` need
  std::vector<ExprPtr> conditions;  ///< over kOuter and the columns of `plan`
  /// Of an aggregate over all rows, which gives a row even where there are none: that row's values,
  /// one per column of the plan that was given. Else empty.
  std::vector<ExprPtr> over_nothing;
};
/// Takes the conditions that read the query around off a plan. Error if it does so in a way that no
/// join can stand for: at `span`.
Result<Decorrelated> decorrelate(const BindSession& session, const PlanPtr& plan, SourceSpan span);

/// Whether any expression of the plan reads the query around.
bool reads_outer(const PlanNode& plan);

/// The select list over what it is computed from. Its expressions may read the query around, which
/// nothing below may.
struct SelectList {
  PlanPtr input;
  std::vector<ExprPtr> exprs;
};
SelectList select_list_of(const PlanPtr& plan);

/// Adds a column that is TRUE in every row: where it is missing, there was no row.
PlanPtr with_witness(const PlanPtr& plan);

/// `a = b` of something around and something of the sub-query.
struct OuterEquality {
  ExprPtr outer;
  ExprPtr inner;
};
std::optional<OuterEquality> outer_equality(const Expr& condition);

/// No two rows of the plan agree in all these columns.
bool is_unique_by(const PlanNode& plan, const std::vector<size_t>& columns);

}  // namespace velo
