#include "operator/window_assign.h"

#include <optional>
#include <utility>

#include "column/column_builder.h"

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
    Batch result = gather(batch, rows);
    result.schema = options_.output;
    result.columns.push_back(start_.finish());
    result.columns.push_back(end_.finish());
    result.columns.push_back(time_.finish());
    output.emit(std::move(result));
  }

  std::string explain() const override { return "WindowAssign " + clock_.to_string(); }
  const SchemaPtr& output_schema() const override { return options_.output; }

 private:
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
  ColumnBuilder start_;
  ColumnBuilder end_;
  ColumnBuilder time_;
};

}  // namespace

std::unique_ptr<Operator> make_window_assign(WindowAssignOptions options) {
  return std::make_unique<WindowAssign>(std::move(options));
}

}  // namespace velo
