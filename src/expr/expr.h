#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "column/column.h"
#include "column/scalar.h"
#include "expr/function.h"

namespace velo {

class Expr;
/// Expressions are immutable and shared: a rewrite shares what it does not change.
using ExprPtr = std::shared_ptr<const Expr>;

enum class ExprKind : uint8_t {
  kColumn,    ///< column `index()` of the input
  kLiteral,   ///< `literal()`: one row
  kCall,      ///< `function()` of the args, each of the type that the function wants
  kCast,      ///< arg 0 as type(); `is_try()`: NULL where it fails
  kTry,       ///< arg 0, NULL where it fails
  kCase,      ///< args: condition, result, condition, result …, else; lazily
  kCoalesce,  ///< first arg that is not NULL; lazily
  kAnd,       ///< three-valued, lazily from left to right
  kOr,
  kIn,     ///< arg 0 IN the literals that follow
  kField,  ///< field `index()` of arg 0, a ROW
  // Stand-ins of the binder; none is left in a finished plan.
  kOuter,     ///< column `index()` of the query around a sub-query
  kSubquery,  ///< the value of sub-query `index()`
};

/// A bound, typed expression over the columns of one input. Thread-safe (immutable).
class Expr {
 public:
  ExprKind kind() const { return kind_; }
  const Type& type() const { return type_; }
  const std::vector<ExprPtr>& args() const { return args_; }
  const ExprPtr& arg(size_t i) const { return args_[i]; }

  /// REQUIRES: kColumn, kField or a stand-in.
  size_t index() const { return index_; }
  /// The column's or field's name, for text only.
  const std::string& name() const { return name_; }
  /// REQUIRES: kLiteral. One row, flat.
  const ColumnPtr& literal() const { return literal_; }
  /// REQUIRES: kCall.
  const Function& function() const { return *function_; }
  bool is_try() const { return is_try_; }

  bool is_literal() const { return kind_ == ExprKind::kLiteral; }
  bool is_null_literal() const { return is_literal() && literal_->is_null(0); }
  /// Same rows, same values, whenever it is evaluated.
  bool is_deterministic() const { return deterministic_; }
  /// False for RAND() and UUID(), which differ from row to row; NOW() is not volatile.
  bool is_volatile() const { return volatile_; }
  /// Some row may fail.
  bool can_fail() const { return can_fail_; }
  /// Reads no column.
  bool is_constant() const { return constant_; }

  /// SQL text, fully parenthesised where needed: for EXPLAIN and messages.
  std::string to_string() const;
  /// Same shape, functions and values. Names of columns do not count.
  bool operator==(const Expr& other) const;
  /// Agrees with ==.
  uint64_t hash() const { return hash_; }

  struct Fields;  // how expr.cc builds one
  explicit Expr(Fields fields);

 private:
  ExprKind kind_;
  bool is_try_ = false;
  bool deterministic_ = true;
  bool volatile_ = false;
  bool can_fail_ = false;
  bool constant_ = true;
  Type type_;
  std::vector<ExprPtr> args_;
  size_t index_ = 0;
  std::string name_;
  ColumnPtr literal_;
  const Function* function_ = nullptr;
  uint64_t hash_ = 0;
};

/// --- Making expressions. The ones that return a Result check types and insert casts. ---

ExprPtr make_column(size_t index, Type type, std::string name);
/// A stand-in: kOuter or kSubquery.
ExprPtr make_stand_in(ExprKind kind, size_t index, Type type, std::string name);
/// REQUIRES: one row.
ExprPtr make_literal(ColumnPtr one_row);
ExprPtr make_literal(const Scalar& value);
ExprPtr make_null(Type type = Type::null());
ExprPtr make_boolean(bool value);
/// An integer, date, time, timestamp or interval by its int64 form.
ExprPtr make_int64(Type type, int64_t value);
/// INTEGER if it fits, else BIGINT.
ExprPtr make_integer(int64_t value);
ExprPtr make_double(double value);
/// REQUIRES: |unscaled| has at most `precision` digits.
ExprPtr make_decimal(int128_t unscaled, int precision, int scale);
ExprPtr make_string(std::string_view value);

/// name(args), an operator ("+", "=", "LIKE", "NOT", "IS NULL", "||", "[]") or a function.
Result<ExprPtr> make_call(std::string_view name, std::vector<ExprPtr> args);
/// CAST(arg AS type) or TRY_CAST. The arg itself when it has the type already. Error if there is no
/// such cast.
Result<ExprPtr> make_cast(ExprPtr arg, Type type, bool is_try = false);
/// The cast that the rules insert by themselves; an error names both types.
Result<ExprPtr> make_implicit_cast(ExprPtr arg, const Type& type);
/// TRY(arg): NULL for the rows where arg fails.
ExprPtr make_try(ExprPtr arg);
/// whens: condition, result, … ; otherwise may be null (= NULL).
Result<ExprPtr> make_case(std::vector<ExprPtr> whens, ExprPtr otherwise);
/// CASE operand WHEN value THEN result …: values at even, results at odd positions.
Result<ExprPtr> make_simple_case(const ExprPtr& operand, std::vector<ExprPtr> whens,
                                 ExprPtr otherwise);
Result<ExprPtr> make_coalesce(std::vector<ExprPtr> args);
Result<ExprPtr> make_and(ExprPtr a, ExprPtr b);
Result<ExprPtr> make_or(ExprPtr a, ExprPtr b);
Result<ExprPtr> make_not(ExprPtr a);
Result<ExprPtr> make_in(ExprPtr needle, std::vector<ExprPtr> haystack, bool negated);
Result<ExprPtr> make_between(const ExprPtr& x, ExprPtr low, ExprPtr high, bool negated);
/// row.name. Error kUnknownName lists the fields.
Result<ExprPtr> make_field(ExprPtr row, std::string_view name);

/// --- Looking at and rewriting expressions. ---

/// Adds the indices of the columns that it reads, ascending, without repeats.
void collect_columns(const Expr& expr, std::vector<size_t>* columns);
/// The same expression over other arguments of the same types; itself if they are the same.
ExprPtr with_args(const ExprPtr& expr, std::vector<ExprPtr> args);
/// The same over other column numbers. REQUIRES: mapping[i] exists for every column that it reads.
ExprPtr remap_columns(const ExprPtr& expr, const std::vector<size_t>& mapping);
/// Every column i replaced by `by[i]`: an expression over a projection becomes one over the
/// projection's input.
ExprPtr substitute_columns(const ExprPtr& expr, const std::vector<ExprPtr>& by);
/// Adds the indices of the stand-ins of a kind that it has, ascending, without repeats.
void collect_stand_ins(const Expr& expr, ExprKind kind, std::vector<size_t>* indices);
bool has_stand_in(const Expr& expr, ExprKind kind);
/// Every leaf of the kind (kColumn or a stand-in) replaced.
ExprPtr replace_leaves(const ExprPtr& expr, ExprKind kind,
                       const std::function<ExprPtr(const ExprPtr&)>& by);
/// From the root down: a part equal to `what[i]` becomes `by[i]`, and nothing is replaced within
/// it. REQUIRES: as many of one as of the other, of equal types.
ExprPtr replace_subtrees(const ExprPtr& expr, const std::vector<ExprPtr>& what,
                         const std::vector<ExprPtr>& by);
/// Constant deterministic parts that do not fail become literals.
ExprPtr fold_constants(const ExprPtr& expr);
/// The conjuncts of nested ANDs, in order.
void split_conjuncts(const ExprPtr& expr, std::vector<ExprPtr>* conjuncts);
/// SQL text of one value: 'it''s', TIMESTAMP '2024-01-01 00:00:00', 1.50, NULL.
std::string literal_text(const Column& column, size_t row);

}  // namespace velo
