#include "sql/source_span.h"

#include <algorithm>

#include "base/fmt.h"

namespace velo {
namespace {

constexpr size_t kExcerptBytesMax = 96;

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

/// Tabs and control bytes as one blank each, so that the carets below line up.
std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return out;
}

size_t line_start(std::string_view text, size_t offset) {
  size_t newline = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  return newline == std::string_view::npos ? 0 : newline + 1;
}

}  // namespace

LineColumn line_and_column(std::string_view text, uint32_t offset) {
  size_t at = std::min<size_t>(offset, text.size());
  std::string_view before = text.substr(0, at);
  size_t start = line_start(text, at);
  LineColumn result;
  result.line = 1 + static_cast<uint32_t>(std::count(before.begin(), before.end(), '\n'));
  result.column = 1 + static_cast<uint32_t>(count_characters(before.substr(start)));
  return result;
}

std::string caret_excerpt(std::string_view text, SourceSpan span) {
  size_t at = std::min<size_t>(span.offset, text.size());
  size_t start = line_start(text, at);
  size_t stop = std::min(text.find('\n', at), text.size());
  size_t span_stop = std::clamp<size_t>(span.end(), at, stop);
  bool cut_left = false;
  bool cut_right = false;
  if (stop - start > kExcerptBytesMax) {
    size_t wanted = at - start > kExcerptBytesMax / 2 ? at - kExcerptBytesMax / 2 : start;
    while (wanted > start && !starts_character(text[wanted])) --wanted;
    cut_left = wanted > start;
    start = wanted;
    size_t last = std::min(stop, start + kExcerptBytesMax);
    while (last < stop && !starts_character(text[last])) ++last;
    cut_right = last < stop;
    stop = last;
    span_stop = std::min(span_stop, stop);
  }
  std::string shown = printable(text.substr(start, stop - start));
  size_t indent = count_characters(text.substr(start, at - start)) + (cut_left ? 3 : 0);
  size_t carets = std::max<size_t>(1, count_characters(text.substr(at, span_stop - at)));
  std::string number = std::to_string(line_and_column(text, span.offset).line);
  return fmt::format("  {} | {}{}{}\n  {} | {}{}", number, cut_left ? "..." : "", shown,
                     cut_right ? "..." : "", std::string(number.size(), ' '),
                     std::string(indent, ' '), std::string(carets, '^'));
}

Error error_at(ErrorCode code, std::string message, std::string_view text, SourceSpan span) {
  LineColumn where = line_and_column(text, span.offset);
  Error error(code, std::move(message));
  error.place.line = where.line;
  error.place.column = where.column;
  error.place.offset = span.offset;
  error.place.length = std::max<uint32_t>(1, span.length);
  error.excerpt = caret_excerpt(text, span);
  return error;
}

}  // namespace velo
