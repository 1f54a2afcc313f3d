#include "runtime/table_reader.h"

#include <utility>

#include "operator/reject_rows.h"

namespace velo {

TableReader::TableReader(ReaderSpec spec, Port& out, RejectTarget& rejects, size_t node,
                         SourceMetrics& metrics, bool idle_by_clock)
    : spec_(std::move(spec)),
      out_(out),
      rejects_(rejects),
      node_(node),
      metrics_(metrics),
      idle_by_clock_(idle_by_clock && !spec_.leads_away),
      evaluator_(spec_.outputs) {
  for (const ExprPtr& expr : spec_.outputs) {
    only_columns_ = only_columns_ && expr->kind() == ExprKind::kColumn;
  }
  if (spec_.watermark) assigner_.emplace(*spec_.watermark);
}

size_t TableReader::add_partition() {
  return assigner_ ? assigner_->add_partition() : combiner_.add();
}

bool TableReader::compute(const Batch& batch, int64_t now_us, Batch& rows) {
  rows = Batch{spec_.schema, batch.rows, {}, batch.weights, nullptr};
  if (only_columns_) {
    rows.columns.reserve(spec_.outputs.size());
    for (const ExprPtr& expr : spec_.outputs) rows.columns.push_back(batch.columns[expr->index()]);
    return true;
  }
  context_.now_us = now_us;
  evaluator_.evaluate(batch, context_, errors_, &rows.columns);
  if (spec_.by_key && batch.weights && !errors_.empty()) {
    const std::vector<RowError> all = errors_.rows();
    errors_.clear();
    for (const RowError& error : all) {
      if (batch.weight(error.row) > 0) errors_.add(error.row, error.code, error.message);
    }
  }
  if (errors_.empty()) return true;
  Selection good;
  metrics_.failed.add(errors_.rows().size());
  reject_failed_rows(batch, errors_, *this, &good);
  if (good.empty()) return false;
  rows = gather(rows, good);
  return true;
}

void TableReader::set_floor(size_t partition, int64_t floor) {
  if (assigner_) assigner_->set_floor(partition, floor);
}

int64_t TableReader::time_reached(size_t partition) const {
  return assigner_ ? assigner_->time_reached(partition) : kWatermarkNone;
}

bool TableReader::drop_dealt_with(Batch& rows, int64_t needed_from) const {
  const Column& times = *rows.columns[spec_.watermark->time_column];
  Selection needed;
  for (uint32_t row = 0; row < rows.rows; ++row) {
    if (times.is_null(row) || times.int64_at(row) >= needed_from) needed.push_back(row);
  }
  if (needed.size() < rows.rows) rows = gather(rows, needed);
  return rows.rows > 0;
}

void TableReader::deliver(size_t partition, const Batch& batch, int64_t now_us,
                          int64_t needed_from) {
  Batch rows;
  if (!compute(batch, now_us, rows)) return;
  if (assigner_ && needed_from != kWatermarkNone && !drop_dealt_with(rows, needed_from)) return;
  if (assigner_) {
    assigner_->assign(partition, rows, now_us, *this, metrics_);
    if (rows.rows == 0) return;
  } else {
    combiner_.touch(partition, now_us);
  }
  tell_idle();
  out_.emit(std::move(rows));
  tell_watermark(now_us);
}

void TableReader::raise(size_t partition, int64_t watermark, int64_t now_us) {
  combiner().touch(partition, now_us);
  tell_idle();
  combiner().raise(partition, watermark);
  tell_watermark(now_us);
}

void TableReader::told(size_t partition, int64_t watermark, int64_t idle_since_us, int64_t now_us) {
  if (idle_since_us == kActive) {
    combiner().set_active(partition);
  } else {
    combiner().set_idle(partition, idle_since_us);
  }
  tell_idle();
  combiner().raise(partition, watermark);
  tell_watermark(now_us);
}

void TableReader::quiet(size_t partition, int64_t now_us) {
  if (assigner_) assigner_->quiet(partition, now_us);
  tell_watermark(now_us);
}

void TableReader::finish_partition(size_t partition, int64_t now_us) {
  combiner().set_finished(partition);
  tell_watermark(now_us);
}

/// Where the clock moves the watermark here, nobody behind needs to.
void TableReader::tell_idle() {
  int64_t since = partitions().idle_since();
  if (since != kActive && idle_by_clock_) since = kNeverHadEvent;
  if (since == told_idle_ || ended_) return;
  told_idle_ = since;
  out_.idle(since);
}

void TableReader::tell_watermark(int64_t now_us) {
  move_watermark(now_us);
  tell_idle();
}

void TableReader::move_watermark(int64_t now_us) {
  if (!combiner().update(now_us, idle_by_clock_)) return;
  // The end of time is told by `end`, once the source knows that nothing new will be discovered.
  const int64_t watermark = combiner().combined();
  if (watermark == kWatermarkEnd || watermark <= told_) return;
  told_ = watermark;
  metrics_.watermark_us.store(watermark, std::memory_order_relaxed);
  out_.advance(watermark);
}

void TableReader::end() {
  if (!std::exchange(ended_, true)) out_.end();
}

void TableReader::save(SnapshotWriter& writer) const {
  writer.section("reader");
  writer.u8(assigner_ ? 1 : 0);
  if (assigner_) {
    assigner_->save(writer);
  } else {
    combiner_.save(writer);
  }
  writer.i64(told_);
  writer.i64(told_idle_);
}

Status TableReader::load(SnapshotReader& reader) {
  TRY(reader.section("reader"));
  if ((TRY(reader.u8()) != 0) != assigner_.has_value()) {
    return Error(ErrorCode::kIncompatibleState,
                 "the snapshot is of a table with another WATERMARK");
  }
  if (assigner_) {
    TRY(assigner_->load(reader));
  } else {
    TRY(combiner_.load(reader));
  }
  told_ = TRY(reader.i64());
  told_idle_ = TRY(reader.i64());
  return {};
}

}  // namespace velo
