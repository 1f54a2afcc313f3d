#pragma once

#include "column/column_builder.h"
#include "state/accumulator.h"

namespace velo {

/// How a single value is kept outside a column: by its physical type, long strings and nested
/// values on the heap.
template <typename T>
struct Held {
  static T read(const Column& column, size_t row) { return column.values<T>()[row]; }
  static void append(ColumnBuilder& builder, const T& value) {
    *builder.extend<T>(1) = value;
    builder.added(1);
  }
  static int compare(const T& a, const T& b) { return a < b ? -1 : (b < a ? 1 : 0); }
};
template <>
struct Held<std::string> {
  static std::string read(const Column& column, size_t row) {
    return std::string(column.string_at(row));
  }
  static void append(ColumnBuilder& builder, const std::string& value) {
    builder.append_string(value);
  }
  static int compare(const std::string& a, const std::string& b) { return a.compare(b); }
};
template <>
struct Held<ColumnPtr> {
  static ColumnPtr read(const Column& column, size_t row) {
    ColumnBuilder one(column.type(), 1);
    one.append_from(column, row);
    return one.finish();
  }
  static void append(ColumnBuilder& builder, const ColumnPtr& value) {
    builder.append_from(*value, 0);
  }
  static int compare(const ColumnPtr& a, const ColumnPtr& b) {
    if (!a || !b) return a ? 1 : (b ? -1 : 0);
    return compare_rows(*a, 0, *b, 0);
  }
};

/// Saves held values as one column; reads them back.
template <typename T, typename States, typename Get>
void save_held(const Type& type, const States& states, std::span<const uint32_t> slots,
               SnapshotWriter& writer, Get get) {
  ColumnBuilder builder(type, slots.size());
  for (uint32_t slot : slots) {
    if (const T* value = get(states[slot])) {
      Held<T>::append(builder, *value);
    } else {
      builder.append_null();
    }
  }
  writer.column(*builder.finish());
}

/// Makes `Make<T>` for the T in which values of `type` are held.
template <template <typename> typename Make, typename... Args>
std::unique_ptr<Accumulator> make_for_held_type(const Type& type, const Args&... args) {
  switch (type.physical()) {
    case Physical::kBool:
      return std::make_unique<Make<uint8_t>>(args...);
    case Physical::kInt64:
      return std::make_unique<Make<int64_t>>(args...);
    case Physical::kInt128:
      return std::make_unique<Make<int128_t>>(args...);
    case Physical::kDouble:
      return std::make_unique<Make<double>>(args...);
    case Physical::kString:
      return std::make_unique<Make<std::string>>(args...);
    default:
      return std::make_unique<Make<ColumnPtr>>(args...);
  }
}

}  // namespace velo
