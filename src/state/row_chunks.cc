#include "state/row_chunks.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

#include "column/column_builder.h"

namespace velo {
namespace {

constexpr size_t kBitmapBytes = RowChunks::kChunkRows / 8;
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

int order_of_doubles(double x, double y) {
  const bool x_nan = std::isnan(x);
  const bool y_nan = std::isnan(y);
  if (x_nan || y_nan) return static_cast<int>(x_nan) - static_cast<int>(y_nan);
  return x < y ? -1 : (y < x ? 1 : 0);
}

/// Of two values that are there, at these places.
int order_of(Physical physical, const void* x, const void* y) {
  const auto order = [&]<typename T>(const T*) {
    const T& left = *static_cast<const T*>(x);
    const T& right = *static_cast<const T*>(y);
    return left < right ? -1 : (right < left ? 1 : 0);
  };
  switch (physical) {
    case Physical::kBool:
      return order(static_cast<const uint8_t*>(nullptr));
    case Physical::kInt64:
      return order(static_cast<const int64_t*>(nullptr));
    case Physical::kInt128:
      return order(static_cast<const int128_t*>(nullptr));
    case Physical::kString:
      return order(static_cast<const StringRef*>(nullptr));
    case Physical::kDouble:
      return order_of_doubles(*static_cast<const double*>(x), *static_cast<const double*>(y));
    case Physical::kList:
    case Physical::kRow:
      break;
  }
  return 0;
}

}  // namespace

RowChunks::RowChunks(SchemaPtr schema)
    : schema_(std::move(schema)), row_bytes_(row_width(*schema_)) {
  const size_t columns = schema_->size();
  nulls_.resize(columns);
  longs_.resize(columns);
  for (const Field& field : schema_->fields()) {
    const Physical physical = field.type.physical();
    const bool nested = physical == Physical::kList || physical == Physical::kRow;
    nestings_ |= nested;
    strings_ |= physical == Physical::kString;
    widths_.push_back(nested ? 0 : physical_width(physical));
    offsets_.push_back(block_bytes_);
    block_bytes_ += widths_.back() * kChunkRows;
  }
  for (size_t c = 0; c < columns; ++c) {
    validities_.push_back(block_bytes_);
    if (!is_nested(c)) block_bytes_ += kBitmapBytes;
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
  std::byte* block = fresh.block->data();
  blocks_[front_ + chunk] = block;
  for (size_t c = 0; c < widths_.size(); ++c) {
    if (!is_nested(c)) std::memset(block + validities_[c], 0xff, kBitmapBytes);
  }
  if (strings_) fresh.texts.resize(widths_.size());
  if (!nestings_) return;
  fresh.nested.resize(widths_.size());
  for (size_t c = 0; c < widths_.size(); ++c) {
    if (is_nested(c)) fresh.nested[c].resize(kChunkRows);
  }
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
  for (size_t c = 0; c < widths_.size(); ++c) write_column(c, batch.columns[c], rows, to);
}

void RowChunks::write(const Batch& batch, std::span<const uint32_t> rows, std::span<const Id> to) {
  for (size_t c = 0; c < widths_.size(); ++c) scatter_column(c, batch.columns[c], rows, to);
}

template <typename T>
void RowChunks::scatter_values(size_t column, const Column& from, std::span<const uint32_t> rows,
                               std::span<const Id> to) {
  const T* values = from.values<T>();
  for (size_t i = 0; i < rows.size(); ++i) {
    *const_cast<T*>(value<T>(column, to[i])) = values[rows[i]];
  }
}

void RowChunks::scatter_column(size_t column, const ColumnPtr& given,
                               std::span<const uint32_t> rows, std::span<const Id> to) {
  if (!given->is_flat() && !is_nested(column)) {
    return scatter_column(column, flatten(velo::gather(given, rows)), first_rows(rows.size()), to);
  }
  const bool plain = given->is_flat() && widths_[column] == 8 && !given->may_have_nulls();
  if (plain && !nulls_[column]) return scatter_values<uint64_t>(column, *given, rows, to);
  const bool texts = given->type().physical() == Physical::kString;
  if (texts && given->is_flat() && !given->may_have_nulls() && !nulls_[column]) {
    scatter_values<StringRef>(column, *given, rows, to);
    for (size_t i = 0; i < rows.size(); ++i) {
      auto* ref = const_cast<StringRef*>(value<StringRef>(column, to[i]));
      if (ref->is_inline()) continue;
      keep_texts(column, {ref, 1}, chunks_[front_ + chunk_of(to[i])].texts[column]);
    }
    return;
  }
  for (size_t i = 0; i < rows.size(); ++i) write_column(column, given, rows.subspan(i, 1), to[i]);
}

void RowChunks::write_column(size_t column, const ColumnPtr& given, std::span<const uint32_t> rows,
                             Id to) {
  const size_t at = to & kMask;
  if (is_nested(column)) {
    std::vector<ColumnPtr>& values = chunks_[front_ + chunk_of(to)].nested[column];
    for (size_t i = 0; i < rows.size(); ++i) values[at + i] = slice(given, rows[i], 1);
    nulls_[column] |= given->may_have_nulls() ? 1 : 0;
    return;
  }
  if (!given->is_flat()) {
    return write_column(column, flatten(velo::gather(given, rows)), first_rows(rows.size()), to);
  }
  std::byte* out = block_of(to) + offsets_[column] + at * widths_[column];
  const bool consecutive = are_consecutive(rows);
  switch (widths_[column]) {
    case 1:
      copy_values<uint8_t>(*given, rows, consecutive, out);
      break;
    case 8:
      copy_values<uint64_t>(*given, rows, consecutive, out);
      break;
    default:
      copy_values<int128_t>(*given, rows, consecutive, out);
  }
  write_validity(column, *given, rows, to);
  if (given->type().physical() != Physical::kString) return;
  auto* refs = reinterpret_cast<StringRef*>(out);
  for (size_t i = 0; given->may_have_nulls() && i < rows.size(); ++i) {
    if (given->is_null(rows[i])) refs[i] = StringRef();
  }
  keep_texts(column, {refs, rows.size()}, chunks_[front_ + chunk_of(to)].texts[column]);
}

void RowChunks::write_validity(size_t column, const Column& values, std::span<const uint32_t> rows,
                               Id to) {
  if (!values.may_have_nulls() && !nulls_[column]) return;
  nulls_[column] = 1;
  auto* words = reinterpret_cast<uint64_t*>(block_of(to) + validities_[column]);
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

void RowChunks::keep_texts(size_t column, std::span<StringRef> refs, Texts& texts) {
  size_t wanted = 0;
  for (const StringRef& ref : refs) wanted += ref.is_inline() ? 0 : ref.size();
  if (wanted == 0) return;
  longs_[column] = 1;
  for (StringRef& ref : refs) {
    if (ref.is_inline()) continue;
    const size_t size = ref.size();
    if (texts.buffers.empty() || texts.used + size > texts.buffers.back()->capacity()) {
      // What is known to come, or a quarter of what is there: little of it stays empty.
      const size_t more = std::max(wanted, std::min(texts.total / 4, kTextBytes));
      texts.buffers.push_back(Buffer::allocate(more));
      texts.total += more;
      texts.used = 0;
    }
    std::byte* to = texts.buffers.back()->data() + texts.used;
    std::memcpy(to, ref.data(), size);
    ref = StringRef(reinterpret_cast<const char*>(to), static_cast<uint32_t>(size));
    texts.used += size;
    texts.kept += size;
    wanted -= size;
  }
}

void RowChunks::forget_texts(Id id, const uint64_t* kept) {
  for (size_t c = 0; strings_ && c < widths_.size(); ++c) {
    if (!longs_[c]) continue;
    const StringRef& ref = *value<StringRef>(c, id);
    if (ref.is_inline()) continue;
    Texts& texts = chunks_[front_ + chunk_of(id)].texts[c];
    texts.dead += ref.size();
    if (texts.dead * 3 > texts.total) move_together(c, id & ~kMask, kept, texts);
  }
}

void RowChunks::move_together(size_t column, Id base, const uint64_t* kept, Texts& texts) {
  const Texts old = std::exchange(texts, Texts());
  std::vector<StringRef> refs;
  std::vector<StringRef*> places;
  for (size_t at = 0; at < kChunkRows; ++at) {
    if (((kept[at >> 6] >> (at & 63)) & 1) == 0) continue;
    auto* ref = const_cast<StringRef*>(value<StringRef>(column, base + static_cast<Id>(at)));
    if (ref->is_inline()) continue;
    refs.push_back(*ref);
    places.push_back(ref);
  }
  keep_texts(column, refs, texts);
  for (size_t i = 0; i < refs.size(); ++i) *places[i] = refs[i];
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

BufferPtr RowChunks::gather_values(size_t column, std::span<const Id> ids, bool all_there) const {
  const auto pick_of = [&]<typename T>(const T*) {
    return pick<T>(ids, all_there, [&](Id id) { return value<T>(column, id); });
  };
  switch (widths_[column]) {
    case 1:
      return pick_of(static_cast<const uint8_t*>(nullptr));
    case 8:
      return pick_of(static_cast<const uint64_t*>(nullptr));
    default:
      if ((*schema_)[column].type.physical() == Physical::kString) {
        return pick_of(static_cast<const StringRef*>(nullptr));
      }
      return pick_of(static_cast<const int128_t*>(nullptr));
  }
}

ColumnPtr RowChunks::gather(size_t column, std::span<const Id> ids) const {
  const Type& type = (*schema_)[column].type;
  if (is_nested(column)) {
    ColumnBuilder builder(type, ids.size());
    for (const Id id : ids) {
      if (id == kNone) {
        builder.append_null();
      } else {
        builder.append_from(nested(column, id), 0);
      }
    }
    return builder.finish();
  }
  const bool all_there = std::find(ids.begin(), ids.end(), kNone) == ids.end();
  BufferPtr values = gather_values(column, ids, all_there);
  std::shared_ptr<Buffer> validity;
  if (!all_there || nulls_[column]) {
    const size_t bytes = bitmap_words(ids.size()) * 8;
    for (size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] != kNone && !is_null(column, ids[i])) continue;
      if (validity == nullptr) {
        validity = Buffer::allocate(bytes);
        std::memset(validity->data(), 0xff, bytes);
      }
      validity->as<uint64_t>()[i >> 6] &= ~(uint64_t{1} << (i & 63));
    }
  }
  std::vector<BufferPtr> owners;
  if (longs_[column]) {
    std::vector<uint8_t> seen(chunks());
    for (const Id id : ids) {
      if (id == kNone || std::exchange(seen[chunk_of(id)], uint8_t{1}) != 0) continue;
      const Texts& texts = chunks_[front_ + chunk_of(id)].texts[column];
      owners.insert(owners.end(), texts.buffers.begin(), texts.buffers.end());
    }
  }
  return Column::flat(type, ids.size(), std::move(values), std::move(validity), std::move(owners));
}

Batch RowChunks::view(size_t chunk, size_t rows) const {
  Batch all{schema_, rows, {}, nullptr, nullptr};
  const Chunk& from = chunks_[front_ + chunk];
  std::byte* block = blocks_[front_ + chunk];
  for (size_t c = 0; c < widths_.size(); ++c) {
    if (is_nested(c)) {
      all.columns.push_back(concat(std::span(from.nested[c]).first(rows)));
      continue;
    }
    const size_t bytes = widths_[c] * kChunkRows;
    BufferPtr values = Buffer::adopt(block + offsets_[c], bytes, release_nothing);
    BufferPtr validity;
    if (nulls_[c]) validity = Buffer::adopt(block + validities_[c], kBitmapBytes, release_nothing);
    std::vector<BufferPtr> owners;
    if (strings_) owners.assign(from.texts[c].buffers.begin(), from.texts[c].buffers.end());
    all.columns.push_back(Column::flat((*schema_)[c].type, rows, std::move(values),
                                       std::move(validity), std::move(owners)));
  }
  return all;
}

int RowChunks::compare(size_t column, Id a, Id b) const {
  if (is_nested(column)) return compare_rows(nested(column, a), 0, nested(column, b), 0);
  const bool a_there = !is_null(column, a);
  const bool b_there = !is_null(column, b);
  if (!a_there || !b_there) return static_cast<int>(a_there) - static_cast<int>(b_there);
  return order_of((*schema_)[column].type.physical(), value_at(column, a), value_at(column, b));
}

int RowChunks::compare(size_t column, Id a, const Column& with, size_t row) const {
  if (is_nested(column)) return compare_rows(nested(column, a), 0, with, row);
  const bool there = !is_null(column, a);
  const bool other = !with.is_null(row);
  if (!there || !other) return static_cast<int>(there) - static_cast<int>(other);
  return order_of((*schema_)[column].type.physical(), value_at(column, a),
                  with.values_buffer()->as<char>() + row * widths_[column]);
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
    bytes += held.texts.capacity() * sizeof(Texts);
    for (const Texts& texts : held.texts) bytes += texts.total;
    for (const std::vector<ColumnPtr>& column : held.nested) {
      bytes += column.capacity() * sizeof(ColumnPtr);
      for (const ColumnPtr& value : column) {
        if (value != nullptr) bytes += sizeof(Column) + value->memory_bytes();
      }
    }
  }
  return bytes;
}

size_t RowChunks::long_bytes(size_t chunk) const {
  const Chunk& held = chunks_[front_ + chunk];
  size_t bytes = 0;
  for (const Texts& texts : held.texts) bytes += texts.kept - texts.dead;
  for (const std::vector<ColumnPtr>& column : held.nested) {
    for (const ColumnPtr& value : column) bytes += value != nullptr ? value->memory_bytes() : 0;
  }
  return bytes;
}

}  // namespace velo
