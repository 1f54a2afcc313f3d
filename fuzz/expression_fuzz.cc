// Every line that is an expression is bound and evaluated over a few rows: values or errors, and
// the same ones row by row as batch by batch. Its EXPLAIN text binds again.

#include <cstdint>
#include <optional>
#include <string>

#include "base/check.h"
#include "base/clock.h"
#include "column/batch_text.h"
#include "engine/engine.h"
#include "refusing_files.h"
#include "sql/parser.h"

namespace {

using namespace velo;

constexpr size_t kLineBytesMax = 2000;
constexpr size_t kLinesMax = 4;

constexpr const char* kTable =
    "CREATE TABLE t (s STRING, p STRING, i BIGINT, n INT, d DOUBLE, f FLOAT, c DECIMAL(20, 4), "
    "b BOOLEAN, ts TIMESTAMP(3), l TIMESTAMP_LTZ(3), y DATE, z BYTES) "
    "WITH ('connector' = 'push', 'format' = 'csv', 'csv.header' = 'false');\n";
constexpr const char* kRows =
    "abc,%b_,1,2,1.5,0.25,12.3456,true,2024-03-31 01:59:59.999,2024-03-31T00:59:59Z,2024-02-29,"
    "YWJj\n"
    ",,,,,,,,,,,\n"
    "\"Grüße, {\"\"a\"\": [1, 2]}\",(a+)+$,-9223372036854775808,-2147483648,-1e308,3e38,"
    "-9999999999999999.9999,false,0001-01-01 00:00:00,9999-12-31T23:59:59.999Z,1970-01-01,\n"
    "x,[,9223372036854775807,2147483647,5e-324,-0,0,true,1970-01-01 00:00:00,"
    "1969-12-31T23:59:59Z,9999-12-31,/+8=\n";

/// What the query gives, rows and complaints; nothing if it is refused or its results change.
std::optional<std::string> answer(const std::string& sql, size_t batch_rows, FileSystem& files) {
  ManualClock clock{1'704'067'200'000'000};
  EngineOptions options;
  options.clock = &clock;
  options.files = &files;
  options.batch_rows = batch_rows;
  options.variables = [](std::string_view) { return std::nullopt; };
  Engine engine(options);
  CHECK(engine.query(kTable).has_value());
  auto query = engine.query(sql);
  if (!query) {
    CHECK(!query.error().message.empty());
    return std::nullopt;
  }
  if ((*query)->results().size() != 1 || (*query)->results()[0].changing) return std::nullopt;
  std::string text;
  (*query)->on_result([&](const Batch& batch) { text += batch_to_text(batch); });
  if (auto input = (*query)->input("t")) {
    const Status pushed = (*input)->push_bytes(kRows);
    if (!pushed) return pushed.error().to_string();
  }
  const Status finished = (*query)->finish();
  if (!finished) return finished.error().to_string();
  return text + std::to_string((*query)->progress().rows_bad);
}

bool is_volatile(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return text.find("RAND") != std::string::npos || text.find("UUID") != std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  RefusingFileSystem files;
  for (size_t i = 0; i < kLinesMax && !text.empty(); ++i) {
    const std::string line(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.size() > kLineBytesMax || !parse_expression(line)) continue;
    const std::string sql = "SELECT (" + line + "\n) AS x FROM t";
    const auto together = answer(sql, 1024, files);
    if (!together || is_volatile(line)) continue;
    const auto one_by_one = answer(sql, 1, files);
    CHECK(one_by_one == together,
          line + "\n" + *together + "\n--- row by row ---\n" + one_by_one.value_or("refused"));
  }
  return 0;
}
