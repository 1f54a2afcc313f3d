// Runs a script with one bare SELECT over generated rows from memory, on one thread: what the
// engine costs without decoding. Tables named trades, orders and payments, with
// 'connector' = 'push' and the columns of bench/trades.h and bench/orders.h, are fed in turns.
//
//   memory_run SCRIPT [--rows N] [--rounds N] [--results FILE]
//   defaults: 1000000 rows of each table, 3 rounds. Prints one line of JSON: "sums" are sums over
//   all result rows, by column: of numbers, of seconds of times, of lengths of strings.
//   --results writes the result rows as CSV, with their weights, and times nothing.
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/fmt.h"
#include "bench/orders.h"
#include "bench/trades.h"
#include "column/column_builder.h"
#include "engine/engine.h"

namespace velo::bench {
namespace {

constexpr size_t kBatchRows = 1024;

struct Options {
  std::string script;
  size_t rows = 1'000'000;
  size_t rounds = 3;
  std::string results;
};

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "memory_run: {}\n", why);
  std::exit(1);
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// --- rows ---

using AppendRow = void (*)(std::vector<ColumnBuilder>&, uint64_t row);

void append_trade(std::vector<ColumnBuilder>& columns, uint64_t row) {
  char room[8];
  const Trade t = trade(row);
  columns[0].append_int64(t.time_ms * 1000);
  columns[1].append_string(symbol_name(t.symbol, room));
  columns[2].append_double(t.price);
  columns[3].append_int64(t.quantity);
}
void append_order(std::vector<ColumnBuilder>& columns, uint64_t row) {
  char room[8];
  const Order o = order(row);
  columns[0].append_int64(o.time_ms * 1000);
  columns[1].append_int64(o.id);
  columns[2].append_string(customer_name(o.customer, room));
  columns[3].append_double(o.amount);
}
void append_payment(std::vector<ColumnBuilder>& columns, uint64_t row) {
  const Payment p = payment(row);
  columns[0].append_int64(p.time_ms * 1000);
  columns[1].append_int64(p.order_id);
  columns[2].append_double(p.amount);
}

struct Fed {
  std::string table;
  std::vector<Batch> batches;
};

std::vector<Batch> make_batches(const SchemaPtr& schema, AppendRow append, size_t rows) {
  std::vector<Batch> batches;
  for (size_t begin = 0; begin < rows; begin += kBatchRows) {
    const size_t count = std::min(kBatchRows, rows - begin);
    std::vector<ColumnBuilder> columns;
    for (const Field& field : schema->fields()) columns.emplace_back(field.type, count);
    for (size_t row = begin; row < begin + count; ++row) append(columns, row);
    Batch batch{schema, count, {}, nullptr, nullptr};
    for (ColumnBuilder& column : columns) batch.columns.push_back(column.finish());
    batches.push_back(std::move(batch));
  }
  return batches;
}

/// The tables that the script reads.
std::vector<Fed> make_tables(const Options& options) {
  const std::pair<const char*, AppendRow> known[] = {
      {"trades", append_trade}, {"orders", append_order}, {"payments", append_payment}};
  Engine engine;
  auto query = engine.query(options.script);
  if (!query) give_up(query.error().to_string());
  std::vector<Fed> tables;
  for (const auto& [name, append] : known) {
    const Result<Input*> input = (*query)->input(name);
    if (input) tables.push_back({name, make_batches((*input)->schema(), append, options.rows)});
  }
  if (tables.empty()) give_up("the script reads none of the tables");
  return tables;
}

// --- results ---

/// Looks at every value of every result row.
struct Sums {
  uint64_t rows = 0;
  std::vector<double> of;

  void add(const Batch& batch) {
    rows += batch.rows;
    of.resize(batch.columns.size());
    for (size_t c = 0; c < batch.columns.size(); ++c) of[c] += sum_of(batch, *batch.columns[c]);
  }

 private:
  static double sum_of(const Batch& batch, const Column& column) {
    const auto sum = [&](auto value) {
      decltype(value(size_t{0})) total = 0;
      if (!batch.weights && !column.may_have_nulls()) {
        for (size_t row = 0; row < batch.rows; ++row) total += value(row);
        return static_cast<double>(total);
      }
      for (size_t row = 0; row < batch.rows; ++row) {
        if (!column.is_null(row))
          total += value(row) * static_cast<decltype(total)>(batch.weight(row));
      }
      return static_cast<double>(total);
    };
    switch (column.type().physical()) {
      case Physical::kInt64: {
        const double total = sum([&](size_t row) { return column.int64_at(row); });
        return column.type().is_timestamp() ? total / 1e6 : total;
      }
      case Physical::kDouble:
        return sum([&](size_t row) { return column.double_at(row); });
      case Physical::kString:
        return sum([&](size_t row) { return static_cast<int64_t>(column.string_at(row).size()); });
      default:
        give_up("results of this type are not summed up");
    }
  }
};

void append_value(std::string& out, const Column& column, size_t row) {
  if (column.is_null(row)) return;
  auto end = std::back_inserter(out);
  switch (column.type().physical()) {
    case Physical::kInt64:
      fmt::format_to(end, "{}", column.int64_at(row) / (column.type().is_timestamp() ? 1000 : 1));
      break;
    case Physical::kDouble:
      fmt::format_to(end, "{}", column.double_at(row));
      break;
    default:
      out += column.string_at(row);
  }
}

void write_results(const Batch& batch, std::FILE* file) {
  std::string out;
  for (size_t row = 0; row < batch.rows; ++row) {
    for (const ColumnPtr& column : batch.columns) {
      append_value(out, *column, row);
      out += ',';
    }
    fmt::format_to(std::back_inserter(out), "{}\n", batch.weight(row));
  }
  std::fwrite(out.data(), 1, out.size(), file);
}

// --- runs ---

void check_left_out(const Query& query) {
  const Progress progress = query.progress();
  if (progress.rows_late + progress.rows_bad + progress.rows_future > 0) {
    give_up("rows were left out");
  }
}

/// Seconds from the first push to the end.
double run(const Options& options, const std::vector<Fed>& tables,
           const Query::BatchCallback& result) {
  Engine engine;
  std::unique_ptr<Query> query = engine.query(options.script).value();
  query->on_result(result);
  std::vector<Input*> inputs;
  for (const Fed& table : tables) inputs.push_back(query->input(table.table).value());
  const double begin = cpu_seconds();
  for (size_t i = 0; i < tables[0].batches.size(); ++i) {
    for (size_t t = 0; t < tables.size(); ++t) inputs[t]->push(tables[t].batches[i]).value();
  }
  query->finish().value();
  const double seconds = cpu_seconds() - begin;
  check_left_out(*query);
  return seconds;
}

int run_all(const Options& options) {
  const std::vector<Fed> tables = make_tables(options);
  if (!options.results.empty()) {
    std::FILE* file = std::fopen(options.results.c_str(), "w");
    if (file == nullptr) give_up("cannot write '" + options.results + "'");
    run(options, tables, [file](const Batch& batch) { write_results(batch, file); });
    return std::fclose(file) == 0 ? 0 : 1;
  }
  std::vector<double> seconds;
  Sums sums;
  for (size_t round = 0; round < options.rounds; ++round) {
    malloc_trim(0);
    sums = {};
    seconds.push_back(run(options, tables, [&sums](const Batch& batch) { sums.add(batch); }));
  }
  std::sort(seconds.begin(), seconds.end());
  fmt::print("{{\"rows\":{},\"seconds\":{},\"best_seconds\":{},\"results\":{},\"sums\":[{}]}}\n",
             options.rows * tables.size(), seconds[seconds.size() / 2], seconds[0], sums.rows,
             fmt::join(sums.of, ","));
  return 0;
}

Options parse(int count, char** arguments) {
  Options options;
  if (count < 2 || count % 2 != 0)
    give_up("memory_run SCRIPT [--rows N] [--rounds N] [--results FILE]");
  std::ifstream file(arguments[1]);
  if (!file) give_up(fmt::format("cannot read '{}'", arguments[1]));
  options.script.assign(std::istreambuf_iterator<char>(file), {});
  for (int i = 2; i < count; i += 2) {
    const std::string_view name = arguments[i];
    const char* value = arguments[i + 1];
    if (name == "--results") {
      options.results = value;
      continue;
    }
    const size_t number = std::strtoull(value, nullptr, 10);
    if (number == 0 || (name != "--rows" && name != "--rounds")) {
      give_up(fmt::format("'{} {}' makes no sense here", name, value));
    }
    (name == "--rows" ? options.rows : options.rounds) = number;
  }
  return options;
}

}  // namespace
}  // namespace velo::bench

int main(int count, char** arguments) {
  return velo::bench::run_all(velo::bench::parse(count, arguments));
}
