// A time format (and LIKE pattern) on the first line, a text after it: neither may hurt.
#include <algorithm>
#include <cstdint>

#include "expr/like.h"
#include "expr/time_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace velo;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(text.find('\n'), text.size());
  const std::string_view pattern = text.substr(0, line);
  const std::string_view rest = text.substr(std::min(line + 1, text.size()));
  if (const Result<LikePattern> like = LikePattern::compile(pattern)) (void)like->matches(rest);
  const Result<TimeFormat> format = TimeFormat::compile(pattern);
  if (!format) return 0;
  std::string written;
  format->format(written, static_cast<int64_t>(size) * 1'234'567'890'123, 3'600'000'000);
  if (const auto parsed = format->parse(rest)) {
    written.clear();
    format->format(written, parsed->local_us, parsed->offset_us.value_or(0));
  }
  return 0;
}
