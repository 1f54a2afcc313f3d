#include "connector/file_paths.h"

#include <algorithm>
#include <cstring>

#include "base/fmt.h"
#include "base/nearest_name.h"

namespace velo {
namespace {

/// What may have been meant, from what is there.
std::string hint_for_missing(FileSystem& files, const std::string& path) {
  const std::string directory = path_directory(path);
  auto there = files.info(directory);
  if (!there) return fmt::format("directory '{}' does not exist", directory);
  auto entries = files.list(directory);
  if (!entries) return "";
  std::vector<std::string> names;
  for (const DirectoryEntry& entry : *entries) names.push_back(entry.name);
  const std::string nearest(nearest_name(path_name(path), names));
  if (!nearest.empty()) {
    const bool bare = path.find('/') == std::string::npos;
    return fmt::format("did you mean '{}'?", bare ? nearest : path_join(directory, nearest));
  }
  if (path.starts_with('~')) return "'~' is not expanded here: give the whole path";
  return "";
}

std::string hint_for_empty(FileSystem& files, const std::string& pattern) {
  std::string directory = path_directory(pattern);
  while (has_glob_characters(directory)) directory = path_directory(directory);
  auto entries = files.list(directory);
  if (!entries) return fmt::format("directory '{}' does not exist", directory);
  std::string example;
  size_t count = 0;
  for (const DirectoryEntry& entry : *entries) {
    if (entry.kind == FileKind::kDirectory || is_hidden_file(entry.name)) continue;
    if (count++ == 0) example = entry.name;
  }
  if (count == 0) return fmt::format("there are no files in '{}'", directory);
  return fmt::format("'{}' holds {} other file{}, '{}' for one", directory, count,
                     count == 1 ? "" : "s", example);
}

Result<InputFiles> find_in_directory(FileSystem& files, const std::string& path,
                                     bool may_be_empty) {
  InputFiles found{PathKind::kDirectory, {}};
  for (const DirectoryEntry& entry : TRY(files.list(path))) {
    if (entry.kind == FileKind::kDirectory || is_hidden_file(entry.name)) continue;
    found.files.push_back(path_join(path, entry.name));
  }
  if (found.files.empty() && !may_be_empty) {
    return Error(ErrorCode::kNotFound, fmt::format("there are no files in directory '{}'", path));
  }
  return found;
}

Result<InputFiles> find_by_pattern(FileSystem& files, const std::string& path, bool may_be_empty) {
  InputFiles found{PathKind::kPattern, {}};
  for (std::string& match : TRY(files.glob(path))) {
    auto there = files.info(match);
    if (!there.has_value() || there->kind == FileKind::kDirectory) continue;
    if (is_in_progress(path_name(match))) continue;
    found.files.push_back(std::move(match));
  }
  if (found.files.empty() && !may_be_empty) {
    return Error(ErrorCode::kNotFound, fmt::format("no file matches '{}'", path))
        .with_hint(hint_for_empty(files, path));
  }
  return found;
}

/// The offset just after the first newline at or after `from`, or `size`.
Result<uint64_t> after_next_newline(File& file, uint64_t from, uint64_t size) {
  std::vector<std::byte> page(size_t{64} << 10);
  TRY(file.seek(from));
  while (from < size) {
    const size_t got = TRY(file.read(page.data(), page.size()));
    if (got == 0) break;
    const void* newline = std::memchr(page.data(), '\n', got);
    if (newline != nullptr) {
      return from + static_cast<size_t>(static_cast<const std::byte*>(newline) - page.data()) + 1;
    }
    from += got;
  }
  return size;
}

}  // namespace

std::string strip_file_scheme(std::string_view path) {
  if (path.starts_with("file://")) path.remove_prefix(7);
  return std::string(path);
}

bool is_in_progress(std::string_view name) {
  return name.find(".inprogress") != std::string_view::npos;
}

bool is_hidden_file(std::string_view name) {
  return name.empty() || name[0] == '.' || name[0] == '_' || name.ends_with(".tmp") ||
         is_in_progress(name);
}

Result<InputFiles> find_input_files(FileSystem& files, const std::string& path, bool may_be_empty) {
  if (path == "-") return InputFiles{PathKind::kStandardInput, {path}};
  auto there = files.info(path);
  if (there.has_value()) {
    if (there->kind == FileKind::kDirectory) return find_in_directory(files, path, may_be_empty);
    // Opening tells now, before anything runs, whether it may be read. A pipe can be opened only
    // once.
    if (there->kind == FileKind::kRegular) TRY(files.open(path, OpenMode::kRead));
    return InputFiles{PathKind::kFile, {path}};
  }
  if (has_glob_characters(path)) return find_by_pattern(files, path, may_be_empty);
  Error error = std::move(there).error();
  if (error.code != ErrorCode::kNotFound) return error;
  return Error(ErrorCode::kNotFound, fmt::format("file '{}' does not exist", path))
      .with_hint(hint_for_missing(files, path));
}

Result<std::vector<uint64_t>> file_splits(FileSystem& files, const std::string& path, uint32_t most,
                                          uint64_t bytes_min) {
  std::unique_ptr<File> file = TRY(files.open(path, OpenMode::kRead));
  const uint64_t size = TRY(file->info()).size;
  const uint64_t ranges =
      std::max<uint64_t>(1, std::min<uint64_t>(most, size / std::max<uint64_t>(1, bytes_min)));
  std::vector<uint64_t> bounds{0};
  for (uint64_t i = 1; i < ranges; ++i) {
    const uint64_t wanted = size / ranges * i;
    if (wanted <= bounds.back()) continue;
    // From one byte before: a newline right there makes `wanted` itself the boundary.
    const uint64_t bound = TRY(after_next_newline(*file, wanted - 1, size));
    if (bound > bounds.back() && bound < size) bounds.push_back(bound);
  }
  bounds.push_back(size);
  return bounds;
}

}  // namespace velo
