#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/options.h"
#include "connector/file_lane.h"
#include "connector/file_paths.h"
#include "connector/source.h"

namespace velo {

struct FileSourceOptions {
  std::string path;  ///< a file, a pattern, a directory, or "-" for standard input
  Compression compression = Compression::kAuto;
  bool mapped = false;
  bool watch = false;
  int64_t watch_interval_us = 200'000;
  /// All files one after the other as one partition; else each file is a partition.
  bool single_partition = false;
  enum class Order : uint8_t { kName, kModified };
  Order order = Order::kName;  ///< of the files in a single partition
  uint32_t splits = 1;         ///< ranges of one big plain file, each a partition
  uint64_t split_bytes_min = uint64_t{8} << 20;
  bool cut_at_newline = true;
  size_t block_bytes = size_t{1} << 20;
};

Result<FileSourceOptions> parse_file_source_options(const OptionReader& options);

/// Reads files as they are, or follows them as they grow and are rotated.
class FileSource final : public Source {
 public:
  /// Borrows the file system and the clock.
  FileSource(FileSourceOptions options, FileSystem& files, Clock& clock);

  Result<std::vector<PartitionInfo>> partitions() override;
  Result<std::vector<PartitionInfo>> discover() override;
  std::string save() const override;
  Status restore(std::string_view saved) override;
  Status seek(uint32_t partition, const Position& position) override;
  Result<Poll> poll(uint32_t partition, Block& out, int64_t timeout_us) override;
  Status wait(int64_t timeout_us) override;
  Result<std::string> head(uint32_t partition, size_t most) override;
  std::vector<std::string> take_warnings() override;
  void close() override { lanes_.clear(); }

 private:
  Result<PartitionInfo> add_lane(std::string name, std::vector<std::string> files);
  Result<std::vector<PartitionInfo>> add_splits(const std::string& path);
  Status sort_files(std::vector<std::string>& files) const;
  bool is_known(const std::string& path) const;

  FileSourceOptions options_;
  FileSystem& files_;
  Clock& clock_;
  BufferPool pool_;
  SeenFiles seen_;
  std::vector<std::string> warnings_;
  FileLaneContext context_;
  std::vector<std::unique_ptr<FileLane>> lanes_;  ///< by partition id
  PathKind kind_ = PathKind::kFile;
  int64_t next_discovery_ns_ = 0;
};

}  // namespace velo
