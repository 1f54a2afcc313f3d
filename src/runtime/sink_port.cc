#include "runtime/sink_port.h"

#include <utility>

#include "operator/change_kinds.h"

namespace velo {

bool SinkPort::note(const Status& status) {
  if (status) return true;
  if (status.error().code == ErrorCode::kClosed) {
    closed_ = true;
  } else if (!error_) {
    error_ = status.error();
  }
  return false;
}

void CallbackSink::emit(Batch batch) {
  metrics_.rows_out.add(batch.rows);
  const int64_t begin = clock_.steady_ns();
  callback_(batch);
  if (thread_) thread_->sink_ns.add(static_cast<uint64_t>(clock_.steady_ns() - begin));
}

Status WritingPort::flush() {
  if (!wants_more()) return {};
  if (note(write_buffer())) note(timed([this] { return sink_->flush(); }));
  return error() ? Status(*error()) : Status();
}

Status WritingPort::tick() {
  if (!wants_more()) return {};
  note(sink_->tick());
  return error() ? Status(*error()) : Status();
}

Result<std::string> WritingPort::prepare(uint64_t epoch) {
  TRY(write_buffer());
  auto prepared = sink_->prepare(epoch);
  note_sending();
  return prepared;
}

Status WritingPort::publish() {
  Status written = closed() ? Status() : write_buffer();
  if (!written && written.error().code != ErrorCode::kClosed) return written;
  Status finished = sink_->finish();
  note_sending();
  if (!finished && finished.error().code == ErrorCode::kClosed) return {};
  return finished;
}

EncodedSink::EncodedSink(EncodedSinkOptions options, Clock& clock)
    : WritingPort(std::move(options.sink), clock), options_(std::move(options)) {}

Status EncodedSink::open() {
  TRY(WritingPort::open());
  if (options_.encoder) sink_->set_preamble(options_.encoder->preamble());
  return {};
}

Status EncodedSink::recover(std::string_view prepared) {
  TRY(WritingPort::recover(prepared));
  if (options_.encoder) sink_->set_preamble(options_.encoder->preamble());
  return {};
}

void EncodedSink::emit(Batch batch) {
  if (!wants_more() || !sink_) return;
  metrics_.rows_out.add(batch.rows);
  buffered_rows_ += batch.rows;
  if (!options_.encoder) {  // blackhole
    note(write_buffer());
    return;
  }
  switch (options_.changes) {
    case SinkChanges::kRetract:
      note(options_.encoder->encode(with_change_kinds(batch, options_.schema, options_.key),
                                    buffer_));
      break;
    case SinkChanges::kUpsert:
      note(options_.encoder->encode(with_upserts(batch, options_.schema, options_.key), buffer_));
      break;
    case SinkChanges::kAppend:
      CHECK(!batch.weights, "a changing stream reached an append-only sink");
      batch.schema = options_.schema;
      note(options_.encoder->encode(batch, buffer_));
      break;
  }
  if (buffer_.size() >= options_.buffer_bytes) note(write_buffer());
}

Status EncodedSink::write_buffer() {
  if (buffered_rows_ == 0) return {};
  Status status = timed([this] { return sink_->write(as_bytes(buffer_), buffered_rows_); });
  metrics_.bytes_out.add(buffer_.size());
  buffer_.clear();
  buffered_rows_ = 0;
  return status;
}

}  // namespace velo
