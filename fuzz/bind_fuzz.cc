// Any script, bound against a catalog of a few tables: findings with a place, plans that can be
// explained; nothing runs.

#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/clock.h"
#include "engine/engine.h"
#include "refusing_files.h"

namespace {

constexpr const char* kTables =
    "CREATE TABLE trades (symbol STRING, price DOUBLE, qty BIGINT, ts TIMESTAMP(3), "
    "WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'push', 'format' = 'csv');\n"
    "CREATE TABLE readings (id INT, v DECIMAL(10, 2), ok BOOLEAN, day DATE, at TIMESTAMP_LTZ(3), "
    "tags ARRAY<STRING>, WATERMARK FOR at AS at) WITH ('connector' = 'push', 'format' = 'json');\n"
    "CREATE TABLE made (id INT, at TIMESTAMP_LTZ(3)) "
    "WITH ('connector' = 'datagen', 'number-of-rows' = '10');\n"
    "CREATE TABLE out_rows (a STRING, b BIGINT) WITH ('connector' = 'blackhole');\n"
    "CREATE VIEW cheap AS SELECT * FROM trades WHERE price < 10;\n";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace velo;
  if (size > 20'000) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  RefusingFileSystem files;
  ManualClock clock{1'704'067'200'000'000};
  EngineOptions options;
  options.clock = &clock;
  options.files = &files;
  options.variables = [](std::string_view) { return std::nullopt; };
  Engine engine(options);
  const auto tables = engine.query(kTables);
  CHECK(tables.has_value(), tables.error().to_string());
  const Engine::CheckReport report = engine.check(text, "x.sql");
  for (const auto& finding : report.findings) {
    CHECK(!finding.error.message.empty() && finding.error.place.source == "x.sql");
  }
  const auto plans = engine.explain(text, "x.sql");
  CHECK(report.has_errors() || plans.has_value(),
        "check finds nothing, explain does: " + (plans ? "" : plans.error().to_string()));
  return 0;
}
