// Any text as a golden file: steps or an error at one of its lines.

#include <cstdint>

#include "base/check.h"
#include "cli/golden_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const velo::Result<velo::GoldenFile> file = velo::parse_golden_file("x.slt", text);
  if (!file) {
    CHECK(file.error().code == velo::ErrorCode::kSyntax && file.error().place.line > 0,
          file.error().to_string());
    return 0;
  }
  for (const velo::GoldenStep& step : file->steps) {
    CHECK(step.line > 0 && step.line <= file->text.size());
    if (step.expected) {
      CHECK(step.expected->begin <= step.expected->end && step.expected->end <= file->text.size());
    }
  }
  return 0;
}
