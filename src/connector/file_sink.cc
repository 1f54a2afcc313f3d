#include "connector/file_sink.h"

#include <unistd.h>

#include <algorithm>

#include "base/fmt.h"

namespace velo {
namespace {

constexpr size_t kBufferBytes = size_t{256} << 10;
constexpr size_t kCopyBytes = size_t{1} << 20;

/// Names of open descriptors: what they lead to must be written to, never replaced.
bool is_descriptor_path(const std::string& path) {
  return path == "/dev/stdout" || path == "/dev/stderr" || path.starts_with("/dev/fd/") ||
         path.starts_with("/proc/self/fd/");
}

}  // namespace

Result<FileSinkOptions> parse_file_sink_options(const OptionReader& options) {
  FileSinkOptions parsed;
  parsed.path = options.text("path");
  if (parsed.path.starts_with("file://")) parsed.path.erase(0, 7);
  if (parsed.path.empty() || parsed.path.find_first_of("\t\n") != std::string::npos) {
    return Error(ErrorCode::kBadOptionValue,
                 fmt::format("option 'path' cannot be '{}'", parsed.path))
        .with_hint("give the name of a file, or of a directory with a slash at its end");
  }
  parsed.compression = static_cast<Compression>(TRY(options.choice("sink.compression")));
  if (options.has("sink.rotate.size")) {
    parsed.rotate_bytes = TRY(options.bytes("sink.rotate.size"));
  }
  if (options.has("sink.rotate.interval")) {
    parsed.rotate_interval_us = TRY(options.duration_us("sink.rotate.interval"));
  }
  parsed.exists = static_cast<FileSinkOptions::Exists>(TRY(options.choice("sink.exists")));
  return parsed;
}

FileSink::FileSink(FileSinkOptions options, FileSystem& files, Clock& clock)
    : options_(std::move(options)), files_(files), clock_(clock) {
  rotating_ = options_.rotate_bytes > 0 || options_.rotate_interval_us > 0;
  run_ = fmt::format("{:x}-{:x}", ::getpid(), clock_.now_us());
}

FileSink::~FileSink() {
  if (!finished_) discard();
}

/// The user named a file and not the one in progress: messages say the former.
Error FileSink::in_user_terms(Error error) const {
  const std::string suffix = ".inprogress-" + run_;
  for (size_t at = error.message.find(suffix); at != std::string::npos;
       at = error.message.find(suffix)) {
    error.message.erase(at, suffix.size());
  }
  if (error.code == ErrorCode::kDiskFull && error.hint.empty()) {
    error.hint = "nothing was published; make room and run again";
  }
  return error;
}

/// The first failure is final: what is not published is removed, and later calls repeat it.
Status FileSink::guarded(Status status) {
  if (status.has_value()) return status;
  failed_ = in_user_terms(std::move(status).error());
  discard();
  return *failed_;
}

Status FileSink::find_names() {
  std::string path = options_.path;
  auto there = files_.info(path);
  const bool is_directory = there.has_value() && there->kind == FileKind::kDirectory;
  if ((there.has_value() && there->kind == FileKind::kOther) || is_descriptor_path(path)) {
    direct_ = true;
    rotating_ = false;
    names_ = {path_directory(path), path_name(path), "", false};
    options_.compression = resolve_compression(options_.compression, path);
    return {};
  }
  if (path.ends_with('/') || (is_directory && rotating_)) {
    if (!is_directory) TRY(files_.make_directories(path));
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    if (options_.compression == Compression::kAuto) options_.compression = Compression::kNone;
    names_ = {path, "part", options_.extension, true};
    names_.extension += compression_extension(options_.compression);
    return {};
  }
  if (is_directory) {
    return Error(ErrorCode::kNotAFile, fmt::format("'{}' is a directory, not a file", path))
        .with_hint(fmt::format("end it with a slash to write files into it: '{}/'", path));
  }
  options_.compression = resolve_compression(options_.compression, path);
  // What a symbolic link points to is replaced, not the link.
  if (there.has_value() && !rotating_) path = TRY(files_.resolve(path));
  names_ = {path_directory(path), path_name(path), "", rotating_};
  auto directory = files_.info(names_.directory);
  if (!directory && directory.error().code == ErrorCode::kNotFound) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("cannot write '{}': directory '{}' does not exist", options_.path,
                             names_.directory))
        .with_hint("make the directory first");
  }
  if (!rotating_) return {};
  std::string tail;
  if (compression_of_path(names_.stem) != Compression::kNone) {
    const size_t dot = names_.stem.rfind('.');
    tail = names_.stem.substr(dot);
    names_.stem.resize(dot);
  }
  const size_t dot = names_.stem.rfind('.');
  if (dot != std::string::npos && dot > 0) {
    names_.extension = names_.stem.substr(dot);
    names_.stem.resize(dot);
  }
  names_.extension += tail;
  return {};
}

Status FileSink::check_existing() {
  if (direct_ || options_.exists == FileSinkOptions::Exists::kReplace) return {};
  const bool fail = options_.exists == FileSinkOptions::Exists::kFail;
  std::string found;
  if (!names_.numbered) {
    if (files_.exists(names_.path(0))) found = names_.path(0);
  } else {
    for (const DirectoryEntry& entry : TRY(files_.list(names_.directory))) {
      const auto number = names_.number_of(entry.name);
      if (!number) continue;
      found = path_join(names_.directory, entry.name);
      next_number_ = std::max(next_number_, *number + 1);
    }
  }
  if (found.empty() || !fail) return {};
  return Error(ErrorCode::kAlreadyExists, fmt::format("'{}' exists already", found))
      .with_hint("remove it, name another, or set 'sink.exists' to 'replace' or 'append'");
}

Status FileSink::open() {
  const auto steps = [&]() -> Status {
    TRY(find_names());
    TRY(check_existing());
    return start_part();
  };
  return guarded(steps());
}

Status FileSink::start_part() {
  Part part;
  part.final = names_.path(next_number_++);
  part.beside = direct_ ? options_.path : part.final + ".inprogress-" + run_;
  part.file = TRY(files_.open(part.beside, direct_ ? OpenMode::kAppend : OpenMode::kCreateNew));
  part.compressor = make_compressor(options_.compression);
  open_part_ = std::move(part);
  const bool appending = options_.exists == FileSinkOptions::Exists::kAppend;
  if (appending && !names_.numbered && !direct_) TRY(copy_existing(*open_part_));
  return {};
}

/// Appending stays atomic: the old content is copied in front and the whole replaces the old file.
Status FileSink::copy_existing(Part& part) {
  auto old = files_.open(part.final, OpenMode::kRead);
  if (!old) {
    if (old.error().code == ErrorCode::kNotFound) return {};
    return std::move(old).error();
  }
  std::vector<std::byte> page(kCopyBytes);
  while (true) {
    const size_t got = TRY((*old)->read(page.data(), page.size()));
    if (got == 0) break;
    TRY(part.file->write({page.data(), got}));
    part.stored += got;
  }
  part.has_bytes = part.stored > 0;
  return {};
}

Status FileSink::append(Part& part, Bytes bytes) {
  if (part.compressor != nullptr) {
    TRY(part.compressor->add(bytes, part.buffer));
  } else if (bytes.size() >= kBufferBytes) {
    TRY(drain(part));
    TRY(part.file->write(bytes));
    part.stored += bytes.size();
  } else {
    part.buffer += as_text(bytes);
  }
  return part.buffer.size() >= kBufferBytes ? drain(part) : Status();
}

Status FileSink::drain(Part& part) {
  if (part.buffer.empty()) return {};
  TRY(part.file->write(as_bytes(part.buffer)));
  part.stored += part.buffer.size();
  part.buffer.clear();
  return {};
}

Status FileSink::write(Bytes encoded, uint64_t rows) {
  if (failed_.has_value()) return *failed_;
  const auto steps = [&]() -> Status {
    if (rotating_) TRY(rotate_if_due());
    if (!open_part_.has_value()) TRY(start_part());
    Part& part = *open_part_;
    if (!part.has_bytes) {
      part.has_bytes = true;
      TRY(append(part, as_bytes(preamble_)));
    }
    if (part.first_row_ns < 0) part.first_row_ns = clock_.steady_ns();
    return append(part, encoded);
  };
  TRY(guarded(steps()));
  count(encoded, rows);
  if (direct_) return flush();
  return rotating_ ? guarded(rotate_if_due()) : Status();
}

Status FileSink::rotate_if_due() {
  if (!rotating_ || !open_part_.has_value() || open_part_->first_row_ns < 0) return {};
  const Part& part = *open_part_;
  const bool full =
      options_.rotate_bytes > 0 && part.stored + part.buffer.size() >= options_.rotate_bytes;
  const bool old = options_.rotate_interval_us > 0 &&
                   clock_.steady_ns() - part.first_row_ns >= options_.rotate_interval_us * 1000;
  if (!full && !old) return {};
  TRY(close_part());
  return options_.transactional ? Status() : publish_up_to(UINT64_MAX);
}

Status FileSink::close_part() {
  Part& part = *open_part_;
  if (!part.has_bytes) {
    part.has_bytes = true;
    TRY(append(part, as_bytes(preamble_)));
  }
  if (part.compressor != nullptr) TRY(part.compressor->end_member(part.buffer));
  TRY(drain(part));
  if (!direct_) TRY(part.file->sync());
  TRY(part.file->close());
  part.file.reset();
  part.compressor.reset();
  part.epoch = 0;
  closed_parts_.push_back(std::move(part));
  open_part_.reset();
  return {};
}

Status FileSink::flush() {
  if (failed_.has_value()) return *failed_;
  // What a compressor holds back stays there: flushing it would cost size, and nobody reads files
  // in progress.
  return open_part_.has_value() ? guarded(drain(*open_part_)) : Status();
}

Status FileSink::tick() {
  if (failed_.has_value()) return *failed_;
  return guarded(rotate_if_due());
}

Status FileSink::publish(const Part& part) {
  if (direct_) return {};
  if (options_.exists == FileSinkOptions::Exists::kFail && files_.exists(part.final)) {
    return Error(ErrorCode::kAlreadyExists,
                 fmt::format("'{}' was made by somebody else meanwhile", part.final));
  }
  TRY(files_.rename(part.beside, part.final));
  own_.push_back(path_name(part.final));
  if (published_++ == 0) TRY(remove_older_parts());
  return {};
}

Status FileSink::remove_older_parts() {
  if (!names_.numbered || options_.exists != FileSinkOptions::Exists::kReplace) return {};
  for (const DirectoryEntry& entry : TRY(files_.list(names_.directory))) {
    if (!names_.number_of(entry.name)) continue;
    if (std::find(own_.begin(), own_.end(), entry.name) != own_.end()) continue;
    TRY(files_.remove(path_join(names_.directory, entry.name)));
  }
  return {};
}

/// Publishes the closed parts that checkpoint `epoch` or an earlier one knows; UINT64_MAX = all.
Status FileSink::publish_up_to(uint64_t epoch) {
  size_t kept = 0;
  bool any = false;
  for (size_t i = 0; i < closed_parts_.size(); ++i) {
    Part& part = closed_parts_[i];
    if (epoch == UINT64_MAX || (part.epoch != 0 && part.epoch <= epoch)) {
      TRY(publish(part));
      any = true;
    } else {
      if (kept != i) closed_parts_[kept] = std::move(part);
      ++kept;
    }
  }
  closed_parts_.resize(kept);
  return any && !direct_ ? files_.sync_directory(names_.directory) : Status();
}

Result<std::string> FileSink::prepare(uint64_t epoch) {
  if (failed_.has_value()) return *failed_;
  CHECK(epoch > 0);
  std::string state =
      fmt::format("run\t{}\nnext\t{}\npublished\t{}\n", run_, next_number_, published_);
  for (Part& part : closed_parts_) {
    if (part.epoch == 0) part.epoch = epoch;
    part.saved = true;
    state += fmt::format("closed\t{}\t{}\n", part.beside, part.final);
  }
  if (open_part_.has_value() && !direct_) {
    Part& part = *open_part_;
    const auto steps = [&]() -> Status {
      // A member that ends here makes the file valid up to here.
      if (part.compressor != nullptr && part.has_bytes)
        TRY(part.compressor->end_member(part.buffer));
      TRY(drain(part));
      return part.file->sync();
    };
    TRY(guarded(steps()));
    part.saved = true;
    state += fmt::format("open\t{}\t{}\t{}\t{}\n", part.beside, part.final, part.stored,
                         part.has_bytes ? 1 : 0);
  } else {
    TRY(flush());
  }
  return state;
}

Status FileSink::commit(uint64_t epoch) {
  if (failed_.has_value()) return *failed_;
  return guarded(publish_up_to(epoch));
}

Status FileSink::abort(uint64_t epoch) {
  for (Part& part : closed_parts_) {
    if (part.epoch == epoch) part.epoch = 0;
  }
  return {};
}

Status FileSink::finish() {
  if (failed_.has_value()) return *failed_;
  const auto steps = [&]() -> Status {
    if (open_part_.has_value()) {
      // A later part without rows is not made; the first is, so that an empty answer is a file too.
      const bool empty = open_part_->first_row_ns < 0 && !open_part_->has_bytes;
      if (empty && names_.numbered && !own_.empty()) {
        TRY(files_.remove(open_part_->beside));
        open_part_.reset();
      } else {
        TRY(close_part());
      }
    }
    return publish_up_to(UINT64_MAX);
  };
  TRY(guarded(steps()));
  finished_ = true;
  return {};
}

/// Removes what was not published, but for what a checkpoint may still want.
void FileSink::discard() {
  if (open_part_.has_value()) closed_parts_.push_back(std::move(*open_part_));
  open_part_.reset();
  for (Part& part : closed_parts_) {
    part.file.reset();
    if (!direct_ && !part.saved) (void)files_.remove(part.beside);
  }
  closed_parts_.clear();
}

}  // namespace velo
