#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "connector/source.h"

namespace velo {

/// A source fed from outside: golden tests, the byte push of the API. `push`, `set_idle` and
/// `finish` may be called by any thread while another polls. Bounded: a push waits while a
/// partition holds `bytes_max` bytes.
class ScriptSource final : public Source {
 public:
  struct Options {
    std::vector<std::string> partitions = {"0"};  ///< names
    size_t bytes_max = size_t{16} << 20;          ///< waiting per partition; one push may exceed it
  };
  struct Push {
    std::string bytes;
    std::vector<RecordSpan> records;        ///< empty: a stretch of a stream
    std::vector<RecordMetadata> metadata;   ///< empty or one per record
    std::vector<HeaderSpan> headers;
    bool record_per_entry = false;
    bool ends_unit = false;

    static Push stretch(std::string text) {
      Push push;
      push.bytes = std::move(text);
      return push;
    }
  };

  explicit ScriptSource(Options options);
  ~ScriptSource() override;

  /// Waits for room; false if the partition is finished or the source closed (or `timeout_us` ran
  /// out; -1 = never).
  bool push(uint32_t partition, Push piece, int64_t timeout_us = -1);
  bool push(uint32_t partition, std::string bytes) {
    return push(partition, Push::stretch(std::move(bytes)));
  }
  /// The partition ends after what was pushed: the last record needs no newline.
  void finish(uint32_t partition);
  void finish_all();
  /// Bytes pushed and not yet polled.
  size_t waiting_bytes(uint32_t partition) const;

  Result<std::vector<PartitionInfo>> partitions() override;
  Status seek(uint32_t partition, const Position& position) override;
  Result<Poll> poll(uint32_t partition, Block& out, int64_t timeout_us) override;
  Status wait(int64_t timeout_us) override;
  /// Pushes fail from here on, polls end.
  void close() override;

 private:
  struct Lane {
    std::string name;
    std::deque<Push> waiting;
    size_t waiting_bytes = 0;
    Position at;           ///< of the next block
    uint64_t skip = 0;     ///< bytes still to be dropped after a seek
    bool finished = false;
    bool end_told = false;
    bool unit_open = false;  ///< bytes were given out since the last unit ended
  };
  bool anything() const;
  bool take(Lane& lane, uint32_t partition, Block& out);

  const size_t bytes_max_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Lane> lanes_;
  bool closed_ = false;
};

}  // namespace velo
