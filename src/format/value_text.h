#pragma once

#include <string>
#include <string_view>

#include "column/column.h"
#include "format/field_text.h"
#include "format/text_writer.h"

namespace velo {

/// A JSON string with its quotes. Control characters, '"' and '\' are escaped.
void put_json_string(TextWriter& out, std::string_view text);
/// What stands before a value of an object: `{"name":` or `,"name":`.
std::string json_key(char before, std::string_view name);
/// Base64 (RFC 4648) with padding.
void put_base64(TextWriter& out, std::string_view bytes);
void put_integer(TextWriter& out, int64_t value);
/// As column/double_text.h says.
void put_double(TextWriter& out, double value, bool single_precision);

/// The text of values, for columns of one stream: times often repeat their date, whose text is
/// kept.
class ValueText {
 public:
  explicit ValueText(TimeNotation times) : times_(times) {}

  /// Any value as JSON: NULL, NaN and infinities as null, decimals exactly, times as text or epoch
  /// numbers, intervals as text, BYTES as Base64, MAPs as objects.
  void put_json(TextWriter& out, const Column& column, size_t row);
  /// A value as plain text (for CSV), never quoted; nested ones as JSON. REQUIRES: not NULL.
  void put_plain(TextWriter& out, const Column& column, size_t row);

 private:
  bool put_bare(TextWriter& out, const Column& column, size_t row);
  void put_timestamp(TextWriter& out, int64_t us, const Type& type);
  void put_date(TextWriter& out, int64_t days);
  void put_nested(TextWriter& out, const Column& column, size_t row);
  void put_elements(TextWriter& out, const Column& column, size_t row);
  void put_entries(TextWriter& out, const Column& column, size_t row);
  void put_fields(TextWriter& out, const Column& column, size_t row);

  TimeNotation times_;
  int64_t last_days_ = INT64_MIN;
  std::string last_date_;
};

}  // namespace velo
