#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace velo {

/// From where sources must be read again after a restart, in a job whose state is kept nowhere: so
/// that nothing of what was under way is lost, and what was finished is not computed anew from a
/// part of its rows.
struct ReplayRule {
  enum class Kind : uint8_t {
    kExact,   ///< no row is needed again once its results are written
    kRecent,  ///< those that open windows hold, or a join may still ask for
    kNever,   ///< all of them: `why`. A group that deals partitions remembers where it began
  };
  struct Window {
    int64_t size_us = 0;
    int64_t slide_us = 0;    ///< from start to start
    int64_t offset_us = 0;   ///< added to every boundary
    int64_t step_us = 1;     ///< of the time: a window fires at its end − one step
    bool cumulates = false;  ///< windows of several lengths begin together
    bool operator==(const Window&) const = default;

    /// Start of the first window that a watermark has not fired.
    int64_t first_open(int64_t watermark) const;
  };
  Kind kind = Kind::kExact;
  std::vector<Window> windows;
  /// A join by time: pairs are written as they are found, and the watermark behind it says which
  /// rows can find no partner any more.
  bool joins = false;
  std::string why;

  /// All results up to the watermark `done` are written: rows with an earlier time than this are
  /// needed no more. REQUIRES: kRecent.
  int64_t needed_from(int64_t done) const;
  /// The watermark from which to go on then: windows that it has passed stay closed.
  int64_t floor(int64_t done) const;
};

/// What is noted with a committed offset.
struct ReplayNote {
  int64_t floor = 0;        ///< the watermark to go on from
  int64_t needed_from = 0;  ///< of the records before `read_to`, only those from this time on
  uint64_t read_to = 0;     ///< offset behind the last record that was read
  std::string more = {};    ///< of who read them: what it must know behind `read_to`
  /// The offset is where the group began: all that follows is needed again, whatever was read.
  bool is_beginning = false;

  std::string to_string() const;
  /// Nothing if it is none: somebody else wrote it.
  static std::optional<ReplayNote> parse(std::string_view text);
};

}  // namespace velo
