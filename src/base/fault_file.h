#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/file.h"

namespace velo {

/// A way in which a file system can fail.
struct Fault {
  enum class On : uint8_t { kOpen, kRead, kWrite, kSync, kClose, kRename, kRemove, kList };
  On on = On::kWrite;
  std::string path_contains;  ///< only paths with this in them; "" = all
  /// Let this many calls pass (kWrite: this many bytes, then a partial write).
  uint64_t after = 0;
  /// An errno value; 0 with kRead: short reads of at most `read_most` bytes instead.
  int error = 0;
  size_t read_most = 0;
  bool once = false;  ///< false: from then on every call fails
};

/// A file system over another one that fails where it is told to. For tests. Thread-safe as the
/// inner one.
class FaultyFileSystem final : public FileSystem {
 public:
  /// Borrows the inner file system.
  explicit FaultyFileSystem(FileSystem& inner);
  ~FaultyFileSystem() override;

  void inject(Fault fault);
  void heal();
  /// How often a fault struck.
  uint64_t struck() const;

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<FileInfo> info(const std::string& path) override;
  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status make_directories(const std::string& directory) override;
  Status sync_directory(const std::string& directory) override;
  Result<std::string> resolve(const std::string& path) override;

  class Faults;  ///< the injected faults, shared with the open files

 private:
  FileSystem& inner_;
  std::shared_ptr<Faults> faults_;
};

}  // namespace velo
