#pragma once

#include <cstdint>

namespace velo {

/// The widest vectors that loops may use on this CPU.
enum class Vectors : uint8_t { kPlain, kAvx2, kAvx512 };

/// What the CPU has; the same at every call.
Vectors best_vectors();

namespace vectors {

#if defined(__x86_64__)
template <typename Loop>
[[gnu::target("avx2")]] inline void run_avx2(Loop loop) {
  loop();
}
template <typename Loop>
[[gnu::target("avx512f,avx512dq,avx512vl,avx512bw")]] inline void run_avx512(Loop loop) {
  loop();
}
#endif

}  // namespace vectors

/// Runs `loop`, compiled for the best vectors that the CPU has. All are equal in what they compute
/// as long as the loop multiplies and adds no floating-point numbers in one expression (which
/// AVX-512 would fuse). `loop`: a lambda that captures by value, marked VECTOR_LOOP.
template <typename Loop>
void run_vectors(Loop loop, Vectors most = best_vectors()) {
#if defined(__x86_64__)
  if (most == Vectors::kAvx512) return vectors::run_avx512(loop);
  if (most == Vectors::kAvx2) return vectors::run_avx2(loop);
#endif
  (void)most;
  loop();
}

/// Makes a lambda part of the function that runs it, and so of what that is compiled for.
#define VECTOR_LOOP __attribute__((always_inline))

}  // namespace velo
