#include "operator/over_kept.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "column/column_builder.h"

namespace velo {
namespace {

std::vector<size_t> widths_of(const std::vector<Type>& types) {
  std::vector<size_t> widths;
  for (const Type& type : types) widths.push_back(physical_width(type.physical()));
  widths.resize(types.size() * 2, 0);  // nothing has NULLs yet
  return widths;
}

}  // namespace

StringRef KeptTexts::keep(const StringRef& text) {
  if (text.is_inline()) return text;
  const size_t size = text.size();
  if (static_cast<size_t>(end_ - next_) < size) {
    // An eighth of all at once: so there are few, and little is free.
    auto chunk = Buffer::allocate(std::max({kChunkBytes, bytes_ / 8, size}));
    next_ = chunk->as<char>();
    end_ = next_ + chunk->capacity();
    chunks_.push_back(std::move(chunk));
  }
  std::memcpy(next_, text.data(), size);
  const StringRef kept(next_, static_cast<uint32_t>(size));
  next_ += size;
  bytes_ += size;
  return kept;
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

KeptColumns::KeptColumns(std::vector<Type> types)
    : types_(std::move(types)), has_nulls_(types_.size(), 0), blocks_(widths_of(types_), {}) {}

void KeptColumns::note_nulls(std::span<const ColumnPtr> columns) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (has_nulls_[i] != 0 || !columns[i]->may_have_nulls()) continue;
    has_nulls_[i] = 1;
    blocks_.widen_values(valid(i), 1, 1);
  }
}

void KeptColumns::append(uint32_t group, uint64_t low, uint64_t end,
                         std::span<const ColumnPtr> columns, std::span<const uint32_t> rows) {
  note_nulls(columns);
  const uint64_t begin = end - rows.size();
  blocks_.reserve(group, low, begin, end);
  const size_t at = begin - blocks_.base(group);
  for (size_t i = 0; i < columns.size(); ++i) {
    const size_t width = physical_width(types_[i].physical());
    std::byte* values = blocks_.values(group, i) + at * width;
    scatter(*columns[i], rows, width, values);
    if (types_[i].physical() == Physical::kString) {
      keep_texts(*columns[i], rows, reinterpret_cast<StringRef*>(values));
    }
    if (has_nulls_[i] == 0) continue;
    std::byte* valid_bytes = blocks_.values(group, valid(i)) + at;
    for (size_t k = 0; k < rows.size(); ++k) {
      valid_bytes[k] = std::byte{columns[i]->is_null(rows[k]) ? uint8_t{0} : uint8_t{1}};
    }
  }
}

void KeptColumns::keep_texts(const Column& column, std::span<const uint32_t> rows,
                             StringRef* kept) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (kept[i].is_inline()) continue;
    kept[i] = column.is_null(rows[i]) ? StringRef() : texts_.keep(kept[i]);
  }
}

void KeptColumns::move_texts(uint32_t group, uint64_t first, uint64_t end) {
  for (size_t i = 0; i < types_.size(); ++i) {
    if (types_[i].physical() != Physical::kString) continue;
    auto* values = reinterpret_cast<StringRef*>(blocks_.values(group, i));
    for (uint64_t row = first; row < end; ++row) {
      StringRef& value = values[row - blocks_.base(group)];
      value = texts_.keep(value);
    }
  }
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

}  // namespace

ColumnPtr KeptColumns::gather(size_t column, std::span<const uint32_t> groups,
                              std::span<const uint64_t> indexes) const {
  const size_t width = physical_width(types_[column].physical());
  std::vector<const std::byte*> from(groups.size(), nullptr);
  std::vector<uint32_t> nulls;
  for (uint32_t i = 0; i < groups.size(); ++i) {
    const size_t at = indexes[i] - blocks_.base(groups[i]);
    const bool there =
        indexes[i] != kNoRow &&
        (has_nulls_[column] == 0 || blocks_.values(groups[i], valid(column))[at] != std::byte{0});
    if (there) {
      from[i] = blocks_.values(groups[i], column) + at * width;
    } else {
      nulls.push_back(i);
    }
  }
  ColumnBuilder builder(types_[column], groups.size());
  if (types_[column].physical() == Physical::kString) {
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
