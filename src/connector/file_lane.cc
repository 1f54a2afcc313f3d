#include "connector/file_lane.h"

#include <algorithm>

#include "base/fmt.h"

namespace velo {

FileLane::FileLane(uint32_t id, std::vector<std::string> files, const FileLaneContext& context)
    : id_(id), files_(std::move(files)), context_(context) {}

void FileLane::limit(uint64_t begin, uint64_t end) {
  begin_ = begin;
  end_ = end;
}

void FileLane::begin_with(std::vector<std::string> files) {
  for (std::string& file : files_) {
    if (std::find(files.begin(), files.end(), file) == files.end()) {
      files.push_back(std::move(file));
    }
  }
  files_ = std::move(files);
}

Status FileLane::seek(const Position& position) {
  CHECK(reader_ == nullptr, "seek after poll");
  const auto found = std::find(files_.begin(), files_.end(), position.file);
  if (position.file == "-") {
    return Error(ErrorCode::kIncompatibleState,
                 "standard input cannot be read again from a position");
  }
  if (found == files_.end()) {
    if (context_.watch) {
      context_.warnings.push_back(
          fmt::format("'{}', read up to byte {} before, is gone: going on with what is there",
                      position.file, position.offset));
      return {};
    }
    return Error(ErrorCode::kIncompatibleState,
                 fmt::format("'{}' is not among the files to be read any more", position.file));
  }
  current_ = static_cast<size_t>(found - files_.begin());
  begin_ = position.offset;
  resume_identity_ = position.extra;
  return {};
}

/// The path under which the file with this identity is found beside `path`, or "".
Result<std::string> FileLane::renamed_file(const std::string& path, uint64_t identity) const {
  const std::string directory = path_directory(path);
  for (const DirectoryEntry& entry : TRY(context_.files.list(directory))) {
    if (entry.kind != FileKind::kRegular) continue;
    std::string candidate = path_join(directory, entry.name);
    auto info = context_.files.info(candidate);
    if (info.has_value() && info->identity() == identity) return candidate;
  }
  return std::string();
}

Status FileLane::open_current() {
  BlockReaderOptions reading = context_.reading;
  reading.name = files_[current_];
  reading.begin = begin_;
  reading.end = end_;
  std::string path = files_[current_];
  bool renamed = false;
  if (resume_identity_ != 0) {
    // Going on after a restart: is the file still what it was?
    auto info = context_.files.info(path);
    const bool same = info.has_value() && info->identity() == resume_identity_;
    if (!same && !context_.watch) {
      return Error(ErrorCode::kIncompatibleState,
                   fmt::format("'{}' is not the file that was read up to byte {} before", path,
                               begin_))
          .with_hint("start without the saved state, or put the file back");
    }
    if (!same) {
      const std::string elsewhere = TRY(renamed_file(path, resume_identity_));
      renamed = !elsewhere.empty();
      if (renamed) {
        path = elsewhere;
      } else {
        context_.warnings.push_back(fmt::format(
            "'{}' was replaced after byte {} of it was read: reading the new one from its start",
            path, begin_));
        reading.begin = 0;
      }
    } else if (context_.watch && info->size < begin_ &&
               resolve_compression(reading.compression, path) == Compression::kNone) {
      context_.warnings.push_back(
          fmt::format("'{}' was cut to {} bytes, {} were read before: reading it anew", path,
                      info->size, begin_));
      reading.begin = 0;
    }
  }
  resume_identity_ = 0;
  begin_ = 0;
  reader_ = TRY(BlockReader::open(context_.files, path, reading, context_.pool));
  if (reader_->info().kind == FileKind::kRegular) context_.seen.opened(reader_->info());
  const bool stream = reader_->info().kind == FileKind::kOther;
  complete_ = !context_.watch || stream || renamed;
  reopen_ = renamed;
  successor_seen_ = false;
  next_look_ns_ = 0;
  return {};
}

void FileLane::leave() {
  if (reader_->info().kind == FileKind::kRegular) {
    context_.seen.closed(reader_->info(), reader_->stored_offset());
  }
  reader_.reset();
  if (!reopen_) ++current_;
  reopen_ = false;
  complete_ = false;
}

/// Decides what follows at the end of a growing file; true if the file turned out to be complete.
Result<bool> FileLane::look_after_end() {
  const int64_t now = context_.clock.steady_ns();
  if (now < next_look_ns_) return false;
  next_look_ns_ = now + context_.interval_us * 1000;
  if (successor_seen_) {
    complete_ = true;
    return true;
  }
  if (current_ + 1 < files_.size()) {
    successor_seen_ = true;
    return false;
  }
  auto info = context_.files.info(files_[current_]);
  if (!info) {
    if (info.error().code == ErrorCode::kNotFound) return false;
    return std::move(info).error();
  }
  if (info->identity() != reader_->info().identity()) {
    if (info->kind == FileKind::kRegular && !context_.seen.contains(*info)) {
      successor_seen_ = true;
      reopen_ = true;
    }
    return false;
  }
  if (info->size < reader_->stored_offset()) {
    context_.warnings.push_back(
        fmt::format("'{}' was cut to {} bytes while being read: reading it anew", files_[current_],
                    info->size));
    complete_ = true;
    reopen_ = true;
    return true;
  }
  return false;
}

Result<Poll> FileLane::poll_once(Block& out, int64_t timeout_us) {
  while (true) {
    if (reader_ == nullptr) {
      if (current_ >= files_.size()) return context_.watch ? Poll::kNothingYet : Poll::kEnd;
      auto opened = open_current();
      if (!opened) {
        // Between a rename and the making of the new file; or removed before it was reached.
        if (!context_.watch || opened.error().code != ErrorCode::kNotFound) {
          return std::move(opened).error();
        }
        if (current_ + 1 == files_.size()) return Poll::kNothingYet;
        ++current_;
        continue;
      }
    }
    if (reader_->ended()) {
      leave();
      continue;
    }
    out.clear();
    out.partition = id_;
    if (TRY(reader_->next(out, complete_, timeout_us)) == BlockReader::Fill::kBlock) {
      return Poll::kBlock;
    }
    if (complete_) return Poll::kNothingYet;  // a pipe without bytes for now
    if (!TRY(look_after_end())) return Poll::kNothingYet;
  }
}

Result<Poll> FileLane::poll(Block& out, int64_t timeout_us) {
  if (failed_.has_value()) return *failed_;
  const int64_t start_ns = context_.clock.steady_ns();
  while (true) {
    const int64_t left_us = timeout_us - (context_.clock.steady_ns() - start_ns) / 1000;
    auto polled = poll_once(out, std::max<int64_t>(0, left_us));
    if (!polled) {
      failed_ = polled.error();
      return polled;
    }
    const Poll found = *polled;
    if (found != Poll::kNothingYet || left_us <= 0) return found;
    if (complete_) return found;  // the pipe has waited
    context_.clock.sleep_us(std::min(left_us, context_.interval_us));
  }
}

Result<std::string> FileLane::head(size_t most) {
  if (files_.empty()) return std::string();
  const std::string& path = files_[std::min(current_, files_.size() - 1)];
  bool regular = false;
  if (path != "-") regular = TRY(context_.files.info(path)).kind == FileKind::kRegular;
  if (!regular) {
    if (reader_ == nullptr) TRY(open_current());
    return reader_->peek(most);
  }
  auto stream = TRY(ByteStream::open(context_.files, path, context_.reading.compression));
  std::string text(most, '\0');
  size_t filled = 0;
  while (filled < most) {
    const size_t got =
        TRY(stream->read(reinterpret_cast<std::byte*>(text.data()) + filled, most - filled));
    if (got == 0) break;
    filled += got;
  }
  text.resize(filled);
  return text;
}

Result<bool> FileLane::wait_readable(int64_t timeout_us) {
  if (reader_ == nullptr || reader_->ended()) return true;
  if (reader_->info().kind == FileKind::kOther) return reader_->wait_readable(timeout_us);
  return complete_;
}

}  // namespace velo
