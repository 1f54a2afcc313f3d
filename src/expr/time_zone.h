#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace velo {

/// A time zone of the system's tzdata ("Europe/Berlin"), or a fixed offset ("UTC", "Z", "+05:30").
///
/// Local times are microseconds since 1970-01-01T00:00:00 on the wall. Immutable and thread-safe;
/// obtained once and kept. Lookups cost a binary search among the zone's offset changes; use
/// `ZoneCursor` in loops.
class TimeZone {
 public:
  /// Error kUnknownName with the nearest names when there is no such zone. Zones live as long as
  /// the process.
  static Result<const TimeZone*> find(std::string_view name);
  static const TimeZone* utc();

  const std::string& name() const { return name_; }
  bool is_utc() const { return spans_.size() == 1 && spans_[0].offset_us == 0; }

  /// Offset from UTC in force at an instant, µs.
  int64_t offset_at(int64_t utc_us) const { return spans_[span_at(utc_us)].offset_us; }
  int64_t to_local(int64_t utc_us) const { return utc_us + offset_at(utc_us); }
  /// The instant of a wall-clock time. A time skipped by a jump forward is read with the offset in
  /// force before the jump (so 02:30 becomes 03:30); one that occurs twice means the first
  /// (PostgreSQL's and java.time's rule).
  int64_t to_utc(int64_t local_us) const;

 private:
  friend class ZoneCursor;
  friend class TimeZoneTable;
  /// A stretch of constant offset: [begin_us, next span's begin).
  struct Span {
    int64_t begin_us;
    int64_t offset_us;
  };
  TimeZone(std::string name, std::vector<Span> spans)
      : name_(std::move(name)), spans_(std::move(spans)) {}
  size_t span_at(int64_t utc_us) const;

  std::string name_;
  std::vector<Span> spans_;  // ascending, first begins at INT64_MIN
};

/// Remembers the last offset: nearly free while times stay between two clock changes. One per
/// thread and loop.
class ZoneCursor {
 public:
  explicit ZoneCursor(const TimeZone* zone) : zone_(zone) {}
  int64_t to_local(int64_t utc_us) {
    if (utc_us < begin_us_ || utc_us >= end_us_) [[unlikely]]
      seek(utc_us);
    return utc_us + offset_us_;
  }
  int64_t to_utc(int64_t local_us) {
    // A day away from both edges no clock change can matter.
    const int64_t utc_us = local_us - offset_us_;
    if (utc_us >= safe_begin_us_ && utc_us < safe_end_us_) [[likely]]
      return utc_us;
    return to_utc_slowly(local_us);
  }
  const TimeZone* zone() const { return zone_; }

 private:
  void seek(int64_t utc_us);
  int64_t to_utc_slowly(int64_t local_us);

  const TimeZone* zone_;
  int64_t begin_us_ = 0;
  int64_t end_us_ = 0;
  int64_t safe_begin_us_ = 0;
  int64_t safe_end_us_ = 0;
  int64_t offset_us_ = 0;
};

}  // namespace velo
