#pragma once

#include <optional>
#include <vector>

#include "expr/expr.h"

namespace velo {

/// The same value for every row with less work: constants folded; AND, OR, CASE and COALESCE
/// without the parts that cannot decide; a strict function of NULL is NULL. What may fail for a row
/// is left where it is, unless no row reaches it.
ExprPtr simplify(const ExprPtr& expr);

/// True of a condition that is never TRUE: the literals FALSE and NULL.
bool is_never_true(const Expr& condition);
/// True of the literal TRUE.
bool is_always_true(const Expr& condition);

/// Conjuncts that hold for the same rows as all of `conjuncts`: without those that others imply.
/// Nothing if no row can meet them all: a > 5 AND a < 3.
std::optional<std::vector<ExprPtr>> reduce_conjuncts(const std::vector<ExprPtr>& conjuncts);

}  // namespace velo
