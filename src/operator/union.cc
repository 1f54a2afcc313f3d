#include "operator/union.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/fmt.h"
#include "column/column_builder.h"
#include "column/scalar.h"

namespace velo {
namespace {

class Union final : public Operator {
 public:
  explicit Union(UnionOptions options) : options_(std::move(options)), inputs_(options_.inputs) {}

  void push(size_t input, const Batch& batch, Output& output) override {
    Batch result = batch;
    result.schema = options_.schema;
    if (batch.watermarks) {
      result.watermarks = clamp_to_others(input, batch);
    } else if (told_ > inputs_[input].watermark) {
      // It was silent: the others went on without it.
      result.watermarks = constant_column(Scalar::of(told_), batch.rows);
    }
    output.emit(std::move(result));
  }

  void advance(size_t input, int64_t watermark, Output& output) override {
    if (watermark == kWatermarkEnd) {
      inputs_[input].ended = true;
    } else {
      inputs_[input].watermark = watermark;
    }
    tell(output);
  }

  void idle(size_t input, bool is_idle, Output& output) override {
    inputs_[input].idle = is_idle;
    if (is_idle) tell(output);
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("union");
    for (const Input& input : inputs_) {
      writer.i64(input.watermark);
      writer.u8(static_cast<uint8_t>((input.idle ? 1 : 0) | (input.ended ? 2 : 0)));
    }
    writer.i64(told_);
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("union"));
    for (Input& input : inputs_) {
      input.watermark = TRY(reader.i64());
      const uint8_t flags = TRY(reader.u8());
      input.idle = (flags & 1) != 0;
      input.ended = (flags & 2) != 0;
    }
    told_ = TRY(reader.i64());
    return {};
  }

  std::string explain() const override {
    return fmt::format("Union of {} inputs", options_.inputs);
  }
  const SchemaPtr& output_schema() const override { return options_.schema; }

 private:
  struct Input {
    int64_t watermark = kWatermarkNone;
    bool idle = false;
    bool ended = false;
  };

  /// Of the inputs that are neither silent nor at their end, but for `without`.
  std::optional<int64_t> least(size_t without) const {
    std::optional<int64_t> watermark;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (i == without || inputs_[i].idle || inputs_[i].ended) continue;
      watermark = std::min(watermark.value_or(kWatermarkEnd), inputs_[i].watermark);
    }
    return watermark;
  }

  void tell(Output& output) {
    const bool all_ended =
        std::all_of(inputs_.begin(), inputs_.end(), [](const Input& input) { return input.ended; });
    std::optional<int64_t> now = all_ended ? kWatermarkEnd : least(inputs_.size());
    if (!now) {
      // All that have not ended are silent: it goes on as the furthest does.
      now = kWatermarkNone;
      for (const Input& input : inputs_) now = std::max(*now, input.watermark);
    }
    if (*now > told_) output.advance(told_ = *now);
  }

  /// What was late on its own input need not be late among all.
  ColumnPtr clamp_to_others(size_t input, const Batch& batch) const {
    const int64_t others = least(input).value_or(kWatermarkEnd);
    if (others == kWatermarkNone && told_ == kWatermarkNone) return nullptr;
    ColumnBuilder builder(Type::bigint(), batch.rows);
    for (size_t row = 0; row < batch.rows; ++row) {
      builder.append_int64(std::max(told_, std::min(others, batch.watermarks->int64_at(row))));
    }
    return builder.finish();
  }

  UnionOptions options_;
  std::vector<Input> inputs_;
  int64_t told_ = kWatermarkNone;
};

}  // namespace

std::unique_ptr<Operator> make_union(UnionOptions options) {
  return std::make_unique<Union>(std::move(options));
}

}  // namespace velo
