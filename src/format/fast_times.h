#pragma once

#include <cstdint>

namespace velo {

/// Reads the usual text forms of dates and timestamps, eight characters at a time. Times repeat
/// their date, so the last one is kept. What it does not read may still be one: `read_time` of
/// field_text.h has the last word.
class FastTimes {
 public:
  /// "2023-09-18" to days. REQUIRES (of both): kBufferPadding readable bytes behind `text`.
  bool read_date(const char* text, int64_t size, int64_t* days);
  /// "2023-09-18T14:00:00[.fraction][Z]" (T or a blank; Z only for instants) to microseconds.
  bool read_timestamp(const char* text, int64_t size, bool instant, int64_t* us);

 private:
  bool find_date(const char* text);

  char date_[10] = {};
  int64_t days_ = 0;
};

}  // namespace velo
