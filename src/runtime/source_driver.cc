#include "runtime/source_driver.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/fmt.h"
#include "column/column_builder.h"

namespace velo {
namespace {
constexpr size_t kHeadBytes = size_t{64} << 10;  // enough for any header
constexpr size_t kTailKept = size_t{1} << 20;    // memory that one long record may leave behind
constexpr int64_t kPublishNs = 200'000'000;

enum PartitionFlag : uint8_t { kFinished = 1, kSkips = 2 };
}

SourceDriver::SourceDriver(const SourceSpec& spec,
                           std::vector<std::unique_ptr<TableReader>> readers,
                           SourceMetrics& metrics, ThreadMetrics& thread, const Context& context)
    : spec_(spec),
      readers_(std::move(readers)),
      metrics_(metrics),
      thread_(thread),
      context_(context) {
  messages_ = spec.messages;
  if (!messages_.columns.empty()) return;
  const size_t decoded = spec.layout ? spec.layout->size() - spec.metadata.size() : 0;
  for (size_t i = 0; i < decoded; ++i) messages_.columns.push_back({true, i, std::nullopt});
}

Status SourceDriver::open() {
  if (!spec_.make_source) {
    for (size_t i = 0; i < spec_.pushed_partitions; ++i) {
      PartitionInfo info;
      info.id = static_cast<uint32_t>(i);
      info.name = fmt::format("{}", i);
      TRY(add_partition(info));
    }
    return {};
  }
  source_ = TRY(spec_.make_source(context_.task));
  for (const PartitionInfo& info : TRY(source_->partitions())) TRY(add_partition(info));
  return {};
}

/// Whether this task reads the partition. Every task looks at the world by itself, and while it
/// changes two of them may number what they find differently: then the name decides. A sum of its
/// bytes deals numbered names evenly.
bool SourceDriver::is_mine(const PartitionInfo& info) const {
  if (!source_ || source_->is_member()) return true;
  uint32_t number = info.id;
  if (!spec_.bounded) {
    number = std::accumulate(info.name.begin(), info.name.end(), uint32_t{0},
                             [](uint32_t sum, char c) { return sum + static_cast<uint8_t>(c); });
  }
  return number % context_.tasks == context_.task;
}

Status SourceDriver::add_partition(const PartitionInfo& info) {
  if (!is_mine(info)) return {};
  Partition partition;
  partition.info = info;
  if (spec_.make_decoder) partition.decoder = TRY(spec_.make_decoder());
  if (source_) source_->select(info.id);
  partition.replay = ReplayNote::parse(info.note);
  TRY(check_beginning(partition));
  if (info.begin && partition.replay && partition.replay->is_beginning &&
      partition.replay->read_to > *info.begin) {
    partition.behind_until = std::max(partition.replay->read_to, info.end);
    caught_up_.store(false, std::memory_order_release);
  }
  metrics_.bytes_total.add(info.bytes);
  for (const auto& reader : readers_) {
    const size_t number = reader->add_partition();
    if (partition.replay && !partition.replay->is_beginning) {
      reader->set_floor(number, partition.replay->floor);
    }
  }
  partitions_.push_back(std::move(partition));
  return {};
}

std::vector<std::string> SourceDriver::partition_names() const {
  std::vector<std::string> names;
  for (const Partition& partition : partitions_) names.push_back(partition.info.name);
  return names;
}

Status SourceDriver::discover() {
  for (const PartitionInfo& info : TRY(source_->discover())) TRY(add_partition(info));
  return {};
}

std::vector<size_t> SourceDriver::by_watermark() const {
  std::vector<size_t> order;
  for (size_t i = 0; i < partitions_.size(); ++i) {
    const size_t at = (next_ + i) % partitions_.size();
    if (!partitions_[at].finished) order.push_back(at);
  }
  const WatermarkCombiner& combiner = readers_.front()->partitions();
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return combiner.watermark(a) < combiner.watermark(b);
  });
  return order;
}

bool SourceDriver::wants_more() const {
  return std::any_of(readers_.begin(), readers_.end(),
                     [](const auto& reader) { return reader->wants_more(); });
}

Result<SourceDriver::Step> SourceDriver::step(int64_t now_us) {
  if (done_) return Step::kDone;
  now_us_ = now_us;
  if (stopped_ || !wants_more()) {
    end_early();
    return Step::kDone;
  }
  if (!source_) {
    for (size_t i = 0; i < partitions_.size(); ++i) {
      if (partitions_[i].finished) continue;
      for (const auto& reader : readers_) reader->quiet(i, now_us);
    }
    finish_if_done();
    return done_ ? Step::kDone : Step::kQuiet;
  }
  if (!begun_ && !commit_beginnings()) return Step::kQuiet;
  if (!spec_.bounded) TRY(discover());
  for (const size_t index : by_watermark()) {
    if (TRY(poll(index, now_us))) {
      // Bounded: one after the other, as far as watermarks allow. Else nobody must starve.
      next_ = spec_.bounded ? 0 : index + 1;
      finish_if_done();
      return done_ ? Step::kDone : Step::kProgress;
    }
  }
  finish_if_done();
  if (done_) return Step::kDone;
  for (const auto& reader : readers_) reader->tick(now_us);
  // A job that never ends says now what happened to its files.
  for (std::string& warning : take_warnings()) context_.rejects.add_message(std::move(warning));
  return Step::kQuiet;
}

/// True if the partition gave something or ended.
Result<bool> SourceDriver::poll(size_t index, int64_t now_us) {
  Partition& partition = partitions_[index];
  if (partition.gone) {
    TRY(finish_partition(index, now_us));
    return true;
  }
  const int64_t begin = context_.clock.steady_ns();
  const Poll found = TRY(source_->poll(partition.info.id, block_, 0));
  batch_begin_ns_ = context_.clock.steady_ns();
  thread_.source_ns.add(static_cast<uint64_t>(batch_begin_ns_ - begin));
  if (batch_begin_ns_ - published_ns_ > kPublishNs) publish_stats();
  if (found == Poll::kNothingYet || found == Poll::kEnd) note_catching_up(partition, true);
  if (found == Poll::kNothingYet) {
    for (const auto& reader : readers_) reader->quiet(index, now_us);
    return false;
  }
  if (found == Poll::kBehind) return false;
  if (found == Poll::kEnd) {
    TRY(finish_partition(index, now_us));
    return true;
  }
  current_ = index;
  metrics_.blocks.add(1);
  metrics_.bytes_in.add(block_.bytes.size());
  batch_allocations_ = thread_allocations();
  const Status status = spec_.is_dealt            ? read_dealt(partition)
                        : block_.record_per_entry ? read_messages(partition)
                                                  : decode(partition);
  if (!status && !stopped_) return status.error();
  note_catching_up(partition, false);
  return true;
}

Status SourceDriver::decode(Partition& partition) {
  if (block_.begin.file != partition.unit || block_.begins_unit || !partition.inside) {
    partition.unit = block_.begin.file;
    UnitStart start;
    start.name = partition.unit;
    start.first_line = block_.first_line;
    start.inside = !block_.begins_unit;
    start.skipping = std::exchange(partition.skips, false);
    std::string head;
    if (start.inside) head = TRY(source_->head(partition.info.id, kHeadBytes));
    start.head = head;
    TRY(partition.decoder->start_unit(start));
    partition.inside = true;
  }
  DecodeInput input;
  input.owner = block_.owner;
  input.bytes = block_.bytes;
  input.offset = block_.begin.offset;
  input.ends_unit = block_.ends_unit;
  TRY(partition.decoder->feed(input, *this));
  partition.position = block_.end;
  if (block_.ends_unit) {
    partition.inside = false;
  } else {
    partition.position.offset = partition.decoder->consumed_offset();
  }
  return {};
}

Status SourceDriver::batch(Batch batch, DecodedRange) {
  metrics_.rows_in.add(batch.rows);
  if (batch.rows == 0) return {};
  if (!spec_.metadata.empty()) add_metadata(batch);
  return deliver(current_, batch);
}

Status SourceDriver::bad(const BadRecord& record) {
  metrics_.bad.add(1);
  const Partition& partition = partitions_[current_];
  return context_.rejects.bad_record(context_.source,
                                     {spec_.table, partition.unit, partition.info.name}, record);
}

/// `needed_from`: the rows are read for a second time, see ReplayNote.
Status SourceDriver::deliver(size_t index, const Batch& batch, std::optional<int64_t> needed_from) {
  const uint64_t edge_before = thread_.sink_ns.get() + thread_.channel_ns.get();
  for (const auto& reader : readers_) {
    if (needed_from && reader->leads_away()) continue;  // they went there the first time
    reader->deliver(index, batch, now_us_, needed_from.value_or(kWatermarkNone));
  }
  const int64_t now_ns = context_.clock.steady_ns();
  const uint64_t edge = thread_.sink_ns.get() + thread_.channel_ns.get() - edge_before;
  const auto total = static_cast<uint64_t>(now_ns - batch_begin_ns_);
  const uint64_t core = total > edge ? total - edge : 0;
  batch_begin_ns_ = now_ns;
  thread_.core_ns.add(core);
  thread_.batches.add(1);
  thread_.batch_latency.record(core);
  thread_.record_latency.record(core / batch.rows, batch.rows);
  if (allocations_are_counted()) {
    const uint64_t allocations = thread_allocations();
    thread_.core_allocations.add(allocations - batch_allocations_);
    batch_allocations_ = allocations;
  }
  if (std::optional<Error> failure = context_.rejects.failure()) return *failure;
  if (!wants_more()) {
    stopped_ = true;
    return Error(ErrorCode::kCancelled, "enough rows");
  }
  return {};
}

/// Of a stretch of a stream, which knows less than a message.
void SourceDriver::add_metadata(Batch& batch) {
  Partition& partition = partitions_[current_];
  const size_t first = batch.columns.size();
  batch.schema = spec_.layout;
  for (size_t i = 0; i < spec_.metadata.size(); ++i) {
    ColumnBuilder builder((*spec_.layout)[first + i].type, batch.rows);
    for (size_t row = 0; row < batch.rows; ++row) {
      switch (spec_.metadata[i]) {
        case MetadataField::kUnit:
          builder.append_string(partition.unit);
          break;
        case MetadataField::kPartition:
          builder.append_string(partition.info.name);
          break;
        case MetadataField::kOffset:
          builder.append_int64(static_cast<int64_t>(partition.rows + row));
          break;
        default:
          builder.append_null();
          break;
      }
    }
    batch.columns.push_back(builder.finish());
  }
  partition.rows += batch.rows;
}

Status SourceDriver::finish_partition(size_t index, int64_t now_us) {
  Partition& partition = partitions_[index];
  if (std::exchange(partition.finished, true)) return {};
  for (const auto& reader : readers_) reader->finish_partition(index, now_us);
  return {};
}

void SourceDriver::finish_if_done() {
  // An unbounded source without partitions may discover some.
  if (done_ || (source_ && !spec_.bounded && partitions_.empty())) return;
  const bool finished = std::all_of(partitions_.begin(), partitions_.end(),
                                    [](const Partition& p) { return p.finished; });
  if (finished) end_early();
}

void SourceDriver::end_if_empty() {
  if (partitions_.empty()) finish_if_done();
}

void SourceDriver::end_early() {
  if (std::exchange(done_, true)) return;
  for (const auto& reader : readers_) reader->end();
}

Status SourceDriver::wait(int64_t timeout_us) {
  return source_ ? source_->wait(timeout_us) : Status();
}

namespace {
Error finished_error(const std::string& table) {
  return Error(ErrorCode::kClosed, fmt::format("push into '{}': it is finished", table));
}
}  // namespace

Status SourceDriver::push_batch(size_t partition, const Batch& batch) {
  if (done_ || partitions_[partition].finished) {
    return stopped_ ? Status() : Status(finished_error(spec_.table));
  }
  now_us_ = context_.clock.now_us();
  batch_begin_ns_ = context_.clock.steady_ns();
  batch_allocations_ = thread_allocations();
  current_ = partition;
  metrics_.rows_in.add(batch.rows);
  Batch rows = batch;
  if (!spec_.metadata.empty()) add_metadata(rows);
  Status status = deliver(partition, rows);
  return !status && stopped_ ? Status() : status;
}

Status SourceDriver::push_bytes(size_t index, std::string_view bytes) {
  Partition& partition = partitions_[index];
  if (done_ || partition.finished) {
    return stopped_ ? Status() : Status(finished_error(spec_.table));
  }
  if (!partition.decoder) {
    return Error(ErrorCode::kMissingOption,
                 fmt::format("push of bytes into '{}', which has no 'format'", spec_.table));
  }
  now_us_ = context_.clock.now_us();
  batch_begin_ns_ = context_.clock.steady_ns();
  batch_allocations_ = thread_allocations();
  current_ = index;
  metrics_.bytes_in.add(bytes.size());
  Status status = feed_pushed(partition, bytes, false);
  return !status && stopped_ ? Status() : status;
}

Status SourceDriver::feed_pushed(Partition& partition, std::string_view bytes, bool ends) {
  if (partition.pushed_head.size() < kHeadBytes) {
    partition.pushed_head += bytes.substr(0, kHeadBytes - partition.pushed_head.size());
  }
  DecodeInput input;
  input.bytes = as_bytes(bytes);
  input.offset = partition.pushed_bytes;
  input.ends_unit = ends;
  partition.pushed_bytes += bytes.size();
  TRY(partition.decoder->feed(input, *this));
  // What a snapshot must keep: all behind the last whole record.
  const uint64_t left = partition.pushed_bytes - partition.decoder->consumed_offset();
  std::string& tail = partition.pushed_tail;
  if (left <= bytes.size()) {
    if (tail.capacity() > kTailKept) tail = {};
    tail.assign(bytes.substr(bytes.size() - left));
  } else {
    tail += bytes;
    // A decoder that began behind other records may not know yet that these are consumed.
    if (left < tail.size()) tail.erase(0, tail.size() - left);
  }
  return {};
}

Status SourceDriver::push_watermark(size_t partition, int64_t watermark_us) {
  if (done_ || partitions_[partition].finished) return finished_error(spec_.table);
  const int64_t now_us = context_.clock.now_us();
  for (const auto& reader : readers_) reader->raise(partition, watermark_us, now_us);
  return {};
}

Status SourceDriver::push_end(size_t index) {
  Partition& partition = partitions_[index];
  if (done_ || partition.finished) return {};
  now_us_ = context_.clock.now_us();
  if (partition.decoder && partition.pushed_bytes > 0) {
    current_ = index;
    batch_begin_ns_ = context_.clock.steady_ns();
    const Status status = feed_pushed(partition, {}, true);
    if (!status && !stopped_) return status;
  }
  TRY(finish_partition(index, now_us_));
  finish_if_done();
  return {};
}

std::vector<std::string> SourceDriver::take_warnings() {
  return source_ ? source_->take_warnings() : std::vector<std::string>{};
}

void SourceDriver::publish_stats() {
  published_ns_ = batch_begin_ns_;
  if (auto stats = source_->stats()) metrics_.messages.set(*std::move(stats));
}

void SourceDriver::close() {
  if (!source_) return;
  publish_stats();
  source_->close();
}

void SourceDriver::save(SnapshotWriter& writer) const {
  writer.section("source");
  writer.string(spec_.table);
  writer.string(source_ ? source_->save() : std::string());
  writer.u64(partitions_.size());
  for (const Partition& partition : partitions_) writer.string(partition.info.name);
  for (const Partition& partition : partitions_) {
    const bool skips = partition.skips || (partition.decoder && partition.decoder->skipping());
    writer.string(partition.position.to_string());
    writer.u64(partition.pushed_bytes);
    writer.string(partition.pushed_head);
    writer.string(partition.pushed_tail);
    writer.u8(static_cast<uint8_t>((partition.finished ? kFinished : 0) | (skips ? kSkips : 0)));
    writer.u64(partition.rows);
  }
  for (const auto& reader : readers_) reader->save(writer);
  for (const Partition& partition : partitions_) {
    if (spec_.is_dealt) writer.u8(partition.dealt ? 1 : 0);
    if (partition.dealt) partition.dealt->save(writer);
  }
  save_counts(metrics_, writer);
  writer.u8(static_cast<uint8_t>((stopped_ ? 1 : 0) | (done_ ? 2 : 0)));
}

/// Puts a fresh decoder where the one of the snapshot stood.
Status SourceDriver::restore_pushed(Partition& partition) {
  if (!partition.decoder || partition.finished || partition.pushed_bytes == 0) return {};
  const std::string tail = std::exchange(partition.pushed_tail, {});
  partition.pushed_bytes -= tail.size();
  if (partition.pushed_bytes > 0) {
    UnitStart start;
    start.first_line = 0;
    start.inside = true;
    start.skipping = std::exchange(partition.skips, false);
    start.head = partition.pushed_head;
    TRY(partition.decoder->start_unit(start));
  }
  return feed_pushed(partition, tail, false);
}

/// Puts the partitions into the order in which the snapshot has them; those that are new follow. A
/// watched directory may have lost some of its files.
Status SourceDriver::restore_order(const std::vector<std::string>& names) {
  for (size_t i = 0; i < names.size(); ++i) {
    const auto begin = partitions_.begin() + static_cast<ptrdiff_t>(i);
    const auto found = std::find_if(begin, partitions_.end(), [&](const Partition& partition) {
      return partition.info.name == names[i];
    });
    if (found != partitions_.end()) {
      std::rotate(begin, found, found + 1);
      continue;
    }
    if (!source_ || spec_.bounded) {
      return Error(ErrorCode::kIncompatibleState,
                   fmt::format("the snapshot has partition '{}' of table '{}', which is not there",
                               names[i], spec_.table));
    }
    Partition gone;
    gone.info.name = names[i];
    gone.gone = true;
    partitions_.insert(begin, std::move(gone));
    for (const auto& reader : readers_) reader->add_partition();
    context_.rejects.add_message(fmt::format(
        "table '{}': '{}' is gone: going on with what is there", spec_.table, names[i]));
  }
  return {};
}

Status SourceDriver::restore_partition(SnapshotReader& reader, Partition& partition) {
  const std::string position = TRY(reader.string());
  partition.pushed_bytes = TRY(reader.u64());
  partition.pushed_head = TRY(reader.string());
  partition.pushed_tail = TRY(reader.string());
  const uint8_t flags = TRY(reader.u8());
  partition.finished = (flags & kFinished) != 0;
  partition.skips = (flags & kSkips) != 0;
  partition.rows = TRY(reader.u64());
  TRY(restore_pushed(partition));
  partition.position = TRY(Position::parse(position));
  const bool moved = !(partition.position == Position());
  if (!source_ || !moved || partition.finished || partition.gone) return {};
  return source_->seek(partition.info.id, partition.position);
}

Status SourceDriver::load(SnapshotReader& reader) {
  TRY(reader.section("source"));
  const std::string table = TRY(reader.string());
  const std::string order = TRY(reader.string());
  const uint64_t count = TRY(reader.count(1));
  std::vector<std::string> names;
  for (uint64_t i = 0; i < count; ++i) names.push_back(TRY(reader.string()));
  if (table != spec_.table) {
    return Error(
        ErrorCode::kIncompatibleState,
        fmt::format("the snapshot has table '{}' where there is '{}'", table, spec_.table));
  }
  TRY(restore_order(names));
  if (source_) TRY(source_->restore(order));
  for (size_t i = 0; i < count; ++i) TRY(restore_partition(reader, partitions_[i]));
  for (const auto& table_reader : readers_) TRY(table_reader->load(reader));
  for (size_t i = 0; spec_.is_dealt && i < count; ++i) {
    if (TRY(reader.u8()) == 0) continue;
    partitions_[i].dealt = std::make_unique<RepartitionReader>(spec_.layout);
    TRY(partitions_[i].dealt->load(reader));
  }
  TRY(load_counts(reader, metrics_));
  const uint8_t flags = TRY(reader.u8());
  stopped_ = (flags & 1) != 0;
  done_ = (flags & 2) != 0;
  return {};
}

}  // namespace velo
