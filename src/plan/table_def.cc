#include "plan/table_def.h"

#include "base/check.h"
#include "base/fmt.h"
#include "base/letters.h"

namespace velo {
namespace {

constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kIdleTimeoutDefaultUs = 10 * kSecondUs;
constexpr int64_t kMaxFutureDefaultUs = 24 * 3600 * kSecondUs;

}  // namespace

std::string_view sink_encoding_name(SinkEncoding encoding) {
  switch (encoding) {
    case SinkEncoding::kAppend:
      return "append";
    case SinkEncoding::kUpsert:
      return "upsert";
    case SinkEncoding::kRetract:
      return "retract";
    case SinkEncoding::kDebezium:
      return "debezium";
  }
  return "append";
}

std::string TableColumn::type_text() const {
  if (length_max == 0) return type.to_string();
  return fmt::format("{}({})", type.is_string() ? "VARCHAR" : "VARBINARY", length_max);
}

std::string TableDef::option(std::string_view key, std::string_view otherwise) const {
  auto found = options.find(key);
  return found == options.end() ? std::string(otherwise) : found->second;
}

BadRecordPolicy TableDef::bad_records() const {
  std::string policy = option("bad-records");
  if (policy == "fail") return BadRecordPolicy::kFail;
  if (policy == "dlq") return BadRecordPolicy::kDeadLetter;
  if (policy == "skip") return BadRecordPolicy::kSkip;
  return options.contains("bad-records.sink") ? BadRecordPolicy::kDeadLetter
                                              : BadRecordPolicy::kSkip;
}

int64_t TableDef::idle_timeout_us() const {
  auto written = options.find("scan.watermark.idle-timeout");
  if (written == options.end()) return kIdleTimeoutDefaultUs;
  return parse_duration_us(written->second).value_or(kIdleTimeoutDefaultUs);
}

std::optional<int64_t> TableDef::max_future_us() const {
  auto written = options.find("scan.watermark.max-future");
  if (written != options.end()) {
    if (written->second == "off") return std::nullopt;
    return parse_duration_us(written->second);
  }
  if (traits.bounded) return std::nullopt;
  return kMaxFutureDefaultUs;
}

int TableDef::find_column(std::string_view wanted) const {
  int found = -1;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == wanted) return static_cast<int>(i);
    if (found < 0 && equals_ignoring_case(columns[i].name, wanted)) found = static_cast<int>(i);
  }
  return found;
}

}  // namespace velo
