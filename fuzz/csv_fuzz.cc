// Any text, under any options, gives the same rows and bad records with all kernels and all cuts.
// The first three bytes choose the options.

#include <cstdint>

#include "decode_agreement.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace velo;
  if (size < 3) return 0;
  const uint8_t a = data[0], b = data[1], seed = data[2];
  const std::string_view text(reinterpret_cast<const char*>(data) + 3, size - 3);
  DecoderOptions options;
  options.schema = schema_from_text(
      (a & 1) != 0 ? "a bigint, b string, c double"
                   : "i integer, s string, d double, n decimal(10,2), f float, t timestamp, "
                     "v timestamp_ltz, y date, b boolean");
  const int columns = static_cast<int>(options.schema->size());
  for (int i = 0; i < columns; ++i) {
    if ((a & 2) == 0 || i % 2 == 1) options.projection.push_back(i);
  }
  if ((a & 4) != 0) options.options["csv.header"] = "false";
  if ((a & 8) != 0) options.options["csv.null-literal"] = "NULL";
  if ((a & 16) != 0) options.options["csv.ignore-extra-fields"] = "true";
  if ((a & 32) != 0) options.options["csv.allow-missing-fields"] = "true";
  if ((a & 64) != 0) options.options["csv.quote"] = "";
  if ((a & 128) != 0) options.options["csv.timestamp-format"] = "epoch-millis";
  if ((b & 1) != 0) options.options["csv.delimiter"] = ";";
  if ((b & 2) != 0) options.record_bytes_max = 40;
  check_agreement("csv", options, text, seed);
  (void)infer_csv_schema(text, {});
  return 0;
}
