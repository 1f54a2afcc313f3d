#pragma once

#include <span>

#include "expr/function.h"

namespace velo {

/// The function table, by topic: each file of kernels ends with its rows. `function_table()` joins
/// them.
std::span<const Function> arithmetic_functions();
std::span<const Function> comparison_functions();
std::span<const Function> logic_functions();
std::span<const Function> string_functions();
std::span<const Function> string_search_functions();
std::span<const Function> string_coding_functions();
std::span<const Function> hash_functions();
std::span<const Function> pattern_functions();
std::span<const Function> math_functions();
std::span<const Function> rounding_functions();
std::span<const Function> time_functions();
std::span<const Function> time_part_functions();
std::span<const Function> time_text_functions();
std::span<const Function> json_functions();
std::span<const Function> json_making_functions();
std::span<const Function> array_functions();
std::span<const Function> array_order_functions();
std::span<const Function> map_functions();

}  // namespace velo
