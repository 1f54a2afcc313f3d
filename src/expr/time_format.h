#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace velo {

/// A pattern of java.time.format.DateTimeFormatter, as Flink's DATE_FORMAT and TO_TIMESTAMP take
/// it: y/u M d D E a H k h K m s S n X x Z and 'literal' text; `''` is a quote.
class TimeFormat {
 public:
  /// Error for letters that it does not know.
  static Result<TimeFormat> compile(std::string_view pattern);

  /// Appends a wall-clock time; `offset_us` is what X and Z show.
  void format(std::string& out, int64_t local_us, int64_t offset_us) const;

  struct Parsed {
    int64_t local_us;
    std::optional<int64_t> offset_us;  ///< where the pattern has X, x or Z
  };
  /// The whole text must match. Fields that the pattern lacks are 1970-01-01T00:00:00.
  std::optional<Parsed> parse(std::string_view text) const;

 private:
  struct Part {
    char letter;  ///< 0 = literal
    int count;
    std::string literal;
  };
  struct Fields;
  static bool parse_part(const Part& part, bool next_is_digits, std::string_view* text,
                         Fields* fields);
  static bool parse_clock(const Part& part, size_t width, std::string_view* text, Fields* fields);
  std::vector<Part> parts_;
};

}  // namespace velo
