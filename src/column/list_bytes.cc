#include "column/list_bytes.h"

#include <algorithm>
#include <cstring>

namespace velo {
namespace {

bool is_list(const Type& type) { return type.physical() == Physical::kList; }
bool is_row(const Type& type) { return type.physical() == Physical::kRow; }

/// Whether one of these rows is NULL, or a field of a ROW in them.
bool has_null(const Column& column, size_t begin, size_t count) {
  if (column.encoding() == Encoding::kConstant) {
    return count > 0 && has_null(*column.base(), 0, 1);
  }
  for (size_t i = 0; column.may_have_nulls() && i < count; ++i) {
    if (column.is_null(begin + i)) return true;
  }
  return is_row(column.type()) &&
         std::ranges::any_of(column.children(), [&](const ColumnPtr& field) {
           return has_null(*field, begin, count);
         });
}

struct Writer {
  std::string& out;

  void number(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
    out.push_back(static_cast<char>(value));
  }
  void list(const Column& column, size_t row) {
    if (column.encoding() == Encoding::kConstant) return list(*column.base(), 0);
    const bool there = !column.is_null(row);
    const size_t begin = column.offsets()[row];
    const size_t count = there ? column.offsets()[row + 1] - begin : 0;
    const bool nulls = std::ranges::any_of(
        column.children(), [&](const ColumnPtr& child) { return has_null(*child, begin, count); });
    number(count << 1 | (nulls ? 1 : 0));
    for (const ColumnPtr& child : column.children()) values(child, begin, count, nulls);
  }
  void values(const ColumnPtr& column, size_t begin, size_t count, bool nulls) {
    if (column->encoding() == Encoding::kConstant) {
      return values(flatten(slice(column, begin, count)), 0, count, nulls);
    }
    if (nulls) validity(*column, begin, count);
    switch (column->type().physical()) {
      case Physical::kRow:
        for (const ColumnPtr& field : column->children()) values(field, begin, count, nulls);
        return;
      case Physical::kList:
        for (size_t i = 0; i < count; ++i) list(*column, begin + i);
        return;
      case Physical::kString:
        for (size_t i = 0; i < count; ++i) text(*column, begin + i);
        return;
      default:
        const size_t width = physical_width(column->type().physical());
        out.append(column->values_buffer()->as<char>() + begin * width, count * width);
    }
  }
  void text(const Column& column, size_t row) {
    const std::string_view value = column.is_null(row) ? "" : column.string_at(row);
    number(value.size());
    out += value;
  }
  void validity(const Column& column, size_t begin, size_t count) {
    const size_t at = out.size();
    out.resize(at + (count + 7) / 8, '\0');
    for (size_t i = 0; i < count; ++i) {
      if (!column.is_null(begin + i)) out[at + i / 8] |= static_cast<char>(1 << (i % 8));
    }
  }
};

/// Goes over bytes; where there is a builder, appends what they say.
struct Reader {
  const char* at;

  uint64_t number() {
    uint64_t value = 0;
    int shift = 0;
    for (; (*at & 0x80) != 0; ++at, shift += 7) value |= uint64_t{*at & 0x7fU} << shift;
    return value | static_cast<uint64_t>(*at++) << shift;
  }
  void list(const Type& type, ColumnBuilder* to) {
    const uint64_t header = number();
    for (size_t i = 0; i < type.children().size(); ++i) {
      ColumnBuilder* child = to == nullptr ? nullptr : &to->child(i);
      values(type.children()[i], child, header >> 1, (header & 1) != 0);
    }
    if (to != nullptr) to->append_list_end();
  }
  void values(const Type& type, ColumnBuilder* to, size_t count, bool nulls) {
    const char* validity = at;
    const size_t begin = to == nullptr ? 0 : to->size();
    if (nulls) at += (count + 7) / 8;
    if (is_row(type)) {
      for (size_t i = 0; i < type.children().size(); ++i) {
        values(type.children()[i], to == nullptr ? nullptr : &to->child(i), count, nulls);
      }
      for (size_t i = 0; to != nullptr && i < count; ++i) to->append_row_end();
    } else if (is_list(type)) {
      for (size_t i = 0; i < count; ++i) list(type, to);
    } else if (type.physical() == Physical::kString) {
      for (size_t i = 0; i < count; ++i) text(to);
    } else {
      numbers(type, to, count);
    }
    for (size_t i = 0; nulls && to != nullptr && i < count; ++i) {
      if ((validity[i / 8] >> (i % 8) & 1) == 0) to->set_null(begin + i);
    }
  }
  void numbers(const Type& type, ColumnBuilder* to, size_t count) {
    const size_t bytes = count * physical_width(type.physical());
    if (to != nullptr && type.physical() == Physical::kBool) {
      std::memcpy(to->extend<uint8_t>(count), at, bytes);
    } else if (to != nullptr && type.physical() == Physical::kInt128) {
      std::memcpy(to->extend<int128_t>(count), at, bytes);
    } else if (to != nullptr) {
      std::memcpy(to->extend<int64_t>(count), at, bytes);
    }
    if (to != nullptr) to->added(count);
    at += bytes;
  }
  void text(ColumnBuilder* to) {
    const uint64_t size = number();
    if (to != nullptr) to->append_string({at, size});
    at += size;
  }
};

}  // namespace

void append_list_bytes(const Column& column, size_t row, std::string* out) {
  Writer{*out}.list(column, row);
}

size_t list_bytes_size(const Type& type, const char* bytes) {
  Reader reader{bytes};
  reader.list(type, nullptr);
  return static_cast<size_t>(reader.at - bytes);
}

void append_list(const char* bytes, ColumnBuilder* to) {
  const Type type = to->type();
  Reader{bytes}.list(type, to);
}

}  // namespace velo
