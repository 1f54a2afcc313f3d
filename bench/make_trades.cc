// Writes the trades of bench/trades.h to FOLDER/trades_<rows>.csv and .ndjson. Files that are there
// are left alone: they are written under another name and renamed when whole.
//
//   make_trades FOLDER ROWS
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/fmt.h"
#include "bench/trades.h"

namespace velo::bench {
namespace {

constexpr size_t kWriteBytes = size_t{1} << 20;

void append_row(std::string& out, bool json, uint64_t row) {
  const Trade t = trade(row);
  char name[8];
  const std::string_view symbol = symbol_name(t.symbol, name);
  char text[32];
  const std::string_view price(
      text, static_cast<size_t>(std::to_chars(text, text + sizeof text, t.price).ptr - text));
  if (json) {
    fmt::format_to(std::back_inserter(out),
                   "{{\"ts\":{},\"symbol\":\"{}\",\"price\":{},\"quantity\":{}}}\n", t.time_ms,
                   symbol, price, t.quantity);
  } else {
    fmt::format_to(std::back_inserter(out), "{},{},{},{}\n", t.time_ms, symbol, price, t.quantity);
  }
}

Status make_file(FileSystem& files, const std::string& path, bool json, uint64_t rows) {
  if (files.exists(path)) return {};
  const std::string unfinished = path + ".unfinished";
  const std::unique_ptr<File> file = TRY(files.open(unfinished, OpenMode::kCreate));
  std::string out = json ? "" : "ts,symbol,price,quantity\n";
  for (uint64_t row = 0; row < rows; ++row) {
    append_row(out, json, row);
    if (out.size() < kWriteBytes && row + 1 < rows) continue;
    TRY(file->write(as_bytes(out)));
    out.clear();
  }
  TRY(file->close());
  return files.rename(unfinished, path);
}

int run(const std::string& folder, uint64_t rows) {
  LocalFileSystem files;
  for (const bool json : {false, true}) {
    const std::string path = fmt::format("{}/trades_{}.{}", folder, rows, json ? "ndjson" : "csv");
    const Status made = make_file(files, path, json, rows);
    if (made.has_value()) continue;
    std::fprintf(stderr, "make_trades: %s\n", made.error().to_string().c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace velo::bench

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: make_trades FOLDER ROWS\n");
    return 2;
  }
  return velo::bench::run(arguments[1], std::strtoull(arguments[2], nullptr, 10));
}
