#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace velo {

/// What a source's 'path' names.
enum class PathKind : uint8_t { kStandardInput, kFile, kPattern, kDirectory };

struct InputFiles {
  PathKind kind = PathKind::kFile;
  std::vector<std::string> files;  ///< sorted by the bytes of their paths
};

/// "file:///a/b" → "/a/b"; anything else stays.
std::string strip_file_scheme(std::string_view path);

/// A file that a sink of ours is still writing. Never read.
bool is_in_progress(std::string_view name);
/// What a directory does not mean to show: `.x`, `_x`, `x.tmp`, files in progress. A pattern may
/// name them.
bool is_hidden_file(std::string_view name);

/// Looks at the file system. Nothing there is an error with a hint unless `may_be_empty`: then
/// patterns and directories may match nothing yet.
Result<InputFiles> find_input_files(FileSystem& files, const std::string& path, bool may_be_empty);

/// Cuts a plain newline-framed file into at most `most` ranges of at least `bytes_min` bytes.
/// Boundaries are offsets just after a newline; the first is 0, the last the file's size. Fewer
/// ranges where lines are long.
Result<std::vector<uint64_t>> file_splits(FileSystem& files, const std::string& path, uint32_t most,
                                          uint64_t bytes_min);

}  // namespace velo
