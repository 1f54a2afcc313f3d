#include "format/fast_times.h"

#include <cstring>

#include "column/time_text.h"

namespace velo {
namespace {

constexpr uint64_t kZeroTime = 0x30303A30303A3030ULL;    // "00:00:00", first character lowest
constexpr uint64_t kColonBytes = 0x0000FF0000FF0000ULL;
// 9 + this does not reach the high bit, 10 does
constexpr uint64_t kAddToNine = 0x7676767676767676ULL;
constexpr uint64_t kHighBits = 0x8080808080808080ULL;
constexpr int64_t kMicrosOf[] = {0, 100000, 10000, 1000, 100, 10, 1};

bool read_time_of_day(const char* text, int64_t* us) {
  uint64_t word;
  std::memcpy(&word, text, 8);
  word ^= kZeroTime;
  if ((((word + kAddToNine) | word) & kHighBits) != 0 || (word & kColonBytes) != 0) return false;
  const auto two = [&](int byte) {
    return static_cast<int64_t>((word >> (byte * 8)) & 15) * 10 +
           static_cast<int64_t>((word >> (byte * 8 + 8)) & 15);
  };
  const int64_t hour = two(0), minute = two(3), second = two(6);
  if (hour > 23 || minute > 59 || second > 59) return false;
  *us = ((hour * 60 + minute) * 60 + second) * kUsPerSecond;
  return true;
}

}  // namespace

bool FastTimes::find_date(const char* text) {
  if (std::memcmp(text, date_, sizeof date_) == 0) return true;
  const std::optional<int64_t> days = parse_date({text, sizeof date_});
  if (!days) return false;
  std::memcpy(date_, text, sizeof date_);
  days_ = *days;
  return true;
}

bool FastTimes::read_date(const char* text, int64_t size, int64_t* days) {
  if (size != 10 || !find_date(text)) return false;
  *days = days_;
  return true;
}

bool FastTimes::read_timestamp(const char* text, int64_t size, bool instant, int64_t* us) {
  if (size < 19 || (text[10] != 'T' && text[10] != ' ')) return false;
  int64_t of_day = 0;
  if (!read_time_of_day(text + 11, &of_day) || !find_date(text)) return false;
  int64_t at = 19;
  if (at < size && text[at] == '.') {
    int64_t digits = 0, fraction = 0;
    for (++at; at < size && text[at] >= '0' && text[at] <= '9' && digits < 6; ++at, ++digits) {
      fraction = fraction * 10 + (text[at] - '0');
    }
    if (digits == 0) return false;
    of_day += fraction * kMicrosOf[digits];
  }
  if (instant && at < size && text[at] == 'Z') ++at;
  if (at != size) return false;
  *us = days_ * kUsPerDay + of_day;
  return true;
}

}  // namespace velo
