#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "expr/time_zone.h"

namespace velo {

enum class WindowKind : uint8_t { kTumble, kHop, kCumulate, kSession };

/// What the lengths of a window count.
enum class PaneUnit : uint8_t { kMicroseconds, kDays, kWeeks, kMonths };

/// A window as SQL defines it. Calendar units are counted in the wall-clock time of `zone`: months
/// from 1970-01, days from 1970-01-01, weeks from the first `week_start` on or before 1970-01-01.
struct WindowSpec {
  WindowKind kind = WindowKind::kTumble;
  PaneUnit unit = PaneUnit::kMicroseconds;  ///< of size and slide
  int64_t size = 0;                         ///< tumble, hop; cumulate: the largest window
  int64_t slide = 0;      ///< hop: from start to start; cumulate: the step, which divides the size
  int64_t gap_us = 0;     ///< session
  int64_t offset_us = 0;  ///< added to every boundary
  const TimeZone* zone = TimeZone::utc();
  int week_start = 1;  ///< 1 = Monday … 7 = Sunday
};

/// Cuts time into panes, numbered consecutively, such that every window is a run of whole panes: a
/// pane is gcd(size, slide) long. A row is folded once, into its pane; windows are made of panes.
/// All questions about windows are then arithmetic on pane numbers, whatever the calendar does.
///
/// A window is named by its end: the number of the first pane behind it. No two windows end at the
/// same pane. Not for sessions. Not thread-safe (it remembers the last zone offset).
class PaneClock {
 public:
  explicit PaneClock(const WindowSpec& spec);

  int64_t pane_of(int64_t time_us);
  /// The pane of every time, counted from `first`. REQUIRES: none lies before pane `first` nor 2^32
  /// panes behind it.
  void panes_of(std::span<const int64_t> times_us, int64_t first, uint32_t* panes);
  /// When a pane begins, µs; the same as when the pane before it ends.
  int64_t start_of(int64_t pane);

  /// The first pane of the window with this end.
  int64_t window_start(int64_t end) const;
  /// The smallest end > `after` of a window that holds `pane`; none if there is none.
  std::optional<int64_t> next_end(int64_t pane, int64_t after) const;
  /// The largest end of a window that holds `pane`; none if the pane lies in a gap between windows.
  std::optional<int64_t> last_end(int64_t pane) const;

  /// Panes of the largest window.
  int64_t panes_per_window() const { return panes_; }
  WindowKind kind() const { return spec_.kind; }
  /// Windows that hold a pane, at most.
  int64_t windows_per_pane() const;
  std::string to_string() const;

 private:
  WindowSpec spec_;
  int64_t unit_per_pane_;  // the pane's length in units
  int64_t panes_;          // per (largest) window
  int64_t stride_;         // hop: panes from window start to window start
  ZoneCursor zone_;
};

}  // namespace velo
