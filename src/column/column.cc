#include "column/column.h"

#include "column/string_dictionary.h"

namespace velo {

std::shared_ptr<Column> new_column() {
  return std::shared_ptr<Column>(new Column());
}

ColumnPtr Column::flat(Type type, size_t rows, BufferPtr values, BufferPtr validity,
                       std::vector<BufferPtr> owners) {
  CHECK(!type.is_nested());
  auto c = new_column();
  c->type_ = std::move(type);
  c->rows_ = rows;
  c->values_ = std::move(values);
  c->validity_ = std::move(validity);
  c->validity_words_ = c->validity_ ? c->validity_->as<uint64_t>() : nullptr;
  c->owners_ = std::move(owners);
  return c;
}

ColumnPtr Column::constant(ColumnPtr base, size_t rows) {
  CHECK(base->size() == 1);
  if (base->encoding() == Encoding::kConstant) base = base->base();
  auto c = new_column();
  c->type_ = base->type();
  c->encoding_ = Encoding::kConstant;
  c->rows_ = rows;
  c->base_ = flatten(base);
  return c;
}

ColumnPtr Column::dictionary(Type type, size_t rows, BufferPtr indices,
                             std::shared_ptr<const StringDictionary> entries, BufferPtr validity) {
  CHECK(type.physical() == Physical::kString);
  auto c = new_column();
  c->type_ = std::move(type);
  c->encoding_ = Encoding::kDictionary;
  c->rows_ = rows;
  c->values_ = std::move(indices);
  c->validity_ = std::move(validity);
  c->validity_words_ = c->validity_ ? c->validity_->as<uint64_t>() : nullptr;
  c->entries_ = std::move(entries);
  return c;
}

ColumnPtr Column::list(Type type, size_t rows, BufferPtr offsets, std::vector<ColumnPtr> children,
                       BufferPtr validity) {
  CHECK(type.physical() == Physical::kList && children.size() == type.children().size());
  auto c = new_column();
  c->type_ = std::move(type);
  c->rows_ = rows;
  c->values_ = std::move(offsets);
  c->validity_ = std::move(validity);
  c->validity_words_ = c->validity_ ? c->validity_->as<uint64_t>() : nullptr;
  c->children_ = std::move(children);
  return c;
}

ColumnPtr Column::row(Type type, size_t rows, std::vector<ColumnPtr> children, BufferPtr validity) {
  CHECK(type.physical() == Physical::kRow && children.size() == type.children().size());
  auto c = new_column();
  c->type_ = std::move(type);
  c->rows_ = rows;
  c->validity_ = std::move(validity);
  c->validity_words_ = c->validity_ ? c->validity_->as<uint64_t>() : nullptr;
  c->children_ = std::move(children);
  return c;
}

namespace {

BufferPtr zeroed(size_t bytes) {
  auto buffer = Buffer::allocate(bytes);
  std::memset(buffer->data(), 0, bytes);
  return buffer;
}

ColumnPtr one_null(const Type& type) {
  BufferPtr none = zeroed(8);
  if (type.physical() == Physical::kList) {
    std::vector<ColumnPtr> children;
    for (const Type& t : type.children()) children.push_back(slice(one_null(t), 0, 0));
    return Column::list(type, 1, zeroed(8), std::move(children), none);
  }
  if (type.physical() == Physical::kRow) {
    std::vector<ColumnPtr> children;
    for (const Type& t : type.children()) children.push_back(one_null(t));
    return Column::row(type, 1, std::move(children), none);
  }
  return Column::flat(type, 1, zeroed(16), none);
}

}  // namespace

ColumnPtr Column::nulls(Type type, size_t rows) { return constant(one_null(type), rows); }

const StringRef& Column::string_ref_at(size_t row) const {
  if (encoding_ == Encoding::kDictionary) return entries_->at(indices()[row]);
  return slot<StringRef>(row);
}

size_t Column::memory_bytes() const {
  size_t total = sizeof(Column);
  if (values_) total += values_->capacity();
  if (validity_) total += validity_->capacity();
  for (const BufferPtr& owner : owners_) total += owner->capacity();
  for (const ColumnPtr& part : children_) total += part->memory_bytes();
  if (base_) total += base_->memory_bytes();
  return total;
}

size_t physical_width(Physical physical) {
  switch (physical) {
    case Physical::kBool: return 1;
    case Physical::kInt64:
    case Physical::kDouble: return 8;
    case Physical::kInt128:
    case Physical::kString: return 16;
    case Physical::kList: return 4;
    case Physical::kRow: return 0;
  }
  return 0;
}

ColumnPtr retype(const ColumnPtr& column, Type type) {
  CHECK(column->type().physical() == type.physical() && !type.is_nested());
  if (column->type() == type) return column;
  switch (column->encoding()) {
    case Encoding::kConstant: return Column::constant(retype(column->base(), type), column->size());
    case Encoding::kDictionary:
      return Column::dictionary(type, column->size(), column->values_buffer(), column->entries(),
                                column->validity_buffer());
    case Encoding::kFlat: break;
  }
  return Column::flat(type, column->size(), column->values_buffer(), column->validity_buffer(),
                      column->owners());
}

}  // namespace velo
