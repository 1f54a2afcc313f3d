#include "state/row_chunks.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "column/column_builder.h"
#include "column/compare_values.h"
#include "column/list_bytes.h"

namespace velo {
namespace {

constexpr size_t kTextBytes = 16 * 1024;

void release_nothing(std::byte*, size_t) {}

/// For columns that were brought into flat form: of a constant, or of entries of a dictionary.
std::vector<uint32_t> first_rows(size_t count) {
  std::vector<uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), uint32_t{0});
  return rows;
}

bool are_consecutive(std::span<const uint32_t> rows) {
  // Ascending and different, as selections are: the ends tell.
  return rows.back() - rows.front() + 1 == rows.size();
}

template <typename T>
void copy_values(const Column& from, std::span<const uint32_t> rows, bool consecutive,
                 std::byte* out) {
  const T* values = from.values<T>();
  if (consecutive) {
    std::memcpy(out, values + rows.front(), rows.size() * sizeof(T));
    return;
  }
  T* to = reinterpret_cast<T*>(out);
  for (size_t i = 0; i < rows.size(); ++i) to[i] = values[rows[i]];
}

std::vector<Type> types_of(const Schema& schema) {
  std::vector<Type> types;
  for (const Field& field : schema.fields()) types.push_back(field.type);
  return types;
}

}  // namespace

RowChunks::RowChunks(SchemaPtr schema)
    : schema_(std::move(schema)), leaves_(types_of(*schema_)), row_bytes_(row_width(*schema_)) {
  nulls_.resize(leaves_.size());
  longs_.resize(leaves_.size());
  for (size_t leaf = 0; leaf < leaves_.size(); ++leaf) {
    texts_ |= leaves_.is_string(leaf) || leaves_.is_list(leaf);
    const size_t width = physical_width(leaves_.type(leaf).physical());
    widths_.push_back(leaves_.is_list(leaf) ? sizeof(const char*) : width);
    offsets_.push_back(block_bytes_);
    block_bytes_ += widths_.back() * kChunkRows;
  }
  for (size_t column = 0; column < schema_->size(); ++column) {
    column_offsets_.push_back(offsets_[leaves_.of(column)]);
  }
}

void RowChunks::add_chunk() {
  chunks_.emplace_back();
  blocks_.push_back(nullptr);
  renew(chunks() - 1);
}

void RowChunks::renew(size_t chunk) {
  Chunk& fresh = chunks_[front_ + chunk];
  fresh.block = Buffer::allocate(block_bytes_);
  blocks_[front_ + chunk] = fresh.block->data();
  if (texts_) fresh.texts.resize(leaves_.size());
}

void RowChunks::drop(size_t chunk) {
  chunks_[front_ + chunk] = Chunk();
  blocks_[front_ + chunk] = nullptr;
}

void RowChunks::pop_front() {
  drop(0);
  ++front_;
  first_ += kChunkRows;
  if (front_ * 2 < chunks_.size()) return;
  chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<ptrdiff_t>(front_));
  blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<ptrdiff_t>(front_));
  front_ = 0;
}

void RowChunks::clear() {
  chunks_.clear();
  blocks_.clear();
  front_ = 0;
  first_ = 0;
}

void RowChunks::write(const Batch& batch, std::span<const uint32_t> rows, Id to) {
  if (rows.empty()) return;
  if (leaves_.size() == batch.columns.size()) {  // no ROWs
    for (size_t c = 0; c < leaves_.size(); ++c) write_leaf(c, batch.columns[c], rows, to);
    return;
  }
  const std::vector<ColumnPtr> given = leaves_.split(batch.columns);
  for (size_t leaf = 0; leaf < leaves_.size(); ++leaf) write_leaf(leaf, given[leaf], rows, to);
}

void RowChunks::write(const Batch& batch, std::span<const uint32_t> rows, std::span<const Id> to) {
  const std::vector<ColumnPtr> given = leaves_.split(batch.columns);
  for (size_t leaf = 0; leaf < leaves_.size(); ++leaf) scatter_leaf(leaf, given[leaf], rows, to);
}

template <typename T>
void RowChunks::scatter_values(size_t leaf, const Column& from, std::span<const uint32_t> rows,
                               std::span<const Id> to) {
  const T* values = from.values<T>();
  for (size_t i = 0; i < rows.size(); ++i) leaf_value<T>(leaf, to[i]) = values[rows[i]];
}

void RowChunks::scatter_leaf(size_t leaf, const ColumnPtr& given, std::span<const uint32_t> rows,
                             std::span<const Id> to) {
  if (!given->is_flat()) {
    return scatter_leaf(leaf, flatten(velo::gather(given, rows)), first_rows(rows.size()), to);
  }
  const bool plain = !given->may_have_nulls() && nulls_[leaf] == 0;
  if (plain && widths_[leaf] == 8 && !leaves_.is_list(leaf)) {
    return scatter_values<uint64_t>(leaf, *given, rows, to);
  }
  if (plain && leaves_.is_string(leaf)) {
    scatter_values<StringRef>(leaf, *given, rows, to);
    for (const Id id : to) {
      StringRef& ref = leaf_value<StringRef>(leaf, id);
      if (!ref.is_inline()) keep_texts(leaf, {&ref, 1}, texts_of(leaf, id));
    }
    return;
  }
  for (size_t i = 0; i < rows.size(); ++i) write_leaf(leaf, given, rows.subspan(i, 1), to[i]);
}

void RowChunks::write_leaf(size_t leaf, const ColumnPtr& given, std::span<const uint32_t> rows,
                           Id to) {
  if (!given->is_flat()) {
    return write_leaf(leaf, flatten(velo::gather(given, rows)), first_rows(rows.size()), to);
  }
  write_validity(leaf, *given, rows, to);
  if (leaves_.is_row(leaf)) return;
  if (leaves_.is_list(leaf)) return write_lists(leaf, *given, rows, to);
  std::byte* out = value_at(leaf, to);
  const bool consecutive = are_consecutive(rows);
  switch (widths_[leaf]) {
    case 1:
      copy_values<uint8_t>(*given, rows, consecutive, out);
      break;
    case 8:
      copy_values<uint64_t>(*given, rows, consecutive, out);
      break;
    default:
      copy_values<int128_t>(*given, rows, consecutive, out);
  }
  if (!leaves_.is_string(leaf)) return;
  auto* refs = reinterpret_cast<StringRef*>(out);
  for (size_t i = 0; given->may_have_nulls() && i < rows.size(); ++i) {
    if (given->is_null(rows[i])) refs[i] = StringRef();
  }
  keep_texts(leaf, {refs, rows.size()}, texts_of(leaf, to));
}

void RowChunks::write_validity(size_t leaf, const Column& values, std::span<const uint32_t> rows,
                               Id to) {
  if (!values.may_have_nulls() && nulls_[leaf] == 0) return;
  nulls_[leaf] = 1;
  std::unique_ptr<uint64_t[]>& valid = chunks_[front_ + chunk_of(to)].valid;
  if (valid == nullptr) {
    if (!values.may_have_nulls()) return;
    valid = std::make_unique_for_overwrite<uint64_t[]>(leaves_.size() * kWords);
    std::memset(valid.get(), 0xff, leaves_.size() * kWords * sizeof(uint64_t));
  }
  uint64_t* words = valid.get() + leaf * kWords;
  for (size_t i = 0; i < rows.size(); ++i) {
    const size_t at = (to & kMask) + i;
    const uint64_t mask = uint64_t{1} << (at & 63);
    if (values.is_null(rows[i])) {
      words[at >> 6] &= ~mask;
    } else {
      words[at >> 6] |= mask;
    }
  }
}

void RowChunks::write_lists(size_t leaf, const Column& values, std::span<const uint32_t> rows,
                            Id to) {
  scratch_.clear();
  std::vector<size_t> begins;
  for (const uint32_t row : rows) {
    begins.push_back(scratch_.size());
    append_list_bytes(values, row, &scratch_);
  }
  begins.push_back(scratch_.size());
  longs_[leaf] = 1;
  for (size_t i = 0; i < rows.size(); ++i) {
    const char* bytes = scratch_.data() + begins[i];
    leaf_value<const char*>(leaf, to + static_cast<Id>(i)) = keep_bytes(
        bytes, begins[i + 1] - begins[i], scratch_.size() - begins[i], texts_of(leaf, to));
  }
}

void RowChunks::keep_texts(size_t leaf, std::span<StringRef> refs, Texts& texts) {
  size_t wanted = 0;
  for (const StringRef& ref : refs) wanted += ref.is_inline() ? 0 : ref.size();
  if (wanted == 0) return;
  longs_[leaf] = 1;
  for (StringRef& ref : refs) {
    if (ref.is_inline()) continue;
    const uint32_t size = ref.size();
    ref = StringRef(keep_bytes(ref.data(), size, wanted, texts), size);
    wanted -= size;
  }
}

// `wanted`: how many are known to come, with these.
const char* RowChunks::keep_bytes(const char* bytes, size_t size, size_t wanted, Texts& texts) {
  if (texts.buffers.empty() || texts.used + size > texts.buffers.back()->capacity()) {
    // What is known to come, or a quarter of what is there: little of it stays empty.
    const size_t more = std::max(wanted, std::min(texts.total / 4, kTextBytes));
    texts.buffers.push_back(Buffer::allocate(more));
    texts.total += more;
    texts.used = 0;
  }
  char* to = texts.buffers.back()->as<char>() + texts.used;
  std::memcpy(to, bytes, size);
  texts.used += size;
  texts.kept += size;
  return to;
}

// Of a row's value, those that lie beside its place.
size_t RowChunks::bytes_beside(size_t leaf, Id id) const {
  if (leaves_.is_list(leaf)) {
    return list_bytes_size(leaves_.type(leaf), leaf_value<const char*>(leaf, id));
  }
  const StringRef& ref = leaf_value<StringRef>(leaf, id);
  return ref.is_inline() ? 0 : ref.size();
}

void RowChunks::forget_texts(Id id, const uint64_t* kept) {
  for (size_t leaf = 0; texts_ && leaf < leaves_.size(); ++leaf) {
    if (longs_[leaf] == 0) continue;
    const size_t bytes = bytes_beside(leaf, id);
    if (bytes == 0) continue;
    Texts& texts = texts_of(leaf, id);
    texts.dead += bytes;
    if (texts.dead * 3 > texts.total) move_together(leaf, id & ~kMask, kept, texts);
  }
}

void RowChunks::move_together(size_t leaf, Id base, const uint64_t* kept, Texts& texts) {
  const Texts old = std::exchange(texts, Texts());
  size_t wanted = old.kept - old.dead;
  for (size_t at = 0; at < kChunkRows; ++at) {
    if (((kept[at >> 6] >> (at & 63)) & 1) == 0) continue;
    const Id id = base + static_cast<Id>(at);
    const size_t size = bytes_beside(leaf, id);
    if (size == 0) continue;
    if (leaves_.is_list(leaf)) {
      auto*& bytes = leaf_value<const char*>(leaf, id);
      bytes = keep_bytes(bytes, size, wanted, texts);
    } else {
      auto& ref = leaf_value<StringRef>(leaf, id);
      ref = StringRef(keep_bytes(ref.data(), size, wanted, texts), static_cast<uint32_t>(size));
    }
    wanted -= std::min(wanted, size);
  }
}

namespace {

template <typename T, typename Locate>
BufferPtr pick(std::span<const RowChunks::Id> ids, bool all_there, Locate locate) {
  auto buffer = Buffer::allocate(ids.size() * sizeof(T));
  T* out = buffer->as<T>();
  if (all_there) {
    for (size_t i = 0; i < ids.size(); ++i) out[i] = *locate(ids[i]);
  } else {
    for (size_t i = 0; i < ids.size(); ++i) {
      out[i] = ids[i] == RowChunks::kNone ? T() : *locate(ids[i]);
    }
  }
  return buffer;
}

}  // namespace

BufferPtr RowChunks::gather_values(size_t leaf, std::span<const Id> ids, bool all_there) const {
  const auto pick_of = [&]<typename T>(const T*) {
    return pick<T>(ids, all_there, [&](Id id) { return &leaf_value<T>(leaf, id); });
  };
  switch (widths_[leaf]) {
    case 1:
      return pick_of(static_cast<const uint8_t*>(nullptr));
    case 8:
      return pick_of(static_cast<const uint64_t*>(nullptr));
    default:
      if (leaves_.is_string(leaf)) return pick_of(static_cast<const StringRef*>(nullptr));
      return pick_of(static_cast<const int128_t*>(nullptr));
  }
}

BufferPtr RowChunks::gather_validity(size_t leaf, std::span<const Id> ids, bool all_there) const {
  if (all_there && nulls_[leaf] == 0) return nullptr;
  std::shared_ptr<Buffer> validity;
  const size_t bytes = bitmap_words(ids.size()) * 8;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] != kNone && !is_null_leaf(leaf, ids[i])) continue;
    if (validity == nullptr) {
      validity = Buffer::allocate(bytes);
      std::memset(validity->data(), 0xff, bytes);
    }
    validity->as<uint64_t>()[i >> 6] &= ~(uint64_t{1} << (i & 63));
  }
  return validity;
}

ColumnPtr RowChunks::gather(size_t column, std::span<const Id> ids) const {
  return leaves_.join(
      leaves_.of(column), ids.size(),
      [&](size_t leaf) {
        return gather_validity(leaf, ids, std::find(ids.begin(), ids.end(), kNone) == ids.end());
      },
      [&](size_t leaf) { return gather_leaf(leaf, ids); });
}

ColumnPtr RowChunks::gather_lists(size_t leaf, std::span<const Id> ids) const {
  ColumnBuilder builder(leaves_.type(leaf), ids.size());
  for (const Id id : ids) {
    if (id == kNone || is_null_leaf(leaf, id)) {
      builder.append_null();
    } else {
      append_list(leaf_value<const char*>(leaf, id), &builder);
    }
  }
  return builder.finish();
}

ColumnPtr RowChunks::gather_leaf(size_t leaf, std::span<const Id> ids) const {
  if (leaves_.is_list(leaf)) return gather_lists(leaf, ids);
  const bool all_there = std::find(ids.begin(), ids.end(), kNone) == ids.end();
  BufferPtr values = gather_values(leaf, ids, all_there);
  BufferPtr validity = gather_validity(leaf, ids, all_there);
  std::vector<BufferPtr> owners;
  if (longs_[leaf] != 0) {
    std::vector<uint8_t> seen(chunks());
    for (const Id id : ids) {
      if (id == kNone || std::exchange(seen[chunk_of(id)], uint8_t{1}) != 0) continue;
      const Texts& texts = chunks_[front_ + chunk_of(id)].texts[leaf];
      owners.insert(owners.end(), texts.buffers.begin(), texts.buffers.end());
    }
  }
  return Column::flat(leaves_.type(leaf), ids.size(), std::move(values), std::move(validity),
                      std::move(owners));
}

Batch RowChunks::view(size_t chunk, size_t rows) const {
  Batch all{schema_, rows, {}, nullptr, nullptr};
  const auto validity_of = [&](size_t leaf) -> BufferPtr {
    uint64_t* words = valid_words(chunk, leaf);
    if (nulls_[leaf] == 0 || words == nullptr) return nullptr;
    return Buffer::adopt(reinterpret_cast<std::byte*>(words), kWords * sizeof(uint64_t),
                         release_nothing);
  };
  const auto column_of = [&](size_t leaf) {
    if (leaves_.is_list(leaf)) {
      std::vector<Id> ids(rows);
      std::iota(ids.begin(), ids.end(), first_ + static_cast<Id>(chunk * kChunkRows));
      return gather_lists(leaf, ids);
    }
    std::byte* values = blocks_[front_ + chunk] + offsets_[leaf];
    std::vector<BufferPtr> owners;
    if (longs_[leaf] != 0) {
      const Texts& texts = chunks_[front_ + chunk].texts[leaf];
      owners.assign(texts.buffers.begin(), texts.buffers.end());
    }
    return Column::flat(leaves_.type(leaf), rows,
                        Buffer::adopt(values, widths_[leaf] * kChunkRows, release_nothing),
                        validity_of(leaf), std::move(owners));
  };
  for (size_t column = 0; column < schema_->size(); ++column) {
    all.columns.push_back(leaves_.join(leaves_.of(column), rows, validity_of, column_of));
  }
  return all;
}

int RowChunks::compare(size_t column, Id a, Id b) const {
  if (is_nested(column))
    return compare_rows(*gather(column, {&a, 1}), 0, *gather(column, {&b, 1}), 0);
  const size_t leaf = leaves_.of(column);
  const bool a_there = !is_null_leaf(leaf, a);
  const bool b_there = !is_null_leaf(leaf, b);
  if (!a_there || !b_there) return static_cast<int>(a_there) - static_cast<int>(b_there);
  return compare_values(leaves_.type(leaf).physical(), value_at(leaf, a), value_at(leaf, b));
}

int RowChunks::compare(size_t column, Id a, const Column& with, size_t row) const {
  if (is_nested(column)) return compare_rows(*gather(column, {&a, 1}), 0, with, row);
  const size_t leaf = leaves_.of(column);
  const bool there = !is_null_leaf(leaf, a);
  const bool other = !with.is_null(row);
  if (!there || !other) return static_cast<int>(there) - static_cast<int>(other);
  return compare_values(leaves_.type(leaf).physical(), value_at(leaf, a),
                        with.values_buffer()->as<char>() + row * widths_[leaf]);
}

bool RowChunks::equals(size_t column, Id id, const Column& with, size_t row) const {
  if (is_null(column, id) || with.is_null(row)) return false;
  switch ((*schema_)[column].type.physical()) {
    case Physical::kInt64:
      return *value<int64_t>(column, id) == with.values<int64_t>()[row];
    case Physical::kString:
      return *value<StringRef>(column, id) == with.values<StringRef>()[row];
    default:
      return compare(column, id, with, row) == 0;
  }
}

size_t RowChunks::memory_bytes() const {
  size_t bytes = chunks_.capacity() * sizeof(Chunk) + blocks_.capacity() * sizeof(blocks_[0]);
  for (size_t chunk = front_; chunk < chunks_.size(); ++chunk) {
    const Chunk& held = chunks_[chunk];
    if (held.block != nullptr) bytes += held.block->capacity();
    if (held.valid != nullptr) bytes += leaves_.size() * kWords * sizeof(uint64_t);
    bytes += held.texts.capacity() * sizeof(Texts);
    for (const Texts& texts : held.texts) bytes += texts.total;
  }
  return bytes;
}

size_t RowChunks::long_bytes(size_t chunk) const {
  size_t bytes = 0;
  for (const Texts& texts : chunks_[front_ + chunk].texts) bytes += texts.kept - texts.dead;
  return bytes;
}

}  // namespace velo
