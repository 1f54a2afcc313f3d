#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"

namespace velo {

/// What a path stands for. `kOther`: pipe, terminal, device, socket.
enum class FileKind : uint8_t { kRegular, kDirectory, kOther };

struct FileInfo {
  FileKind kind = FileKind::kRegular;
  uint64_t size = 0;  ///< bytes
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t born_us = 0;      ///< birth time; 0 where the file system does not keep one
  int64_t modified_us = 0;  ///< microseconds since 1970

  /// Tells one file from another whatever it is called: survives a rename, and differs for a new
  /// file that was given the inode of a deleted one (where birth times exist). Never 0.
  uint64_t identity() const;
};

struct DirectoryEntry {
  std::string name;
  FileKind kind = FileKind::kRegular;  ///< of what a symbolic link points to
};

/// An open file; closed by the destructor. Used by one thread at a time. Errors name the path.
class File {
 public:
  explicit File(std::string path) : path_(std::move(path)) {}
  virtual ~File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /// Reads up to `most` bytes at the current place; fewer do not mean the end, 0 does (for now, if
  /// it grows).
  virtual Result<size_t> read(std::byte* into, size_t most) = 0;
  /// Writes all of it at the current place, or fails. A pipe without reader gives kClosed and no
  /// signal.
  virtual Status write(Bytes bytes) = 0;
  virtual Status seek(uint64_t offset) = 0;
  virtual Status truncate(uint64_t size) = 0;
  /// Returns when what was written has reached the disk.
  virtual Status sync() = 0;
  virtual Result<FileInfo> info() const = 0;
  /// True when `read` would not block (regular files: always); waits at most `timeout_us` for that.
  virtual Result<bool> wait_readable(int64_t timeout_us) = 0;
  /// Maps [offset, offset + length) for reading, with the padding that Buffer promises. Pages past
  /// the file's end must not be asked for; a file cut short while mapped kills the process
  /// (SIGBUS), so map only files that nobody truncates. REQUIRES: offset % kMapAlignment == 0,
  /// length > 0.
  virtual Result<BufferPtr> map(uint64_t offset, size_t length) = 0;
  /// Closes and reports what only closing reveals. Idempotent.
  virtual Status close() = 0;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline constexpr size_t kMapAlignment = 64 * 1024;

/// kCreate: empty, made if absent. kCreateNew: fails with kAlreadyExists. kAppend: writes go to the
/// end.
enum class OpenMode : uint8_t { kRead, kCreate, kCreateNew, kAppend };

/// The one door to files. Thread-safe. Errors carry kNotFound, kPermission, kDiskFull, kNotAFile,
/// kIo … and name the path.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// kNotAFile for a directory.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  /// Follows symbolic links.
  virtual Result<FileInfo> info(const std::string& path) = 0;
  /// Entries sorted by the bytes of their names, without "." and "..".
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& directory) = 0;
  /// Replaces `to` atomically if it exists.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  /// Like mkdir -p.
  virtual Status make_directories(const std::string& directory) = 0;
  /// Makes renames and removals in it durable.
  virtual Status sync_directory(const std::string& directory) = 0;
  /// The path with symbolic links and "..", "." taken out. The path must exist.
  virtual Result<std::string> resolve(const std::string& path) = 0;

  bool exists(const std::string& path) { return info(path).has_value(); }
  /// Paths that match `*`, `?`, `[a-z]`, `[!a]` in any component, sorted by bytes; a leading dot
  /// must be matched by a dot. Nothing found is an empty answer; a directory that cannot be read is
  /// an error.
  Result<std::vector<std::string>> glob(const std::string& pattern);
};

/// The machine's file system.
class LocalFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<FileInfo> info(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status make_directories(const std::string& directory) override;
  Status sync_directory(const std::string& directory) override;
  Result<std::string> resolve(const std::string& path) override;
};

/// A File over a descriptor that somebody else opened and will close (0, 1, 2, a test's pipe).
std::unique_ptr<File> borrow_descriptor(int descriptor, std::string name);

/// True if the text has one of `*`, `?`, `[`.
bool has_glob_characters(std::string_view path);
/// One path component against one pattern component.
bool glob_matches(std::string_view pattern, std::string_view name);
/// "a/b/c" → "a/b"; "c" → "."; "/c" → "/".
std::string path_directory(std::string_view path);
/// "a/b/c" → "c".
std::string path_name(std::string_view path);
/// "a", "b" → "a/b"; "a/", "b" → "a/b".
std::string path_join(std::string_view directory, std::string_view name);

/// Whole small files: configuration, SQL, checkpoint pages.
Result<std::string> read_whole_file(FileSystem& files, const std::string& path);
/// Writes beside `path`, syncs and renames, so that a reader or a crash sees the old or the new,
/// never a part.
Status write_file_atomically(FileSystem& files, const std::string& path, Bytes bytes);

}  // namespace velo
