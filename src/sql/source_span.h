#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace velo {

/// A stretch of the SQL text, in bytes. It says where a node came from, not what the node is: any
/// two spans compare equal, so that syntax trees compare by meaning. Compare `offset` and `length`
/// where place matters.
struct SourceSpan {
  uint32_t offset = 0;
  uint32_t length = 0;

  uint32_t end() const { return offset + length; }
  friend constexpr bool operator==(SourceSpan, SourceSpan) { return true; }
};

/// From the start of `first` to the end of `last`. REQUIRES: `first` does not start after `last`.
inline SourceSpan span_from(SourceSpan first, SourceSpan last) {
  return {first.offset, last.end() > first.offset ? last.end() - first.offset : 0};
}

/// Line and column of a byte, both from 1; the column counts characters (UTF-8 code points).
struct LineColumn {
  uint32_t line = 1;
  uint32_t column = 1;
};
LineColumn line_and_column(std::string_view text, uint32_t offset);

/// The line `span` starts in and, below it, carets under the span as far as it lies in that line:
///
///     2 | FROM trades WHER price > 1
///       |             ^^^^
///
/// Long lines are cut to a stretch around the span. No trailing newline.
std::string caret_excerpt(std::string_view text, SourceSpan span);

/// The error `message` at `span` of `text`: place and excerpt filled in.
Error error_at(ErrorCode code, std::string message, std::string_view text, SourceSpan span);

}  // namespace velo
