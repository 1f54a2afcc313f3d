// Every way into a query and out of it. docs/embedding.md is made of pieces of this file.
#include <velostream/async.h>
#include <velostream/engine.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <iostream>
#include <thread>

namespace {

constexpr const char* kScript = R"(
  CREATE TABLE trades (symbol STRING, price DOUBLE, ts TIMESTAMP(3),
    WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
  WITH ('connector' = 'push', 'format' = 'csv');
  SELECT symbol, COUNT(*) AS n, MAX(price) AS high
  FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
  GROUP BY symbol, window_start, window_end;)";
constexpr int64_t kNoonUs = 1'704'110'400'000'000;  // 2024-01-01T12:00:00, µs since 1970

void print(const velo::Batch& rows) {
  for (size_t i = 0; i < rows.rows; ++i) {
    std::cout << rows.columns[0]->string_at(i) << ' ' << rows.columns[1]->int64_at(i) << ' '
              << rows.columns[2]->double_at(i) << '\n';
  }
}

velo::Status record_by_record(velo::Input& trades) {
  for (int64_t i = 0; i < 3; ++i) {
    TRY(trades.row()
            .string(0, "ACME")
            .float64(1, 100.0 + double(i))
            .int64(2, kNoonUs + i * 1'000'000)
            .commit());
  }
  return {};
}

velo::Status record_as_values(velo::Input& trades) {
  const velo::Value record[] = {velo::Value::text("ACME"), velo::Value::float64(101),
                                velo::Value::int64(kNoonUs)};
  return trades.push(record);
}

velo::Status whole_batch(velo::Input& trades) {
  const velo::Schema& columns = *trades.schema();
  velo::ColumnBuilder symbol(columns[0].type), price(columns[1].type), ts(columns[2].type);
  for (int64_t i = 0; i < 3; ++i) {
    symbol.append_string("INIT");
    price.append_double(7.5 + double(i));
    ts.append_int64(kNoonUs + i * 1'000'000);
  }
  velo::Batch batch;
  batch.schema = trades.schema();
  batch.rows = symbol.size();
  batch.columns = {symbol.finish(), price.finish(), ts.finish()};
  return trades.push(std::move(batch));
}

velo::Status some_text(velo::Input& trades) {
  return trades.push_bytes("ACME,102.5,2024-01-01 12:00:03\nINIT,8,2024-01-01 12:00:04\n");
}

velo::Status by_callback(velo::Query& query) {
  query.on_result([](const velo::Batch& rows) { print(rows); });
  velo::Input& trades = *TRY(query.input("trades"));
  TRY(record_by_record(trades));
  TRY(record_as_values(trades));
  TRY(whole_batch(trades));
  TRY(some_text(trades));
  return query.finish();
}

velo::Status by_channel(velo::Query& query) {
  std::shared_ptr<velo::ResultChannel> channel = query.channel(0, 16);
  std::thread consumer([channel] {
    velo::Batch rows;
    while (channel->next(rows) == velo::QueueResult::kDone) print(rows);
  });
  velo::Status done = record_by_record(*TRY(query.input("trades")));
  if (done) done = query.finish();
  consumer.join();
  return done;
}

boost::asio::awaitable<void> produce(velo::AsyncQuery& async, velo::Input& trades) {
  const velo::Value record[] = {velo::Value::text("ACME"), velo::Value::float64(101),
                                velo::Value::int64(kNoonUs)};
  velo::Status pushed = co_await async.async_push(trades, record);
  if (pushed) pushed = co_await async.async_finish();
  if (!pushed) std::cerr << pushed.error().to_string() << '\n';
}
boost::asio::awaitable<void> consume(velo::AsyncQuery& async) {
  while (std::optional<velo::Batch> rows = co_await async.async_next()) print(*rows);
}
velo::Status by_coroutines(velo::Query& query) {
  boost::asio::io_context io;
  velo::AsyncQuery async(query, io.get_executor(), 16);
  boost::asio::co_spawn(io, produce(async, *TRY(query.input("trades"))), boost::asio::detached);
  boost::asio::co_spawn(io, consume(async), boost::asio::detached);
  io.run();
  return {};
}

velo::Status over_a_restart() {
  velo::Engine before;
  std::unique_ptr<velo::Query> first = TRY(before.query(kScript));
  TRY(record_by_record(*TRY(first->input("trades"))));
  const std::string snapshot = TRY(first->save());

  velo::Engine after;
  std::unique_ptr<velo::Query> second = TRY(after.query(kScript));
  second->on_result(print);
  TRY(second->load(snapshot));
  TRY(record_as_values(*TRY(second->input("trades"))));
  return second->finish();
}

velo::Status run_all() {
  for (const auto way : {by_callback, by_channel, by_coroutines}) {
    velo::Engine engine;
    std::unique_ptr<velo::Query> query = TRY(engine.query(kScript));
    TRY(way(*query));
    for (const std::string& warning : query->take_messages()) std::cerr << warning << '\n';
    std::cout << "--\n";
  }
  return over_a_restart();
}

}  // namespace

int main() {
  const velo::Status done = run_all();
  if (!done) std::cerr << done.error().to_string() << '\n';
  return done ? 0 : 1;
}
