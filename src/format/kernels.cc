#include "format/decoder.h"
#include "format/kernels.h"

namespace velo {
namespace {

#if defined(__x86_64__)
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul") &&
         __builtin_cpu_supports("popcnt");
}
bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512bitalg");
}
#else
bool has_avx2() { return false; }
bool has_avx512() { return false; }
#endif

}  // namespace

bool kernel_available(KernelChoice choice) {
  switch (choice) {
    case KernelChoice::kAvx2: return avx2_kernels() != nullptr && has_avx2();
    case KernelChoice::kAvx512: return avx512_kernels() != nullptr && has_avx512();
    default: return true;
  }
}

const Kernels* find_kernels(KernelChoice choice) {
  switch (choice) {
    case KernelChoice::kRowByRow: return nullptr;
    case KernelChoice::kPortable: return &portable_kernels();
    case KernelChoice::kAvx2: return kernel_available(choice) ? avx2_kernels() : nullptr;
    case KernelChoice::kAvx512: return kernel_available(choice) ? avx512_kernels() : nullptr;
    case KernelChoice::kBest: break;
  }
  if (kernel_available(KernelChoice::kAvx512)) return avx512_kernels();
  if (kernel_available(KernelChoice::kAvx2)) return avx2_kernels();
  return &portable_kernels();
}

}  // namespace velo
