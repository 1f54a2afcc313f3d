#include "base/fault_file.h"

#include <algorithm>

#include "base/fmt.h"

namespace velo {

class FaultyFileSystem::Faults {
 public:
  void inject(Fault fault) {
    std::lock_guard lock(mutex_);
    faults_.push_back(std::move(fault));
  }
  void heal() {
    std::lock_guard lock(mutex_);
    faults_.clear();
  }
  uint64_t struck() const {
    std::lock_guard lock(mutex_);
    return struck_;
  }

  Status meet(Fault::On on, const std::string& path) {
    size_t ignored = 0;
    return meet(on, path, 1, ignored);
  }

  /// One call of `amount` units. On failure `passed` says how many units still went through.
  Status meet(Fault::On on, const std::string& path, uint64_t amount, size_t& passed) {
    std::lock_guard lock(mutex_);
    passed = amount;
    for (Fault& fault : faults_) {
      if (fault.on != on || fault.error == 0 || path.find(fault.path_contains) == path.npos)
        continue;
      if (fault.after >= amount) {
        fault.after -= amount;
        continue;
      }
      passed = fault.after;
      fault.after = fault.once ? UINT64_MAX : 0;
      ++struck_;
      return system_error(fault.error, fmt::format("cannot {} '{}'", verb(on), path));
    }
    return {};
  }

  size_t read_most(const std::string& path, size_t most) const {
    std::lock_guard lock(mutex_);
    for (const Fault& fault : faults_) {
      if (fault.on == Fault::On::kRead && fault.read_most > 0 &&
          path.find(fault.path_contains) != path.npos) {
        most = std::min(most, fault.read_most);
      }
    }
    return most;
  }

 private:
  static std::string_view verb(Fault::On on) {
    switch (on) {
      case Fault::On::kOpen:
        return "open";
      case Fault::On::kRead:
        return "read";
      case Fault::On::kWrite:
        return "write to";
      case Fault::On::kSync:
        return "sync";
      case Fault::On::kClose:
        return "close";
      case Fault::On::kRename:
        return "rename";
      case Fault::On::kRemove:
        return "remove";
      case Fault::On::kList:
        return "list directory";
    }
    return "use";
  }

  mutable std::mutex mutex_;
  std::vector<Fault> faults_;
  uint64_t struck_ = 0;
};

namespace {

class FaultyFile final : public File {
 public:
  FaultyFile(std::unique_ptr<File> inner, std::shared_ptr<FaultyFileSystem::Faults> faults)
      : File(inner->path()), inner_(std::move(inner)), faults_(std::move(faults)) {}

  Result<size_t> read(std::byte* into, size_t most) override {
    TRY(faults_->meet(Fault::On::kRead, path()));
    return inner_->read(into, faults_->read_most(path(), most));
  }
  Status write(Bytes bytes) override {
    size_t passed = 0;
    Status met = faults_->meet(Fault::On::kWrite, path(), bytes.size(), passed);
    TRY(inner_->write(bytes.subspan(0, std::min(passed, bytes.size()))));
    return met;
  }
  Status seek(uint64_t offset) override { return inner_->seek(offset); }
  Status truncate(uint64_t size) override { return inner_->truncate(size); }
  Status sync() override {
    TRY(faults_->meet(Fault::On::kSync, path()));
    return inner_->sync();
  }
  Result<FileInfo> info() const override { return inner_->info(); }
  Result<bool> wait_readable(int64_t timeout_us) override {
    return inner_->wait_readable(timeout_us);
  }
  Result<BufferPtr> map(uint64_t offset, size_t length) override {
    TRY(faults_->meet(Fault::On::kRead, path()));
    return inner_->map(offset, length);
  }
  Status close() override {
    Status closed = inner_->close();
    TRY(faults_->meet(Fault::On::kClose, path()));
    return closed;
  }

 private:
  std::unique_ptr<File> inner_;
  std::shared_ptr<FaultyFileSystem::Faults> faults_;
};

}  // namespace

FaultyFileSystem::FaultyFileSystem(FileSystem& inner)
    : inner_(inner), faults_(std::make_shared<Faults>()) {}
FaultyFileSystem::~FaultyFileSystem() = default;

void FaultyFileSystem::inject(Fault fault) { faults_->inject(std::move(fault)); }
void FaultyFileSystem::heal() { faults_->heal(); }
uint64_t FaultyFileSystem::struck() const { return faults_->struck(); }

Result<std::unique_ptr<File>> FaultyFileSystem::open(const std::string& path, OpenMode mode) {
  TRY(faults_->meet(Fault::On::kOpen, path));
  std::unique_ptr<File> file = TRY(inner_.open(path, mode));
  return std::unique_ptr<File>(std::make_unique<FaultyFile>(std::move(file), faults_));
}
Result<FileInfo> FaultyFileSystem::info(const std::string& path) { return inner_.info(path); }
Result<std::vector<DirectoryEntry>> FaultyFileSystem::list(const std::string& directory) {
  TRY(faults_->meet(Fault::On::kList, directory));
  return inner_.list(directory);
}
Status FaultyFileSystem::rename(const std::string& from, const std::string& to) {
  TRY(faults_->meet(Fault::On::kRename, from));
  return inner_.rename(from, to);
}
Status FaultyFileSystem::remove(const std::string& path) {
  TRY(faults_->meet(Fault::On::kRemove, path));
  return inner_.remove(path);
}
Status FaultyFileSystem::make_directories(const std::string& directory) {
  return inner_.make_directories(directory);
}
Status FaultyFileSystem::sync_directory(const std::string& directory) {
  TRY(faults_->meet(Fault::On::kSync, directory));
  return inner_.sync_directory(directory);
}
Result<std::string> FaultyFileSystem::resolve(const std::string& path) {
  return inner_.resolve(path);
}

}  // namespace velo
