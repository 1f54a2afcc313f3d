#include "connector/byte_stream.h"

#include <algorithm>

#include "base/fmt.h"

namespace velo {
namespace {
constexpr size_t kPackedBytes = size_t{256} << 10;
}

ByteStream::ByteStream(std::unique_ptr<File> file, FileInfo info,
                       std::unique_ptr<Decompressor> decompressor)
    : file_(std::move(file)), info_(info), decompressor_(std::move(decompressor)) {
  if (decompressor_ != nullptr) packed_.resize(kPackedBytes);
}

Result<std::unique_ptr<ByteStream>> ByteStream::open(FileSystem& files, const std::string& path,
                                                     Compression compression) {
  std::unique_ptr<File> file =
      path == "-" ? borrow_descriptor(0, "standard input") : TRY(files.open(path, OpenMode::kRead));
  const FileInfo info = TRY(file->info());
  auto decompressor = make_decompressor(resolve_compression(compression, path));
  return std::unique_ptr<ByteStream>(
      new ByteStream(std::move(file), info, std::move(decompressor)));
}

Result<size_t> ByteStream::read(std::byte* into, size_t most) {
  size_t got = 0;
  if (decompressor_ != nullptr) {
    got = TRY(read_compressed(into, most));
  } else {
    got = TRY(file_->read(into, most));
    stored_ += got;
  }
  offset_ += got;
  return got;
}

Result<size_t> ByteStream::read_compressed(std::byte* into, size_t most) {
  while (true) {
    if (packed_begin_ == packed_end_) {
      packed_begin_ = 0;
      packed_end_ = TRY(file_->read(packed_.data(), packed_.size()));
    }
    const Bytes in{packed_.data() + packed_begin_, packed_end_ - packed_begin_};
    auto step = decompressor_->step(in, into, most);
    if (!step) {
      return std::move(step).error().at(
          {.source = file_->path(), .line = 0, .column = 0, .offset = stored_, .length = 0});
    }
    packed_begin_ += step->taken;
    stored_ += step->taken;
    if (step->given > 0) return step->given;
    if (in.empty()) return 0;
  }
}

Status ByteStream::check_complete() const {
  if (decompressor_ == nullptr || decompressor_->at_member_end()) return {};
  return Error(ErrorCode::kCorruptData, fmt::format("{} data of '{}' is cut short after {} bytes",
                                                    decompressor_->name(), file_->path(), stored_))
      .at({.source = file_->path(), .line = 0, .column = 0, .offset = stored_, .length = 0})
      .with_hint("the file was not written or copied to its end");
}

Status ByteStream::skip_to(uint64_t offset) {
  if (offset == offset_) return {};
  if (decompressor_ == nullptr && is_regular()) {
    TRY(file_->seek(offset));
    offset_ = stored_ = offset;
    return {};
  }
  CHECK(offset > offset_);
  std::vector<std::byte> dropped(size_t{64} << 10);
  while (offset_ < offset) {
    const auto most = static_cast<size_t>(std::min<uint64_t>(dropped.size(), offset - offset_));
    if (TRY(read(dropped.data(), most)) > 0) continue;
    return Error(ErrorCode::kCorruptData,
                 fmt::format("'{}' ends at byte {}, before the saved position {}", file_->path(),
                             offset_, offset));
  }
  return {};
}

Result<bool> ByteStream::wait_readable(int64_t timeout_us) {
  if (packed_begin_ < packed_end_) return true;
  return file_->wait_readable(timeout_us);
}

}  // namespace velo
