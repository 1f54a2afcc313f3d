// Any text, under any options, gives the same rows and bad records with all kernels and all cuts.
// The first three bytes choose the options.

#include <cstdint>

#include "decode_agreement.h"

namespace {

velo::SchemaPtr nested_schema() {
  using velo::Type;
  return velo::make_schema(
      {{"a", Type::bigint()},
       {"r", Type::row({"x", "l"}, {Type::string(), Type::array(Type::float64())})},
       {"m", Type::map(Type::string(), Type::bigint())}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace velo;
  if (size < 3) return 0;
  const uint8_t a = data[0], seed = data[2];
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  DecoderOptions options;
  switch (a & 3) {
    case 0: options.schema = schema_from_text("a bigint, b string, c double"); break;
    case 1:
      options.schema = schema_from_text(
          "i integer, s string, d double, n decimal(10,2), f float, t timestamp, "
          "v timestamp_ltz, y date, b boolean");
      break;
    case 2: options.schema = nested_schema(); break;
    default: options.schema = schema_from_text("b string"); break;
  }
  for (size_t i = 0; i < options.schema->size(); ++i) {
    if ((a & 4) == 0 || i % 2 == 0) options.projection.push_back(static_cast<int>(i));
  }
  constexpr const char* kRoots[] = {"auto", "lines", "array", "values"};
  options.options["json.root"] = kRoots[(a >> 3) & 3];
  if ((a & 32) != 0) options.options["json.timestamp-format"] = "epoch-millis";
  if ((a & 64) != 0) options.record_bytes_max = 40;
  check_agreement("json", options, text, seed);
  return 0;
}
