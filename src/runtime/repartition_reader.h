#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "runtime/repartition_record.h"
#include "runtime/watermark.h"

namespace velo {

/// Reads one partition of a topic that RepartitionSinks write: drops what comes a second time, and
/// knows how far the watermark of all origins together is.
///
/// Why nothing is counted twice, or lost: of an origin, everything before a row that stands in the
/// partition stands before it (see RepartitionSink; who goes on for another one begins where the
/// other's records were acknowledged, or before). So a row that is not behind the last one of its
/// origin has been there before. A run that begins in the middle of the partition knows no origins:
/// it may meet a row whose first copy stands before its beginning. That one is older than all that
/// was still needed there (see ReplayRule), and late.
class RepartitionReader {
 public:
  explicit RepartitionReader(SchemaPtr schema) : schema_(std::move(schema)) {}

  /// What is new of the record; perhaps no rows.
  Result<Batch> read(std::string_view record, int64_t now_us);

  /// Of all origins: kWatermarkNone until each has been heard of.
  int64_t watermark() const { return complete() ? origins_.combined() : kWatermarkNone; }
  /// See Port::idle.
  int64_t idle_since() const { return complete() ? origins_.idle_since() : kActive; }
  bool ended() const { return complete() && origins_.all_finished(); }
  uint64_t dropped() const { return dropped_; }

  /// How far it has read of each origin, as text of at most `bytes`; "" if that is too little.
  std::string places(size_t bytes) const;
  /// Nothing up to there is new. Text that is none says nothing.
  void skip_to(std::string_view places);

  void save(SnapshotWriter& writer) const;
  Status load(SnapshotReader& reader);

 private:
  struct Origin {
    size_t part = 0;  ///< of `origins_`
    int64_t offset = -1;
    int64_t number = 0;
    bool before(int64_t o, int64_t n) const { return offset < o || (offset == o && number < n); }
    void raise(int64_t o, int64_t n) {
      if (!before(o, n)) return;
      offset = o;
      number = n;
    }
  };
  bool complete() const { return in_all_ > 0 && origins_.size() >= in_all_; }
  Origin& origin(const std::string& name);
  void update(int64_t now_us);
  Batch take(RepartitionRows rows, int64_t now_us);
  void take(const RepartitionMark& mark, int64_t now_us);

  SchemaPtr schema_;
  std::map<std::string, Origin, std::less<>> by_name_;
  WatermarkCombiner origins_;
  uint64_t in_all_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace velo
