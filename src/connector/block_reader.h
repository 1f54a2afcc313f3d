#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/file.h"
#include "connector/block.h"
#include "connector/buffer_pool.h"
#include "connector/byte_stream.h"

namespace velo {

/// How one file is cut into blocks.
struct BlockReaderOptions {
  std::string name;  ///< in positions, if not the path: what the file was called when it was found
  Compression compression = Compression::kAuto;
  bool mapped = false;          ///< through mmap; plain regular files only, else ignored
  bool cut_at_newline = true;   ///< end blocks after a newline where there is one
  uint64_t begin = 0;           ///< uncompressed offset to start at
  uint64_t end = UINT64_MAX;    ///< stop here as if the file ended
};

/// Cuts one open file into blocks that follow each other without gap.
///
/// Reading: a buffer is filled, given out up to its last newline, and the rest of it (less than a
/// line) is moved to the front of the next one. A line longer than a buffer is given out in pieces.
/// Invariant: bytes [0, start_) of buffer_ were given out, [start_, filled_) wait, and stream_
/// stands after them.
class BlockReader {
 public:
  /// Borrows the pool, whose capacity is the size of blocks.
  static Result<std::unique_ptr<BlockReader>> open(FileSystem& files, const std::string& path,
                                                   const BlockReaderOptions& options,
                                                   BufferPool& pool);
  virtual ~BlockReader() = default;

  enum class Fill : uint8_t { kBlock, kDry };
  /// Fills `out` (its bytes, owner, begin, end, begins_unit, ends_unit, first_line). `complete`:
  /// nobody will append to the file, so its end is the end of the unit; the last block says so and
  /// may be empty. Without it, what stands after the last newline is held back.
  /// kDry: nothing there within `timeout_us` (pipes; a file never waits), or all was given out
  /// (`ended()`).
  virtual Result<Fill> next(Block& out, bool complete, int64_t timeout_us) = 0;
  /// The first bytes without taking them; waits for them. REQUIRES: before `next`.
  virtual Result<std::string> peek(size_t most) = 0;
  virtual Result<bool> wait_readable(int64_t timeout_us) = 0;

  bool ended() const { return ended_; }
  const FileInfo& info() const { return info_; }
  uint64_t offset() const { return offset_; }  ///< uncompressed, of the next byte to be given out
  /// Bytes of the file that were taken so far; a file that is now shorter was truncated.
  virtual uint64_t stored_offset() const = 0;

 protected:
  BlockReader(std::string path, FileInfo info, const BlockReaderOptions& options)
      : path_(options.name.empty() ? std::move(path) : options.name),
        info_(info),
        options_(options),
        offset_(options.begin) {}
  /// Describes [data, data + size) as the next block.
  void give(Block& out, BufferPtr owner, const std::byte* data, size_t size, bool last);

  std::string path_;
  FileInfo info_;
  BlockReaderOptions options_;
  uint64_t offset_;
  bool ended_ = false;
};

}  // namespace velo
