// Times from and to text in formats of the user's choice.
#include "base/fmt.h"
#include "column/time_text.h"
#include "expr/function_table.h"
#include "expr/time_format.h"
#include "expr/time_kernels.h"

namespace velo {
namespace {

constexpr std::string_view kDefaultFormat = "yyyy-MM-dd HH:mm:ss";

/// The compiled format of a call, recompiled when its text changes.
struct FormatState : KernelState {
  std::string text;
  std::optional<TimeFormat> format;

  const TimeFormat* of(KernelCall& call, size_t row, std::string_view wanted) {
    if (format && text == wanted) return &*format;
    Result<TimeFormat> compiled = TimeFormat::compile(wanted);
    if (!compiled) {
      call.fail(row, ErrorCode::kEvaluation, compiled.error().message);
      return nullptr;
    }
    text = wanted;
    format = std::move(*compiled);
    return &*format;
  }
};

Status check_format(std::string_view text, size_t position) {
  if (position != 1) return {};
  Result<TimeFormat> format = TimeFormat::compile(text);
  if (!format) return std::move(format).error();
  return {};
}

/// Argument 1 if given, else the default format.
class FormatArgument {
 public:
  explicit FormatArgument(const KernelCall& call)
      : given_(call.args.size() > 1), texts_(*call.args[given_ ? 1 : 0]) {}
  std::string_view operator[](size_t row) const { return given_ ? texts_[row] : kDefaultFormat; }

 private:
  struct MaybeStrings {
    explicit MaybeStrings(const Column& column) {
      if (column.type().physical() == Physical::kString) strings.emplace(column);
    }
    std::string_view operator[](size_t row) const { return (*strings)[row]; }
    std::optional<Strings> strings;
  };
  bool given_;
  MaybeStrings texts_;
};

void date_format(KernelCall& call) {
  auto& state = call.state_of<FormatState>();
  const Values<int64_t> in(call, 0);
  const FormatArgument formats(call);
  const bool instant = call.arg_type(0).kind() == TypeKind::kTimestampLtz;
  const int64_t factor = call.arg_type(0).kind() == TypeKind::kDate ? kUsPerDay : 1;
  ZoneCursor zone(call.context.zone);
  std::string text;
  for_valid(call, [&](size_t row) {
    const TimeFormat* format = state.of(call, row, formats[row]);
    if (format == nullptr) return;
    const int64_t utc = in[row] * factor;
    const int64_t local = instant ? zone.to_local(utc) : utc;
    text.clear();
    format->format(text, local, local - utc);
    call.out.set_string(row, text);
  });
}

/// Seconds since 1970 as text in the session's zone.
void from_unix_time(KernelCall& call) {
  auto& state = call.state_of<FormatState>();
  const Values<int64_t> in(call, 0);
  const FormatArgument formats(call);
  ZoneCursor zone(call.context.zone);
  std::string text;
  for_valid(call, [&](size_t row) {
    const TimeFormat* format = state.of(call, row, formats[row]);
    if (format == nullptr) return;
    int64_t utc = 0;
    if (__builtin_mul_overflow(in[row], kUsPerSecond, &utc)) {
      return call.fail(row, ErrorCode::kOverflow,
                       fmt::format("{} seconds leave the range of time", in[row]));
    }
    const int64_t local = zone.to_local(utc);
    text.clear();
    format->format(text, local, local - utc);
    call.out.set_string(row, text);
  });
}

/// Reads by a format; `then(row, parsed)` stores.
template <typename F>
void read_by_format(KernelCall& call, F then) {
  auto& state = call.state_of<FormatState>();
  const Strings in(call, 0);
  const FormatArgument formats(call);
  for_valid(call, [&](size_t row) {
    const TimeFormat* format = state.of(call, row, formats[row]);
    if (format == nullptr) return;
    const auto parsed = format->parse(in[row]);
    if (!parsed) {
      return call.fail(
          row, ErrorCode::kEvaluation,
          fmt::format("'{}' does not match the format '{}'", in[row].substr(0, 100), formats[row]));
    }
    then(row, *parsed);
  });
}

void check_step(KernelCall& call, size_t row, int64_t us) {
  if (us % call.out.type().step_us() == 0) return;
  call.fail(row, ErrorCode::kEvaluation,
            fmt::format("'{}' has more digits than {} keeps", call.args[0]->string_at(row),
                        call.out.type().to_string()));
}

void to_timestamp(KernelCall& call) {
  int64_t* out = call.out.values<int64_t>();
  if (call.args.size() == 2) {
    return read_by_format(call, [&](size_t row, const TimeFormat::Parsed& parsed) {
      out[row] = parsed.local_us - parsed.offset_us.value_or(0);
      check_step(call, row, out[row]);
    });
  }
  const Strings in(call, 0);
  for_valid(call, [&](size_t row) {
    const auto parsed = parse_timestamp(in[row], false);
    if (!parsed) {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("'{}' is no TIMESTAMP", in[row].substr(0, 100)));
    }
    out[row] = *parsed;
    check_step(call, row, out[row]);
  });
}

/// TO_TIMESTAMP_LTZ(s [, format]): without an offset in the text, the session's zone.
void to_instant(KernelCall& call) {
  int64_t* out = call.out.values<int64_t>();
  ZoneCursor zone(call.context.zone);
  if (call.args.size() == 2) {
    return read_by_format(call, [&](size_t row, const TimeFormat::Parsed& parsed) {
      out[row] =
          parsed.offset_us ? parsed.local_us - *parsed.offset_us : zone.to_utc(parsed.local_us);
      check_step(call, row, out[row]);
    });
  }
  const Strings in(call, 0);
  for_valid(call, [&](size_t row) {
    if (const auto wall_clock = parse_timestamp(in[row], false)) {
      out[row] = zone.to_utc(*wall_clock);
    } else if (const auto instant = parse_timestamp(in[row], true)) {
      out[row] = *instant;
    } else {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("'{}' is no TIMESTAMP_LTZ", in[row].substr(0, 100)));
    }
    check_step(call, row, out[row]);
  });
}

void unix_timestamp(KernelCall& call) {
  int64_t* out = call.out.values<int64_t>();
  ZoneCursor zone(call.context.zone);
  read_by_format(call, [&](size_t row, const TimeFormat::Parsed& parsed) {
    const int64_t utc =
        parsed.offset_us ? parsed.local_us - *parsed.offset_us : zone.to_utc(parsed.local_us);
    out[row] = floor_div(utc, kUsPerSecond);
  });
}

void to_date(KernelCall& call) {
  int64_t* out = call.out.values<int64_t>();
  if (call.args.size() == 2) {
    return read_by_format(call, [&](size_t row, const TimeFormat::Parsed& parsed) {
      out[row] = floor_div(parsed.local_us, kUsPerDay);
    });
  }
  const Strings in(call, 0);
  for_valid(call, [&](size_t row) {
    const auto days = parse_date(in[row]);
    if (!days) {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("'{}' is no DATE", in[row].substr(0, 100)));
    }
    out[row] = *days;
  });
}

/// Flink's form over texts: CONVERT_TZ('1970-01-01 00:00:00', 'UTC', 'America/Los_Angeles').
void convert_zone_text(KernelCall& call) {
  const Strings in(call, 0);
  ZoneArgument from(call, 1);
  ZoneArgument to(call, 2);
  std::string text;
  for_valid(call, [&](size_t row) {
    const auto parsed = parse_timestamp(in[row], false);
    if (!parsed) {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("'{}' is no TIMESTAMP", in[row].substr(0, 100)));
    }
    ZoneCursor* old_zone = from.at(call, row);
    if (old_zone == nullptr) return;
    const int64_t utc = old_zone->to_utc(*parsed);
    ZoneCursor* new_zone = to.at(call, row);
    if (new_zone == nullptr) return;
    text.clear();
    append_timestamp(text, new_zone->to_local(utc), false, ' ');
    call.out.set_string(row, text);
  });
}

const Function kFunctions[] = {
    {"DATE_FORMAT", "(t timestamp, format string) -> string", date_format, kStrict,
     "Text by a format of java.time",
     "DATE_FORMAT(TIMESTAMP '2024-02-29 13:05:09', 'dd.MM.yyyy HH:mm')", "29.02.2024 13:05",
     nullptr, check_format},
    {"DATE_FORMAT", "(t timestamp_ltz, format string) -> string", date_format, kUsesClock,
     "Text by a format, in the session's zone", "", "", nullptr, check_format},
    {"DATE_FORMAT", "(d date, format string) -> string", date_format, kStrict, "Text by a format",
     "DATE_FORMAT(DATE '2024-02-29', 'E, d MMM yyyy')", "Thu, 29 Feb 2024", nullptr, check_format},
    {"FROM_UNIXTIME", "(seconds bigint, format string?) -> string", from_unix_time, kUsesClock,
     "Seconds since 1970 as text in the session's zone", "FROM_UNIXTIME(0)", "1970-01-01 00:00:00",
     nullptr, check_format},
    {"TO_TIMESTAMP", "(s string, format string?) -> timestamp", to_timestamp, kStrict,
     "A timestamp from text, ISO or by a format of java.time",
     "TO_TIMESTAMP('29/02/2024 13:05', 'dd/MM/yyyy HH:mm')", "2024-02-29T13:05:00", nullptr,
     check_format},
    {"TO_TIMESTAMP_LTZ", "(s string, format string?) -> timestamp_ltz", to_instant, kUsesClock,
     "An instant from text; without an offset, in the session's zone",
     "TO_TIMESTAMP_LTZ('2024-01-01T00:00:00+01:00')", "2023-12-31T23:00:00Z", nullptr,
     check_format},
    {"UNIX_TIMESTAMP", "(s string, format string?) -> bigint", unix_timestamp, kUsesClock,
     "Seconds since 1970 of a text in the session's zone", "UNIX_TIMESTAMP('1970-01-02 00:00:00')",
     "86400", nullptr, check_format},
    {"TO_DATE", "(s string, format string?) -> date", to_date, kStrict,
     "A date from text, ISO or by a format", "TO_DATE('29.02.2024', 'dd.MM.yyyy')", "2024-02-29",
     nullptr, check_format},
    {"CONVERT_TZ", "(t string, from_zone string, to_zone string) -> string", convert_zone_text,
     kStrict, "The same instant on another zone's wall clock, as text",
     "CONVERT_TZ('1970-01-01 00:00:00', 'UTC', 'America/Los_Angeles')", "1969-12-31 16:00:00",
     nullptr, check_zones_from<1>},
};

}  // namespace

std::span<const Function> time_text_functions() { return kFunctions; }

}  // namespace velo
