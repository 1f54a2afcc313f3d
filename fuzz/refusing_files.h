#pragma once

#include "base/error.h"
#include "base/file.h"

namespace velo {

/// A file system in which nothing exists and nothing can be made: fuzzed SQL may name any path.
class RefusingFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string&, OpenMode) override { return refusal(); }
  Result<FileInfo> info(const std::string&) override { return refusal(); }
  Result<std::vector<DirectoryEntry>> list(const std::string&) override { return refusal(); }
  Status rename(const std::string&, const std::string&) override { return refusal(); }
  Status remove(const std::string&) override { return refusal(); }
  Status make_directories(const std::string&) override { return refusal(); }
  Status sync_directory(const std::string&) override { return refusal(); }
  Result<std::string> resolve(const std::string&) override { return refusal(); }

 private:
  static Error refusal() { return Error(ErrorCode::kNotFound, "there are no files here"); }
};

}  // namespace velo
