#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace velo {

void check_failed(const char* condition, const char* file, int line, std::string_view detail) {
  std::fprintf(stderr, "%s:%d: CHECK(%s) failed%s%.*s\nThis is a bug in velo; please report it.\n",
               file, line, condition, detail.empty() ? "" : ": ",
               static_cast<int>(detail.size()), detail.data());
  std::abort();
}

}  // namespace velo
