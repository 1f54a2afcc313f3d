#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/int128.h"
#include "base/result.h"
#include "column/type.h"
#include "format/decoder.h"

namespace velo {

/// How times are written in a text format.
enum class TimeNotation : uint8_t {
  /// 2023-09-18T14:00:00[.fraction], instants with Z or an offset; a blank for T is read
  kIso8601,
  kSql,      ///< the same with a blank; both are read
  kEpochSeconds,
  kEpochMillis,
  kEpochMicros,
  kEpochNanos,  ///< read down to the microsecond, which is as fine as time gets inside
};

/// The choices of '<format>.timestamp-format', in the order of TimeNotation.
inline constexpr std::string_view kTimeFormatChoices =
    "iso8601|sql|epoch-seconds|epoch-millis|epoch-micros|epoch-nanos";

/// Microseconds that one unit of an epoch format is worth (0: a thousandth, nanoseconds).
int64_t epoch_unit_us(TimeNotation format);
inline bool is_epoch(TimeNotation format) { return format >= TimeNotation::kEpochSeconds; }

/// Why a text is not a value of a type; kOk if it is one.
enum class FieldError : uint8_t { kOk, kSyntax, kOverflow, kLostDigit, kEncoding };

BadReason bad_reason(FieldError error);

/// What the text of a scalar column may look like.
struct FieldRules {
  Type type;
  TimeNotation times = TimeNotation::kIso8601;
  /// Numbers by JSON's grammar: no blanks around, no leading '+' or zeros, digits on both sides of
  /// the point.
  bool json_numbers = false;
};

/// Integers of a type's range, written with digits or as an exact decimal ("1.0", "1e3").
FieldError read_integer(const FieldRules& rules, std::string_view text, int64_t* out);
/// Nearest double (or float, widened). "NaN", "Infinity" and "-Infinity" unless JSON; a finite text
/// that is too large is kOverflow.
FieldError read_double(const FieldRules& rules, std::string_view text, double* out);
FieldError read_decimal(const FieldRules& rules, std::string_view text, int128_t* out);
/// "true", "false" in any case, "t", "f", "1", "0"; JSON: `true` and `false` only.
FieldError read_boolean(const FieldRules& rules, std::string_view text, bool* out);
/// DATE, TIME, TIMESTAMP, TIMESTAMP_LTZ and their epoch forms, as their int64_t. A non-zero digit
/// beyond the declared precision is kLostDigit.
FieldError read_time(const FieldRules& rules, std::string_view text, int64_t* out);
/// Base64 (RFC 4648) into `out`.
bool read_base64(std::string_view text, std::string* out);

/// True if the bytes are UTF-8. Fast for ASCII.
bool is_utf8(std::string_view text);

/// "column 'price': '12x' is no DOUBLE"; long texts are cut.
std::string field_error_message(std::string_view column, const Type& type, std::string_view text,
                                FieldError error);

/// A text from outside, fit for a message: quoted, cut at 60 bytes, control characters escaped.
std::string quoted_excerpt(std::string_view text);

}  // namespace velo
