#include "state/answer_set.h"

#include <algorithm>
#include <numeric>

namespace velo {
namespace {

SchemaPtr fields_of(const SchemaPtr& rows, const std::vector<size_t>& keys,
                    const std::vector<size_t>& values) {
  std::vector<Field> fields;
  for (const size_t column : keys) fields.push_back((*rows)[column]);
  for (const size_t column : values) fields.push_back((*rows)[column]);
  return make_schema(std::move(fields));
}

std::vector<size_t> first(size_t count) {
  std::vector<size_t> columns(count);
  std::iota(columns.begin(), columns.end(), size_t{0});
  return columns;
}

void uncount_row(JoinRows& store, JoinRows::Id found) {
  if (found == JoinRows::kNone) return;
  store.set_count(found, store.count(found) - 1);
  if (store.count(found) == 0) store.remove(found);
}

}  // namespace

AnswerSet::AnswerSet(const SchemaPtr& rows, std::vector<size_t> keys, std::vector<size_t> values,
                     int64_t ttl_us)
    : keys_(std::move(keys)),
      values_(std::move(values)),
      schema_(fields_of(rows, keys_, values_)),
      ttl_us_(ttl_us),
      known_({schema_, first(schema_->size()), true, -1, 0, ttl_us}),
      holed_({schema_, first(keys_.size()), true, -1, 0, ttl_us}) {}

AnswerSet::Asked AnswerSet::asked(std::span<const ColumnPtr> keys,
                                  std::span<const ColumnPtr> values, size_t rows) const {
  Asked out;
  out.rows = Batch{schema_, rows, {keys.begin(), keys.end()}, nullptr, nullptr};
  out.rows.columns.insert(out.rows.columns.end(), values.begin(), values.end());
  out.by_key = RowKeys(out.rows, first(keys_.size()));
  out.by_all = RowKeys(out.rows, first(schema_->size()));
  return out;
}

AnswerSet::Asked AnswerSet::asked(const Batch& batch) const {
  std::vector<ColumnPtr> keys;
  std::vector<ColumnPtr> values;
  for (const size_t column : keys_) keys.push_back(batch.columns[column]);
  for (const size_t column : values_) values.push_back(batch.columns[column]);
  return asked(keys, values, batch.rows);
}

AnswerSet::Id AnswerSet::find(const JoinRows& store, const Asked& asked, size_t row) const {
  if (&store == &holed_) return store.find(asked.rows, row, asked.by_key);
  Id found = JoinRows::kNone;
  store.each_equal(keys_of(store, asked), row, [&](Id id) { found = id; });
  return found;
}

/// The row, or the row that is equal to it, is there once more. Where rows are forgotten after a
/// time, one that has grown old moves to where the young ones are; not each time that it comes.
void AnswerSet::count_row(JoinRows& store, const Asked& rows, uint32_t row, int64_t now_us,
                          uint32_t times) const {
  constexpr int64_t kAges = 8;
  const Id found = find(store, rows, row);
  if (found != JoinRows::kNone) {
    times += store.count(found);
    if (ttl_us_ == 0 || now_us - store.arrival_of(found) <= ttl_us_ / kAges) {
      return store.set_count(found, times);
    }
    store.remove(found);
  }
  store.append(rows.rows, {&row, 1}, keys_of(store, rows), now_us, {&times, 1});
}

void AnswerSet::add(const Batch& batch, int64_t now_us) {
  total_ += static_cast<int64_t>(batch.rows);
  if (schema_->size() == 0) return;
  const Asked rows = asked(batch);
  for (uint32_t row = 0; row < batch.rows; ++row) {
    load_soon(rows, row);
    if (rows.by_key.has_null(row)) continue;  // belongs to no row around
    count_row(is_holed(rows, row) ? holed_ : known_, rows, row, now_us);
    if (keyed_) count_row(*keyed_, rows, row, now_us);
  }
  trim();
}

void AnswerSet::take(const Batch& batch) {
  total_ -= static_cast<int64_t>(batch.rows);
  if (schema_->size() == 0) return;
  const Asked rows = asked(batch);
  for (uint32_t row = 0; row < batch.rows; ++row) {
    load_soon(rows, row);
    if (rows.by_key.has_null(row)) continue;
    JoinRows& store = is_holed(rows, row) ? holed_ : known_;
    uncount_row(store, find(store, rows, row));
    if (keyed_) uncount_row(*keyed_, find(*keyed_, rows, row));
  }
  trim();
}

void AnswerSet::trim() {
  known_.trim();
  holed_.trim();
  if (keyed_) keyed_->trim();
}

void AnswerSet::count_keys() {
  keyed_.emplace(JoinRows::Options{fields_of(schema_, first(keys_.size()), {}), first(keys_.size()),
                                   true, -1, 0, ttl_us_});
  count_keys_of(known_);
  count_keys_of(holed_);
}

void AnswerSet::count_keys_of(const JoinRows& store) {
  constexpr size_t kBlock = 1024;
  std::vector<Id> ids = store.live();
  std::stable_sort(ids.begin(), ids.end(),
                   [&](Id a, Id b) { return store.arrival_of(a) < store.arrival_of(b); });
  for (size_t begin = 0; begin < ids.size(); begin += kBlock) {
    const std::span<const Id> some(ids.data() + begin, std::min(kBlock, ids.size() - begin));
    std::vector<ColumnPtr> columns;
    for (size_t c = 0; c < schema_->size(); ++c) columns.push_back(store.gather(c, some));
    const std::span<const ColumnPtr> all(columns);
    const Asked rows = asked(all.first(keys_.size()), all.subspan(keys_.size()), some.size());
    for (uint32_t row = 0; row < some.size(); ++row) {
      count_row(*keyed_, rows, row, store.arrival_of(some[row]), store.count(some[row]));
    }
    keyed_->trim();
  }
}

Selection AnswerSet::telling_rows(const Batch& batch, bool taken) const {
  Selection telling;
  const auto given = static_cast<int64_t>(batch.rows);
  if (schema_->size() == 0) {
    if (taken ? total_ <= given : total_ <= 0) telling.push_back(0);
    return telling;
  }
  const Asked rows = asked(batch);
  for (uint32_t row = 0; row < batch.rows; ++row) {
    load_soon(rows, row);
    if (rows.by_key.has_null(row)) continue;
    const JoinRows& store = is_holed(rows, row) ? holed_ : known_;
    const Id id = find(store, rows, row);
    const bool there = id != JoinRows::kNone;
    if (taken ? there && store.count(id) <= given : !there) telling.push_back(row);
  }
  return telling;
}

std::vector<Truth> AnswerSet::ask(std::span<const ColumnPtr> keys,
                                  std::span<const ColumnPtr> values, size_t rows) {
  std::vector<Truth> answers(rows, total_ > 0 ? Truth::kTrue : Truth::kFalse);
  if (schema_->size() == 0) return answers;
  const Asked all = asked(keys, values, rows);
  for (size_t row = 0; row < rows; ++row) {
    load_soon(all, row);
    if (asks_for_key(all, row) && !keyed_) count_keys();
    answers[row] = answer(all, row);
  }
  return answers;
}

Truth AnswerSet::answer(const Asked& asked, size_t row) const {
  if (asked.by_key.has_null(row)) return Truth::kFalse;
  if (!is_holed(asked, row)) {
    if (find(known_, asked, row) != JoinRows::kNone) return Truth::kTrue;
  } else if (values_.size() == 1) {  // x is NULL
    const bool some = keys_.empty() ? rows() > 0 : find(*keyed_, asked, row) != JoinRows::kNone;
    return some ? Truth::kUnknown : Truth::kFalse;
  } else if (some_could_equal(known_, known_.live(), asked.rows, row)) {
    return Truth::kUnknown;
  }
  if (holed_.rows() == 0) return Truth::kFalse;
  std::vector<Id> holed;
  holed_.each_equal(asked.by_key, row, [&](Id id) { holed.push_back(id); });
  return some_could_equal(holed_, holed, asked.rows, row) ? Truth::kUnknown : Truth::kFalse;
}

/// Equal keys, and values that are equal or NULL on one side.
bool AnswerSet::some_could_equal(const JoinRows& store, const std::vector<Id>& ids,
                                 const Batch& asked, size_t row) const {
  if (ids.empty()) return false;
  std::vector<ColumnPtr> columns;
  for (size_t c = 0; c < schema_->size(); ++c) columns.push_back(flatten(store.gather(c, ids)));
  std::vector<ColumnPtr> wanted;
  for (const ColumnPtr& column : asked.columns) wanted.push_back(flatten(slice(column, row, 1)));
  for (size_t i = 0; i < ids.size(); ++i) {
    bool could = true;
    for (size_t c = 0; c < schema_->size() && could; ++c) {
      const bool open = c >= keys_.size() && (columns[c]->is_null(i) || wanted[c]->is_null(0));
      could = open || rows_equal(*columns[c], i, *wanted[c], 0);
    }
    if (could) return true;
  }
  return false;
}

void AnswerSet::expire_arrivals(int64_t before_us) {
  known_.expire_arrivals(before_us);
  holed_.expire_arrivals(before_us);
  if (keyed_) keyed_->expire_arrivals(before_us);
  trim();
}

void AnswerSet::save(SnapshotWriter& writer) const {
  writer.i64(total_);
  known_.save(writer);
  holed_.save(writer);
}

Status AnswerSet::load(SnapshotReader& reader) {
  total_ = TRY(reader.i64());
  TRY(known_.load(reader));
  return holed_.load(reader);
}

}  // namespace velo
