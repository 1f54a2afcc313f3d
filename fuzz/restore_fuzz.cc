// Snapshots of real queries with bytes changed and sealed again: a restore takes them or says why
// not, and a query that took one can go on. The first byte chooses the query; then come edits of
// four bytes: where (two), how (one), what (one).

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "engine/engine.h"
#include "refusing_files.h"
#include "state/snapshot.h"

namespace {

using namespace velo;

constexpr const char* kTable =
    "CREATE TABLE t (k STRING, v BIGINT, d DOUBLE, c DECIMAL(12, 2), ts TIMESTAMP(3), "
    "WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) "
    "WITH ('connector' = 'push', 'format' = 'csv', 'csv.header' = 'false', 'partitions' = '2');\n";
constexpr const char* kQueries[] = {
    "SELECT k, COUNT(*), SUM(v), AVG(d), MIN(c), MAX(k) FROM TUMBLE(TABLE t, DESCRIPTOR(ts), "
    "INTERVAL '1' MINUTE) GROUP BY k, window_start, window_end",
    "SELECT k, COUNT(DISTINCT v), STDDEV_POP(d), LAST_VALUE(k) FROM HOP(TABLE t, DESCRIPTOR(ts), "
    "INTERVAL '10' SECOND, INTERVAL '1' MINUTE) GROUP BY k, window_start, window_end",
    "SELECT k, COUNT(*), STRING_AGG(k, ','), ARRAY_AGG(v) FROM SESSION(TABLE t PARTITION BY k, "
    "DESCRIPTOR(ts), INTERVAL '10' SECOND) GROUP BY k, window_start, window_end",
    "SELECT k, COUNT(*), MIN(v), MAX(d), APPROX_COUNT_DISTINCT(v), MEDIAN(d) FROM t GROUP BY k",
    "SELECT k, v FROM t WHERE v > 0 UNION ALL SELECT k, -v FROM t",
    "SELECT k, SUM(v) FROM CUMULATE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND, "
    "INTERVAL '1' MINUTE) GROUP BY k, window_start, window_end EMIT CHANGES",
};
constexpr const char* kBefore =
    "a,1,1.5,2.50,2024-01-01 00:00:01\nb,2,,3.00,2024-01-01 00:00:09\n"
    "a long key that is not inline,,3.25,-1,2024-01-01 00:01:10\nc,5,1e300,0.01,";
constexpr const char* kAfter = "2024-01-01 00:01:20\na,7,2,1,2024-01-01 00:05:00\n";

struct Session {
  explicit Session(size_t number) {
    EngineOptions options;
    options.clock = &clock;
    options.files = &files;
    engine = std::make_unique<Engine>(options);
    auto made = engine->query(std::string(kTable) + kQueries[number]);
    CHECK(made.has_value(), made.error().to_string());
    query = std::move(*made);
    query->on_result([this](const Batch& batch) { rows += batch.rows; });
  }
  RefusingFileSystem files;
  ManualClock clock{1'704'067'200'000'000};
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Query> query;
  uint64_t rows = 0;
};

/// The body of the snapshot of query `number` in the middle of its input.
std::string body_of(size_t number) {
  Session session(number);
  Input* input = *session.query->input("t");
  CHECK(input->push_bytes(kBefore).has_value());
  std::string sealed = *session.query->save();
  // Header and checksum are what an empty snapshot consists of; the header is in front.
  SnapshotWriter probe;
  const uint8_t mark[] = {0xa5, 0x5a, 0xc3, 0x3c};
  probe.raw(mark, sizeof mark);
  const std::string framed = probe.finish();
  const size_t front = framed.find(std::string(reinterpret_cast<const char*>(mark), sizeof mark));
  const size_t back = framed.size() - front - sizeof mark;
  return sealed.substr(front, sealed.size() - front - back);
}

void edit(std::string& body, const uint8_t* data, size_t size) {
  for (; size >= 4 && !body.empty(); data += 4, size -= 4) {
    const size_t at = (data[0] << 8 | data[1]) % body.size();
    switch (data[2] % 4) {
      case 0:
        body[at] = static_cast<char>(data[3]);
        break;
      case 1:
        body[at] = static_cast<char>(body[at] + 1);
        break;
      case 2:
        body.erase(at, 1 + data[3] % 8);
        break;
      default:
        body.insert(at, 1 + data[3] % 8, static_cast<char>(data[3]));
        break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kCount = std::size(kQueries);
  static std::vector<std::string> bodies;
  for (size_t i = bodies.size(); i < kCount; ++i) bodies.push_back(body_of(i));
  if (size < 1) return 0;
  const size_t number = data[0] % kCount;
  std::string body = bodies[number];
  edit(body, data + 1, size - 1);
  SnapshotWriter writer;
  writer.raw(body.data(), body.size());
  Session session(number);
  const Status loaded = session.query->load(writer.finish());
  if (!loaded) {
    CHECK(!loaded.error().message.empty());
    return 0;
  }
  auto input = session.query->input("t");
  (void)(*input)->push_bytes(kAfter);
  (void)session.query->finish();
  return 0;
}
