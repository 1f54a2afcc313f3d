// Going on after a crash from the text that FileSink::prepare gave. Steps:
//   1. parts that were closed: rename those not yet renamed (commit is idempotent);
//   2. the part that was open: cut it back to its length at the checkpoint and append to it;
//   3. files in progress that the crashed run made after the checkpoint: remove.
#include <algorithm>
#include <charconv>

#include "base/fmt.h"
#include "connector/file_sink.h"

namespace velo {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

Result<uint64_t> number_in(std::string_view text) {
  uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc() && end == text.data() + text.size()) return number;
  return Error(ErrorCode::kCorruptData,
               fmt::format("saved state of a file sink: bad number '{}'", text));
}

Error gone(std::string_view file) {
  return Error(ErrorCode::kIncompatibleState,
               fmt::format("'{}' was written before the restart and is gone", file))
      .with_hint("start without the saved state, or put the file back");
}

}  // namespace

Status FileSink::recover(std::string_view prepared) {
  if (prepared.empty()) return open();
  const auto steps = [&]() -> Status {
    TRY(find_names());
    if (direct_) return start_part();
    std::vector<std::string> expected;
    for (const std::string_view line : split(prepared, '\n')) {
      const auto fields = split(line, '\t');
      if (fields[0] == "run" && fields.size() == 2) {
        run_ = fields[1];
      } else if (fields[0] == "next" && fields.size() == 2) {
        next_number_ = TRY(number_in(fields[1]));
      } else if (fields[0] == "published" && fields.size() == 2) {
        published_ = TRY(number_in(fields[1]));
      } else if (fields[0] == "closed" && fields.size() == 3) {
        Part part;
        part.beside = fields[1];
        part.final = fields[2];
        if (files_.exists(part.beside)) {
          TRY(publish(part));
        } else if (files_.exists(part.final)) {
          own_.push_back(path_name(part.final));
          ++published_;
        } else {
          return gone(part.final);
        }
      } else if (fields[0] == "open" && fields.size() == 5) {
        const uint64_t stored = TRY(number_in(fields[3]));
        TRY(reopen(fields[1], fields[2], stored, fields[4] == "1"));
        expected.push_back(path_name(fields[1]));
      } else if (!line.empty()) {
        return Error(ErrorCode::kCorruptData,
                     fmt::format("saved state of a file sink cannot be read: '{}'", line));
      }
    }
    return remove_leftovers(expected);
  };
  return guarded(steps());
}

Status FileSink::reopen(std::string_view beside, std::string_view final_path, uint64_t stored,
                        bool has_bytes) {
  Part part;
  part.beside = beside;
  part.final = final_path;
  auto info = files_.info(part.beside);
  if (!info || info->size < stored) return gone(beside);
  part.file = TRY(files_.open(part.beside, OpenMode::kAppend));
  TRY(part.file->truncate(stored));
  part.compressor = make_compressor(options_.compression);
  part.stored = stored;
  part.has_bytes = has_bytes;
  part.saved = true;
  part.first_row_ns = has_bytes ? clock_.steady_ns() : -1;
  open_part_ = std::move(part);
  return {};
}

Status FileSink::remove_leftovers(const std::vector<std::string>& expected) {
  const std::string suffix = ".inprogress-" + run_;
  for (const DirectoryEntry& entry : TRY(files_.list(names_.directory))) {
    if (!entry.name.ends_with(suffix)) continue;
    if (std::find(expected.begin(), expected.end(), entry.name) != expected.end()) continue;
    TRY(files_.remove(path_join(names_.directory, entry.name)));
  }
  return {};
}

}  // namespace velo
