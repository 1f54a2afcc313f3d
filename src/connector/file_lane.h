#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "connector/block_reader.h"
#include "connector/source.h"

namespace velo {

/// Which files have been read by which partition, whatever they are called by now, so that a
/// renamed log is not read twice and a new file with an old name is.
class SeenFiles {
 public:
  /// A partition begins to read the file.
  void opened(const FileInfo& file) { files_[file.identity()] = {true, 0}; }
  /// It is done with it and closes it after `size` bytes.
  void closed(const FileInfo& file, uint64_t size) { files_[file.identity()] = {false, size}; }
  /// True if the file is being or has been read. Where files have no birth time, the inode of a
  /// deleted file may come back in a new one; there a closed file counts as seen only while it
  /// keeps its size.
  bool contains(const FileInfo& file) const {
    const auto found = files_.find(file.identity());
    if (found == files_.end()) return false;
    return found->second.open || file.born_us != 0 || found->second.size == file.size;
  }

 private:
  struct Entry {
    bool open = false;
    uint64_t size = 0;
  };
  std::map<uint64_t, Entry> files_;
};

/// What the partitions of a file source share. Borrowed.
struct FileLaneContext {
  FileSystem& files;
  Clock& clock;
  BufferPool& pool;
  SeenFiles& seen;
  std::vector<std::string>& warnings;
  BlockReaderOptions reading;
  bool watch = false;
  int64_t interval_us = 200'000;
};

/// One partition of a file source: one file or several one after the other. When watching, the
/// steps at the end of the present file are:
///   1. Not more often than the interval, look at the path.
///   2. Same file, shorter than what was read: truncated; its last piece ends the unit, start anew
///   at 0.
///   3. Another file under the name (rotation), or a next file in the sequence: wait one more
///   interval for the
///      writer's last bytes, then end the unit and open the next.
///   4. Otherwise nothing yet. A path that is gone for now is waited for.
class FileLane {
 public:
  /// `files`: at least one unless more are added later.
  FileLane(uint32_t id, std::vector<std::string> files, const FileLaneContext& context);

  /// Only [begin, end) of the only file.
  void limit(uint64_t begin, uint64_t end);
  void add_file(std::string path) { files_.push_back(std::move(path)); }
  /// These files come before the others, in this order. REQUIRES: before `seek`.
  void begin_with(std::vector<std::string> files);
  Status seek(const Position& position);
  Result<Poll> poll(Block& out, int64_t timeout_us);
  Result<std::string> head(size_t most);
  /// True if `poll` need not wait.
  Result<bool> wait_readable(int64_t timeout_us);

  const std::vector<std::string>& files() const { return files_; }

 private:
  Status open_current();
  Result<bool> look_after_end();
  Result<Poll> poll_once(Block& out, int64_t timeout_us);
  void leave();
  Result<std::string> renamed_file(const std::string& path, uint64_t identity) const;

  const uint32_t id_;
  std::vector<std::string> files_;
  const FileLaneContext& context_;
  size_t current_ = 0;  ///< into files_
  uint64_t begin_ = 0;
  uint64_t end_ = UINT64_MAX;
  uint64_t resume_identity_ = 0;     ///< of the file that begin_ refers to; 0 = whichever is there
  std::unique_ptr<BlockReader> reader_;
  bool complete_ = false;            ///< the present file will not grow
  bool successor_seen_ = false;      ///< a next file exists; the present one gets one more interval
  bool reopen_ = false;              ///< after the present one, read the same path again
  int64_t next_look_ns_ = 0;
  std::optional<Error> failed_;      ///< told again to whoever polls again
};

}  // namespace velo
