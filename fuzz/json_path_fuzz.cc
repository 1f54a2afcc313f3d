// A path on the first line, a document after it: neither may hurt, and what is found in JSON is
// JSON.
#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "expr/json_path.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace velo;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(text.find('\n'), text.size());
  const std::string_view document = text.substr(std::min(line + 1, text.size()));
  const bool valid = is_json(document);
  const Result<JsonPath> path = JsonPath::compile(text.substr(0, line));
  if (!path) return 0;
  const auto found = path->find(document);
  if (!found) return 0;
  if (valid) CHECK(is_json(*found), *found);
  std::string unescaped;
  if (json_kind(*found) == JsonKind::kString) (void)json_unescape(*found, &unescaped);
  return 0;
}
