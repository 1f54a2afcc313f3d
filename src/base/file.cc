#include "base/file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <unistd.h>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <ctime>

#include <dirent.h>

#include <algorithm>

#include "base/fmt.h"
#include "base/random.h"

namespace velo {
namespace {

FileKind kind_of(uint32_t mode) {
  if (S_ISREG(mode)) return FileKind::kRegular;
  return S_ISDIR(mode) ? FileKind::kDirectory : FileKind::kOther;
}

int64_t micros(const struct statx_timestamp& t) {
  return int64_t{t.tv_sec} * 1'000'000 + int64_t{t.tv_nsec} / 1000;
}

Result<FileInfo> stat_at(int directory, const char* path, int flags, std::string_view shown) {
  struct statx found{};
  const unsigned wanted = STATX_BASIC_STATS | STATX_BTIME;
  if (::statx(directory, path, flags, wanted, &found) != 0) {
    return system_error(errno, fmt::format("cannot look at '{}'", shown));
  }
  FileInfo info;
  info.kind = kind_of(found.stx_mode);
  info.size = found.stx_size;
  info.device = makedev(found.stx_dev_major, found.stx_dev_minor);
  info.inode = found.stx_ino;
  if ((found.stx_mask & STATX_BTIME) != 0) info.born_us = micros(found.stx_btime);
  info.modified_us = micros(found.stx_mtime);
  return info;
}

/// Blocks SIGPIPE in this thread while it lives and swallows the one that the write in between
/// caused, so that a library never kills the program that uses it.
class PipeSignalGuard {
 public:
  PipeSignalGuard() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    if (!was_pending_) pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~PipeSignalGuard() {
    if (was_pending_) return;
    const timespec now{};
    while (sigtimedwait(&pipe_, nullptr, &now) == -1 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_ = false;
};

size_t page_size() {
  static const auto size = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

size_t mapping_span(size_t length) {
  const size_t page = page_size();
  return (length + page - 1) / page * page + 2 * page;
}

void release_mapping(std::byte* data, size_t length) {
  ::munmap(data - page_size(), mapping_span(length));
}

class DescriptorFile final : public File {
 public:
  DescriptorFile(int descriptor, std::string path, bool owned, bool regular)
      : File(std::move(path)), descriptor_(descriptor), owned_(owned), regular_(regular) {}
  ~DescriptorFile() override { (void)close(); }

  Result<size_t> read(std::byte* into, size_t most) override {
    while (true) {
      const ssize_t got = ::read(descriptor_, into, most);
      if (got >= 0) return static_cast<size_t>(got);
      if (errno == EAGAIN) {
        TRY(wait_for(POLLIN, -1));
      } else if (errno != EINTR) {
        return failure("read");
      }
    }
  }

  Status write(Bytes bytes) override {
    if (regular_) return write_all(bytes);
    PipeSignalGuard guard;
    return write_all(bytes);
  }

  Status seek(uint64_t offset) override {
    if (::lseek(descriptor_, static_cast<off_t>(offset), SEEK_SET) < 0) return failure("seek in");
    return {};
  }

  Status truncate(uint64_t size) override {
    if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) return failure("truncate");
    return {};
  }

  Status sync() override {
    if (::fdatasync(descriptor_) == 0) return {};
    // Pipes and devices have nothing to sync.
    if (errno == EINVAL || errno == EROFS || errno == ENOTSUP) return {};
    return failure("sync");
  }

  Result<FileInfo> info() const override { return stat_at(descriptor_, "", AT_EMPTY_PATH, path()); }

  Result<bool> wait_readable(int64_t timeout_us) override {
    if (regular_) return true;
    return wait_for(POLLIN, timeout_us);
  }

  Result<BufferPtr> map(uint64_t offset, size_t length) override {
    CHECK(offset % kMapAlignment == 0 && length > 0);
    const size_t page = page_size();
    void* base = ::mmap(nullptr, mapping_span(length), PROT_READ,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return failure("map");
    auto* data = static_cast<std::byte*>(base) + page;
    if (::mmap(data, length, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor_,
               static_cast<off_t>(offset)) == MAP_FAILED) {
      Error error = failure("map");
      ::munmap(base, mapping_span(length));
      return error;
    }
    ::madvise(data, length, MADV_SEQUENTIAL);
    ::madvise(data, length, MADV_WILLNEED);
    return BufferPtr(Buffer::adopt(data, length, release_mapping));
  }

  Status close() override {
    if (!owned_ || descriptor_ < 0) return {};
    const int closing = descriptor_;
    descriptor_ = -1;
    if (::close(closing) != 0 && errno != EINTR) return failure("close");
    return {};
  }

 private:
  Error failure(std::string_view what) const {
    return system_error(errno, fmt::format("cannot {} '{}'", what, path()));
  }

  Status write_all(Bytes bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
      if (put >= 0) {
        bytes = bytes.subspan(static_cast<size_t>(put));
      } else if (errno == EPIPE) {
        return Error(ErrorCode::kClosed, fmt::format("the reader of '{}' went away", path()));
      } else if (errno == EAGAIN) {
        TRY(wait_for(POLLOUT, -1));
      } else if (errno != EINTR) {
        return failure("write to");
      }
    }
    return {};
  }

  Result<bool> wait_for(short events, int64_t timeout_us) const {
    pollfd waiting{descriptor_, events, 0};
    const int64_t millis = timeout_us < 0 ? -1 : (timeout_us + 999) / 1000;
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<int64_t>(millis, INT_MAX)));
    if (ready < 0 && errno != EINTR) return failure("wait for");
    return ready > 0;
  }

  int descriptor_;
  const bool owned_;
  const bool regular_;
};

}  // namespace

uint64_t FileInfo::identity() const {
  const uint64_t mixed = mix64(inode + 1) ^ mix64(static_cast<uint64_t>(born_us));
  return mixed == 0 ? 1 : mixed;
}

std::unique_ptr<File> borrow_descriptor(int descriptor, std::string name) {
  auto info = stat_at(descriptor, "", AT_EMPTY_PATH, name);
  const bool regular = info.has_value() && info->kind == FileKind::kRegular;
  return std::make_unique<DescriptorFile>(descriptor, std::move(name), false, regular);
}

Result<std::unique_ptr<File>> LocalFileSystem::open(const std::string& path, OpenMode mode) {
  int flags = O_CLOEXEC;
  switch (mode) {
    case OpenMode::kRead:
      flags |= O_RDONLY;
      break;
    case OpenMode::kCreate:
      flags |= O_WRONLY | O_CREAT | O_TRUNC;
      break;
    case OpenMode::kCreateNew:
      flags |= O_WRONLY | O_CREAT | O_EXCL;
      break;
    case OpenMode::kAppend:
      flags |= O_WRONLY | O_CREAT | O_APPEND;
      break;
  }
  const std::string_view verb = mode == OpenMode::kRead ? "open" : "write to";
  int descriptor = -1;
  do {
    descriptor = ::open(path.c_str(), flags, 0666);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return system_error(errno, fmt::format("cannot {} '{}'", verb, path));
  auto found = stat_at(descriptor, "", AT_EMPTY_PATH, path);
  const bool regular = found.has_value() && found->kind == FileKind::kRegular;
  std::unique_ptr<File> file = std::make_unique<DescriptorFile>(descriptor, path, true, regular);
  if (!found) return std::move(found).error();
  if (found->kind == FileKind::kDirectory) {
    return system_error(EISDIR, fmt::format("cannot {} '{}'", verb, path));
  }
  return file;
}

Result<FileInfo> LocalFileSystem::info(const std::string& path) {
  return stat_at(AT_FDCWD, path.c_str(), 0, path);
}

Result<std::vector<DirectoryEntry>> LocalFileSystem::list(const std::string& directory) {
  DIR* stream = ::opendir(directory.c_str());
  if (stream == nullptr) {
    return system_error(errno, fmt::format("cannot list directory '{}'", directory));
  }
  std::vector<DirectoryEntry> entries;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream);
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    FileKind kind = entry->d_type == DT_REG   ? FileKind::kRegular
                    : entry->d_type == DT_DIR ? FileKind::kDirectory
                                              : FileKind::kOther;
    if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) {
      auto target = stat_at(::dirfd(stream), entry->d_name, 0, name);
      if (!target) continue;  // a dangling link, or gone since
      kind = target->kind;
    }
    entries.push_back({std::string(name), kind});
  }
  const int failed = errno;
  ::closedir(stream);
  if (failed != 0)
    return system_error(failed, fmt::format("cannot list directory '{}'", directory));
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

Status LocalFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  return system_error(errno, fmt::format("cannot rename '{}' to '{}'", from, to));
}

Status LocalFileSystem::remove(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return {};
  return system_error(errno, fmt::format("cannot remove '{}'", path));
}

Status LocalFileSystem::make_directories(const std::string& directory) {
  for (size_t end = 1; end <= directory.size(); ++end) {
    if (end < directory.size() && directory[end] != '/') continue;
    const std::string part = directory.substr(0, end);
    if (::mkdir(part.c_str(), 0777) == 0) continue;
    const int failed = errno;
    auto found = info(part);
    if (found.has_value() && found->kind == FileKind::kDirectory) continue;
    return system_error(found.has_value() ? ENOTDIR : failed,
                        fmt::format("cannot make directory '{}'", part));
  }
  return {};
}

Status LocalFileSystem::sync_directory(const std::string& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    return system_error(errno, fmt::format("cannot open directory '{}'", directory));
  }
  const int result = ::fsync(descriptor);
  const int failed = errno;
  ::close(descriptor);
  // Some file systems do not sync directories and say so.
  if (result == 0 || failed == EINVAL || failed == ENOTSUP) return {};
  return system_error(failed, fmt::format("cannot sync directory '{}'", directory));
}

Result<std::string> LocalFileSystem::resolve(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return system_error(errno, fmt::format("cannot resolve '{}'", path));
  std::string result = resolved;
  std::free(resolved);
  return result;
}

}  // namespace velo
