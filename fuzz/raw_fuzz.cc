// Any bytes as lines of one column, with all kernels and all cuts. The first two bytes choose the
// options.

#include <cstdint>

#include "decode_agreement.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace velo;
  if (size < 2) return 0;
  const uint8_t a = data[0], seed = data[1];
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  DecoderOptions options;
  options.schema = schema_from_text((a & 1) != 0 ? "s string" : "s bytes");
  options.projection = {0};
  if ((a & 2) != 0) options.record_bytes_max = 40;
  check_agreement("raw", options, text, seed);
  return 0;
}
