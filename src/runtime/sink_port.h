#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "connector/sink.h"
#include "format/encoder.h"
#include "runtime/metrics.h"
#include "runtime/port.h"

namespace velo {

/// A message that is no row, as it came, with what is to be said of it.
struct DeadLetter {
  struct Header {
    std::string name;
    std::optional<std::string> value;
  };
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::vector<Header> headers;
};

/// Where a job's rows leave it. `emit` cannot fail; what went wrong is kept in `status` and makes
/// everything after it a no-op. One thread at a time.
class SinkPort : public Port {
 public:
  /// Errors here come before anything runs.
  virtual Status open() { return {}; }
  /// Passes on what is buffered. Publishes nothing.
  virtual Status flush() { return {}; }
  virtual Status tick() { return {}; }
  virtual Result<std::string> prepare(uint64_t epoch) {
    (void)epoch;
    return std::string();
  }
  virtual Status commit(uint64_t epoch) {
    (void)epoch;
    return {};
  }
  /// In the place of open, after a restart: what `prepare` gave.
  virtual Status recover(std::string_view prepared) {
    (void)prepared;
    return open();
  }
  /// The job failed: leave nothing behind that looks like a result.
  virtual void abandon() {}
  /// Publishes everything; not called when the job failed.
  virtual Status publish() { return {}; }

  /// From now on only the last result of each key is kept, until `release`: what comes is known to
  /// come again. Those that cannot go on as ever. Lost if the job ends before.
  virtual bool hold() { return false; }
  virtual void release() {}

  /// Of ports that lead away (see ReaderSpec): the partitions that this process reads for them, of
  /// `in_all` in all processes. REQUIRES: before `open`.
  virtual void set_origins(std::vector<std::string> names, size_t in_all) {
    (void)names, (void)in_all;
  }
  /// For ports of messages.
  virtual void take_letter(const DeadLetter& letter) {
    (void)letter;
    CHECK(false, "a dead letter for a sink of rows");
  }

  void reject(Rejected) override {}
  void advance(int64_t watermark) override { watermark_ = watermark; }
  void end() override {
    ended_ = true;
    watermark_ = kWatermarkEnd;
  }
  bool wants_more() const override { return !closed_ && !error_; }

  bool ended() const { return ended_; }
  /// All results up to it have come.
  int64_t watermark() const { return watermark_; }
  /// Remembers it, for others to ask for once they know that it was.
  void note_watermark() { noted_.store(watermark_, std::memory_order_relaxed); }
  int64_t noted_watermark() const { return noted_.load(std::memory_order_relaxed); }
  /// The reader went away: a clean stop.
  bool closed() const { return closed_; }
  const std::optional<Error>& error() const { return error_; }
  const SinkMetrics& metrics() const { return metrics_; }
  /// What it has counted, for the snapshot and back.
  void save(SnapshotWriter& writer) const { save_counts(metrics_, writer); }
  Status load(SnapshotReader& reader) { return load_counts(reader, metrics_); }
  /// Where the time spent in the sink itself is counted; null: nowhere.
  void set_thread(ThreadMetrics* thread) { thread_ = thread; }

 protected:
  /// Keeps the first failure. True if there was none.
  bool note(const Status& status);

  SinkMetrics metrics_;
  ThreadMetrics* thread_ = nullptr;

 private:
  int64_t watermark_ = kWatermarkNone;
  std::atomic<int64_t> noted_{kWatermarkNone};
  bool ended_ = false;
  bool closed_ = false;
  std::optional<Error> error_;
};

/// Calls a function with every batch. Its time is the sink's: what others do with results is no
/// part of the core.
class CallbackSink final : public SinkPort {
 public:
  using Callback = std::function<void(const Batch&)>;
  CallbackSink(Callback callback, Clock& clock) : callback_(std::move(callback)), clock_(clock) {}
  void emit(Batch batch) override;

 private:
  Callback callback_;
  Clock& clock_;
};

/// How weights become change kinds for those who write them.
enum class SinkChanges : uint8_t {
  kAppend,   ///< no retractions come
  kRetract,  ///< one column more, `op`, in front: +I -U +U -D
  kUpsert,   ///< the same: +U with the last row of each key, -D with the key of one that is gone
};

/// A port over a Sink: what the two have to say to each other apart from rows.
class WritingPort : public SinkPort {
 public:
  Status open() override { return sink_->open(); }
  Status flush() override;
  Status tick() override;
  Result<std::string> prepare(uint64_t epoch) override;
  Status commit(uint64_t epoch) override { return sink_->commit(epoch); }
  Status recover(std::string_view prepared) override { return sink_->recover(prepared); }
  void abandon() override { sink_.reset(); }
  Status publish() override;

 protected:
  WritingPort(std::unique_ptr<Sink> sink, Clock& clock) : sink_(std::move(sink)), clock_(clock) {}
  /// Hands the sink what is encoded and not handed over yet.
  virtual Status write_buffer() = 0;
  /// Runs `write`, whose time is the sink's.
  template <typename Write>
  Status timed(Write write) {
    const int64_t begin = clock_.steady_ns();
    Status status = write();
    if (thread_) thread_->sink_ns.add(static_cast<uint64_t>(clock_.steady_ns() - begin));
    note_sending();
    return status;
  }

  std::unique_ptr<Sink> sink_;

 private:
  void note_sending() {
    metrics_.waiting.set(sink_->waiting());
    metrics_.errors.set(sink_->errors());
  }
  Clock& clock_;
};

struct EncodedSinkOptions {
  std::unique_ptr<Sink> sink;
  std::unique_ptr<Encoder> encoder;  ///< for the schema with `op`, if there is one
  SinkChanges changes = SinkChanges::kAppend;
  /// Columns that tell an update from a deletion and an insertion; kUpsert: those of the key.
  std::vector<size_t> key;
  SchemaPtr schema;         ///< what the encoder was made for
  size_t buffer_bytes = size_t{64} << 10;  ///< written when so much is encoded
};

/// Encodes batches and writes them to a Sink.
class EncodedSink final : public WritingPort {
 public:
  EncodedSink(EncodedSinkOptions options, Clock& clock);

  Status open() override;
  void emit(Batch batch) override;
  Status recover(std::string_view prepared) override;

 private:
  Status write_buffer() override;
  EncodedSinkOptions options_;
  std::string buffer_;
  uint64_t buffered_rows_ = 0;
};

}  // namespace velo
