#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "connector/source.h"
#include "format/decoder.h"
#include "runtime/message_reader.h"
#include "runtime/metrics.h"
#include "runtime/rejects.h"
#include "runtime/repartition_reader.h"
#include "runtime/replay_rule.h"
#include "runtime/table_reader.h"

namespace velo {

/// A table as a job reads it.
struct SourceSpec {
  std::string table;
  /// Null: pushed from outside.
  std::function<Result<std::unique_ptr<Source>>(uint32_t task)> make_source;
  /// Null: pushed as batches only.
  std::function<Result<std::unique_ptr<Decoder>>()> make_decoder;
  SchemaPtr layout;                     ///< the decoder's columns, then the metadata ones
  std::vector<MetadataField> metadata;  ///< the last columns of the layout
  /// Where the source gives messages; without columns, those of the layout are the decoder's.
  MessageSpec messages;
  Rejects::Policy bad;
  size_t pushed_partitions = 1;
  bool bounded = true;
  /// Its messages are those of a RepartitionSink: rows of the layout.
  bool is_dealt = false;
  /// What of it is needed again after a restart: for those whose positions are committed.
  ReplayRule replay;
};

/// Reads one table's partitions (those dealt to this task): polls blocks, decodes them and delivers
/// the batches to the readers, one block per step and the partition that is furthest behind first.
///
/// Without a source it is fed from outside (push_…). One thread at a time.
class SourceDriver final : private DecodeOutput, private MessageOutput {
 public:
  struct Context {
    Clock& clock;
    Rejects& rejects;
    size_t source = 0;   ///< its number for `rejects`
    uint32_t task = 0;   ///< which of …
    uint32_t tasks = 1;  ///< … so many read this table
  };
  /// Borrows the readers' surroundings. `readers` must have been given all ports.
  SourceDriver(const SourceSpec& spec, std::vector<std::unique_ptr<TableReader>> readers,
               SourceMetrics& metrics, ThreadMetrics& thread, const Context& context);

  /// Looks at the outside world: what is missing is an error here.
  Status open();
  /// Ends at once if none of the input is this task's and none can come.
  void end_if_empty();

  enum class Step : uint8_t { kProgress, kQuiet, kDone };
  /// At most one block. kQuiet: nothing there now.
  Result<Step> step(int64_t now_us);
  /// Waits until there may be something, at most `timeout_us`.
  Status wait(int64_t timeout_us);
  /// Ends all readers without reading further.
  void end_early();
  bool done() const { return done_; }
  /// Names of the partitions that it reads, and how many there are in all processes.
  std::vector<std::string> partition_names() const;
  size_t partitions_in_all() const { return source_ ? source_->partitions_in_all() : 0; }
  bool has_partitions() const { return !partitions_.empty(); }
  bool pushed() const { return !spec_.make_source; }
  /// Its source's number in the graph.
  size_t number() const { return context_.source; }

  /// For tables without a source. REQUIRES: partition < spec.pushed_partitions, not finished.
  Status push_batch(size_t partition, const Batch& batch);
  Status push_bytes(size_t partition, std::string_view bytes);
  Status push_watermark(size_t partition, int64_t watermark_us);
  Status push_end(size_t partition);

  /// Its partitions are dealt anew: the job has to end and begin again.
  bool moved() const { return source_ && source_->moved(); }
  /// Whether somebody outside can remember its positions.
  bool is_remembered() const { return source_ && source_->commits(); }
  /// Whether it tells them: what needs all rows again goes back to where a group of processes
  /// began.
  bool commits() const {
    return is_remembered() &&
           (spec_.replay.kind != ReplayRule::Kind::kNever || source_->is_member());
  }
  /// Remembers where it stands: what was read before has gone into the readers.
  void note_positions();
  const ReplayRule& replay() const { return spec_.replay; }
  /// False while it reads what processes have read before, and the rest that was there when it
  /// began. Any thread.
  bool caught_up() const { return caught_up_.load(std::memory_order_acquire); }
  /// For `commit`, from any thread: all results up to this watermark are written.
  void set_done(int64_t done) { done_us_.store(done, std::memory_order_relaxed); }
  /// Tells the source's system so, of what was read before the last `note_positions`.
  void commit();

  std::vector<std::string> take_warnings();
  void save(SnapshotWriter& writer) const;
  /// After `open`, before the first step.
  Status load(SnapshotReader& reader);
  void close();

 private:
  struct Partition {
    PartitionInfo info;
    std::unique_ptr<Decoder> decoder;
    std::unique_ptr<MessageReader> messages;  ///< made when the first ones come
    Position position;    ///< where a restart seeks
    std::string unit;     ///< the file being read
    bool inside = false;  ///< the next block is not the first of its unit
    bool finished = false;
    bool gone = false;   ///< restored, but nothing has its name any more
    bool skips = false;  ///< restored: its position stands inside a too long record
    uint64_t rows = 0;  ///< delivered so far
    /// Where positions are committed: the greatest event time before an offset, ascending.
    struct Mark {
      uint64_t offset;
      int64_t time;
    };
    std::deque<Mark> marks;
    std::optional<ReplayNote> replay;  ///< of the commit that this run goes on from
    std::optional<uint64_t> first;     ///< offset of this run's first record
    std::optional<uint64_t> letter;    ///< offset of the last message that became a dead letter
    uint64_t noted = 0;                ///< offset, by `note_positions`
    std::unique_ptr<RepartitionReader> dealt;  ///< of messages that are
    bool goes_on = false;                      ///< behind what `replay` says was read
    std::string noted_places;                  ///< of `dealt`
    uint64_t behind_until = 0;                 ///< offset; 0: it has caught up
    std::string committed;             ///< offset and note
    uint64_t pushed_bytes = 0;
    std::string pushed_tail;  ///< the beginning of a record that has not come whole
    std::string pushed_head;  ///< first bytes: a header may stand there
  };
  Status batch(Batch batch, DecodedRange range) override;
  Status bad(const BadRecord& record) override;
  Status rows(Batch batch, std::span<const uint32_t> messages) override;
  Status bad_message(const BadRecord& record, const RecordMetadata& message) override;

  bool is_mine(const PartitionInfo& info) const;
  Status add_partition(const PartitionInfo& info);
  Status discover();
  Result<bool> poll(size_t index, int64_t now_us);
  Status decode(Partition& partition);
  Status read_messages(Partition& partition);
  Status read_dealt(Partition& partition);
  BadMessage whole_message(const RecordMetadata& message) const;
  void mark(Partition& partition);
  std::optional<SourceCommit> commit_of(Partition& partition, int64_t done) const;
  SourceCommit beginning_of(const Partition& partition) const;
  Status check_beginning(const Partition& partition) const;
  bool commit_beginnings();
  void note_catching_up(Partition& partition, bool at_end);
  Status finish_partition(size_t index, int64_t now_us);
  Status restore_pushed(Partition& partition);
  Status restore_order(const std::vector<std::string>& names);
  Status restore_partition(SnapshotReader& reader, Partition& partition);
  Status feed_pushed(Partition& partition, std::string_view bytes, bool ends);
  Status deliver(size_t partition, const Batch& batch, std::optional<int64_t> needed_from = {});
  void add_metadata(Batch& batch);
  void finish_if_done();
  void publish_stats();
  std::vector<size_t> by_watermark() const;
  bool wants_more() const;

  const SourceSpec& spec_;
  MessageSpec messages_;
  std::vector<std::unique_ptr<TableReader>> readers_;
  SourceMetrics& metrics_;
  ThreadMetrics& thread_;
  Context context_;
  std::unique_ptr<Source> source_;
  std::vector<Partition> partitions_;
  Block block_;
  size_t current_ = 0;  // partition being decoded
  int64_t now_us_ = 0;  // of the step
  int64_t batch_begin_ns_ = 0;
  uint64_t batch_allocations_ = 0;
  int64_t published_ns_ = 0;  // when what the source says of itself was passed on
  size_t next_ = 0;  // round robin where there is no watermark
  std::atomic<int64_t> done_us_{kWatermarkNone};
  std::atomic<bool> caught_up_{true};
  bool begun_ = false;  // beginnings are committed
  int64_t begin_next_ns_ = 0;
  bool stopped_ = false;
  bool done_ = false;
};

}  // namespace velo
