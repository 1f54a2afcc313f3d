#include "base/vectors.h"

namespace velo {

Vectors best_vectors() {
#if defined(__x86_64__)
  static const Vectors best = [] {
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    if (avx512) return Vectors::kAvx512;
    return __builtin_cpu_supports("avx2") ? Vectors::kAvx2 : Vectors::kPlain;
  }();
  return best;
#else
  return Vectors::kPlain;
#endif
}

}  // namespace velo
