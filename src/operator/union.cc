#include "operator/union.h"

#include <algorithm>
#include <utility>

#include "base/fmt.h"
#include "column/column_builder.h"
#include "operator/input_watermarks.h"

namespace velo {
namespace {

class Union final : public Operator {
 public:
  explicit Union(UnionOptions options)
      : options_(std::move(options)), watermarks_(options_.inputs) {}

  void push(size_t input, const Batch& batch, Output& output) override {
    Batch result = batch;
    result.schema = options_.schema;
    if (batch.watermarks) {
      result.watermarks = clamp_to_others(input, batch);
    } else if (watermarks_.left_behind(input)) {
      result.watermarks = watermarks_.caught_up(batch);
    }
    output.emit(std::move(result));
  }

  void advance(size_t input, int64_t watermark, Output& output) override {
    watermarks_.set(input, watermark);
    if (watermarks_.update()) output.advance(watermarks_.combined());
  }

  void idle(size_t input, bool is_idle, Output& output) override {
    watermarks_.set_idle(input, is_idle);
    if (is_idle && watermarks_.update()) output.advance(watermarks_.combined());
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("union");
    watermarks_.save(writer);
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("union"));
    return watermarks_.load(reader);
  }

  std::string explain() const override {
    return fmt::format("Union of {} inputs", options_.inputs);
  }
  const SchemaPtr& output_schema() const override { return options_.schema; }

 private:
  /// What was late on its own input need not be late among all.
  ColumnPtr clamp_to_others(size_t input, const Batch& batch) const {
    const int64_t others = watermarks_.least(input).value_or(kWatermarkEnd);
    const int64_t told = watermarks_.combined();
    if (others == kWatermarkNone && told == kWatermarkNone) return nullptr;
    ColumnBuilder builder(Type::bigint(), batch.rows);
    for (size_t row = 0; row < batch.rows; ++row) {
      builder.append_int64(std::max(told, std::min(others, batch.watermarks->int64_at(row))));
    }
    return builder.finish();
  }

  UnionOptions options_;
  InputWatermarks watermarks_;
};

}  // namespace

std::unique_ptr<Operator> make_union(UnionOptions options) {
  return std::make_unique<Union>(std::move(options));
}

}  // namespace velo
