// The five engine scenarios of the reference engine by name: its queries, its records, pushed one
// at a time, compared with the best figure that was published for each. Answers are checked
// against a plain recomputation first.
//
//   seed_scenarios [--rows 500000] [--rounds 5] [--only TEXT] [--form text|json]
#include <algorithm>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/fmt.h"
#include "bench/pushed_query.h"
#include "bench/report.h"

namespace velo::bench {
namespace {

constexpr int64_t kMinuteUs = 60'000'000;
constexpr const char* kEveryChange = "SET 'emit.coalesce' = 'none';\n";

struct Scenario {
  std::string name;
  std::string script;
  std::string table;
  std::function<void(Input&, size_t n)> push;
  std::function<RowSet(size_t n)> recompute;
  double reference = 0;  ///< records/s: the best one published
};

std::string numbered(const char* prefix, size_t i) { return prefix + std::to_string(i); }
double number(size_t i) { return static_cast<double>(i); }

/// Names made once: making them is no part of what is measured.
struct Names {
  Names(const char* prefix, size_t count) {
    for (size_t i = 0; i < count; ++i) all.push_back(numbered(prefix, i));
  }
  std::string_view operator[](size_t i) const { return all[i % all.size()]; }
  std::vector<std::string> all;
};

// --- select: every record passes ---

Scenario select_scenario() {
  Scenario s;
  s.name = "select";
  s.table = "orders";
  s.reference = 767'000;
  s.script =
      "CREATE TABLE orders (order_id BIGINT, customer_id BIGINT, order_date STRING,\n"
      "  total_amount DOUBLE) WITH ('connector' = 'push');\n"
      "SELECT order_id, customer_id, order_date, total_amount FROM orders\n"
      "WHERE total_amount > 100;";
  s.push = [](Input& input, size_t n) {
    for (size_t i = 0; i < n; ++i) {
      input.row()
          .int64(0, static_cast<int64_t>(i))
          .int64(1, static_cast<int64_t>(i % 1000))
          .string(2, "2024-01-15")
          .float64(3, 150.0 + number(i % 100))
          .commit()
          .value();
    }
  };
  s.recompute = [](size_t n) {
    RowSet rows;
    for (size_t i = 0; i < n; ++i) {
      const double amount = 150.0 + number(i % 100);
      if (amount > 100) rows.add(fmt::format("{} {} 2024-01-15 {}", i, i % 1000, amount));
    }
    return rows;
  };
  return s;
}

// --- rows window: the average of the last hundred prices of each of ten symbols ---

Scenario rows_window_scenario() {
  constexpr size_t kFrame = 100;
  Scenario s;
  s.name = "rows window";
  s.table = "market_data";
  s.reference = 865'000;
  s.script =
      "CREATE TABLE market_data (symbol STRING, price DOUBLE, timestamp TIMESTAMP(3),\n"
      "  WATERMARK FOR timestamp AS timestamp) WITH ('connector' = 'push');\n"
      "SELECT symbol, price, AVG(price) OVER (ROWS WINDOW BUFFER 100 ROWS\n"
      "  PARTITION BY symbol ORDER BY timestamp) AS moving_avg FROM market_data;";
  s.push = [](Input& input, size_t n) {
    const Names symbols("SYM", 10);
    for (size_t i = 0; i < n; ++i) {
      input.row()
          .string(0, symbols[i])
          .float64(1, 100.0 + number(i % 50))
          .int64(2, static_cast<int64_t>(i) * 1'000'000)
          .commit()
          .value();
    }
  };
  s.recompute = [](size_t n) {
    std::map<std::string, std::deque<double>> frames;
    RowSet rows;
    for (size_t i = 0; i < n; ++i) {
      const std::string symbol = numbered("SYM", i % 10);
      std::deque<double>& frame = frames[symbol];
      frame.push_back(100.0 + number(i % 50));
      if (frame.size() > kFrame) frame.pop_front();
      double sum = 0;
      for (const double price : frame) sum += price;
      rows.add(fmt::format("{} {} {}", symbol, frame.back(), sum / number(frame.size())));
    }
    return rows;
  };
  return s;
}

// --- group by: COUNT, AVG, MIN, MAX, SUM of 200 symbols, without a window ---

Scenario group_by_scenario(bool every_change) {
  Scenario s;
  s.name = every_change ? "group by, each change" : "group by";
  s.table = "market_data";
  s.reference = 571'000;
  s.script = fmt::format(
      "{}CREATE TABLE market_data (symbol STRING, price DOUBLE, quantity BIGINT)\n"
      "  WITH ('connector' = 'push');\n"
      "SELECT symbol, COUNT(*) AS trade_count, AVG(price) AS avg_price, MIN(price) AS min_price,\n"
      "  MAX(price) AS max_price, SUM(quantity) AS total_quantity\n"
      "FROM market_data GROUP BY symbol;",
      every_change ? kEveryChange : "");
  s.push = [](Input& input, size_t n) {
    const Names symbols("SYM", 200);
    for (size_t i = 0; i < n; ++i) {
      input.row()
          .string(0, symbols[i])
          .float64(1, 100.0 + number(i % 100))
          .int64(2, static_cast<int64_t>(i % 1000))
          .commit()
          .value();
    }
  };
  s.recompute = [](size_t n) {
    struct Group {
      size_t count = 0;
      double sum = 0, least = 1e9, greatest = 0;
      size_t quantity = 0;
    };
    std::map<std::string, Group> groups;
    for (size_t i = 0; i < n; ++i) {
      Group& g = groups[numbered("SYM", i % 200)];
      const double price = 100.0 + number(i % 100);
      ++g.count;
      g.sum += price;
      g.least = std::min(g.least, price);
      g.greatest = std::max(g.greatest, price);
      g.quantity += i % 1000;
    }
    RowSet rows;
    for (const auto& [symbol, g] : groups) {
      rows.add(fmt::format("{} {} {} {} {} {}", symbol, g.count, g.sum / number(g.count), g.least,
                           g.greatest, g.quantity));
    }
    return rows;
  };
  return s;
}

// --- tumbling and emit changes: one-minute windows by trader and symbol ---

void push_trades(Input& input, size_t n) {
  const Names traders("T", 50);
  const Names symbols("SYM", 100);
  for (size_t i = 0; i < n; ++i) {
    input.row()
        .string(0, traders[i])
        .string(1, symbols[i])
        .float64(2, 100.0 + number(i % 50))
        .int64(3, static_cast<int64_t>(i % 1000))
        .int64(4, (1'000'000 + static_cast<int64_t>(i) * 1000) * 1000)
        .commit()
        .value();
  }
}

RowSet recompute_trades(size_t n) {
  struct Group {
    size_t count = 0;
    double price = 0;
    size_t quantity = 0;
    double value = 0;
  };
  std::map<std::tuple<std::string, std::string, int64_t>, Group> groups;
  for (size_t i = 0; i < n; ++i) {
    const int64_t time_us = (1'000'000 + static_cast<int64_t>(i) * 1000) * 1000;
    Group& g =
        groups[{numbered("T", i % 50), numbered("SYM", i % 100), time_us - time_us % kMinuteUs}];
    const double price = 100.0 + number(i % 50);
    ++g.count;
    g.price += price;
    g.quantity += i % 1000;
    g.value += price * number(i % 1000);
  }
  RowSet rows;
  for (const auto& [key, g] : groups) {
    const auto& [trader, symbol, start] = key;
    rows.add(fmt::format("{} {} {} {} {} {} {}", trader, symbol, start, g.count,
                         g.price / number(g.count), g.quantity, g.value));
  }
  return rows;
}

Scenario tumbling_scenario(const char* name, const char* settings, const char* emit,
                           double reference) {
  Scenario s;
  s.name = name;
  s.table = "market_data";
  s.reference = reference;
  s.script = fmt::format(
      "{}CREATE TABLE market_data (trader_id STRING, symbol STRING, price DOUBLE,\n"
      "  quantity BIGINT, trade_time TIMESTAMP(3), WATERMARK FOR trade_time AS trade_time)\n"
      "  WITH ('connector' = 'push');\n"
      "SELECT trader_id, symbol, window_start, COUNT(*) AS trade_count, AVG(price) AS avg_price,\n"
      "  SUM(quantity) AS total_quantity, SUM(price * quantity) AS total_value\n"
      "FROM market_data GROUP BY trader_id, symbol\n"
      "WINDOW TUMBLING (trade_time, INTERVAL '1' MINUTE) {};",
      settings, emit);
  s.push = push_trades;
  s.recompute = recompute_trades;
  return s;
}

// --- Measuring ---

void measure(const Scenario& s, size_t records, size_t rounds, const Report& report) {
  const auto push_all = [&](Input& input) { s.push(input, records); };
  const PushedTimes times =
      check_and_time(s.name, s.script, s.table, push_all, s.recompute(records), rounds);
  Measurement m;
  m.name = s.name;
  m.rows = records;
  m.results = times.results;
  m.seconds = times.median_s;
  m.best_seconds = times.best_s;
  m.reference_rate = s.reference;
  m.reference = "the best published";
  report.add(m);
}

void run(const RunOptions& options) {
  const Scenario scenarios[] = {
      select_scenario(),
      rows_window_scenario(),
      group_by_scenario(false),
      group_by_scenario(true),
      tumbling_scenario("tumbling", "", "EMIT FINAL", 1'040'000),
      tumbling_scenario("emit changes", "", "EMIT CHANGES", 48'000),
      tumbling_scenario("emit changes, each change", kEveryChange, "EMIT CHANGES", 48'000),
  };
  const Report report(options.json);
  report.section("the engine scenarios, records pushed one at a time");
  for (const Scenario& s : scenarios) {
    if (options.wants(s.name)) measure(s, options.rows, options.rounds, report);
  }
}

}  // namespace
}  // namespace velo::bench

int main(int argc, char** argv) {
  velo::bench::RunOptions defaults;
  defaults.rows = 500'000;
  defaults.rounds = 5;
  velo::bench::run(velo::bench::parse_run_options(argc, argv, defaults));
  return 0;
}
