#include "cli/unfinished_files.h"

#include <utility>

namespace velo {

void UnfinishedFiles::remove_all() {
  const std::lock_guard lock(mutex_);
  for (const std::string& path : std::exchange(unfinished_, {})) (void)files_.remove(path);
}

Result<std::unique_ptr<File>> UnfinishedFiles::open(const std::string& path, OpenMode mode) {
  if (mode != OpenMode::kCreateNew) return files_.open(path, mode);
  const std::lock_guard lock(mutex_);
  Result<std::unique_ptr<File>> file = files_.open(path, mode);
  if (file) unfinished_.insert(path);
  return file;
}

Status UnfinishedFiles::rename(const std::string& from, const std::string& to) {
  forget(from);
  return files_.rename(from, to);
}

Status UnfinishedFiles::remove(const std::string& path) {
  forget(path);
  return files_.remove(path);
}

void UnfinishedFiles::forget(const std::string& path) {
  const std::lock_guard lock(mutex_);
  unfinished_.erase(path);
}

}  // namespace velo
