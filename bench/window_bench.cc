// The window operator alone, fed from memory: what a row costs behind the decoder, and what a
// result row costs.
//
//   window_bench [--rows N] [--rounds N] [--batch N] [--only TEXT] [--form text|json]
//                [--results FILE]
//   defaults: 10000000, 5, 1024, all, text. --only takes the benchmarks that contain TEXT;
//   --results writes the result rows of the last of them as CSV and times nothing.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
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

/// Counts what comes out and looks at some of it, so that no work is for nothing.
class CountOutput final : public Output {
 public:
  void emit(Batch batch) override {
    rows += batch.rows;
    const Column& counts = *batch.columns[4];
    for (size_t i = 0; i < batch.rows; i += 256) sum += counts.int64_at(i);
  }
  void advance(int64_t) override {}
  void reject(Rejected rejected) override { late += rejected.rows.rows; }

  uint64_t rows = 0;
  uint64_t late = 0;
  int64_t sum = 0;
};

/// Result rows as CSV: symbol, end of the window in ms, count, average, sum, least, greatest.
class WriteOutput final : public Output {
 public:
  explicit WriteOutput(std::FILE* file) : file_(file) {}
  void emit(Batch batch) override {
    std::string out;
    const std::vector<ColumnPtr>& c = batch.columns;
    for (size_t i = 0; i < batch.rows; ++i) {
      fmt::format_to(std::back_inserter(out), "{},{},{},{},{},{},{}\n", c[0]->string_at(i),
                     c[2]->int64_at(i) / 1000, c[4]->int64_at(i), c[5]->double_at(i),
                     c[6]->int64_at(i), c[7]->double_at(i), c[8]->double_at(i));
    }
    std::fwrite(out.data(), 1, out.size(), file_);
  }
  void advance(int64_t) override {}
  void reject(Rejected) override { CHECK(false, "no row of the trades is late"); }

 private:
  std::FILE* file_;
};

void run(const std::vector<Piece>& pieces, const WindowSpec& window, Output& output) {
  auto op = make_window_aggregate(options_for(window));
  for (const Piece& piece : pieces) {
    op->push(0, piece.batch, output);
    op->advance(0, piece.watermark_us, output);
  }
  op->advance(0, kWatermarkEnd, output);
  op->finish(output);
}

double cpu_seconds() {
  rusage used;
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

struct Options {
  size_t rows = 10'000'000;
  int rounds = 5;
  size_t batch_rows = 1024;
  std::string only;
  bool json = false;
  std::string results;
};

void measure(const std::string& name, const std::vector<Piece>& pieces, const Options& options,
             const WindowSpec& window) {
  CountOutput warm;
  run(pieces, window, warm);
  std::vector<double> seconds;
  CountOutput last;
  for (int round = 0; round < options.rounds; ++round) {
    CountOutput output;
    const double before = cpu_seconds();
    run(pieces, window, output);
    seconds.push_back(cpu_seconds() - before);
    last = output;
  }
  const double best = *std::min_element(seconds.begin(), seconds.end());
  std::sort(seconds.begin(), seconds.end());
  const double median = seconds[seconds.size() / 2];
  const auto n = static_cast<double>(options.rows);
  if (options.json) {
    fmt::print(
        "{{\"bench\":\"{}\",\"rows\":{},\"seconds\":{},\"best_seconds\":{},\"results\":{},"
        "\"late\":{}}}\n",
        name, options.rows, median, best, last.rows, last.late);
    return;
  }
  fmt::print(
      "{:<22} {:8.3f} s {:8.1f} M rows/s {:7.2f} ns/row {:10} results {:7.2f} ns/result  late {}\n",
      name, best, n / best / 1e6, best * 1e9 / n, last.rows,
      best * 1e9 / static_cast<double>(last.rows), last.late);
}

int write_results(const std::vector<Piece>& pieces, const Options& options,
                  const WindowSpec& window) {
  std::FILE* file = std::fopen(options.results.c_str(), "w");
  if (file == nullptr) {
    std::fprintf(stderr, "cannot write '%s'\n", options.results.c_str());
    return 1;
  }
  std::fputs("symbol,window_end,n,average,total,least,greatest\n", file);
  WriteOutput output(file);
  run(pieces, window, output);
  return std::fclose(file) == 0 ? 0 : 1;
}

int run_all(const Options& options) {
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
      if (name.find(options.only) == std::string::npos) continue;
      if (pieces.empty()) pieces = make_pieces(options.rows, options.batch_rows, dictionary);
      if (options.results.empty()) {
        measure(name, pieces, options, window);
      } else if (const int status = write_results(pieces, options, window)) {
        return status;
      }
    }
  }
  return 0;
}

}  // namespace
}  // namespace velo::bench

int main(int count, char** arguments) {
  velo::bench::Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = arguments[i];
    const char* value = arguments[i + 1];
    if (name == "--rows") options.rows = std::strtoull(value, nullptr, 10);
    if (name == "--rounds") options.rounds = std::max(1, std::atoi(value));
    if (name == "--batch") options.batch_rows = std::max(1ULL, std::strtoull(value, nullptr, 10));
    if (name == "--only") options.only = value;
    if (name == "--form") options.json = std::string_view(value) == "json";
    if (name == "--results") options.results = value;
  }
  return velo::bench::run_all(options);
}
