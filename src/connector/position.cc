#include <charconv>

#include "base/fmt.h"
#include "connector/block.h"

namespace velo {

std::string Position::to_string() const { return fmt::format("{}:{}:{}", offset, extra, file); }

Result<Position> Position::parse(std::string_view text) {
  Position position;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (uint64_t* number : {&position.offset, &position.extra}) {
    const auto [next, failure] = std::from_chars(at, end, *number);
    if (failure != std::errc() || next == end || *next != ':') {
      return Error(ErrorCode::kCorruptData, fmt::format("'{}' is not a position", text));
    }
    at = next + 1;
  }
  position.file.assign(at, end);
  return position;
}

void Block::clear() {
  owner.reset();
  bytes = {};
  partition = 0;
  begin = {};
  end = {};
  record_per_entry = false;
  line_bytes = 0;
  records.clear();
  metadata.clear();
  headers.clear();
  begins_unit = false;
  ends_unit = false;
  first_line = 0;
}

}  // namespace velo
