// Paths, globs and whole small files, on top of any FileSystem.
#include <algorithm>

#include "base/file.h"
#include "base/fmt.h"

namespace velo {
namespace {

/// Matches the bracket expression that starts at pattern[at] == '['. Sets `at` after it; a bracket
/// without end stands for itself.
bool bracket_matches(std::string_view pattern, size_t& at, char c) {
  size_t i = at + 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  const size_t close = pattern.find(']', i + 1);  // a ']' right at the start is a member
  if (close == std::string_view::npos) {
    ++at;
    return c == '[';
  }
  bool member = false;
  while (i < close) {
    if (i + 2 < close && pattern[i + 1] == '-') {
      member = member || (pattern[i] <= c && c <= pattern[i + 2]);
      i += 3;
    } else {
      member = member || pattern[i] == c;
      ++i;
    }
  }
  at = close + 1;
  return member != negated;
}

}  // namespace

bool has_glob_characters(std::string_view path) {
  return path.find_first_of("*?[") != std::string_view::npos;
}

bool glob_matches(std::string_view pattern, std::string_view name) {
  if (!name.empty() && name[0] == '.' && (pattern.empty() || pattern[0] != '.')) return false;
  // Greedy with one point of return: the last star seen, and the place in the name it was tried at.
  size_t p = 0, n = 0;
  size_t star = std::string_view::npos, star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
      continue;
    }
    size_t next = p;
    bool matches = false;
    if (p < pattern.size()) {
      if (pattern[p] == '[') {
        matches = bracket_matches(pattern, next, name[n]);
      } else {
        matches = pattern[p] == '?' || pattern[p] == name[n];
        next = p + 1;
      }
    }
    if (matches) {
      p = next;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Result<std::vector<std::string>> FileSystem::glob(const std::string& pattern) {
  std::vector<std::string> found{!pattern.empty() && pattern[0] == '/' ? "/" : ""};
  size_t at = pattern.find_first_not_of('/');
  while (at != std::string::npos) {
    const size_t slash = pattern.find('/', at);
    const std::string part = pattern.substr(at, slash == std::string::npos ? slash : slash - at);
    at = slash == std::string::npos ? slash : pattern.find_first_not_of('/', slash);
    const bool last = at == std::string::npos;
    std::vector<std::string> next;
    for (const std::string& base : found) {
      if (!has_glob_characters(part)) {
        std::string path = base.empty() ? part : path_join(base, part);
        auto there = info(path);
        if (there.has_value() && (last || there->kind == FileKind::kDirectory)) {
          next.push_back(std::move(path));
        }
        continue;
      }
      auto entries = list(base.empty() ? "." : base);
      if (!entries) {
        if (entries.error().code == ErrorCode::kNotFound) continue;
        return std::move(entries).error();
      }
      for (const DirectoryEntry& entry : *entries) {
        if (!last && entry.kind != FileKind::kDirectory) continue;
        if (!glob_matches(part, entry.name)) continue;
        next.push_back(base.empty() ? entry.name : path_join(base, entry.name));
      }
    }
    found = std::move(next);
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string path_directory(std::string_view path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string path_name(std::string_view path) {
  const size_t slash = path.find_last_of('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

std::string path_join(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/') path += '/';
  path += name;
  return path;
}

Result<std::string> read_whole_file(FileSystem& files, const std::string& path) {
  auto file = TRY(files.open(path, OpenMode::kRead));
  std::string text;
  size_t filled = 0;
  while (true) {
    text.resize(std::max<size_t>(text.size() * 2, 16384));
    size_t got = 1;
    while (got > 0 && filled < text.size()) {
      got =
          TRY(file->read(reinterpret_cast<std::byte*>(text.data()) + filled, text.size() - filled));
      filled += got;
    }
    if (got == 0) break;
  }
  text.resize(filled);
  return text;
}

Status write_file_atomically(FileSystem& files, const std::string& path, Bytes bytes) {
  const std::string beside = path + ".inprogress";
  const auto put = [&]() -> Status {
    auto file = TRY(files.open(beside, OpenMode::kCreate));
    TRY(file->write(bytes));
    TRY(file->sync());
    TRY(file->close());
    TRY(files.rename(beside, path));
    return files.sync_directory(path_directory(path));
  };
  Status done = put();
  if (!done) (void)files.remove(beside);
  return done;
}

}  // namespace velo
