// How fast rows are made up (datagen) and written (csv, json): time, symbol (1000 distinct), price,
// quantity; one thread, no I/O. What was written is read back and compared before anything is
// timed.
//
//   encode_bench [--rows N] [--runs N]     defaults: 4000000, 5

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "column/batch_text.h"
#include "format/formats.h"

namespace velo {
namespace {

class Kept final : public DecodeOutput {
 public:
  explicit Kept(bool keep) : keep_(keep) {}
  Status batch(Batch batch, DecodedRange) override {
    rows += batch.rows;
    if (keep_) batches.push_back(std::move(batch));
    return {};
  }
  Status bad(const BadRecord& record) override {
    std::fprintf(stderr, "bad record: %s\n", record.message.c_str());
    std::exit(1);
  }
  std::string text() const {
    std::string out;
    for (const Batch& b : batches) out += batch_to_text(b);
    return out;
  }
  uint64_t rows = 0;
  std::vector<Batch> batches;

 private:
  bool keep_;
};

SchemaPtr trades() {
  return make_schema({{"ts", Type::timestamp_ltz(3)},
                      {"symbol", Type::string()},
                      {"price", Type::float64()},
                      {"quantity", Type::bigint()}});
}

Kept generate(uint64_t rows, bool keep) {
  DecoderOptions options;
  options.schema = trades();
  options.projection = {0, 1, 2, 3};
  options.options = {{"fields.symbol.prefix", "SYM"}, {"fields.symbol.distinct", "1000"},
                     {"fields.price.min", "10"},      {"fields.price.max", "1000"},
                     {"fields.quantity.min", "1"},    {"fields.quantity.max", "1000"}};
  const std::unique_ptr<Decoder> decoder = make_decoder("datagen", std::move(options)).value();
  Kept out(keep);
  const uint64_t range[2] = {0, rows};
  DecodeInput input;
  input.bytes = {reinterpret_cast<const std::byte*>(range), sizeof range};
  decoder->feed(input, out).value();
  return out;
}

bool reads_back(const char* format, const Kept& rows) {
  const std::unique_ptr<Encoder> encoder = make_encoder(format, {trades(), {}}).value();
  std::string text = encoder->preamble();
  for (const Batch& batch : rows.batches) encoder->encode(batch, text).value();
  DecoderOptions options;
  options.schema = trades();
  options.projection = {0, 1, 2, 3};
  const std::unique_ptr<Decoder> decoder = make_decoder(format, std::move(options)).value();
  Kept read(true);
  DecodeInput input;
  input.bytes = as_bytes(text);
  input.ends_unit = true;
  decoder->feed(input, read).value();
  return read.text() == rows.text();
}

template <typename Work>
double best_seconds(int runs, Work work) {
  const SystemClock clock;
  double best = 1e9;
  for (int i = 0; i < runs; ++i) {
    const int64_t start = clock.steady_ns();
    work();
    best = std::min(best, static_cast<double>(clock.steady_ns() - start) / 1e9);
  }
  return best;
}

int run(uint64_t rows, int runs) {
  const Kept sample = generate(100'000, true);
  for (const char* format : {"csv", "json"}) {
    if (reads_back(format, sample)) continue;
    std::fprintf(stderr, "%s: what was written reads back differently\n", format);
    return 1;
  }
  const double millions = static_cast<double>(rows) / 1e6;
  std::printf("%-16s %12s %8s\n", "", "M rows/s", "GB/s");
  const double made = best_seconds(runs, [&] { generate(rows, false); });
  std::printf("%-16s %12.1f\n", "datagen", millions / made);
  for (const char* format : {"csv", "json"}) {
    const std::unique_ptr<Encoder> encoder = make_encoder(format, {trades(), {}}).value();
    std::string text;
    uint64_t bytes = 0, written = 0;
    const double took = best_seconds(runs, [&] {
      bytes = written = 0;
      while (written < rows) {
        for (const Batch& batch : sample.batches) {
          text.clear();
          encoder->encode(batch, text).value();
          bytes += text.size();
          written += batch.rows;
        }
      }
    });
    std::printf("%-16s %12.1f %8.2f\n", format, static_cast<double>(written) / 1e6 / took,
                static_cast<double>(bytes) / 1e9 / took);
  }
  return 0;
}

}  // namespace
}  // namespace velo

int main(int count, char** arguments) {
  uint64_t rows = 4'000'000;
  int runs = 5;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = arguments[i];
    if (name == "--rows") rows = std::strtoull(arguments[i + 1], nullptr, 10);
    if (name == "--runs") runs = std::atoi(arguments[i + 1]);
  }
  return velo::run(rows, runs);
}
