#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "column/column_builder.h"
#include "column/scalar.h"
#include "operator/operator.h"

namespace velo {

/// The watermarks of an operator's inputs and what they are together: the least of those that are
/// neither silent nor at their end. When all that have not ended are silent, the greatest of all;
/// when all have ended, the end of time. Never goes back.
class InputWatermarks {
 public:
  explicit InputWatermarks(size_t inputs) : inputs_(inputs) {}

  /// kWatermarkEnd: the input has ended; how far it came is remembered.
  void set(size_t input, int64_t watermark) {
    if (watermark == kWatermarkEnd) {
      inputs_[input].ended = true;
    } else {
      inputs_[input].watermark = watermark;
    }
  }
  void set_idle(size_t input, bool idle) { inputs_[input].idle = idle; }
  bool ended(size_t input) const { return inputs_[input].ended; }
  int64_t combined() const { return combined_; }
  /// Brings `combined` up to date. True if it moved.
  bool update() {
    const bool all_ended =
        std::all_of(inputs_.begin(), inputs_.end(), [](const Input& input) { return input.ended; });
    std::optional<int64_t> now = all_ended ? kWatermarkEnd : least(inputs_.size());
    if (!now) {
      now = kWatermarkNone;
      for (const Input& input : inputs_) now = std::max(*now, input.watermark);
    }
    if (*now <= combined_) return false;
    combined_ = *now;
    return true;
  }
  /// Of the inputs that are neither silent nor at their end, but for `without`.
  std::optional<int64_t> least(size_t without) const {
    std::optional<int64_t> watermark;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (i == without || inputs_[i].idle || inputs_[i].ended) continue;
      watermark = std::min(watermark.value_or(kWatermarkEnd), inputs_[i].watermark);
    }
    return watermark;
  }
  /// The others, or the clock, went on while the input was silent.
  bool left_behind(size_t input) const { return combined_ > inputs_[input].watermark; }
  /// The watermarks in force for rows of an input that was left behind.
  ColumnPtr caught_up(const Batch& batch) const {
    if (!batch.watermarks) return constant_column(Scalar::of(combined_), batch.rows);
    ColumnBuilder in_force(Type::bigint(), batch.rows);
    for (size_t row = 0; row < batch.rows; ++row) {
      in_force.append_int64(std::max(combined_, batch.watermarks->int64_at(row)));
    }
    return in_force.finish();
  }
  /// The batch, or a copy in `marked` that says how far its input was left behind.
  const Batch& among_all(size_t input, const Batch& batch, Batch* marked) const {
    if (!left_behind(input)) return batch;
    *marked = batch;
    marked->watermarks = caught_up(batch);
    return *marked;
  }

  void save(SnapshotWriter& writer) const {
    for (const Input& input : inputs_) {
      writer.i64(input.watermark);
      writer.u8(static_cast<uint8_t>((input.idle ? 1 : 0) | (input.ended ? 2 : 0)));
    }
    writer.i64(combined_);
  }
  Status load(SnapshotReader& reader) {
    for (Input& input : inputs_) {
      input.watermark = TRY(reader.i64());
      const uint8_t flags = TRY(reader.u8());
      input.idle = (flags & 1) != 0;
      input.ended = (flags & 2) != 0;
    }
    combined_ = TRY(reader.i64());
    return {};
  }

 private:
  struct Input {
    int64_t watermark = kWatermarkNone;
    bool idle = false;
    bool ended = false;
  };
  std::vector<Input> inputs_;
  int64_t combined_ = kWatermarkNone;
};

}  // namespace velo
