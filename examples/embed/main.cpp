// Streaming SQL inside a program: records in by a call, answers out by a call.
#include <velostream/engine.h>

#include <iostream>

int main() {
  velo::Engine engine;
  auto query = engine.query(R"(
    CREATE TABLE trades (symbol STRING, price DOUBLE, ts TIMESTAMP(3),
      WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'push');
    SELECT symbol, COUNT(*) AS n, MAX(price) AS high
    FROM TUMBLE(TABLE trades, DESCRIPTOR(ts), INTERVAL '1' MINUTE)
    GROUP BY symbol, window_start, window_end;)");
  if (!query) return std::cerr << query.error().to_string() << '\n', 1;

  (*query)->on_result([](const velo::Batch& rows) {
    for (size_t i = 0; i < rows.rows; ++i)
      std::cout << rows.columns[0]->string_at(i) << ": " << rows.columns[1]->int64_at(i)
                << " trades, high " << rows.columns[2]->double_at(i) << '\n';
  });
  velo::Input& trades = **(*query)->input("trades");
  const int64_t start_us = 1'704'067'200'000'000;  // 2024-01-01T00:00:00
  for (int64_t second = 0; second < 180; ++second) {
    auto row = trades.row().string(0, second % 3 == 0 ? "ACME" : "INIT");
    row.float64(1, 100.0 + second % 7).int64(2, start_us + second * 1'000'000);
    if (auto pushed = row.commit(); !pushed)
      return std::cerr << pushed.error().to_string() << '\n', 1;
  }
  return (*query)->finish() ? 0 : 1;
}
