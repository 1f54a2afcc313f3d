#include "state/pane_clock.h"

#include <numeric>

#include "base/check.h"
#include "base/fmt.h"
#include "base/int128.h"
#include "column/time_text.h"

namespace velo {
namespace {

// 1970-01-01 was a Thursday (4): days from the week start on or before it to it.
int64_t week_shift(int week_start) { return (4 - week_start + 7) % 7; }

int64_t ceil_div(int64_t value, int64_t divisor) { return -floor_div(-value, divisor); }

std::string length_text(PaneUnit unit, int64_t length) {
  switch (unit) {
    case PaneUnit::kDays:
      return fmt::format("{} day", length);
    case PaneUnit::kWeeks:
      return fmt::format("{} week", length);
    case PaneUnit::kMonths:
      return fmt::format("{} month", length);
    case PaneUnit::kMicroseconds:
      break;
  }
  if (length % 1'000'000 == 0) return fmt::format("{} s", length / 1'000'000);
  return fmt::format("{} ms", static_cast<double>(length) / 1000);
}

}  // namespace

PaneClock::PaneClock(const WindowSpec& spec) : spec_(spec), zone_(spec.zone) {
  CHECK(spec.kind != WindowKind::kSession && spec.size > 0);
  const int64_t slide = spec.kind == WindowKind::kTumble ? spec.size : spec.slide;
  CHECK(slide > 0);
  unit_per_pane_ = std::gcd(spec.size, slide);
  panes_ = spec.size / unit_per_pane_;
  stride_ = slide / unit_per_pane_;
  CHECK(spec.kind != WindowKind::kCumulate || stride_ == 1,
        "the step of CUMULATE divides its size");
}

int64_t PaneClock::pane_of(int64_t time_us) {
  if (spec_.unit == PaneUnit::kMicroseconds)
    return floor_div(time_us - spec_.offset_us, unit_per_pane_);
  const int64_t days = floor_div(zone_.to_local(time_us) - spec_.offset_us, kUsPerDay);
  switch (spec_.unit) {
    case PaneUnit::kDays:
      return floor_div(days, unit_per_pane_);
    case PaneUnit::kWeeks:
      return floor_div(days + week_shift(spec_.week_start), 7 * unit_per_pane_);
    default:
      break;
  }
  const CivilDate date = civil_from_days(days);
  return floor_div((date.year - 1970) * 12 + date.month - 1, unit_per_pane_);
}

void PaneClock::panes_of(std::span<const int64_t> times_us, int64_t first, uint32_t* panes) {
  const size_t n = times_us.size();
  const int64_t from = start_of(first);
  if (spec_.unit != PaneUnit::kMicroseconds) {
    int64_t pane = first;
    int64_t begin = from;
    int64_t end = start_of(first + 1);  // the bounds of `pane`, to skip the calendar
    for (size_t i = 0; i < n; ++i) {
      if (times_us[i] < begin || times_us[i] >= end) {
        pane = pane_of(times_us[i]);
        begin = start_of(pane);
        end = start_of(pane + 1);
      }
      panes[i] = static_cast<uint32_t>(pane - first);
    }
    return;
  }
  // x / d = (x · ⌈2^64 / d⌉) >> 64 as long as x · d < 2^64, the error of the rounding being less
  // than x / 2^64 · d (Granlund and Montgomery 1994).
  const auto length = static_cast<uint64_t>(unit_per_pane_);
  const uint64_t reciprocal = UINT64_MAX / length + 1;
  const uint64_t exact_below = UINT64_MAX / length;
  for (size_t i = 0; i < n; ++i) {
    const auto x = static_cast<uint64_t>(times_us[i]) - static_cast<uint64_t>(from);
    panes[i] = static_cast<uint32_t>(
        x < exact_below && length > 1
            ? static_cast<uint64_t>((static_cast<uint128_t>(x) * reciprocal) >> 64)
            : x / length);
  }
}

int64_t PaneClock::start_of(int64_t pane) {
  const int64_t units = pane * unit_per_pane_;
  int64_t days = 0;
  switch (spec_.unit) {
    case PaneUnit::kMicroseconds:
      return units + spec_.offset_us;
    case PaneUnit::kDays:
      days = units;
      break;
    case PaneUnit::kWeeks:
      days = units * 7 - week_shift(spec_.week_start);
      break;
    case PaneUnit::kMonths: {
      const int64_t year = floor_div(units, 12);
      days = days_from_civil(1970 + year, static_cast<int>(units - year * 12) + 1, 1);
      break;
    }
  }
  return zone_.to_utc(days * kUsPerDay + spec_.offset_us);
}

int64_t PaneClock::window_start(int64_t end) const {
  if (spec_.kind == WindowKind::kCumulate) return floor_div(end - 1, panes_) * panes_;
  return end - panes_;
}

std::optional<int64_t> PaneClock::last_end(int64_t pane) const {
  switch (spec_.kind) {
    case WindowKind::kTumble:
      return pane + 1;
    case WindowKind::kCumulate:
      return (floor_div(pane, panes_) + 1) * panes_;
    default:
      break;
  }
  // Windows start at multiples of the stride: the last that starts at or before the pane.
  const int64_t end = floor_div(pane, stride_) * stride_ + panes_;
  if (end <= pane) return std::nullopt;
  return end;
}

std::optional<int64_t> PaneClock::next_end(int64_t pane, int64_t after) const {
  const std::optional<int64_t> last = last_end(pane);
  if (!last || *last <= after) return std::nullopt;
  if (spec_.kind == WindowKind::kCumulate) return std::max(pane, after) + 1;
  if (spec_.kind == WindowKind::kTumble) return last;
  const int64_t beyond = std::max(pane, after);  // end > beyond, end ≡ panes (mod stride)
  return floor_div(beyond - panes_, stride_) * stride_ + stride_ + panes_;
}

int64_t PaneClock::windows_per_pane() const {
  return spec_.kind == WindowKind::kHop ? ceil_div(panes_, stride_) : panes_;
}

std::string PaneClock::to_string() const {
  const std::string size = length_text(spec_.unit, spec_.size);
  switch (spec_.kind) {
    case WindowKind::kHop:
      return fmt::format("HOP({}, {})", length_text(spec_.unit, spec_.slide), size);
    case WindowKind::kCumulate:
      return fmt::format("CUMULATE({}, {})", length_text(spec_.unit, spec_.slide), size);
    default:
      return fmt::format("TUMBLE({})", size);
  }
}

}  // namespace velo
