#pragma once

#include <cstdint>
#include <cstdio>
#include <string_view>

#include "base/random.h"

namespace velo::bench {

/// Row `i` of the measurements' data: trades of 1,000 symbols, 6 ms apart and up to 1 s out of
/// order. About one price in eight is no short decimal (173.79000000000002), as computed prices
/// are.
struct Trade {
  int64_t time_ms;
  uint32_t symbol;  ///< 0…999, written SYM<n>
  double price;
  int64_t quantity;
};

inline constexpr uint32_t kSymbols = 1000;

inline Trade trade(uint64_t i) {
  return {.time_ms = 1'700'000'000'000 + static_cast<int64_t>(i * 6 + mix64(i * 5 + 1) % 1000),
          .symbol = static_cast<uint32_t>(mix64(i * 7 + 3) % kSymbols),
          .price = 100 + static_cast<double>(mix64(i * 3 + 2) % 10000) / 100.0,
          .quantity = static_cast<int64_t>(mix64(i * 11) % 1000)};
}

/// "SYM17" in `room`, which has at least 8 bytes.
inline std::string_view symbol_name(uint32_t symbol, char* room) {
  const int length = std::snprintf(room, 8, "SYM%u", symbol % kSymbols);
  return {room, static_cast<size_t>(length)};
}

}  // namespace velo::bench
