// 1. append: values are copied into the arrays of the last chunk, then each row is linked to the
//    newest row of its bucket.
// 2. each_equal walks a bucket's links from the newest row on; it ends at kNone or at a row older
//    than the first chunk.
// 3. Removed rows stay linked, their bit cleared; `trim` drops chunks from the front and, when
//    most rows are dead, builds everything anew.
//
// Invariant: a link leads to an older row, so no walk is endless and the front may go unlinked.
#include "state/row_store.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "column/column_builder.h"
#include "state/row_hash.h"

namespace velo {
namespace {

constexpr size_t kBucketsMin = 64;
constexpr size_t kDeadMin = 4096;  // fewer dead rows are not worth building anew
constexpr size_t kTextBytes = 16 * 1024;

template <typename T>
void copy_values(const Column& from, std::span<const uint32_t> rows, Buffer& to, size_t at) {
  const T* values = from.values<T>();
  T* out = to.as<T>() + at;
  for (size_t i = 0; i < rows.size(); ++i) out[i] = values[rows[i]];
}

bool bit(const Buffer* words, size_t at) {
  return words == nullptr || ((words->as<uint64_t>()[at >> 6] >> (at & 63)) & 1) != 0;
}

template <typename T>
bool value_equal(const Buffer& values, size_t at, const Column& column, size_t row) {
  return values.as<T>()[at] == column.values<T>()[row];
}

bool double_equal(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

}  // namespace

RowKeys::RowKeys(const Batch& batch, std::span<const size_t> key_columns) {
  for (const size_t key : key_columns) {
    columns.push_back(flatten(batch.columns[key]));
    may_have_nulls |= columns.back()->may_have_nulls();
  }
  hash_rows(columns, batch.rows, &hashes);
}

bool RowKeys::null_in(size_t row) const {
  return std::any_of(columns.begin(), columns.end(),
                     [row](const ColumnPtr& column) { return column->is_null(row); });
}

RowStore::RowStore(Options options) : options_(std::move(options)), buckets_(kBucketsMin, kNone) {}

RowStore::Chunk& RowStore::add_chunk() {
  Chunk& chunk = chunks_.emplace_back();
  chunk.cells.resize(options_.schema->size());
  for (size_t c = 0; c < chunk.cells.size(); ++c) {
    const Physical physical = (*options_.schema)[c].type.physical();
    if (physical == Physical::kList || physical == Physical::kRow) continue;
    chunk.cells[c].values = Buffer::allocate(kChunkRows * physical_width(physical));
  }
  chunk.next = std::make_unique_for_overwrite<Id[]>(kChunkRows);
  if (options_.counts) chunk.counts = std::make_unique<uint32_t[]>(kChunkRows);
  return chunk;
}

RowStore::Id RowStore::append(const Batch& batch, std::span<const uint32_t> rows,
                              const RowKeys& keys, int64_t now_us) {
  if (first_ + appended_ + rows.size() > kRenumberAt) rebuild();
  const Id first = first_ + static_cast<Id>(appended_);
  while (!rows.empty()) {
    const bool full = chunks_.empty() || chunks_.back().used == kChunkRows;
    Chunk& chunk = full ? add_chunk() : chunks_.back();
    const std::span<const uint32_t> some =
        rows.first(std::min(rows.size(), kChunkRows - chunk.used));
    const Id id = first_ + static_cast<Id>(appended_);
    fill(chunk, batch, some);
    const size_t begin = chunk.used;
    for (size_t at = begin; at < begin + some.size(); ++at) {
      chunk.alive[at >> 6] |= uint64_t{1} << (at & 63);
    }
    chunk.used += static_cast<uint32_t>(some.size());
    chunk.live += static_cast<uint32_t>(some.size());
    chunk.arrived_us = now_us;
    note_due(chunk, begin, chunk.used);
    appended_ += some.size();
    rows_ += some.size();
    if (appended_ > buckets_.size()) {
      grow_buckets();
    } else {
      link(chunk, id, some, keys);
    }
    rows = rows.subspan(some.size());
  }
  return first;
}

RowStore::Id RowStore::append_all(const Batch& batch, const RowKeys& keys, int64_t now_us) {
  std::vector<uint32_t> rows(batch.rows);
  std::iota(rows.begin(), rows.end(), uint32_t{0});
  return append(batch, rows, keys, now_us);
}

void RowStore::fill(Chunk& chunk, const Batch& batch, std::span<const uint32_t> rows) {
  const size_t at = chunk.used;
  for (size_t c = 0; c < chunk.cells.size(); ++c) {
    Cells& cells = chunk.cells[c];
    const ColumnPtr& given = batch.columns[c];
    if (cells.values == nullptr) {
      for (const uint32_t row : rows) cells.nested.push_back(slice(given, row, 1));
      continue;
    }
    // A constant or an entry of a dictionary becomes a value of its own.
    const bool flat = given->is_flat();
    const ColumnPtr column = flat ? given : flatten(velo::gather(given, rows));
    std::vector<uint32_t> all;
    if (!flat) {
      all.resize(rows.size());
      for (uint32_t i = 0; i < all.size(); ++i) all[i] = i;
    }
    const std::span<const uint32_t> from = flat ? rows : std::span<const uint32_t>(all);
    switch (physical_width(column->type().physical())) {
      case 1:
        copy_values<uint8_t>(*column, from, *cells.values, at);
        break;
      case 8:
        copy_values<uint64_t>(*column, from, *cells.values, at);
        break;
      default:
        copy_values<int128_t>(*column, from, *cells.values, at);
    }
    if (column->type().physical() == Physical::kString) keep_texts(*column, from, at, cells);
    if (!column->may_have_nulls()) continue;
    for (size_t i = 0; i < from.size(); ++i) {
      if (!column->is_null(from[i])) continue;
      if (cells.validity == nullptr) {
        cells.validity = Buffer::allocate(kChunkRows / 8);
        std::memset(cells.validity->data(), 0xff, kChunkRows / 8);
      }
      cells.validity->as<uint64_t>()[(at + i) >> 6] &= ~(uint64_t{1} << ((at + i) & 63));
    }
  }
}

void RowStore::keep_texts(const Column& column, std::span<const uint32_t> rows, size_t at,
                          Cells& cells) {
  auto* refs = cells.values->as<StringRef>() + at;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (refs[i].is_inline()) continue;
    if (column.is_null(rows[i])) {
      refs[i] = StringRef();
      continue;
    }
    const size_t size = refs[i].size();
    if (cells.texts.empty() || cells.text_bytes + size > cells.texts.back()->capacity()) {
      cells.texts.push_back(Buffer::allocate(std::max(size, kTextBytes)));
      cells.text_bytes = 0;
    }
    std::byte* to = cells.texts.back()->data() + cells.text_bytes;
    std::memcpy(to, refs[i].data(), size);
    refs[i] = StringRef(reinterpret_cast<const char*>(to), static_cast<uint32_t>(size));
    cells.text_bytes += size;
  }
}

void RowStore::note_due(Chunk& chunk, size_t begin, size_t end) {
  if (options_.time_column < 0) return;
  const auto* times = chunk.cells[static_cast<size_t>(options_.time_column)].values->as<int64_t>();
  for (size_t at = begin; at < end; ++at) {
    chunk.due_first = std::min(chunk.due_first, times[at] + options_.reach_us);
    chunk.due_last = std::max(chunk.due_last, times[at] + options_.reach_us);
  }
}

void RowStore::link(Chunk& chunk, Id first, std::span<const uint32_t> rows, const RowKeys& keys) {
  const size_t mask = buckets_.size() - 1;
  for (size_t i = 0; i < rows.size(); ++i) {
    const Id id = first + static_cast<Id>(i);
    if (keys.has_null(rows[i])) {
      chunk.next[id & kMask] = kNone;
      continue;
    }
    Id& bucket = buckets_[keys.hashes[rows[i]] & mask];
    chunk.next[id & kMask] = bucket;
    bucket = id;
  }
}

void RowStore::grow_buckets() {
  size_t size = buckets_.size();
  while (size < appended_) size *= 2;
  buckets_.assign(size, kNone);
  Id base = first_;
  std::vector<uint32_t> rows;
  for (Chunk& chunk : chunks_) {
    if (!chunk.cells.empty()) {
      Batch batch{options_.schema, chunk.used, {}, nullptr, nullptr};
      batch.columns.resize(options_.schema->size());
      for (const size_t key : options_.keys) batch.columns[key] = view(chunk, key);
      rows.resize(chunk.used);
      for (uint32_t i = 0; i < chunk.used; ++i) rows[i] = i;
      link(chunk, base, rows, RowKeys(batch, options_.keys));
    } else {
      std::fill_n(chunk.next.get(), chunk.used, kNone);
    }
    base += kChunkRows;
  }
}

bool RowStore::keys_equal(const Chunk& chunk, size_t at, const RowKeys& keys, size_t row) const {
  for (size_t k = 0; k < options_.keys.size(); ++k) {
    const Cells& cells = chunk.cells[options_.keys[k]];
    const Column& column = *keys.columns[k];
    if (!bit(cells.validity.get(), at)) return false;
    bool equal = false;
    switch (column.type().physical()) {
      case Physical::kBool:
        equal = value_equal<uint8_t>(*cells.values, at, column, row);
        break;
      case Physical::kInt64:
        equal = value_equal<int64_t>(*cells.values, at, column, row);
        break;
      case Physical::kInt128:
        equal = value_equal<int128_t>(*cells.values, at, column, row);
        break;
      case Physical::kString:
        equal = value_equal<StringRef>(*cells.values, at, column, row);
        break;
      case Physical::kDouble:
        equal = double_equal(cells.values->as<double>()[at], column.values<double>()[row]);
        break;
      case Physical::kList:
      case Physical::kRow:
        equal = rows_equal(*cells.nested[at], 0, column, row);
        break;
    }
    if (!equal) return false;
  }
  return true;
}

RowStore::Id RowStore::find(const Batch& batch, size_t row, const RowKeys& keys) const {
  Id found = kNone;
  const auto same = [&](Id id) {
    for (size_t c = 0; c < options_.schema->size(); ++c) {
      const ColumnPtr mine = gather(c, {&id, 1});
      if (!rows_equal(*mine, 0, *flatten(slice(batch.columns[c], row, 1)), 0)) return false;
    }
    return true;
  };
  if (keys.has_null(row)) {
    // Such rows are linked nowhere.
    for (const Id id : live()) {
      if (same(id)) found = id;
    }
    return found;
  }
  each_equal(keys, row, [&](Id id) {
    if (same(id)) found = id;  // the oldest: it goes first
  });
  return found;
}

ColumnPtr RowStore::view(const Chunk& chunk, size_t column) const {
  const Cells& cells = chunk.cells[column];
  if (cells.values == nullptr) return concat(cells.nested);
  return Column::flat((*options_.schema)[column].type, chunk.used, cells.values, cells.validity,
                      {cells.texts.begin(), cells.texts.end()});
}

namespace {

/// Values of rows that `locate` finds; NULL where it finds none.
template <typename T, typename Locate>
BufferPtr pick(size_t rows, Locate locate) {
  auto out = Buffer::allocate(rows * sizeof(T));
  for (size_t i = 0; i < rows; ++i) {
    const auto [values, at] = locate(i);
    out->as<T>()[i] = values != nullptr ? values->template as<T>()[at] : T();
  }
  return out;
}

}  // namespace

ColumnPtr RowStore::gather(size_t column, std::span<const Id> ids) const {
  const Type& type = (*options_.schema)[column].type;
  const Physical physical = type.physical();
  if (physical == Physical::kList || physical == Physical::kRow) {
    ColumnBuilder builder(type, ids.size());
    for (const Id id : ids) {
      if (id == kNone) {
        builder.append_null();
      } else {
        builder.append_from(*chunk_of(id).cells[column].nested[id & kMask], 0);
      }
    }
    return builder.finish();
  }
  const auto locate = [&](size_t i) -> std::pair<const Buffer*, size_t> {
    if (ids[i] == kNone) return {nullptr, 0};
    return {chunk_of(ids[i]).cells[column].values.get(), ids[i] & kMask};
  };
  BufferPtr values;
  switch (physical_width(physical)) {
    case 1:
      values = pick<uint8_t>(ids.size(), locate);
      break;
    case 8:
      values = pick<uint64_t>(ids.size(), locate);
      break;
    default:
      values = physical == Physical::kString ? pick<StringRef>(ids.size(), locate)
                                             : pick<int128_t>(ids.size(), locate);
  }
  std::shared_ptr<Buffer> validity;
  std::vector<BufferPtr> owners;
  const Cells* last = nullptr;
  std::vector<const Cells*> seen;
  for (size_t i = 0; i < ids.size(); ++i) {
    const Cells* cells = ids[i] == kNone ? nullptr : &chunk_of(ids[i]).cells[column];
    if (cells == nullptr || !bit(cells->validity.get(), ids[i] & kMask)) {
      if (validity == nullptr) {
        validity = Buffer::allocate(bitmap_words(ids.size()) * 8);
        std::memset(validity->data(), 0xff, bitmap_words(ids.size()) * 8);
      }
      validity->as<uint64_t>()[i >> 6] &= ~(uint64_t{1} << (i & 63));
    }
    if (cells == nullptr || cells == last || cells->texts.empty()) continue;
    last = cells;
    if (std::find(seen.begin(), seen.end(), cells) != seen.end()) continue;
    seen.push_back(cells);
    owners.insert(owners.end(), cells->texts.begin(), cells->texts.end());
  }
  return Column::flat(type, ids.size(), std::move(values), std::move(validity), std::move(owners));
}

namespace {

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
    case Physical::kDouble: {
      const bool left_nan = std::isnan(*static_cast<const double*>(x));
      const bool right_nan = std::isnan(*static_cast<const double*>(y));
      if (!left_nan && !right_nan) return order(static_cast<const double*>(nullptr));
      return static_cast<int>(left_nan) - static_cast<int>(right_nan);
    }
    case Physical::kList:
    case Physical::kRow:
      break;
  }
  return 0;
}

}  // namespace

int RowStore::compare(size_t column, Id a, Id b) const {
  const Cells& x = chunk_of(a).cells[column];
  const Cells& y = chunk_of(b).cells[column];
  const size_t i = a & kMask;
  const size_t j = b & kMask;
  if (x.values == nullptr) return compare_rows(*x.nested[i], 0, *y.nested[j], 0);
  const bool x_there = bit(x.validity.get(), i);
  const bool y_there = bit(y.validity.get(), j);
  if (!x_there || !y_there) return static_cast<int>(x_there) - static_cast<int>(y_there);
  const Physical physical = (*options_.schema)[column].type.physical();
  const size_t width = physical_width(physical);
  return order_of(physical, x.values->as<char>() + i * width, y.values->as<char>() + j * width);
}

int RowStore::compare(size_t column, Id a, const Column& with, size_t row) const {
  const Cells& cells = chunk_of(a).cells[column];
  const size_t at = a & kMask;
  if (cells.values == nullptr) return compare_rows(*cells.nested[at], 0, with, row);
  const bool there = bit(cells.validity.get(), at);
  const bool other = !with.is_null(row);
  if (!there || !other) return static_cast<int>(there) - static_cast<int>(other);
  const Physical physical = (*options_.schema)[column].type.physical();
  const size_t width = physical_width(physical);
  return order_of(physical, cells.values->as<char>() + at * width,
                  with.values_buffer()->as<char>() + row * width);
}

bool RowStore::is_null(size_t column, Id id) const {
  const Cells& cells = chunk_of(id).cells[column];
  if (cells.values == nullptr) return cells.nested[id & kMask]->is_null(0);
  return !bit(cells.validity.get(), id & kMask);
}

void RowStore::remove(Id id) {
  Chunk& chunk = chunk_of(id);
  const size_t at = id & kMask;
  CHECK(chunk.is_live(at));
  chunk.alive[at >> 6] &= ~(uint64_t{1} << (at & 63));
  --chunk.live;
  --rows_;
}

void RowStore::kill_chunk(Chunk& chunk) {
  rows_ -= chunk.live;
  chunk.live = 0;
  std::fill(std::begin(chunk.alive), std::end(chunk.alive), 0);
  chunk.due_first = INT64_MAX;
}

void RowStore::expire_rows(Id base, Chunk& chunk, int64_t watermark, std::vector<Id>* unmatched) {
  const auto* times = chunk.cells[static_cast<size_t>(options_.time_column)].values->as<int64_t>();
  chunk.due_first = INT64_MAX;
  for (size_t at = 0; at < chunk.used; ++at) {
    if (!chunk.is_live(at)) continue;
    const int64_t due = times[at] + options_.reach_us;
    if (due > watermark) {
      chunk.due_first = std::min(chunk.due_first, due);
      continue;
    }
    if (chunk.counts[at] == 0) unmatched->push_back(base + static_cast<Id>(at));
    remove(base + static_cast<Id>(at));
  }
}

void RowStore::expire(int64_t watermark, std::vector<Id>* unmatched) {
  Id base = first_;
  for (Chunk& chunk : chunks_) {
    if (chunk.live > 0 && chunk.due_first <= watermark) {
      if (options_.counts) {
        expire_rows(base, chunk, watermark, unmatched);
      } else if (chunk.due_last <= watermark) {
        kill_chunk(chunk);
      }
    }
    base += kChunkRows;
  }
  if (unmatched == nullptr) return;
  std::stable_sort(unmatched->begin(), unmatched->end(),
                   [this](Id a, Id b) { return time_of(a) < time_of(b); });
}

void RowStore::expire_arrivals(int64_t before_us) {
  for (Chunk& chunk : chunks_) {
    if (chunk.arrived_us >= before_us) return;
    kill_chunk(chunk);
  }
}

void RowStore::clear() {
  chunks_.clear();
  std::fill(buckets_.begin(), buckets_.end(), kNone);
  first_ = 0;
  rows_ = 0;
  appended_ = 0;
}

std::vector<RowStore::Id> RowStore::live() const {
  std::vector<Id> ids;
  ids.reserve(rows_);
  Id base = first_;
  for (const Chunk& chunk : chunks_) {
    for (size_t at = 0; at < chunk.used; ++at) {
      if (chunk.is_live(at)) ids.push_back(base + static_cast<Id>(at));
    }
    base += kChunkRows;
  }
  return ids;
}

bool RowStore::will_renumber() const {
  // Long before numbers run out: those who hold some must learn of new ones here, not in append.
  return appended_ - rows_ > rows_ + kDeadMin || first_ + appended_ > kRenumberAt / 2;
}

bool RowStore::trim() {
  while (!chunks_.empty() && chunks_.front().live == 0 && chunks_.front().used == kChunkRows) {
    chunks_.pop_front();
    first_ += kChunkRows;
    appended_ -= kChunkRows;
  }
  for (Chunk& chunk : chunks_) {
    if (chunk.live == 0 && chunk.used == kChunkRows) chunk.cells.clear();
  }
  if (rows_ == 0 && appended_ > 0) clear();
  if (!will_renumber()) return false;
  rebuild();
  return true;
}

Batch RowStore::live_rows(const Chunk& chunk) const {
  Selection rows;
  for (uint32_t at = 0; at < chunk.used; ++at) {
    if (chunk.is_live(at)) rows.push_back(at);
  }
  Batch all{options_.schema, chunk.used, {}, nullptr, nullptr};
  for (size_t c = 0; c < options_.schema->size(); ++c) all.columns.push_back(view(chunk, c));
  return rows.size() == chunk.used ? all : velo::gather(all, rows);
}

void RowStore::rebuild() {
  RowStore fresh(options_);
  for (const Chunk& chunk : chunks_) {
    if (chunk.live == 0) continue;
    const Batch batch = live_rows(chunk);
    Id id = fresh.append_all(batch, RowKeys(batch, options_.keys), chunk.arrived_us);
    for (size_t at = 0; options_.counts && at < chunk.used; ++at) {
      if (chunk.is_live(at)) fresh.count(id++) = chunk.counts[at];
    }
  }
  *this = std::move(fresh);
}

size_t RowStore::memory_bytes() const {
  size_t bytes = buckets_.capacity() * sizeof(Id);
  for (const Chunk& chunk : chunks_) {
    bytes += sizeof(Chunk) + kChunkRows * sizeof(Id);
    if (options_.counts) bytes += kChunkRows * sizeof(uint32_t);
    for (const Cells& cells : chunk.cells) {
      if (cells.values != nullptr) bytes += cells.values->capacity();
      if (cells.validity != nullptr) bytes += cells.validity->capacity();
      for (const auto& text : cells.texts) bytes += text->capacity();
      for (const ColumnPtr& nested : cells.nested) bytes += nested->memory_bytes();
    }
  }
  return bytes;
}

void RowStore::save(SnapshotWriter& writer) const {
  uint64_t parts = 0;
  for (const Chunk& chunk : chunks_) parts += chunk.live > 0 ? 1 : 0;
  writer.u64(parts);
  for (const Chunk& chunk : chunks_) {
    if (chunk.live == 0) continue;
    const Batch batch = live_rows(chunk);
    writer.u64(batch.rows);
    writer.i64(chunk.arrived_us);
    for (const ColumnPtr& column : batch.columns) writer.column(*column);
    for (size_t at = 0; options_.counts && at < chunk.used; ++at) {
      if (chunk.is_live(at)) writer.u32(chunk.counts[at]);
    }
  }
}

Status RowStore::load(SnapshotReader& reader) {
  const uint64_t parts = TRY(reader.count(16));
  for (uint64_t part = 0; part < parts; ++part) {
    const uint64_t rows = TRY(reader.u64());
    Batch batch{options_.schema, rows, {}, nullptr, nullptr};
    const int64_t arrived_us = TRY(reader.i64());
    for (const Field& field : options_.schema->fields()) {
      batch.columns.push_back(TRY(reader.column(field.type)));
      if (batch.columns.back()->size() != batch.rows || batch.rows > kChunkRows) {
        return Error(ErrorCode::kCorruptData, "the snapshot's join rows do not fit their columns");
      }
    }
    const Id id = append_all(batch, RowKeys(batch, options_.keys), arrived_us);
    for (size_t i = 0; options_.counts && i < batch.rows; ++i) {
      count(id + static_cast<Id>(i)) = TRY(reader.u32());
    }
  }
  return {};
}

}  // namespace velo
