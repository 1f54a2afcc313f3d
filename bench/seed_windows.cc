// The ten window benchmarks that the project's seed was measured by: the same queries, in the
// seed's own spelling, and the same records, pushed one at a time. Each answer is compared with a
// plain recomputation below before anything is timed; then the same queries are run with EMIT
// CHANGES, once with the changes of a batch put together and once with every single one.
//
//   seed_windows [--rounds 15] [--only TEXT] [--form text|json]
//
// What is asked for as JSON is the ten, and the ten with EMIT CHANGES.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/fmt.h"
#include "bench/pushed_query.h"
#include "bench/report.h"

namespace velo::bench {
namespace {

constexpr double kSeedRecordsPerSecond = 15'721;
constexpr double kBar = 200;
constexpr int64_t kBaseUs = 1'700'000'000'000'000;
constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMinute = 60 * kSecond;

/// What every record can hold; a case uses some of it.
struct Record {
  int64_t time_us = 0;
  std::string key;
  std::string second_key;
  double x = 0;
  double y = 0;
  int64_t q = 0;
};

struct Sums {
  int64_t count = 0;
  double x = 0;
  double y = 0;
  int64_t q = 0;
  double xq = 0;
  void add(const Record& r) {
    ++count;
    x += r.x;
    y += r.y;
    q += r.q;
    xq += r.x * static_cast<double>(r.q);
  }
  double average(double sum) const { return sum / static_cast<double>(count); }
};

struct Window {
  enum class Kind { kHop, kSession };
  Kind kind = Kind::kHop;
  int64_t size_us = 0;   ///< of sessions: the gap
  int64_t slide_us = 0;  ///< = size: TUMBLING
};

struct Case {
  const char* name;
  size_t records;
  const char* table;
  const char* columns;  ///< event_time first
  const char* delay;    ///< of the watermark
  const char* query;    ///< without EMIT; keys, window_start, window_end, aggregates
  Window window;
  Record (*record)(size_t i);
  void (*push)(Input& input, const Record& r);
  std::string (*aggregates)(const Sums& sums);  ///< as RowSet writes them
  bool changes = false;                         ///< the seed ran it with EMIT CHANGES
};

// --- Records, and how they are pushed ---

Record key_and_amount(size_t i, const char* prefix, size_t keys, double x, int64_t time_us) {
  Record r;
  r.time_us = kBaseUs + time_us;
  r.key = prefix + std::to_string(i % keys);
  r.x = x;
  return r;
}
int64_t steps(size_t i, int64_t seconds) { return static_cast<int64_t>(i) * seconds * kSecond; }
/// The time of record i is i times a step that is longer for every n-th: far jumps, both ways.
int64_t jumps(size_t i, size_t every, int64_t long_s, int64_t short_s) {
  return steps(i, i % every == 0 ? long_s : short_s);
}
double from(size_t i, size_t base, size_t modulus) {
  return static_cast<double>(base + i % modulus);
}

void push_key_x(Input& input, const Record& r) {
  input.row().int64(0, r.time_us).string(1, r.key).float64(2, r.x).commit().value();
}
void push_key_xy(Input& input, const Record& r) {
  input.row().int64(0, r.time_us).string(1, r.key).float64(2, r.x).float64(3, r.y).commit().value();
}
void push_key_xq(Input& input, const Record& r) {
  input.row().int64(0, r.time_us).string(1, r.key).float64(2, r.x).int64(3, r.q).commit().value();
}
void push_keys_xq(Input& input, const Record& r) {
  input.row()
      .int64(0, r.time_us)
      .string(1, r.key)
      .string(2, r.second_key)
      .float64(3, r.x)
      .int64(4, r.q)
      .commit()
      .value();
}

const Case kCases[] = {
    {"tumbling simple",
     10'000,
     "orders",
     "customer_id STRING, amount DOUBLE",
     "'0' SECOND",
     "SELECT customer_id, window_start, window_end, COUNT(*) AS order_count,\n"
     "  SUM(amount) AS total_amount\n"
     "FROM orders GROUP BY customer_id WINDOW TUMBLING(5m)",
     {Window::Kind::kHop, 5 * kMinute, 5 * kMinute},
     [](size_t i) { return key_and_amount(i, "CUST", 100, from(i, 50, 500), steps(i, 1)); },
     push_key_x,
     [](const Sums& s) { return fmt::format("{} {}", s.count, s.x); }},
    {"tumbling interval",
     10'000,
     "trades",
     "symbol STRING, price DOUBLE, volume BIGINT",
     "'0' SECOND",
     "SELECT symbol, window_start, window_end, COUNT(*) AS trades, AVG(price) AS avg_price,\n"
     "  SUM(volume) AS total_volume\n"
     "FROM trades GROUP BY symbol WINDOW TUMBLING (event_time, INTERVAL '1' HOUR)",
     {Window::Kind::kHop, 60 * kMinute, 60 * kMinute},
     [](size_t i) {
       Record r = key_and_amount(i, "STOCK", 50, from(i, 100, 100), steps(i, 60));
       r.q = static_cast<int64_t>(1000 + i % 5000);
       return r;
     },
     push_key_xq,
     [](const Sums& s) { return fmt::format("{} {} {}", s.count, s.average(s.x), s.q); }},
    {"tumbling financial",
     10'000,
     "market_data",
     "trader_id STRING, symbol STRING, price DOUBLE, quantity BIGINT",
     "'0' SECOND",
     "SELECT trader_id, symbol, window_start, window_end, COUNT(*) AS trade_count,\n"
     "  AVG(price) AS avg_price, SUM(quantity) AS total_quantity,\n"
     "  SUM(price * quantity) AS total_value\n"
     "FROM market_data GROUP BY trader_id, symbol\n"
     "WINDOW TUMBLING (event_time, INTERVAL '1' MINUTE)",
     {Window::Kind::kHop, kMinute, kMinute},
     [](size_t i) {
       Record r = key_and_amount(i, "TRADER", 20, from(i, 100, 50), steps(i, 1));
       r.second_key = "SYM" + std::to_string(i % 10);
       r.q = static_cast<int64_t>(100 + i % 1000);
       return r;
     },
     push_keys_xq,
     [](const Sums& s) { return fmt::format("{} {} {} {}", s.count, s.average(s.x), s.q, s.xq); }},
    {"sliding final",
     3'600,
     "orders",
     "customer_id STRING, amount DOUBLE",
     "'0' SECOND",
     "SELECT customer_id, window_start, window_end, AVG(amount) AS avg_amount,\n"
     "  COUNT(*) AS order_count\n"
     "FROM orders GROUP BY customer_id WINDOW SLIDING(1m, 30s)",
     {Window::Kind::kHop, kMinute, 30 * kSecond},
     [](size_t i) { return key_and_amount(i, "CUST", 50, from(i, 50, 500), steps(i, 1)); },
     push_key_x,
     [](const Sums& s) { return fmt::format("{} {}", s.average(s.x), s.count); }},
    {"sliding changes",
     3'600,
     "orders",
     "customer_id STRING, amount DOUBLE",
     "'0' SECOND",
     "SELECT customer_id, window_start, window_end, AVG(amount) AS avg_amount,\n"
     "  COUNT(*) AS order_count\n"
     "FROM orders GROUP BY customer_id WINDOW SLIDING(1m, 30s)",
     {Window::Kind::kHop, kMinute, 30 * kSecond},
     [](size_t i) { return key_and_amount(i, "CUST", 50, from(i, 50, 500), steps(i, 1)); },
     push_key_x,
     [](const Sums& s) { return fmt::format("{} {}", s.average(s.x), s.count); },
     true},
    {"sliding dashboard",
     10'000,
     "system_metrics",
     "device_id STRING, cpu_usage DOUBLE, memory_usage DOUBLE",
     "'0' SECOND",
     "SELECT device_id, window_start, window_end, AVG(cpu_usage) AS avg_cpu,\n"
     "  AVG(memory_usage) AS avg_memory, COUNT(*) AS samples\n"
     "FROM system_metrics GROUP BY device_id WINDOW SLIDING(5m, 1m)",
     {Window::Kind::kHop, 5 * kMinute, kMinute},
     [](size_t i) {
       Record r = key_and_amount(i, "DEV", 100, from(i, 30, 60), steps(i, 5));
       r.y = from(i, 40, 50);
       return r;
     },
     push_key_xy,
     [](const Sums& s) {
       return fmt::format("{} {} {}", s.average(s.x), s.average(s.y), s.count);
     }},
    {"sliding high freq",
     10'000,
     "ticks",
     "symbol STRING, price DOUBLE, volume BIGINT",
     "'0' SECOND",
     "SELECT symbol, window_start, window_end, AVG(price) AS avg_price, COUNT(*) AS ticks,\n"
     "  SUM(volume) AS total_volume\n"
     "FROM ticks GROUP BY symbol WINDOW SLIDING(30s, 10s)",
     {Window::Kind::kHop, 30 * kSecond, 10 * kSecond},
     [](size_t i) {
       Record r = key_and_amount(i, "TICK", 20, from(i, 1000, 100), steps(i, 1));
       r.q = static_cast<int64_t>(100 + i % 1000);
       return r;
     },
     push_key_xq,
     [](const Sums& s) { return fmt::format("{} {} {}", s.average(s.x), s.count, s.q); }},
    // The sessions' records jump far forward and back: the delay of the watermark keeps them all.
    {"session user",
     10'000,
     "user_events",
     "user_id STRING, event_value DOUBLE",
     "'300' DAY",
     "SELECT user_id, window_start, window_end, COUNT(*) AS events,\n"
     "  SUM(event_value) AS total_value\n"
     "FROM user_events GROUP BY user_id WINDOW SESSION(30m)",
     {Window::Kind::kSession, 30 * kMinute, 0},
     [](size_t i) {
       return key_and_amount(i, "USER", 100, from(i, 10, 100), jumps(i, 50, 2000, 10));
     },
     push_key_x,
     [](const Sums& s) { return fmt::format("{} {}", s.count, s.x); }},
    {"session iot",
     10'000,
     "sensor_readings",
     "device_id STRING, sensor_value DOUBLE",
     "'300' DAY",
     "SELECT device_id, window_start, window_end, COUNT(*) AS readings,\n"
     "  AVG(sensor_value) AS avg_value\n"
     "FROM sensor_readings GROUP BY device_id WINDOW SESSION(10m)",
     {Window::Kind::kSession, 10 * kMinute, 0},
     [](size_t i) {
       return key_and_amount(i, "DEVICE", 50, from(i, 20, 80), jumps(i, 100, 700, 5));
     },
     push_key_x,
     [](const Sums& s) { return fmt::format("{} {}", s.count, s.average(s.x)); }},
    {"session account",
     10'000,
     "transactions",
     "account_id STRING, amount DOUBLE",
     "'300' DAY",
     "SELECT account_id, window_start, window_end, COUNT(*) AS transactions,\n"
     "  SUM(amount) AS total_amount, AVG(amount) AS avg_amount\n"
     "FROM transactions GROUP BY account_id WINDOW SESSION(5m)",
     {Window::Kind::kSession, 5 * kMinute, 0},
     [](size_t i) {
       return key_and_amount(i, "ACC", 200, from(i, 100, 1000), jumps(i, 30, 400, 2));
     },
     push_key_x,
     [](const Sums& s) { return fmt::format("{} {} {}", s.count, s.x, s.average(s.x)); }},
};

// --- The plain recomputation: every record into every window that holds it ---

std::string keys_of(const Record& r) {
  return r.second_key.empty() ? r.key : r.key + " " + r.second_key;
}

using Results = std::map<std::tuple<std::string, int64_t, int64_t>, Sums>;

void recompute_hops(const Case& c, const std::vector<Record>& records, Results& results) {
  for (const Record& r : records) {
    const int64_t last = r.time_us - r.time_us % c.window.slide_us;
    for (int64_t start = last; start > r.time_us - c.window.size_us; start -= c.window.slide_us) {
      results[{keys_of(r), start, start + c.window.size_us}].add(r);
    }
  }
}

void recompute_sessions(const Case& c, const std::vector<Record>& records, Results& results) {
  std::map<std::string, std::vector<const Record*>> by_key;
  for (const Record& r : records) by_key[keys_of(r)].push_back(&r);
  for (auto& [key, rows] : by_key) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Record* a, const Record* b) { return a->time_us < b->time_us; });
    for (size_t begin = 0; begin < rows.size();) {
      size_t end = begin + 1;
      // A row exactly at the gap begins a new session: ends are exclusive.
      while (end < rows.size() && rows[end]->time_us - rows[end - 1]->time_us < c.window.size_us) {
        ++end;
      }
      Sums& sums = results[{key, rows[begin]->time_us, rows[end - 1]->time_us + c.window.size_us}];
      for (; begin < end; ++begin) sums.add(*rows[begin]);
    }
  }
}

RowSet recompute(const Case& c, const std::vector<Record>& records) {
  Results results;
  if (c.window.kind == Window::Kind::kSession) {
    recompute_sessions(c, records, results);
  } else {
    recompute_hops(c, records, results);
  }
  RowSet rows;
  for (const auto& [window, sums] : results) {
    const auto& [key, start, end] = window;
    rows.add(fmt::format("{} {} {} {}", key, start, end, c.aggregates(sums)));
  }
  return rows;
}

// --- Measuring ---

enum class Emission { kFinal, kChanges, kEveryChange };

void measure(const Case& c, Emission emission, size_t rounds, const Report& report) {
  std::vector<Record> records(c.records);
  for (size_t i = 0; i < c.records; ++i) records[i] = c.record(i);
  const std::string sql = fmt::format(
      "{}CREATE TABLE {} (event_time TIMESTAMP(3), {},\n"
      "  WATERMARK FOR event_time AS event_time - INTERVAL {}) WITH ('connector' = 'push');\n"
      "{} EMIT {};",
      emission == Emission::kEveryChange ? "SET 'emit.coalesce' = 'none';\n" : "", c.table,
      c.columns, c.delay, c.query, emission == Emission::kFinal ? "FINAL" : "CHANGES");
  const auto push_all = [&](Input& input) {
    for (const Record& r : records) c.push(input, r);
  };
  const PushedTimes times =
      check_and_time(c.name, sql, c.table, push_all, recompute(c, records), rounds);
  Measurement m;
  m.name = c.name;
  if (emission == Emission::kChanges && !c.changes) m.name += ", changes";
  if (emission == Emission::kEveryChange) m.name += c.changes ? ", each" : ", each change";
  m.rows = c.records;
  m.results = times.results;
  m.seconds = times.median_s;
  m.best_seconds = times.best_s;
  m.reference_rate = kSeedRecordsPerSecond;
  m.reference = "the seed";
  if (emission != Emission::kEveryChange) m.bar = kBar;
  report.add(m);
}

void run(const RunOptions& options) {
  const Report report(options.json);
  const size_t rounds = options.rounds;
  report.section("the seed's ten, records pushed one at a time");
  for (const Case& c : kCases) {
    if (!options.wants(c.name)) continue;
    measure(c, c.changes ? Emission::kChanges : Emission::kFinal, rounds, report);
  }
  report.section("EMIT CHANGES, changes of a batch put together");
  for (const Case& c : kCases) {
    if (options.wants(c.name) && !c.changes) measure(c, Emission::kChanges, rounds, report);
  }
  if (options.json) return;
  report.section("EMIT CHANGES, every change");
  for (const Case& c : kCases) {
    if (options.wants(c.name)) measure(c, Emission::kEveryChange, rounds, report);
  }
}

}  // namespace
}  // namespace velo::bench

int main(int argc, char** argv) {
  velo::bench::RunOptions defaults;
  defaults.rounds = 15;
  velo::bench::run(velo::bench::parse_run_options(argc, argv, defaults));
  return 0;
}
