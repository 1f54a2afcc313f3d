#include "connector/block_reader.h"

#include <algorithm>
#include <cstring>

namespace velo {
namespace {

/// Bytes up to and with the last newline; 0 if there is none.
size_t after_last_newline(const std::byte* data, size_t size) {
  const void* newline = ::memrchr(data, '\n', size);
  return newline == nullptr
             ? 0
             : static_cast<size_t>(static_cast<const std::byte*>(newline) - data) + 1;
}

class StreamBlockReader final : public BlockReader {
 public:
  StreamBlockReader(std::string path, std::unique_ptr<ByteStream> stream,
                    const BlockReaderOptions& options, BufferPool& pool)
      : BlockReader(std::move(path), stream->info(), options),
        stream_(std::move(stream)),
        pool_(pool) {}

  Result<Fill> next(Block& out, bool complete, int64_t timeout_us) override {
    if (ended_) return Fill::kDry;
    make_room();
    size_t searched = 0;  // bytes known to hold no newline: what was held back before
    while (true) {
      const bool at_end = TRY(fill(timeout_us));
      if (at_end && complete && !waiting_) {
        if (options_.end == UINT64_MAX) TRY(stream_->check_complete());
        give_front(out, filled_, true);
        return Fill::kBlock;
      }
      const bool full = filled_ == buffer_->capacity();
      size_t cut = filled_;
      if (options_.cut_at_newline) {
        cut = after_last_newline(buffer_->data() + searched, filled_ - searched);
        if (cut > 0) cut += searched;
        if (cut == 0 && full) cut = filled_;
        searched = filled_;
      }
      if (cut > 0) {
        give_front(out, cut, false);
        return Fill::kBlock;
      }
      if (at_end || waiting_) {
        if (filled_ == 0) buffer_.reset();
        return Fill::kDry;
      }
    }
  }

  Result<std::string> peek(size_t most) override {
    make_room();
    most = std::min(most, buffer_->capacity());
    while (filled_ < most) {
      const size_t got = TRY(stream_->read(buffer_->data() + filled_, most - filled_));
      filled_ += got;
      if (got == 0 || after_last_newline(buffer_->data() + filled_ - got, got) > 0) break;
    }
    return std::string(reinterpret_cast<const char*>(buffer_->data()), filled_);
  }

  Result<bool> wait_readable(int64_t timeout_us) override {
    return stream_->wait_readable(timeout_us);
  }
  uint64_t stored_offset() const override { return stream_->stored_offset(); }

 private:
  /// A buffer of which nothing was given out yet, with what waits at its front.
  void make_room() {
    if (buffer_ != nullptr && start_ == 0) return;
    std::shared_ptr<Buffer> fresh = pool_.take(pool_.capacity());
    const size_t rest = filled_ - start_;
    if (rest > 0) std::memcpy(fresh->data(), buffer_->data() + start_, rest);
    buffer_ = std::move(fresh);
    start_ = 0;
    filled_ = rest;
  }

  /// Reads until the buffer is full or nothing comes; true at the end of the file. Pipes give what
  /// they have: waiting_ says that they had nothing in time.
  Result<bool> fill(int64_t timeout_us) {
    waiting_ = false;
    while (filled_ < buffer_->capacity()) {
      const uint64_t left = options_.end - stream_->offset();
      const auto most =
          static_cast<size_t>(std::min<uint64_t>(buffer_->capacity() - filled_, left));
      if (most == 0) return true;
      if (!stream_->is_regular() && !TRY(stream_->wait_readable(timeout_us))) {
        waiting_ = true;
        return false;
      }
      const size_t got = TRY(stream_->read(buffer_->data() + filled_, most));
      if (got == 0) return true;
      filled_ += got;
      if (!stream_->is_regular()) return false;
    }
    return false;
  }

  void give_front(Block& out, size_t size, bool last) {
    give(out, buffer_, buffer_->data(), size, last);
    start_ = size;
    if (last) buffer_.reset(), start_ = filled_ = 0;
  }

  std::unique_ptr<ByteStream> stream_;
  BufferPool& pool_;
  std::shared_ptr<Buffer> buffer_;
  size_t start_ = 0;
  size_t filled_ = 0;
  bool waiting_ = false;
};

/// Maps the file window by window, so that resident memory stays bounded.
class MappedBlockReader final : public BlockReader {
 public:
  MappedBlockReader(std::string path, std::unique_ptr<ByteStream> stream,
                    const BlockReaderOptions& options, size_t block_bytes)
      : BlockReader(std::move(path), stream->info(), options),
        stream_(std::move(stream)),
        block_bytes_(block_bytes),
        end_(std::min(options.end, info_.size)) {}

  Result<Fill> next(Block& out, bool complete, int64_t timeout_us) override {
    (void)timeout_us;
    if (ended_) return Fill::kDry;
    if (!complete) end_ = std::min(options_.end, TRY(stream_->file().info()).size);
    const auto size =
        static_cast<size_t>(std::min<uint64_t>(block_bytes_, end_ - std::min(end_, offset_)));
    if (size == 0) {
      if (!complete) return Fill::kDry;
      give(out, nullptr, nullptr, 0, true);
      return Fill::kBlock;
    }
    if (window_ == nullptr || offset_ + size > window_begin_ + window_->capacity()) {
      window_begin_ = offset_ / kMapAlignment * kMapAlignment;
      const uint64_t length = std::min<uint64_t>(end_ - window_begin_, kWindowBytes + block_bytes_);
      window_ = TRY(stream_->file().map(window_begin_, static_cast<size_t>(length)));
    }
    const std::byte* data = window_->data() + (offset_ - window_begin_);
    const bool last = complete && offset_ + size == end_;
    size_t cut = size;
    if (options_.cut_at_newline && !last) {
      cut = after_last_newline(data, size);
      if (cut == 0 && size < block_bytes_)
        return Fill::kDry;  // an unfinished line of a growing file
      if (cut == 0) cut = size;
    }
    give(out, window_, data, cut, last);
    return Fill::kBlock;
  }

  Result<std::string> peek(size_t most) override {
    std::string text(most, '\0');
    text.resize(TRY(stream_->read(reinterpret_cast<std::byte*>(text.data()), most)));
    return text;
  }
  Result<bool> wait_readable(int64_t timeout_us) override {
    (void)timeout_us;
    return true;
  }
  uint64_t stored_offset() const override { return offset_; }

 private:
  static constexpr size_t kWindowBytes = size_t{16} << 20;
  std::unique_ptr<ByteStream> stream_;
  const size_t block_bytes_;
  uint64_t end_;
  BufferPtr window_;
  uint64_t window_begin_ = 0;
};

}  // namespace

Result<std::unique_ptr<BlockReader>> BlockReader::open(FileSystem& files, const std::string& path,
                                                       const BlockReaderOptions& options,
                                                       BufferPool& pool) {
  std::unique_ptr<ByteStream> stream = TRY(ByteStream::open(files, path, options.compression));
  if (options.mapped && stream->is_regular() && !stream->is_compressed()) {
    return std::unique_ptr<BlockReader>(
        std::make_unique<MappedBlockReader>(path, std::move(stream), options, pool.capacity()));
  }
  TRY(stream->skip_to(options.begin));
  return std::unique_ptr<BlockReader>(
      std::make_unique<StreamBlockReader>(path, std::move(stream), options, pool));
}

void BlockReader::give(Block& out, BufferPtr owner, const std::byte* data, size_t size, bool last) {
  out.owner = std::move(owner);
  out.bytes = {data, size};
  out.begin = {path_, offset_, info_.identity()};
  out.begins_unit = offset_ == 0;
  out.first_line = offset_ == 0 ? 1 : 0;
  offset_ += size;
  out.end = {path_, offset_, info_.identity()};
  out.ends_unit = last;
  ended_ = last;
}

}  // namespace velo
