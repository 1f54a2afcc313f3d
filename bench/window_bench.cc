// The window operator alone, fed from memory: what a row costs behind the decoder, and what a
// result row costs.
//
//   window_bench [million rows = 10] [rounds = 5] [rows per batch = 1024] [only the benchmarks that
//   contain this]
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/fmt.h"
#include "bench/trades.h"
#include "column/column_builder.h"
#include "column/string_dictionary.h"
#include "operator/window_aggregate.h"

namespace velo::bench {
namespace {

constexpr int64_t kDelayUs = 5'000'000;

struct Piece {
  Batch batch;
  int64_t watermark_us;  // after the batch
};

SchemaPtr trade_schema() {
  return make_schema({{"ts", Type::timestamp(3)},
                      {"symbol", Type::string()},
                      {"price", Type::float64()},
                      {"quantity", Type::bigint()}});
}

std::vector<Piece> make_pieces(size_t rows, size_t batch_rows, bool dictionary) {
  const SchemaPtr schema = trade_schema();
  auto entries = std::make_shared<StringDictionary>();
  char room[8];
  for (uint32_t s = 0; s < kSymbols; ++s) entries->append(symbol_name(s, room));
  std::vector<Piece> pieces;
  int64_t latest = INT64_MIN;
  for (size_t begin = 0; begin < rows; begin += batch_rows) {
    const size_t n = std::min(batch_rows, rows - begin);
    ColumnBuilder time(Type::timestamp(3), n);
    ColumnBuilder symbol(Type::string(), n);
    ColumnBuilder price(Type::float64(), n);
    ColumnBuilder quantity(Type::bigint(), n);
    auto indices = Buffer::allocate(n * 4);
    for (size_t i = 0; i < n; ++i) {
      const Trade t = trade(begin + i);
      time.append_int64(t.time_ms * 1000);
      if (!dictionary) symbol.append_string(symbol_name(t.symbol, room));
      indices->as<uint32_t>()[i] = t.symbol;
      price.append_double(t.price);
      quantity.append_int64(t.quantity);
      latest = std::max(latest, t.time_ms * 1000);
    }
    ColumnPtr symbols =
        dictionary ? Column::dictionary(Type::string(), n, indices, entries) : symbol.finish();
    pieces.push_back({{.schema = schema,
                       .rows = n,
                       .columns = {time.finish(), symbols, price.finish(), quantity.finish()},
                       .weights = nullptr,
                       .watermarks = nullptr},
                      latest - kDelayUs});
  }
  return pieces;
}

Aggregate aggregate_of(const Schema& schema, std::string_view name, int column) {
  AggregateRequest request;
  request.name = name;
  request.star = column < 0;
  if (column >= 0) {
    const auto at = static_cast<size_t>(column);
    request.args.push_back(make_column(at, schema[at].type, schema[at].name));
  }
  return resolve_aggregate(request).value();
}

WindowAggregateOptions options_for(const WindowSpec& window) {
  WindowAggregateOptions options;
  options.input = trade_schema();
  options.window = window;
  options.keys.push_back(make_column(1, Type::string(), "symbol"));
  const std::pair<const char*, int> wanted[] = {
      {"COUNT", -1}, {"AVG", 2}, {"SUM", 3}, {"MIN", 2}, {"MAX", 2}};
  std::vector<Field> fields{{"symbol", Type::string()},
                            {"window_start", Type::timestamp(3)},
                            {"window_end", Type::timestamp(3)},
                            {"window_time", Type::timestamp(3)}};
  for (const auto& [name, column] : wanted) {
    options.aggregates.push_back(aggregate_of(*options.input, name, column));
    fields.push_back({name, options.aggregates.back().type});
  }
  options.output = make_schema(std::move(fields));
  return options;
}

/// Counts and checks sums of what comes out, so that no work is for nothing.
class CountOutput final : public Output {
 public:
  void emit(Batch batch) override {
    rows += batch.rows;
    const Column& counts = *batch.columns[4];
    for (size_t i = 0; i < batch.rows; i += 256) sum += counts.int64_at(i);
    if (check) {
      for (size_t i = 0; i < batch.rows; ++i) {
        count_sum += counts.int64_at(i);
        quantity_sum += batch.columns[6]->int64_at(i);
        average_sum += batch.columns[5]->double_at(i) * static_cast<double>(counts.int64_at(i));
        min_sum += batch.columns[7]->double_at(i);
        max_sum += batch.columns[8]->double_at(i);
      }
    }
  }
  void advance(int64_t) override {}
  void reject(Rejected rejected) override { late += rejected.rows.rows; }

  bool check = false;
  uint64_t rows = 0;
  uint64_t late = 0;
  int64_t sum = 0;
  int64_t count_sum = 0;
  int64_t quantity_sum = 0;
  double average_sum = 0;
  double min_sum = 0;
  double max_sum = 0;
};

void run(const std::vector<Piece>& pieces, const WindowSpec& window, CountOutput& output) {
  auto op = make_window_aggregate(options_for(window));
  for (const Piece& piece : pieces) {
    op->push(0, piece.batch, output);
    op->advance(0, piece.watermark_us, output);
  }
  op->advance(0, kWatermarkEnd, output);
  op->finish(output);
}

void measure(const char* name, const std::vector<Piece>& pieces, size_t rows, int rounds,
             const WindowSpec& window) {
  CountOutput checked;
  checked.check = true;
  run(pieces, window, checked);
  double best = 1e9;
  CountOutput last;
  for (int round = 0; round < rounds; ++round) {
    CountOutput output;
    rusage before;
    rusage after;
    getrusage(RUSAGE_SELF, &before);
    run(pieces, window, output);
    getrusage(RUSAGE_SELF, &after);
    auto cpu = [](const rusage& u) {
      return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
             static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
    };
    best = std::min(best, cpu(after) - cpu(before));
    last = output;
  }
  const auto n = static_cast<double>(rows);
  fmt::print(
      "{:<22} {:8.3f} s {:8.1f} M rows/s {:7.2f} ns/row {:10} results {:7.2f} ns/result  late {}\n",
      name, best, n / best / 1e6, best * 1e9 / n, last.rows,
      best * 1e9 / static_cast<double>(last.rows), last.late);
  fmt::print("    count {} quantity {} avg*count {:.17g} min {:.17g} max {:.17g}\n",
             checked.count_sum, checked.quantity_sum, checked.average_sum, checked.min_sum,
             checked.max_sum);
}

int run_all(int argc, char** argv) {
  const size_t rows = static_cast<size_t>((argc > 1 ? std::atof(argv[1]) : 10) * 1e6);
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  const size_t batch_rows = argc > 3 ? static_cast<size_t>(std::atoi(argv[3])) : 1024;
  const char* only = argc > 4 ? argv[4] : "";
  const WindowSpec tumble{.kind = WindowKind::kTumble, .size = 60'000'000};
  const WindowSpec hop{.kind = WindowKind::kHop, .size = 60'000'000, .slide = 1'000'000};
  const WindowSpec cumulate{.kind = WindowKind::kCumulate, .size = 60'000'000, .slide = 10'000'000};
  for (const bool dictionary : {false, true}) {
    const std::string keys = dictionary ? ", dictionary" : ", strings";
    const std::vector<std::pair<std::string, WindowSpec>> cases{
        {"tumble 60" + keys, tumble},
        {"hop 60/1" + keys, hop},
        {"cumulate 60/10" + keys, cumulate}};
    std::vector<Piece> pieces;
    for (const auto& [name, window] : cases) {
      if (name.find(only) == std::string::npos) continue;
      if (pieces.empty()) pieces = make_pieces(rows, batch_rows, dictionary);
      measure(name.c_str(), pieces, rows, rounds, window);
    }
  }
  return 0;
}

}  // namespace
}  // namespace velo::bench

int main(int argc, char** argv) { return velo::bench::run_all(argc, argv); }
