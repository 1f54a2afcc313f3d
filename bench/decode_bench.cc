// How fast bytes become columns: ts (ms), symbol (1000 distinct), price (13 % with 17 digits),
// quantity, from a file in the page cache, read in blocks of 1 MiB, one thread, all four columns.
//
//   decode_bench [--rows N] [--dir FOLDER] [--runs N] [--format csv|json] [--kernels avx512|avx2|…]
//   defaults: 10000000, /tmp, 5, both, all
//
// First every set of kernels is compared with the plain path, row by row, over the whole file.

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"
#include "base/fmt.h"
#include "base/random.h"
#include "format/formats.h"

namespace velo {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;

struct Options {
  uint64_t rows = 10'000'000;
  std::string folder = "/tmp";
  int runs = 5;
  std::string format;   ///< csv or json; "" = both
  std::string kernels;  ///< avx512 …; "" = all
};

void append_row(std::string& out, bool json, Random& random, uint64_t row) {
  const uint64_t ts = 1'700'000'000'000 + row * 6 + random.below(20);
  const uint64_t symbol = random.below(1000);
  double price = static_cast<double>(1000 + random.below(100000)) / 100;
  if (random.below(100) < 13) price = std::nextafter(price, 1e9);
  char text[32];
  const std::string_view digits(
      text, static_cast<size_t>(std::to_chars(text, text + sizeof text, price).ptr - text));
  const uint64_t quantity = 1 + random.below(1000);
  if (json) {
    fmt::format_to(std::back_inserter(out),
                   "{{\"ts\":{},\"symbol\":\"SYM{}\",\"price\":{},\"quantity\":{}}}\n", ts, symbol,
                   digits, quantity);
  } else {
    fmt::format_to(std::back_inserter(out), "{},SYM{},{},{}\n", ts, symbol, digits, quantity);
  }
}

void make_file(FileSystem& files, const std::string& path, bool json, uint64_t rows) {
  std::unique_ptr<File> file = files.open(path, OpenMode::kCreate).value();
  Random random(42);
  std::string out = json ? "" : "ts,symbol,price,quantity\n";
  for (uint64_t row = 0; row < rows; ++row) {
    append_row(out, json, random, row);
    if (out.size() < kBlockBytes && row + 1 < rows) continue;
    file->write(as_bytes(out)).value();
    out.clear();
  }
  file->close().value();
}

/// A number that two decoders share only if they gave the same rows in the same order.
class Checksum final : public DecodeOutput {
 public:
  explicit Checksum(bool look) : look_(look) {}
  Status batch(Batch batch, DecodedRange) override {
    rows_ += batch.rows;
    if (!look_) return {};
    for (size_t row = 0; row < batch.rows; ++row) {
      mix(static_cast<uint64_t>(batch.columns[0]->int64_at(row)));
      for (const char c : batch.columns[1]->string_at(row)) mix(static_cast<unsigned char>(c));
      uint64_t bits;
      const double price = batch.columns[2]->double_at(row);
      std::memcpy(&bits, &price, sizeof bits);
      mix(bits);
      mix(static_cast<uint64_t>(batch.columns[3]->int64_at(row)));
    }
    return {};
  }
  Status bad(const BadRecord& record) override {
    std::fprintf(stderr, "bad record: %s\n", record.message.c_str());
    std::exit(1);
  }
  uint64_t rows() const { return rows_; }
  uint64_t value() const { return value_; }

 private:
  void mix(uint64_t x) { value_ = mix64(value_ ^ x); }
  bool look_;
  uint64_t rows_ = 0;
  uint64_t value_ = 0;
};

std::unique_ptr<Decoder> make(bool json, KernelChoice kernels, size_t batch_rows) {
  DecoderOptions options;
  options.schema = make_schema({{"ts", Type::timestamp_ltz(3)},
                                {"symbol", Type::string()},
                                {"price", Type::float64()},
                                {"quantity", Type::bigint()}});
  options.projection = {0, 1, 2, 3};
  options.batch_rows = batch_rows;
  options.kernels = kernels;
  options.options = {{json ? "json.timestamp-format" : "csv.timestamp-format", "epoch-millis"}};
  return make_decoder(json ? "json" : "csv", std::move(options)).value();
}

void decode(FileSystem& files, const std::string& path, Decoder& decoder, DecodeOutput& out) {
  std::unique_ptr<File> file = files.open(path, OpenMode::kRead).value();
  std::shared_ptr<Buffer> block;
  uint64_t offset = 0;
  for (;;) {
    if (!block || block.use_count() > 1) block = Buffer::allocate(kBlockBytes);
    const size_t size = file->read(block->data(), kBlockBytes).value();
    DecodeInput input;
    input.owner = block;
    input.bytes = {block->data(), size};
    input.offset = offset;
    input.ends_unit = size == 0;
    decoder.feed(input, out).value();
    if (size == 0) return;
    offset += size;
  }
}

struct Kind {
  KernelChoice choice;
  const char* name;
};
constexpr Kind kKinds[] = {{KernelChoice::kRowByRow, "row by row"},
                           {KernelChoice::kPortable, "portable"},
                           {KernelChoice::kAvx2, "avx2"},
                           {KernelChoice::kAvx512, "avx512"}};

int run(const Options& options) {
  LocalFileSystem files;
  SystemClock clock;
  for (const bool json : {false, true}) {
    if (!options.format.empty() && options.format != (json ? "json" : "csv")) continue;
    const std::string path =
        fmt::format("{}/decode_bench_{}.{}", options.folder, options.rows, json ? "json" : "csv");
    if (!files.exists(path)) make_file(files, path, json, options.rows);
    const double bytes = static_cast<double>(files.info(path).value().size);
    uint64_t expected = 0;
    for (const Kind& kind : kKinds) {
      if (!kernel_available(kind.choice)) continue;
      Checksum sum(true);
      decode(files, path, *make(json, kind.choice, 1024), sum);
      if (kind.choice == KernelChoice::kRowByRow) expected = sum.value();
      if (sum.value() != expected || sum.rows() != options.rows) {
        std::fprintf(stderr, "%s: %s differs from row by row\n", path.c_str(), kind.name);
        return 1;
      }
    }
    std::printf("%-5s %-11s %10s %8s %12s %8s\n", json ? "json" : "csv", "kernels", "batch rows",
                "s", "M rows/s", "GB/s");
    for (const Kind& kind : kKinds) {
      if (!kernel_available(kind.choice)) continue;
      if (!options.kernels.empty() && options.kernels != kind.name) continue;
      for (const size_t batch_rows : {size_t{1024}, size_t{4096}}) {
        double best = 1e9;
        const int runs = kind.choice == KernelChoice::kRowByRow ? 1 : options.runs;
        for (int i = 0; i < runs; ++i) {
          const std::unique_ptr<Decoder> decoder = make(json, kind.choice, batch_rows);
          Checksum count(false);
          const int64_t start = clock.steady_ns();
          decode(files, path, *decoder, count);
          best = std::min(best, static_cast<double>(clock.steady_ns() - start) / 1e9);
        }
        std::printf("%-5s %-11s %10zu %8.3f %12.1f %8.2f\n", "", kind.name, batch_rows, best,
                    static_cast<double>(options.rows) / best / 1e6, bytes / best / 1e9);
      }
    }
  }
  return 0;
}

}  // namespace
}  // namespace velo

int main(int count, char** arguments) {
  velo::Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = arguments[i];
    if (name == "--rows") options.rows = std::strtoull(arguments[i + 1], nullptr, 10);
    if (name == "--dir") options.folder = arguments[i + 1];
    if (name == "--format") options.format = arguments[i + 1];
    if (name == "--kernels") options.kernels = arguments[i + 1];
    if (name == "--runs") options.runs = std::atoi(arguments[i + 1]);
  }
  return velo::run(options);
}
