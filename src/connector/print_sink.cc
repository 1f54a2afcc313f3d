#include "connector/print_sink.h"

namespace velo {
namespace {
constexpr size_t kGatherBytes = size_t{64} << 10;
}

Status PrintSink::open() {
  gather_ = TRY(out_->info()).kind == FileKind::kRegular;
  return {};
}

Status PrintSink::write(Bytes encoded, uint64_t rows) {
  if (!preamble_written_) {
    preamble_written_ = true;
    buffer_ += preamble_;
  }
  buffer_ += as_text(encoded);
  count(encoded, rows);
  if (gather_ && buffer_.size() < kGatherBytes) return {};
  return flush();
}

Status PrintSink::flush() {
  if (buffer_.empty() || closed_) return {};
  Status written = out_->write(as_bytes(buffer_));
  buffer_.clear();
  closed_ = !written.has_value();
  return written;
}

Status PrintSink::finish() {
  if (!preamble_written_) {
    preamble_written_ = true;
    buffer_ += preamble_;
  }
  return flush();
}

}  // namespace velo
