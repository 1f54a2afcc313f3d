#include "operator/delay_watermark.h"

#include <utility>

#include "base/fmt.h"
#include "column/column_builder.h"

namespace velo {
namespace {

class DelayWatermark final : public Operator {
 public:
  explicit DelayWatermark(DelayWatermarkOptions options) : options_(std::move(options)) {}

  void push(size_t, const Batch& batch, Output& output) override {
    if (!batch.watermarks) return output.emit(batch);
    Batch delayed = batch;
    const ColumnPtr marks = flatten(batch.watermarks);
    ColumnBuilder builder(marks->type(), batch.rows);
    for (size_t row = 0; row < batch.rows; ++row) {
      builder.append_int64(behind(marks->values<int64_t>()[row]));
    }
    delayed.watermarks = builder.finish();
    output.emit(std::move(delayed));
  }

  void advance(size_t, int64_t watermark, Output& output) override {
    const int64_t delayed = behind(watermark);
    if (delayed != kWatermarkNone) output.advance(delayed);
  }

  std::string explain() const override {
    return fmt::format("DelayWatermark {} ms", options_.delay_us / 1000);
  }
  const SchemaPtr& output_schema() const override { return options_.schema; }

 private:
  int64_t behind(int64_t watermark) const {
    if (watermark == kWatermarkEnd || watermark == kWatermarkNone) return watermark;
    int64_t delayed;
    return __builtin_sub_overflow(watermark, options_.delay_us, &delayed) ? kWatermarkNone
                                                                          : delayed;
  }

  DelayWatermarkOptions options_;
};

}  // namespace

std::unique_ptr<Operator> make_delay_watermark(DelayWatermarkOptions options) {
  return std::make_unique<DelayWatermark>(std::move(options));
}

}  // namespace velo
