#include "operator/window_assign.h"

#include <optional>
#include <utility>

#include "column/column_builder.h"
#include "column/scalar.h"

namespace velo {
namespace {

constexpr int64_t kWindowTimeStepUs = 1000;  // window_time = window_end − 1 ms

class WindowAssign final : public Operator {
 public:
  explicit WindowAssign(WindowAssignOptions options)
      : options_(std::move(options)),
        clock_(options_.window),
        inputs_(options_.output->size() - 3),
        start_((*options_.output)[inputs_].type),
        end_((*options_.output)[inputs_ + 1].type),
        time_((*options_.output)[inputs_ + 2].type) {}

  void push(size_t, const Batch& batch, Output& output) override {
    const Column& times = *batch.columns[options_.time_column];
    if (clock_.kind() == WindowKind::kTumble && !times.may_have_nulls()) {
      enter_window(times.int64_at(0));
      if (all_in_window(times)) return emit_in_window(batch, output);
      for (uint32_t row = 0; row < batch.rows; ++row) add_window(times.int64_at(row));
      emit(batch, output);
      return;
    }
    Selection rows;
    Selection timeless;
    for (uint32_t row = 0; row < batch.rows; ++row) {
      if (times.is_null(row)) {
        timeless.push_back(row);
      } else {
        add_windows(row, times.int64_at(row), rows);
      }
    }
    if (!timeless.empty()) {
      output.reject({RejectReason::kNoTime, gather(batch, timeless), "the event time is NULL"});
    }
    if (rows.empty()) return;
    emit(gather(batch, rows), output);
  }

  std::string explain() const override { return "WindowAssign " + clock_.to_string(); }
  const SchemaPtr& output_schema() const override { return options_.output; }

 private:
  void emit(Batch result, Output& output) {
    result.schema = options_.output;
    result.columns.push_back(start_.finish());
    result.columns.push_back(end_.finish());
    result.columns.push_back(time_.finish());
    output.emit(std::move(result));
  }

  /// Makes the one window of a time the last; mostly it is already.
  void enter_window(int64_t time) {
    if (time >= last_start_ && time < last_end_) return;
    const int64_t pane = clock_.pane_of(time);
    last_start_ = clock_.start_of(pane);
    last_end_ = clock_.start_of(pane + 1);
  }
  bool all_in_window(const Column& times) const {
    if (!times.is_flat()) return true;  // a constant
    const int64_t* values = times.values<int64_t>();
    bool all = true;
    for (size_t row = 0; row < times.size(); ++row) {
      all &= values[row] >= last_start_ && values[row] < last_end_;
    }
    return all;
  }
  /// Most batches lie in one window: its bounds are constants then.
  void emit_in_window(Batch result, Output& output) {
    result.schema = options_.output;
    for (const int64_t value : {last_start_, last_end_, last_end_ - kWindowTimeStepUs}) {
      const Type& type = (*options_.output)[result.columns.size()].type;
      result.columns.push_back(constant_column(Scalar::of(type, value), result.rows));
    }
    output.emit(std::move(result));
  }
  void add_window(int64_t time) {
    enter_window(time);
    start_.append_int64(last_start_);
    end_.append_int64(last_end_);
    time_.append_int64(last_end_ - kWindowTimeStepUs);
  }

  void add_windows(uint32_t row, int64_t time, Selection& rows) {
    const int64_t pane = clock_.pane_of(time);
    for (std::optional<int64_t> end = clock_.next_end(pane, pane); end;
         end = clock_.next_end(pane, *end)) {
      const int64_t end_us = clock_.start_of(*end);
      rows.push_back(row);
      start_.append_int64(clock_.start_of(clock_.window_start(*end)));
      end_.append_int64(end_us);
      time_.append_int64(end_us - kWindowTimeStepUs);
    }
  }

  WindowAssignOptions options_;
  PaneClock clock_;
  size_t inputs_;
  int64_t last_start_ = 0;  // of the window before; nothing lies in it at first
  int64_t last_end_ = 0;
  ColumnBuilder start_;
  ColumnBuilder end_;
  ColumnBuilder time_;
};

}  // namespace

std::unique_ptr<Operator> make_window_assign(WindowAssignOptions options) {
  return std::make_unique<WindowAssign>(std::move(options));
}

}  // namespace velo
