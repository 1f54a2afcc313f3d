#include "operator/over_kept.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "column/column_builder.h"
#include "column/list_bytes.h"

namespace velo {
namespace {

size_t width_of(const Type& type) {
  return type.physical() == Physical::kList ? sizeof(const char*) : physical_width(type.physical());
}

std::vector<size_t> widths_of(const std::vector<Type>& leaves) {
  std::vector<size_t> widths;
  for (const Type& type : leaves) widths.push_back(width_of(type));
  widths.resize(leaves.size() * 2, 0);  // nothing has NULLs yet
  return widths;
}

}  // namespace

const char* KeptTexts::keep(const char* bytes, size_t size) {
  if (static_cast<size_t>(end_ - next_) < size) {
    // An eighth of all at once: so there are few, and little is free.
    auto chunk = Buffer::allocate(std::max({kChunkBytes, bytes_ / 8, size}));
    next_ = chunk->as<char>();
    end_ = next_ + chunk->capacity();
    chunks_.push_back(std::move(chunk));
  }
  std::memcpy(next_, bytes, size);
  next_ += size;
  bytes_ += size;
  return next_ - size;
}

std::vector<BufferPtr> KeptTexts::start_anew() {
  next_ = end_ = nullptr;
  bytes_ = 0;
  return std::exchange(chunks_, {});
}

size_t KeptTexts::memory_bytes() const {
  size_t bytes = chunks_.capacity() * sizeof(BufferPtr);
  for (const BufferPtr& chunk : chunks_) bytes += chunk->capacity();
  return bytes;
}

KeptColumns::KeptColumns(const std::vector<Type>& types)
    : leaves_(types), has_nulls_(leaves_.size(), 0), blocks_(widths_of(leaves_.types()), {}) {}

void KeptColumns::note_nulls(std::span<const ColumnPtr> leaves) {
  for (size_t i = 0; i < leaves.size(); ++i) {
    if (has_nulls_[i] != 0 || !leaves[i]->may_have_nulls()) continue;
    has_nulls_[i] = 1;
    blocks_.widen_values(valid(i), 1, 1);
  }
}

std::vector<ColumnPtr> KeptColumns::leaves_of(std::span<const ColumnPtr> columns) const {
  std::vector<ColumnPtr> leaves = leaves_.split(columns);
  for (ColumnPtr& leaf : leaves) leaf = flatten(leaf);
  return leaves;
}

void KeptColumns::append(uint32_t group, uint64_t low, uint64_t end,
                         std::span<const ColumnPtr> leaves, std::span<const uint32_t> rows) {
  note_nulls(leaves);
  const uint64_t begin = end - rows.size();
  blocks_.reserve(group, low, begin, end);
  const size_t at = begin - blocks_.base(group);
  for (size_t i = 0; i < leaves.size(); ++i) {
    const size_t width = width_of(leaves_.type(i));
    std::byte* values = blocks_.values(group, i) + at * width;
    if (leaves_.is_list(i)) {
      put_lists(*leaves[i], rows, reinterpret_cast<const char**>(values));
    } else if (leaves_.is_string(i)) {
      scatter(*leaves[i], rows, width, values);
      put_texts(*leaves[i], rows, reinterpret_cast<StringRef*>(values));
    } else if (width > 0) {
      scatter(*leaves[i], rows, width, values);
    }
    if (has_nulls_[i] == 0) continue;
    std::byte* valid_bytes = blocks_.values(group, valid(i)) + at;
    for (size_t k = 0; k < rows.size(); ++k) {
      valid_bytes[k] = std::byte{leaves[i]->is_null(rows[k]) ? uint8_t{0} : uint8_t{1}};
    }
  }
}

void KeptColumns::put_texts(const Column& column, std::span<const uint32_t> rows, StringRef* kept) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (kept[i].is_inline()) continue;
    kept[i] = column.is_null(rows[i]) ? StringRef() : texts_.keep(kept[i]);
  }
}

void KeptColumns::put_lists(const Column& column, std::span<const uint32_t> rows,
                            const char** kept) {
  for (size_t i = 0; i < rows.size(); ++i) {
    scratch_.clear();
    append_list_bytes(column, rows[i], &scratch_);
    kept[i] = texts_.keep(scratch_.data(), scratch_.size());
  }
}

void KeptColumns::move_texts(uint32_t group, uint64_t first, uint64_t end) {
  for (size_t leaf = 0; leaf < leaves_.size(); ++leaf) {
    for (uint64_t row = first; leaves_.is_string(leaf) && row < end; ++row) {
      StringRef& value = stored<StringRef>(leaf, group, row);
      value = texts_.keep(value);
    }
    for (uint64_t row = first; leaves_.is_list(leaf) && row < end; ++row) {
      const char*& value = stored<const char*>(leaf, group, row);
      value = texts_.keep(value, list_bytes_size(leaves_.type(leaf), value));
    }
  }
}

size_t KeptColumns::long_bytes(uint32_t group, uint64_t first, uint64_t end) const {
  size_t bytes = 0;
  for (size_t leaf = 0; leaf < leaves_.size(); ++leaf) {
    for (uint64_t row = first; leaves_.is_string(leaf) && row < end; ++row) {
      const StringRef& value = stored<StringRef>(leaf, group, row);
      bytes += value.is_inline() ? 0 : value.size();
    }
    for (uint64_t row = first; leaves_.is_list(leaf) && row < end; ++row) {
      bytes += list_bytes_size(leaves_.type(leaf), stored<const char*>(leaf, group, row));
    }
  }
  return bytes;
}

ColumnPtr KeptColumns::gather(size_t column, std::span<const uint32_t> groups,
                              std::span<const uint64_t> indexes) const {
  return leaves_.join(
      leaves_.of(column), groups.size(),
      [&](size_t leaf) { return gather_validity(leaf, groups, indexes); },
      [&](size_t leaf) { return gather_leaf(leaf, groups, indexes); });
}

BufferPtr KeptColumns::gather_validity(size_t leaf, std::span<const uint32_t> groups,
                                       std::span<const uint64_t> indexes) const {
  ColumnBuilder there(Type::boolean(), groups.size());
  std::memset(there.extend<uint8_t>(groups.size()), 1, groups.size());
  there.added(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    if (indexes[i] == kNoRow || is_null_leaf(leaf, groups[i], indexes[i])) there.set_null(i);
  }
  return there.finish()->validity_buffer();
}

namespace {

template <typename T>
void copy_to(ColumnBuilder& builder, std::span<const std::byte* const> from) {
  T* to = builder.extend<T>(from.size());
  for (size_t i = 0; i < from.size(); ++i) {
    to[i] = from[i] == nullptr ? T{} : *reinterpret_cast<const T*>(from[i]);
  }
  builder.added(from.size());
}

void append_lists(ColumnBuilder& builder, std::span<const std::byte* const> from) {
  for (const std::byte* place : from) {
    if (place == nullptr) {
      builder.append_null();
    } else {
      append_list(*reinterpret_cast<const char* const*>(place), &builder);
    }
  }
}

}  // namespace

ColumnPtr KeptColumns::gather_leaf(size_t leaf, std::span<const uint32_t> groups,
                                   std::span<const uint64_t> indexes) const {
  const size_t width = width_of(leaves_.type(leaf));
  std::vector<const std::byte*> from(groups.size(), nullptr);
  std::vector<uint32_t> nulls;
  for (uint32_t i = 0; i < groups.size(); ++i) {
    if (indexes[i] != kNoRow && !is_null_leaf(leaf, groups[i], indexes[i])) {
      const size_t at = indexes[i] - blocks_.base(groups[i]);
      from[i] = blocks_.values(groups[i], leaf) + at * width;
    } else {
      nulls.push_back(i);
    }
  }
  ColumnBuilder builder(leaves_.type(leaf), groups.size());
  if (leaves_.is_list(leaf)) {
    append_lists(builder, from);
    return builder.finish();
  }
  if (leaves_.is_string(leaf)) {
    copy_to<StringRef>(builder, from);
    for (const BufferPtr& chunk : texts_.chunks()) builder.keep(chunk);
  } else if (width == sizeof(uint64_t)) {
    copy_to<uint64_t>(builder, from);
  } else if (width == sizeof(int128_t)) {
    copy_to<int128_t>(builder, from);
  } else {
    copy_to<uint8_t>(builder, from);
  }
  for (const uint32_t i : nulls) builder.set_null(i);
  return builder.finish();
}

}  // namespace velo
