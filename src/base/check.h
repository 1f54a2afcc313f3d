#pragma once

#include <string_view>

namespace velo {

/// Prints the failed condition with its place on stderr and aborts. For programmer errors only.
[[noreturn]] void check_failed(const char* condition, const char* file, int line,
                               std::string_view detail = {});

}  // namespace velo

/// Always on, in release builds too: a broken invariant stops the program before it gives a wrong
/// answer.
#define CHECK(condition, ...)                                                             \
  do {                                                                                    \
    if (!(condition)) [[unlikely]]                                                        \
      ::velo::check_failed(#condition, __FILE__, __LINE__ __VA_OPT__(, ) __VA_ARGS__);    \
  } while (false)

#ifdef NDEBUG
#define DCHECK(condition, ...) ((void)0)
#else
#define DCHECK(condition, ...) CHECK(condition __VA_OPT__(, ) __VA_ARGS__)
#endif
