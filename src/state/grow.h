#pragma once

#include <cstddef>
#include <vector>

namespace velo {

/// Resizes to at least `size`. Where there is no room, to little more than that: for arrays that
/// must not take twice what they hold, as those by key.
template <typename T, typename... Value>
void grow_to(std::vector<T>& array, size_t size, const Value&... value) {
  if (size <= array.size()) return;
  if (size > array.capacity()) array.reserve(size + size / 8);
  array.resize(size, value...);
}

}  // namespace velo
