#include "operator/union.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/fmt.h"
#include "column/column_builder.h"

namespace velo {
namespace {

class Union final : public Operator {
 public:
  explicit Union(UnionOptions options)
      : options_(std::move(options)), watermarks_(options_.inputs, kWatermarkNone) {}

  void push(size_t input, const Batch& batch, Output& output) override {
    Batch result = batch;
    result.schema = options_.schema;
    if (batch.watermarks) result.watermarks = clamp_to_others(input, batch);
    output.emit(std::move(result));
  }

  void advance(size_t input, int64_t watermark, Output& output) override {
    watermarks_[input] = watermark;
    const int64_t least = *std::min_element(watermarks_.begin(), watermarks_.end());
    if (least > told_) output.advance(told_ = least);
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("union");
    for (const int64_t watermark : watermarks_) writer.i64(watermark);
    writer.i64(told_);
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("union"));
    for (int64_t& watermark : watermarks_) watermark = TRY(reader.i64());
    told_ = TRY(reader.i64());
    return {};
  }

  std::string explain() const override {
    return fmt::format("Union of {} inputs", options_.inputs);
  }
  const SchemaPtr& output_schema() const override { return options_.schema; }

 private:
  /// What was late on its own input need not be late among all.
  ColumnPtr clamp_to_others(size_t input, const Batch& batch) const {
    int64_t others = kWatermarkEnd;
    for (size_t i = 0; i < watermarks_.size(); ++i) {
      if (i != input) others = std::min(others, watermarks_[i]);
    }
    if (others <= kWatermarkNone) return nullptr;
    ColumnBuilder builder(Type::bigint(), batch.rows);
    for (size_t row = 0; row < batch.rows; ++row) {
      builder.append_int64(std::min(others, batch.watermarks->int64_at(row)));
    }
    return builder.finish();
  }

  UnionOptions options_;
  std::vector<int64_t> watermarks_;
  int64_t told_ = kWatermarkNone;
};

}  // namespace

std::unique_ptr<Operator> make_union(UnionOptions options) {
  return std::make_unique<Union>(std::move(options));
}

}  // namespace velo
