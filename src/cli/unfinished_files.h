#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"

namespace velo {

/// The machine's files; remembers which new ones have neither been renamed nor removed, for a
/// program that ends while somebody still writes them. Thread-safe.
class UnfinishedFiles final : public FileSystem {
 public:
  /// Takes them away, open or not.
  void remove_all();

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<FileInfo> info(const std::string& path) override { return files_.info(path); }
  Result<std::vector<DirectoryEntry>> list(const std::string& directory) override {
    return files_.list(directory);
  }
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status make_directories(const std::string& directory) override {
    return files_.make_directories(directory);
  }
  Status sync_directory(const std::string& directory) override {
    return files_.sync_directory(directory);
  }
  Result<std::string> resolve(const std::string& path) override { return files_.resolve(path); }

 private:
  void forget(const std::string& path);

  LocalFileSystem files_;
  std::mutex mutex_;
  std::set<std::string> unfinished_;
};

}  // namespace velo
