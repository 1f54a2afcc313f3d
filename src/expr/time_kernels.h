#pragma once

#include <optional>
#include <string_view>

#include "base/fmt.h"
#include "expr/calendar.h"
#include "expr/kernel.h"

namespace velo {

/// A unit argument ("DAY"): read once where it is constant.
class UnitArgument {
 public:
  UnitArgument(const KernelCall& call, size_t i) : texts_(call, i) {
    if (texts_.is_constant() && !call.args[i]->is_null(0)) constant_ = parse_time_unit(texts_[0]);
  }
  /// Nothing after failing the row.
  std::optional<TimeUnit> at(KernelCall& call, size_t row) const {
    const auto unit = texts_.is_constant() ? constant_ : parse_time_unit(texts_[row]);
    if (!unit) {
      call.fail(row, ErrorCode::kEvaluation,
                fmt::format("'{}' is not a unit of time", texts_[row]));
    }
    return unit;
  }
  std::optional<TimeUnit> constant() const { return constant_; }

 private:
  Strings texts_;
  std::optional<TimeUnit> constant_;
};

/// A zone argument: looked up when the name changes.
class ZoneArgument {
 public:
  ZoneArgument(const KernelCall& call, size_t i) : names_(call, i), cursor_(TimeZone::utc()) {}
  /// Null after failing the row.
  ZoneCursor* at(KernelCall& call, size_t row) {
    const std::string_view name = names_[row];
    if (name != last_) {
      Result<const TimeZone*> zone = TimeZone::find(name);
      if (!zone) {
        call.fail(row, ErrorCode::kEvaluation, zone.error().message);
        return nullptr;
      }
      cursor_ = ZoneCursor(*zone);
      last_ = name;
    }
    return &cursor_;
  }

 private:
  Strings names_;
  std::string last_ = "UTC";
  ZoneCursor cursor_;
};

inline Error no_such_unit(std::string_view text) {
  return Error(ErrorCode::kInvalidStatement, fmt::format("'{}' is not a unit of time", text))
      .with_hint(
          "MICROSECOND, MILLISECOND, SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER, YEAR, …");
}

/// LiteralChecks: a unit as the first argument, as the second, a zone at a position.
inline Status check_first_unit(std::string_view text, size_t position) {
  if (position == 0 && !parse_time_unit(text)) return no_such_unit(text);
  return {};
}
inline Status check_second_unit(std::string_view text, size_t position) {
  if (position == 1 && !parse_time_unit(text)) return no_such_unit(text);
  return {};
}
template <size_t kFrom>
Status check_zones_from(std::string_view text, size_t position) {
  if (position < kFrom) return {};
  auto zone = TimeZone::find(text);
  if (!zone) return std::move(zone).error();
  return {};
}

}  // namespace velo
