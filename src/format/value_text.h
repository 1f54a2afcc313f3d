#pragma once

#include <string>
#include <string_view>

#include "column/column.h"
#include "format/field_text.h"

namespace velo {

/// Appends a JSON string with its quotes. Control characters, '"' and '\' are escaped.
void append_json_string(std::string& out, std::string_view text);
/// Base64 (RFC 4648) with padding.
void append_base64(std::string& out, std::string_view bytes);
void append_integer(std::string& out, int64_t value);
/// A TIMESTAMP or TIMESTAMP_LTZ in one of the formats, without quotes.
void append_time_in_format(std::string& out, int64_t us, const Type& type, TimeFormat format);
/// Any value as JSON: NULL, NaN and infinities as null, decimals exactly, doubles in the shortest
/// form that reads back the same, times as text or epoch numbers, intervals as text, BYTES as
/// Base64, MAPs as objects.
void append_json_value(std::string& out, const Column& column, size_t row, TimeFormat times);
/// A scalar as plain text (for CSV), never quoted. REQUIRES: not NULL.
void append_plain_value(std::string& out, const Column& column, size_t row, TimeFormat times);

}  // namespace velo
