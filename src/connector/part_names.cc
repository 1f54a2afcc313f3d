#include <charconv>

#include "base/fmt.h"
#include "connector/file_sink.h"

namespace velo {

std::string PartNames::path(uint64_t number) const {
  if (!numbered) return path_join(directory, stem + extension);
  return path_join(directory, fmt::format("{}-{:05}{}", stem, number, extension));
}

std::optional<uint64_t> PartNames::number_of(const std::string& name) const {
  if (!numbered || !name.starts_with(stem + "-") || !name.ends_with(extension)) return {};
  const size_t begin = stem.size() + 1;
  if (name.size() < begin + 5 + extension.size()) return {};
  const char* first = name.data() + begin;
  const char* last = name.data() + name.size() - extension.size();
  uint64_t number = 0;
  const auto [end, failure] = std::from_chars(first, last, number);
  if (failure != std::errc() || end != last) return {};
  return number;
}

}  // namespace velo
