#pragma once

#include <string>
#include <vector>

#include "cli/console.h"

namespace velo {

inline constexpr const char* kVersion = "0.1.0";

/// The program `velo`: does what the arguments (without the program's name) say and returns the
/// exit status.
int run_program(const std::vector<std::string>& arguments, const Console& console);

}  // namespace velo
