#include "operator/group_results.h"

#include <algorithm>

namespace velo {
namespace {

constexpr size_t kRowsPerBatch = 4096;

// Rows whose result failed leave, with the keys and window that they belong to.
void reject_failed(const Batch& batch, RowErrors& errors, Output& output, Selection* good) {
  *good = errors.good_rows(batch.rows);
  Selection bad;
  for (const RowError& error : errors.rows()) bad.push_back(error.row);
  output.reject({RejectReason::kError, gather(batch, bad), errors.rows()[0].message});
  errors.clear();
}

}  // namespace

// window_start, window_end and window_time: points in time, never NULL.
ColumnPtr ResultRows::window_column(size_t k, const Scalar& value, size_t rows) {
  if (k >= window_columns_.size()) window_columns_.resize(k + 1);
  KeptColumn& kept = window_columns_[k];
  if (!kept.is_unshared() || kept.column->size() != rows) {
    kept.values = Buffer::allocate(sizeof(int64_t));
    kept.column = Column::constant(Column::flat(value.type, 1, kept.values), rows);
  }
  *kept.values->as<int64_t>() = value.as_int64();
  return kept.column;
}

Batch ResultRows::assemble(std::vector<ColumnPtr> keys, std::vector<ColumnPtr> aggregates,
                           const std::vector<Scalar>& window, size_t rows) {
  Batch batch{.schema = schema_,
              .rows = rows,
              .columns = std::move(keys),
              .weights = nullptr,
              .watermarks = nullptr};
  batch.columns.reserve(batch.columns.size() + window.size() + aggregates.size());
  for (size_t k = 0; k < window.size(); ++k) {
    batch.columns.push_back(window_column(k, window[k], rows));
  }
  for (ColumnPtr& column : aggregates) batch.columns.push_back(std::move(column));
  return batch;
}

void ResultRows::emit(const KeyTable& keys, std::span<const uint32_t> groups, GroupResults results,
                      RowErrors& errors, const std::vector<Scalar>& window, Output& output) {
  if (groups.empty()) return;
  if (!std::equal(groups.begin(), groups.end(), last_groups_.begin(), last_groups_.end())) {
    last_groups_.assign(groups.begin(), groups.end());
    last_keys_ = keys.gather(groups);
  }
  Batch batch = assemble(last_keys_, std::move(results.columns), window, groups.size());
  if (!errors.empty()) {
    Selection good;
    reject_failed(batch, errors, output, &good);
    if (good.empty()) return;
    batch = gather(batch, good);
  }
  output.emit(std::move(batch));
}

void ResultRows::emit_changes(const KeyTable& keys, std::span<const uint32_t> groups,
                              const Change& change, RowErrors& errors,
                              const std::vector<Scalar>& window, Output& output) {
  const auto& [before, after, watermark] = change;
  const size_t n = groups.size();
  if (!errors.empty()) {
    Selection good;
    reject_failed(assemble(keys.gather(groups), after.columns, window, n), errors, output, &good);
  }
  std::vector<uint32_t> group_of;  // per output row
  std::vector<uint32_t> picked;    // per output row: i = before, n + i = after
  ColumnBuilder weights(Type::bigint(), 2 * n);
  bool only_inserts = true;
  for (uint32_t i = 0; i < n; ++i) {
    bool same = before.exists[i] == after.exists[i];
    for (size_t c = 0; same && before.exists[i] && c < before.columns.size(); ++c) {
      same = rows_equal(*before.columns[c], i, *after.columns[c], i);
    }
    if (same) continue;
    if (before.exists[i]) {
      group_of.push_back(groups[i]);
      picked.push_back(i);
      weights.append_int64(-1);
      only_inserts = false;
    }
    if (after.exists[i]) {
      group_of.push_back(groups[i]);
      picked.push_back(static_cast<uint32_t>(n) + i);
      weights.append_int64(1);
    }
  }
  if (picked.empty()) return;
  std::vector<ColumnPtr> aggregates;
  for (size_t c = 0; c < before.columns.size(); ++c) {
    const ColumnPtr both[] = {before.columns[c], after.columns[c]};
    aggregates.push_back(gather(concat(both), picked));
  }
  Batch batch = assemble(keys.gather(group_of), std::move(aggregates), window, picked.size());
  if (!only_inserts) batch.weights = weights.finish();
  if (watermark != kWatermarkNone) {
    batch.watermarks = constant_column(Scalar::of(watermark), batch.rows);
  }
  for (size_t begin = 0; begin < batch.rows;) {
    size_t end = std::min(batch.rows, begin + kRowsPerBatch);
    if (end < batch.rows && group_of[end] == group_of[end - 1]) --end;  // old and new stay together
    output.emit(slice(batch, begin, end - begin));
    begin = end;
  }
}

void PendingChanges::capture(int64_t window, std::span<const uint32_t> groups,
                             const Compute& compute) {
  Window& pending = windows_[window];
  std::vector<uint32_t> fresh;
  for (uint32_t group : groups) {
    if (group >= pending.known.size()) pending.known.resize(group + group / 2 + 16, 0);
    if (pending.known[group] != 0) continue;
    pending.known[group] = 1;
    fresh.push_back(group);
  }
  if (fresh.empty()) return;
  pending.parts.push_back(compute(window, fresh));
  pending.groups.insert(pending.groups.end(), fresh.begin(), fresh.end());
}

GroupResults PendingChanges::Window::before() const {
  GroupResults all = parts[0];
  for (size_t p = 1; p < parts.size(); ++p) {
    all.exists.insert(all.exists.end(), parts[p].exists.begin(), parts[p].exists.end());
  }
  for (size_t c = 0; parts.size() > 1 && c < all.columns.size(); ++c) {
    std::vector<ColumnPtr> pieces;
    for (const GroupResults& part : parts) pieces.push_back(part.columns[c]);
    all.columns[c] = concat(pieces);
  }
  return all;
}

void PendingChanges::flush(const Emit& emit) {
  while (!windows_.empty()) {
    const int64_t window = windows_.begin()->first;
    const Window pending = std::move(windows_.begin()->second);
    windows_.erase(windows_.begin());
    emit(window, pending.groups, pending.before());
  }
}

void PendingChanges::collect_groups(std::vector<uint32_t>* groups) const {
  for (const auto& [window, pending] : windows_) {
    groups->insert(groups->end(), pending.groups.begin(), pending.groups.end());
  }
}

void PendingChanges::save(std::span<const uint32_t> live, SnapshotWriter& writer) const {
  writer.u64(windows_.size());
  for (const auto& [window, pending] : windows_) {
    const GroupResults before = pending.before();
    writer.i64(window);
    writer.u64(pending.groups.size());
    for (size_t i = 0; i < pending.groups.size(); ++i) {
      const auto at = std::lower_bound(live.begin(), live.end(), pending.groups[i]);
      writer.u32(static_cast<uint32_t>(at - live.begin()));
      writer.u8(before.exists[i]);
    }
    for (const ColumnPtr& column : before.columns) writer.column(*column);
  }
}

Status PendingChanges::load(std::span<const uint32_t> groups, std::span<const Type> types,
                            SnapshotReader& reader) {
  const uint64_t windows = TRY(reader.count(16));
  for (uint64_t w = 0; w < windows; ++w) {
    const int64_t window = TRY(reader.i64());
    const uint64_t n = TRY(reader.count(5));
    std::vector<uint32_t> which;
    GroupResults before;
    for (uint64_t i = 0; i < n; ++i) {
      const uint32_t position = TRY(reader.u32());
      if (position >= groups.size())
        return Error(ErrorCode::kCorruptData, "a change names no group");
      which.push_back(groups[position]);
      before.exists.push_back(TRY(reader.u8()));
    }
    for (const Type& type : types) {
      before.columns.push_back(TRY(reader.column(type)));
      if (before.columns.back()->size() != n)
        return Error(ErrorCode::kCorruptData, "a change has no value");
    }
    capture(window, which, [&](int64_t, std::span<const uint32_t>) { return before; });
  }
  return {};
}

}  // namespace velo
