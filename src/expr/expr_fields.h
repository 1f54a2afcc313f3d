#pragma once

#include "expr/evaluator.h"
#include "expr/expr.h"

namespace velo {

/// The parts that an expression is made from; only this folder makes them, through the make_
/// functions.
struct Expr::Fields {
  ExprKind kind;
  Type type;
  std::vector<ExprPtr> args = {};
  size_t index = 0;
  std::string name = {};
  ColumnPtr literal = nullptr;
  const Function* function = nullptr;
  bool is_try = false;
};

}  // namespace velo
