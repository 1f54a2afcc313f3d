#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace velo {

/// The value of a variable, or nothing if it is not set (the environment, a test's table).
using VariableLookup = std::function<std::optional<std::string>(std::string_view name)>;

/// Replaces in an option's value
///   ${VAR}           by the value; an error if it is not set,
///   ${VAR:-default}  by the value, or by `default` if it is not set or empty (the default may hold
///   variables again),
///   ${VAR:?message}  by the value; an error with `message` if it is not set or empty,
///   ${file:/path}    by what stands in the file, without a newline at its end; the lookup is asked
///                    for "file:/path",
///   $${              by "${".
/// Every other '$' stands for itself. Values are not searched for variables again.
/// Errors (kMissingOption, kBadOptionValue) name the variable and have no place: the caller knows
/// the span.
Result<std::string> substitute_variables(std::string_view text, const VariableLookup& lookup);

}  // namespace velo
