// Writes the rows of bench/trades.h or bench/orders.h to FOLDER/<table>_<rows>.csv, trades also to
// .ndjson. Files that are there are left alone: they are written under another name and renamed
// when whole.
//
//   make_trades FOLDER ROWS [trades|orders|payments]
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/fmt.h"
#include "bench/orders.h"
#include "bench/trades.h"

namespace velo::bench {
namespace {

constexpr size_t kWriteBytes = size_t{1} << 20;

/// The shortest text of a number.
struct Shortest {
  explicit Shortest(double value)
      : size(static_cast<size_t>(std::to_chars(room, room + sizeof room, value).ptr - room)) {}
  std::string_view view() const { return {room, size}; }
  char room[32];
  size_t size;
};

void append_trade(std::string& out, uint64_t row, bool json) {
  const Trade t = trade(row);
  char name[8];
  const std::string_view symbol = symbol_name(t.symbol, name);
  const Shortest price(t.price);
  if (json) {
    fmt::format_to(std::back_inserter(out),
                   "{{\"ts\":{},\"symbol\":\"{}\",\"price\":{},\"quantity\":{}}}\n", t.time_ms,
                   symbol, price.view(), t.quantity);
  } else {
    fmt::format_to(std::back_inserter(out), "{},{},{},{}\n", t.time_ms, symbol, price.view(),
                   t.quantity);
  }
}

void append_order(std::string& out, uint64_t row) {
  const Order o = order(row);
  char name[8];
  fmt::format_to(std::back_inserter(out), "{},{},{},{}\n", o.time_ms, o.id,
                 customer_name(o.customer, name), Shortest(o.amount).view());
}

void append_payment(std::string& out, uint64_t row) {
  const Payment p = payment(row);
  fmt::format_to(std::back_inserter(out), "{},{},{}\n", p.time_ms, p.order_id,
                 Shortest(p.amount).view());
}

using AppendRow = void (*)(std::string&, uint64_t row);
struct Form {
  std::string_view table;
  std::string_view form;
  std::string_view header;
  AppendRow append;
};
constexpr Form kForms[] = {
    {"trades", "csv", "ts,symbol,price,quantity\n",
     [](std::string& out, uint64_t row) { append_trade(out, row, false); }},
    {"trades", "ndjson", "", [](std::string& out, uint64_t row) { append_trade(out, row, true); }},
    {"orders", "csv", "ts,order_id,customer,amount\n", append_order},
    {"payments", "csv", "ts,order_id,amount\n", append_payment}};

Status make_file(FileSystem& files, const std::string& path, const Form& form, uint64_t rows) {
  if (files.exists(path)) return {};
  const std::string unfinished = path + ".unfinished";
  const std::unique_ptr<File> file = TRY(files.open(unfinished, OpenMode::kCreate));
  std::string out(form.header);
  for (uint64_t row = 0; row < rows; ++row) {
    form.append(out, row);
    if (out.size() < kWriteBytes && row + 1 < rows) continue;
    TRY(file->write(as_bytes(out)));
    out.clear();
  }
  TRY(file->close());
  return files.rename(unfinished, path);
}

int run(const std::string& folder, uint64_t rows, std::string_view table) {
  LocalFileSystem files;
  for (const Form& form : kForms) {
    if (form.table != table) continue;
    const std::string path = fmt::format("{}/{}_{}.{}", folder, table, rows, form.form);
    const Status made = make_file(files, path, form, rows);
    if (made.has_value()) continue;
    std::fprintf(stderr, "make_trades: %s\n", made.error().to_string().c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace velo::bench

int main(int count, char** arguments) {
  const std::string_view table = count > 3 ? arguments[3] : "trades";
  if (count < 3 || count > 4 || (table != "trades" && table != "orders" && table != "payments")) {
    std::fprintf(stderr, "usage: make_trades FOLDER ROWS [trades|orders|payments]\n");
    return 2;
  }
  return velo::bench::run(arguments[1], std::strtoull(arguments[2], nullptr, 10), table);
}
