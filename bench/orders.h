#pragma once

#include <cstdint>
#include <cstdio>
#include <string_view>

#include "base/random.h"

namespace velo::bench {

/// Row `i` of the orders that joins are measured with: 6 ms apart and up to 1 s out of order, as
/// the trades.
struct Order {
  int64_t time_ms;
  int64_t id;         ///< i
  uint32_t customer;  ///< 0…99,999, written C<n>
  double amount;
};

/// Row `i` of the payments, at the same pace: each pays one of the orders of the last twelve
/// minutes, so that of the orders a third is never paid, a third once, a third more often, and a
/// sixth of the payments comes later than ten minutes after its order.
struct Payment {
  int64_t time_ms;
  int64_t order_id;
  double amount;
};

inline constexpr uint32_t kCustomers = 100'000;
inline constexpr uint64_t kPaidAmong = 120'000;  // orders of twelve minutes

inline int64_t order_time_ms(uint64_t i, uint64_t salt) {
  return 1'700'000'000'000 + static_cast<int64_t>(i * 6 + mix64(i * 5 + salt) % 1000);
}
inline double cents(uint64_t random) { return static_cast<double>(random % 50'000) / 100.0; }

inline Order order(uint64_t i) {
  return {.time_ms = order_time_ms(i, 1),
          .id = static_cast<int64_t>(i),
          .customer = static_cast<uint32_t>(mix64(i * 7 + 3) % kCustomers),
          .amount = cents(mix64(i * 3 + 2))};
}

/// The first payments are of orders before the first one, which have negative numbers.
inline Payment payment(uint64_t i) {
  const auto ago = static_cast<int64_t>(mix64(i * 13 + 7) % kPaidAmong);
  return {.time_ms = order_time_ms(i, 2),
          .order_id = static_cast<int64_t>(i) - ago,
          .amount = cents(mix64(i * 11 + 4))};
}

/// "C17" in `room`, which has at least 8 bytes.
inline std::string_view customer_name(uint32_t customer, char* room) {
  const int length = std::snprintf(room, 8, "C%u", customer % kCustomers);
  return {room, static_cast<size_t>(length)};
}

}  // namespace velo::bench
