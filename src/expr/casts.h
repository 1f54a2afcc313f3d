#pragma once

#include <string_view>

#include "expr/kernel.h"

namespace velo {

/// The kernel of CAST(from AS to): one argument, fails rows that do not fit. Null = the same bits
/// under another type (or NULLs). REQUIRES: can_cast(from, to).
Kernel find_cast(const Type& from, const Type& to);

}  // namespace velo
