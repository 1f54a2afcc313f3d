#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "connector/compression.h"

namespace velo {

/// The uncompressed bytes of one file, pipe or standard input, from front to back.
class ByteStream {
 public:
  /// `path` "-" is standard input. `compression` as given; kAuto goes by the path.
  static Result<std::unique_ptr<ByteStream>> open(FileSystem& files, const std::string& path,
                                                  Compression compression);

  /// Up to `most` bytes; 0 = the end (for now, if the file grows). Broken compressed data is
  /// kCorruptData with the file and the offset in it.
  Result<size_t> read(std::byte* into, size_t most);
  /// The file is complete: an error if it ends inside a compressed member.
  Status check_complete() const;
  /// Goes to an uncompressed offset: at once in a plain file, else by reading up to there.
  /// kCorruptData if the stream is shorter. Only forward when compressed.
  Status skip_to(uint64_t offset);
  Result<bool> wait_readable(int64_t timeout_us);

  uint64_t offset() const { return offset_; }          ///< uncompressed, of the next byte
  uint64_t stored_offset() const { return stored_; }   ///< bytes taken from the file
  const FileInfo& info() const { return info_; }       ///< as it was when opened
  bool is_regular() const { return info_.kind == FileKind::kRegular; }
  bool is_compressed() const { return decompressor_ != nullptr; }
  File& file() { return *file_; }

 private:
  ByteStream(std::unique_ptr<File> file, FileInfo info, std::unique_ptr<Decompressor> decompressor);
  Result<size_t> read_compressed(std::byte* into, size_t most);

  std::unique_ptr<File> file_;
  FileInfo info_;
  std::unique_ptr<Decompressor> decompressor_;
  std::vector<std::byte> packed_;  ///< [packed_begin_, packed_end_) is read and not yet unpacked
  size_t packed_begin_ = 0;
  size_t packed_end_ = 0;
  uint64_t offset_ = 0;
  uint64_t stored_ = 0;
};

}  // namespace velo
