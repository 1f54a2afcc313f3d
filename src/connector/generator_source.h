#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/options.h"
#include "connector/source.h"

namespace velo {

/// The bytes of a generator's block: which rows to make. The rows themselves are made from their
/// numbers and a seed by a decoder.
struct RowRange {
  uint64_t first_row = 0;
  uint64_t rows = 0;

  /// REQUIRES: `bytes` is the whole of a generator block's bytes.
  static RowRange from(Bytes bytes);
};

struct GeneratorOptions {
  std::optional<uint64_t> rows;           ///< in all partitions; nothing = for ever
  std::optional<double> rows_per_second;  ///< in all; nothing = as fast as taken
  uint32_t partitions = 1;
  /// Rows are dealt to partitions in chunks of this many, in turn; never more in one block. Part of
  /// the meaning: with more than one partition it decides which rows are whose.
  uint64_t chunk_rows = 4096;
  bool keep_alive = false;  ///< after the last row nothing comes for ever, instead of the end
};

/// Options of `datagen` that are the connector's; those of the columns belong to the format.
Result<GeneratorOptions> parse_generator_options(const OptionReader& options);
/// The same of `nexmark`.
Result<GeneratorOptions> parse_nexmark_pace(const OptionReader& options);

/// Numbers rows 0, 1, 2, … at a given rate. Partition p of n gets chunks p, p+n, …, so the union of
/// all partitions is the same rows whatever n. Seekable: Position.offset = number of the next row.
class GeneratorSource final : public Source {
 public:
  /// Borrows the clock.
  GeneratorSource(GeneratorOptions options, Clock& clock);

  Result<std::vector<PartitionInfo>> partitions() override;
  Status seek(uint32_t partition, const Position& position) override;
  Result<Poll> poll(uint32_t partition, Block& out, int64_t timeout_us) override;
  Status wait(int64_t timeout_us) override;

 private:
  struct Lane {
    uint64_t next_row = 0;
    uint64_t given = 0;  ///< rows since `started_ns_`
  };
  uint64_t step_rows(uint64_t wanted) const;
  uint64_t due_rows(const Lane& lane, uint64_t wanted) const;
  int64_t until_due_us(const Lane& lane, uint64_t wanted) const;
  uint64_t chunk_left(const Lane& lane) const;

  GeneratorOptions options_;
  Clock& clock_;
  int64_t started_ns_ = -1;
  std::vector<Lane> lanes_;
};

}  // namespace velo
