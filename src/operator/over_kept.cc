#include "operator/over_kept.h"

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
    scatter(*columns[i], rows, width, blocks_.values(group, i) + at * width);
    if (has_nulls_[i] == 0) continue;
    std::byte* valid_bytes = blocks_.values(group, valid(i)) + at;
    for (size_t k = 0; k < rows.size(); ++k) {
      valid_bytes[k] = std::byte{columns[i]->is_null(rows[k]) ? uint8_t{0} : uint8_t{1}};
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
  if (width == sizeof(uint64_t)) {
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
