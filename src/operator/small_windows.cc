#include "operator/small_windows.h"

#include "column/column_builder.h"
#include "operator/cheap_states.h"
#include "operator/reject_rows.h"
#include "operator/window_columns.h"

namespace velo {
SmallWindows::SmallWindows(const WindowAggregateOptions& options, const AggregateLayout* layout)
    : schema_(options.output),
      time_type_(options.input->fields()[options.time_column].type),
      with_start_(options.with_start),
      with_end_(options.with_end),
      with_time_(options.with_time),
      cheap_(!options.retractable && has_cheap_states(*layout)),
      states_(layout) {}

void SmallWindows::add(WindowStore& store, const WindowStore::Window& window,
                       std::span<const uint32_t> groups, std::span<const uint32_t> slots,
                       int64_t start_us, int64_t end_us) {
  const size_t begin = groups_.size();
  const size_t end = begin + groups.size();
  groups_.insert(groups_.end(), groups.begin(), groups.end());
  starts_us_.resize(end, start_us);
  ends_us_.resize(end, end_us);
  while (numbers_.size() < end) numbers_.push_back(static_cast<uint32_t>(numbers_.size()));
  store.copy(window, slots, begin, states_);
}

ColumnPtr SmallWindows::window_column(const std::vector<int64_t>& values, int64_t offset_us) const {
  ColumnBuilder builder(time_type_, values.size());
  auto* to = builder.extend<int64_t>(values.size());
  for (size_t i = 0; i < values.size(); ++i) to[i] = values[i] + offset_us;
  builder.added(values.size());
  return builder.finish();
}

void SmallWindows::emit(const KeyTable& keys, Output& output) {
  if (groups_.empty()) return;
  RowErrors errors;
  std::vector<ColumnPtr> aggregates = states_.results({numbers_.data(), groups_.size()}, errors);
  Batch batch{schema_, groups_.size(), keys.gather(groups_), nullptr, nullptr};
  if (with_start_) batch.columns.push_back(window_column(starts_us_, 0));
  if (with_end_) batch.columns.push_back(window_column(ends_us_, 0));
  if (with_time_) batch.columns.push_back(window_column(ends_us_, -kMillisecond));
  for (ColumnPtr& column : aggregates) batch.columns.push_back(std::move(column));
  groups_.clear();
  starts_us_.clear();
  ends_us_.clear();
  if (!errors.empty()) {
    Selection good;
    reject_failed_rows(batch, errors, output, &good);
    if (good.empty()) return;
    batch = gather(batch, good);
  }
  output.emit(std::move(batch));
}

}  // namespace velo
