#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "expr/over_call.h"

namespace velo {

/// One row of the closed table of functions that stand before OVER, beside the aggregates. LAG and
/// LEAD are frames of one row.
struct OverFunctionInfo {
  std::string_view name;
  OverFunction function;
  size_t arguments_min;
  size_t arguments_max;
  std::string_view signature;
  std::string_view doc;
};

std::span<const OverFunctionInfo> over_function_table();
/// Expressions over the input whose values in the rows of its frame the call asks for; counts ask
/// for none, but for which rows count.
std::vector<ExprPtr> expressions_read(const OverCall& call);

/// Null: there is none of this name (in any case).
const OverFunctionInfo* find_over_function(std::string_view name);

}  // namespace velo
