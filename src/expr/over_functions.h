#pragma once

#include <span>
#include <string_view>

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
/// Null: there is none of this name (in any case).
const OverFunctionInfo* find_over_function(std::string_view name);

}  // namespace velo
