// Texts of values: what can be read is written so that it reads the same again.

#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/options.h"
#include "column/decimal.h"
#include "column/time_text.h"
#include "connector/block.h"
#include "format/field_text.h"
#include "format/value_text.h"

namespace {

using namespace velo;

void check_times(std::string_view text) {
  std::string written;
  if (const auto days = parse_date(text)) {
    append_date(written, *days);
    CHECK(parse_date(written) == days, written);
  }
  written.clear();
  if (const auto time = parse_time(text)) {
    append_time(written, *time);
    CHECK(parse_time(written) == time, written);
  }
  for (const bool instant : {false, true}) {
    const auto us = parse_timestamp(text, instant);
    if (!us) continue;
    written.clear();
    append_timestamp(written, *us, instant);
    CHECK(parse_timestamp(written, instant) == us, written);
  }
  (void)parse_duration_us(text);
  (void)parse_size(text);
}

void check_numbers(std::string_view text) {
  int128_t unscaled = 0;
  for (const int scale : {0, 2, 38}) {
    if (parse_decimal(text, 38, scale, &unscaled) != DecimalStatus::kOk) continue;
    int128_t again = 0;
    const std::string written = decimal_to_string(unscaled, scale);
    CHECK(parse_decimal(written, 38, scale, &again) == DecimalStatus::kOk && again == unscaled,
          written);
  }
  for (const bool json : {false, true}) {
    FieldRules rules{Type::float64(), velo::TimeNotation::kIso8601, json};
    double value = 0;
    if (read_double(rules, text, &value) == FieldError::kOk && value - value == 0) {
      std::string written;
      {
        TextWriter out(written);
        put_double(out, value, false);
      }
      double again = 0;
      CHECK(read_double(rules, written, &again) == FieldError::kOk && again == value, written);
    }
    rules.type = Type::bigint();
    int64_t number = 0;
    (void)read_integer(rules, text, &number);
    rules.type = Type::timestamp_ltz(3);
    for (const auto times : {velo::TimeNotation::kIso8601, velo::TimeNotation::kEpochSeconds,
                             velo::TimeNotation::kEpochNanos}) {
      rules.times = times;
      (void)read_time(rules, text, &number);
    }
  }
}

void check_positions(std::string_view text) {
  const Result<Position> position = Position::parse(text);
  if (!position) return;
  const Result<Position> again = Position::parse(position->to_string());
  CHECK(again.has_value() && *again == *position, position->to_string());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    check_times(line);
    check_numbers(line);
    check_positions(line);
    std::string bytes;
    (void)read_base64(line, &bytes);
    CHECK(is_utf8(quoted_excerpt(line)) || !is_utf8(line));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return 0;
}
