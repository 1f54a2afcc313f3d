// What each way into and out of a query costs per record, beside what the seed analysis estimated
// for an asynchronous engine. Answers are checked before anything is printed.
//
//   api_overhead [--rows 2000000] [--rounds 5] [--form text|json]
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "base/fmt.h"
#include "bench/report.h"
#include "bench/trades.h"
#include "column/column_builder.h"
#include "engine/async.h"
#include "engine/engine.h"

namespace velo::bench {
namespace {

namespace asio = boost::asio;

constexpr size_t kBatchRows = 1024;
constexpr const char* kTable =
    "CREATE TABLE trades (ts TIMESTAMP(3), symbol STRING, price DOUBLE, qty BIGINT,\n"
    "  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'push');\n";
constexpr const char* kWindow =
    "SELECT symbol, COUNT(*) AS n, AVG(price), SUM(qty), MIN(price), MAX(price)\n"
    "FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE)\n"
    "GROUP BY symbol, window_start, window_end;";
constexpr const char* kEveryRow = "SELECT symbol, qty FROM trades;";

struct Record {
  int64_t ts_us;
  std::array<char, 8> symbol;
  size_t symbol_size;
  double price;
  int64_t qty;
  std::string_view name() const { return {symbol.data(), symbol_size}; }
};

/// CPU time of all threads: nothing of what else the machine does is counted.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::vector<Record> make_records(size_t count) {
  std::vector<Record> records(count);
  for (size_t i = 0; i < count; ++i) {
    const Trade t = trade(i);
    Record& r = records[i];
    r.ts_us = t.time_ms * 1000;
    r.symbol_size = symbol_name(t.symbol, r.symbol.data()).size();
    r.price = t.price;
    r.qty = t.quantity;
  }
  return records;
}

std::array<Value, 4> as_values(const Record& r) {
  return {Value::int64(r.ts_us), Value::text(r.name()), Value::float64(r.price),
          Value::int64(r.qty)};
}

std::vector<Batch> make_batches(const std::vector<Record>& records, const SchemaPtr& schema) {
  std::vector<Batch> batches;
  for (size_t begin = 0; begin < records.size(); begin += kBatchRows) {
    const size_t end = std::min(records.size(), begin + kBatchRows);
    ColumnBuilder ts((*schema)[0].type), symbol((*schema)[1].type), price((*schema)[2].type),
        qty((*schema)[3].type);
    for (size_t i = begin; i < end; ++i) {
      ts.append_int64(records[i].ts_us);
      symbol.append_string(records[i].name());
      price.append_double(records[i].price);
      qty.append_int64(records[i].qty);
    }
    batches.push_back({schema,
                       end - begin,
                       {ts.finish(), symbol.finish(), price.finish(), qty.finish()},
                       nullptr,
                       nullptr});
  }
  return batches;
}

/// A query over the pushed table, opened afresh for every round.
struct Run {
  explicit Run(const char* sql) {
    auto made = engine.query(std::string(kTable) + sql);
    CHECK(made.has_value(), made ? "" : made.error().to_string());
    query = std::move(*made);
    input = query->input("trades").value();
  }
  Engine engine;
  std::unique_ptr<Query> query;
  Input* input = nullptr;
  uint64_t counted = 0;  ///< records that came out: rows, or the sum of the windows' counts
};

using Way = std::function<void(Run&)>;

class Ways {
 public:
  Ways(size_t records, size_t rounds) : records_(make_records(records)), rounds_(rounds) {
    Run run(kWindow);
    batches_ = make_batches(records_, run.input->schema());
  }
  const std::vector<Record>& records() const { return records_; }
  const std::vector<Batch>& batches() const { return batches_; }

  /// Median of all rounds, ns per record.
  double time(const char* sql, const Way& way) const {
    std::vector<double> taken;
    for (size_t round = 0; round < rounds_; ++round) {
      Run run(sql);
      const double begin = cpu_seconds();
      way(run);
      taken.push_back((cpu_seconds() - begin) * 1e9 / static_cast<double>(records_.size()));
      CHECK(run.counted == records_.size(), "records were lost or doubled on the way");
    }
    std::sort(taken.begin(), taken.end());
    return taken[taken.size() / 2];
  }

 private:
  std::vector<Record> records_;
  std::vector<Batch> batches_;
  size_t rounds_;
};

void count_windows(Run& run) {
  run.query->on_result([&run](const Batch& rows) {
    for (size_t i = 0; i < rows.rows; ++i) {
      run.counted += static_cast<uint64_t>(rows.columns[1]->int64_at(i));
    }
  });
}

void count_rows(Run& run) {
  run.query->on_result([&run](const Batch& rows) { run.counted += rows.rows; });
}

void push_row(Input& input, const Record& r) {
  input.row()
      .int64(0, r.ts_us)
      .string(1, r.name())
      .float64(2, r.price)
      .int64(3, r.qty)
      .commit()
      .value();
}

/// Pushes by a coroutine while another one takes the results.
void run_coroutines(Run& run, const std::function<asio::awaitable<void>(AsyncQuery&)>& push,
                    bool windows) {
  asio::io_context io(1);
  AsyncQuery async(*run.query, io.get_executor(), 4);
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        co_await push(async);
        (co_await async.async_finish()).value();
      },
      asio::detached);
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        while (std::optional<Batch> rows = co_await async.async_next()) {
          if (!windows) run.counted += rows->rows;
          for (size_t i = 0; windows && i < rows->rows; ++i) {
            run.counted += static_cast<uint64_t>(rows->columns[1]->int64_at(i));
          }
        }
      },
      asio::detached);
  io.run();
}

/// Prints one way: ns per record, and how much more than the first one of its table.
struct Table {
  bool json = false;
  size_t records = 0;
  double base = 0;

  void section(const char* title) {
    base = 0;
    if (!json) fmt::print("{}\n", title);
  }
  void add(const char* way, double ns, const char* seed) {
    if (base == 0) base = ns;
    if (json) {
      fmt::print(R"({{"bench":"{}","rows":{},"seconds":{:.6g},"seed":"{}"}})", way, records,
                 ns * static_cast<double>(records) / 1e9, seed);
      fmt::print("\n");
      return;
    }
    fmt::print("  {:<46} {:>8.1f} {:>9.1f} {:>+9.1f}   {}\n", way, ns, 1000 / ns, ns - base, seed);
    std::fflush(stdout);
  }
};

void ways_in(const Ways& m, Table& table) {
  table.section("into a 1-minute TUMBLE over 1000 symbols (count, avg, sum, min, max)");
  const double base = m.time(kWindow, [&](Run& run) {
    count_windows(run);
    for (const Batch& batch : m.batches()) run.input->push(batch).value();
    run.query->finish().value();
  });
  table.add("push(batch)", base, "-");
  table.add("push(record)",
            m.time(kWindow,
                   [&](Run& run) {
                     count_windows(run);
                     for (const Record& r : m.records()) push_row(*run.input, r);
                     run.query->finish().value();
                   }),
            "sync call: 0");
  table.add("push(record of values)",
            m.time(kWindow,
                   [&](Run& run) {
                     count_windows(run);
                     for (const Record& r : m.records()) run.input->push(as_values(r)).value();
                     run.query->finish().value();
                   }),
            "sync call: 0");
  table.add("co_await async_push(batch)",
            m.time(kWindow,
                   [&](Run& run) {
                     run_coroutines(
                         run,
                         [&](AsyncQuery& async) -> asio::awaitable<void> {
                           for (const Batch& batch : m.batches()) {
                             (co_await async.async_push(*run.input, batch)).value();
                           }
                         },
                         true);
                   }),
            "async call per batch");
  table.add("co_await async_push(record)",
            m.time(kWindow,
                   [&](Run& run) {
                     run_coroutines(
                         run,
                         [&](AsyncQuery& async) -> asio::awaitable<void> {
                           for (const Record& r : m.records()) {
                             const auto values = as_values(r);
                             (co_await async.async_push(*run.input, values)).value();
                           }
                         },
                         true);
                   }),
            "async call: 100-200 ns");
  table.add("the same, through the scheduler every time",
            m.time(kWindow,
                   [&](Run& run) {
                     run_coroutines(
                         run,
                         [&](AsyncQuery& async) -> asio::awaitable<void> {
                           for (const Record& r : m.records()) {
                             const auto values = as_values(r);
                             co_await asio::post(co_await asio::this_coro::executor,
                                                 asio::use_awaitable);
                             (co_await async.async_push(*run.input, values)).value();
                           }
                         },
                         true);
                   }),
            "scheduler: 100-300 ns; fully async 3-5x");
}

void ways_out(const Ways& m, Table& table) {
  table.section("out of SELECT symbol, qty (every record comes out)");
  const auto push_all = [&](Run& run) {
    for (const Batch& batch : m.batches()) run.input->push(batch).value();
    run.query->finish().value();
  };
  const double base = m.time(kEveryRow, [&](Run& run) {
    count_rows(run);
    push_all(run);
  });
  table.add("on_result(callback)", base, "-");
  table.add("channel(16), taken by a thread",
            m.time(kEveryRow,
                   [&](Run& run) {
                     const auto channel = run.query->channel(0, 16);
                     std::thread taker([&] {
                       Batch rows;
                       while (channel->next(rows) == QueueResult::kDone) run.counted += rows.rows;
                     });
                     push_all(run);
                     taker.join();
                   }),
            "channel send: 50-100 ns per record");
  table.add("co_await async_next()",
            m.time(kEveryRow,
                   [&](Run& run) {
                     run_coroutines(
                         run,
                         [&](AsyncQuery& async) -> asio::awaitable<void> {
                           for (const Batch& batch : m.batches()) {
                             (co_await async.async_push(*run.input, batch)).value();
                           }
                         },
                         false);
                   }),
            "async call: 100-200 ns");
}

}  // namespace
}  // namespace velo::bench

int main(int argc, char** argv) {
  velo::bench::RunOptions options;
  options.rows = 2'000'000;
  options.rounds = 5;
  options = velo::bench::parse_run_options(argc, argv, options);
  const velo::bench::Ways ways(options.rows, options.rounds);
  velo::bench::Table table{options.json, options.rows};
  if (!options.json) {
    fmt::print("  {:<46} {:>8} {:>9} {:>9}   {}\n", "way", "ns/rec", "M rec/s", "over ns",
               "the seed's estimate");
  }
  velo::bench::ways_in(ways, table);
  velo::bench::ways_out(ways, table);
  return 0;
}
