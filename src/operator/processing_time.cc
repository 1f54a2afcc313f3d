#include "operator/processing_time.h"

#include <algorithm>
#include <utility>

#include "column/column_builder.h"
#include "column/time_text.h"

namespace velo {
namespace {

constexpr int64_t kStepUs = 1000;

class ProcessingTime final : public Operator {
 public:
  explicit ProcessingTime(ProcessingTimeOptions options) : options_(std::move(options)) {}

  void push(size_t, const Batch& batch, Output& output) override {
    move_to(context_.now_us, output);
    Batch stamped = batch;
    stamped.schema = options_.schema;
    stamped.watermarks = nullptr;
    ColumnBuilder builder(Type::timestamp_ltz(3), 1);
    builder.append_int64(now_us_);
    stamped.columns.push_back(Column::constant(builder.finish(), batch.rows));
    output.emit(std::move(stamped));
  }

  void advance(size_t, int64_t watermark, Output& output) override {
    if (watermark == kWatermarkEnd) output.advance(watermark);
  }

  void tick(int64_t now_us, Output& output) override { move_to(now_us, output); }

  void save(SnapshotWriter& writer) const override { writer.i64(now_us_); }
  Status load(SnapshotReader& reader) override {
    now_us_ = TRY(reader.i64());
    return {};
  }

  std::string explain() const override { return "ProcessingTime"; }
  const SchemaPtr& output_schema() const override { return options_.schema; }

 private:
  /// Rows of the running millisecond may still come.
  void move_to(int64_t now_us, Output& output) {
    const int64_t now = floor_div(now_us, kStepUs) * kStepUs;
    if (now <= now_us_) return;
    now_us_ = now;
    output.advance(now - kStepUs);
  }

  ProcessingTimeOptions options_;
  int64_t now_us_ = INT64_MIN;
};

}  // namespace

std::unique_ptr<Operator> make_processing_time(ProcessingTimeOptions options) {
  return std::make_unique<ProcessingTime>(std::move(options));
}

}  // namespace velo
