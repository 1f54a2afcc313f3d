// 1. A batch's rows go to their partitions: each is put where it belongs among the stored rows,
//    and what falls behind the limit goes.
// 2. For every partition that a batch touches, the rows that stood within the limit before are
//    compared with those that stand there after it; the difference is given.
// 3. With an event time, partitions are given whole when the watermark has passed them.
//
// Invariant: `tops_[group]` lists the stored rows of a partition in their order.
#include "operator/top_n.h"

#include <algorithm>
#include <map>

#include "base/fmt.h"
#include "column/column_builder.h"
#include "operator/on_time.h"
#include "state/key_table.h"
#include "state/row_store.h"

namespace velo {
namespace {

using Id = RowStore::Id;

constexpr size_t kCleanAt = 8192;
constexpr size_t kBlock = 4096;  // rows given at once

std::vector<Type> types_of(const Schema& schema, const std::vector<size_t>& columns) {
  std::vector<Type> types;
  for (const size_t column : columns) types.push_back(schema[column].type);
  return types;
}

class TopN final : public Operator {
 public:
  explicit TopN(TopNOptions options)
      : options_(std::move(options)),
        keys_(types_of(*options_.input, options_.partition)),
        store_({options_.input, options_.partition, -1, 0, false}) {}

  void push(size_t, const Batch& given, Output& output) override {
    Batch kept;
    const Batch* batch = timed() ? on_time(given, &kept, output) : &given;
    if (batch == nullptr) return;
    intern(*batch);
    if (!final()) remember_tops();
    const RowKeys row_keys(*batch, options_.partition);
    if (!batch->weights) {
      const Id first = store_.append_all(*batch, row_keys, 0);
      for (uint32_t row = 0; row < batch->rows; ++row) insert(*batch, row, first + row);
    } else {
      apply_changes(*batch, row_keys);
    }
    if (!final()) give_changes(output);
    trim();
  }

  void advance(size_t, int64_t watermark, Output& output) override {
    if (timed()) release(watermark, output);
    if (options_.at_end && watermark == kWatermarkEnd) {
      give_whole(live_groups(), output);
      trim();
    }
    output.advance(watermark);
  }

  void tick(int64_t now_us, Output&) override {
    if (options_.ttl_us <= 0 || now_us - expired_at_us_ < options_.ttl_us / 8) return;
    expired_at_us_ = now_us;
    for (uint32_t group = 0; group < tops_.size(); ++group) {
      if (!tops_[group].empty() && touched_us_[group] + options_.ttl_us <= now_us) forget(group);
    }
    trim();
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("top_n");
    std::vector<uint32_t> groups = live_groups();
    writer.u64(groups.size());
    for (const uint32_t group : groups) {
      const std::vector<Id>& top = tops_[group];
      writer.u64(top.size());
      writer.i64(touched_us_[group]);
      for (size_t c = 0; c < options_.input->size(); ++c) writer.column(*store_.gather(c, top));
    }
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("top_n"));
    const uint64_t groups = TRY(reader.count(16));
    for (uint64_t i = 0; i < groups; ++i) {
      const uint64_t rows = TRY(reader.u64());
      Batch batch{options_.input, rows, {}, nullptr, nullptr};
      const int64_t touched_us = TRY(reader.i64());
      bool fits = batch.rows > 0;
      for (const Field& field : options_.input->fields()) {
        batch.columns.push_back(TRY(reader.column(field.type)));
        fits &= batch.columns.back()->size() == batch.rows;
      }
      if (!fits) {
        return Error(ErrorCode::kCorruptData, "the snapshot's first rows do not fit their columns");
      }
      intern(batch);
      const uint32_t group = groups_[0];
      const Id first = store_.append_all(batch, RowKeys(batch, options_.partition), 0);
      for (uint32_t row = 0; row < batch.rows; ++row) tops_[group].push_back(first + row);
      touched_us_[group] = touched_us;
      if (timed()) due_[time_of(batch, 0)].push_back(group);
    }
    return {};
  }

  std::string explain() const override {
    std::string out = fmt::format("TopN {}", options_.limit);
    for (size_t i = 0; i < options_.partition.size(); ++i) {
      out += (i == 0 ? " per " : ", ") + (*options_.input)[options_.partition[i]].name;
    }
    for (size_t i = 0; i < options_.order.size(); ++i) {
      out += (i == 0 ? " by " : ", ") + (*options_.input)[options_.order[i].column].name;
      if (options_.order[i].descending) out += " DESC";
    }
    return out;
  }
  const SchemaPtr& output_schema() const override { return options_.output; }
  size_t state_bytes() const override {
    return store_.memory_bytes() + keys_.memory_bytes() + tops_.capacity() * sizeof(tops_[0]) +
           store_.rows() * sizeof(Id);
  }
  size_t state_rows() const override { return store_.rows(); }

 private:
  bool timed() const { return options_.time_column >= 0; }
  /// Rows are given once.
  bool final() const { return timed() || options_.at_end; }
  int64_t time_of(const Batch& batch, uint32_t row) const {
    return batch.columns[static_cast<size_t>(options_.time_column)]->int64_at(row);
  }

  const Batch* on_time(const Batch& batch, Batch* kept, Output& output) const {
    return rows_on_time(static_cast<size_t>(options_.time_column), options_.shift_us, batch, kept,
                        output);
  }

  void intern(const Batch& batch) {
    std::vector<ColumnPtr> columns;
    for (const size_t column : options_.partition) columns.push_back(batch.columns[column]);
    groups_.resize(batch.rows);
    keys_.intern(columns, batch.rows, groups_.data());
    if (tops_.size() < keys_.size()) {
      tops_.resize(keys_.size());
      touched_us_.resize(keys_.size(), 0);
      marked_.resize(keys_.size(), 0);
    }
    for (const uint32_t group : groups_) touched_us_[group] = context_.now_us;
  }

  /// Row a stands before row b. Of equal rows the older one does, unless all columns decide.
  bool before(Id a, Id b) const {
    for (const SortKey& key : options_.order) {
      const int order = ordered(key, a, b);
      if (order != 0) return order < 0;
    }
    for (size_t c = 0; final() && c < options_.input->size(); ++c) {
      if (const int order = store_.compare(c, a, b)) return order < 0;
    }
    return a < b;
  }
  int ordered(const SortKey& key, Id a, Id b) const {
    const int order = store_.compare(key.column, a, b);
    if (order == 0 || !store_.is_null(key.column, order < 0 ? a : b)) {
      return key.descending ? -order : order;
    }
    return key.nulls_first ? order : -order;
  }

  /// One by one: a row that goes must not be taken for an equal one that comes behind it.
  void apply_changes(const Batch& batch, const RowKeys& row_keys) {
    for (uint32_t row = 0; row < batch.rows; ++row) {
      const int64_t weight = batch.weight(row);
      for (int64_t i = weight; i > 0; --i) {
        insert(batch, row, store_.append(batch, {&row, 1}, row_keys, 0));
      }
      for (int64_t i = weight; i < 0; ++i) take_back(batch, row, row_keys);
    }
  }

  /// Puts the stored row `id`, which is row `row` of the batch, in its place.
  void insert(const Batch& batch, uint32_t row, Id id) {
    std::vector<Id>& top = tops_[groups_[row]];
    if (timed() && top.empty()) due_[time_of(batch, row)].push_back(groups_[row]);
    const auto at =
        std::lower_bound(top.begin(), top.end(), id, [this](Id a, Id b) { return before(a, b); });
    top.insert(at, id);
    if (options_.retractable || top.size() <= options_.limit) return;
    store_.remove(top.back());
    top.pop_back();
  }

  void take_back(const Batch& batch, uint32_t row, const RowKeys& row_keys) {
    const Id id = store_.find(batch, row, row_keys);
    if (id == RowStore::kNone) return;
    std::erase(tops_[groups_[row]], id);
    store_.remove(id);
  }

  std::span<const Id> top_of(uint32_t group) const {
    const std::vector<Id>& top = tops_[group];
    return {top.data(), std::min(top.size(), options_.limit)};
  }

  void remember_tops() {
    touched_.clear();
    was_.clear();
    for (const uint32_t group : groups_) {
      if (std::exchange(marked_[group], uint8_t{1}) != 0) continue;
      touched_.push_back(group);
      const std::span<const Id> top = top_of(group);
      was_.emplace_back(top.begin(), top.end());
    }
  }

  /// Rows that left, then rows that came, partition by partition. With ranks a row that moved does
  /// both.
  void give_changes(Output& output) {
    for (size_t i = 0; i < touched_.size(); ++i) {
      marked_[touched_[i]] = 0;
      const std::span<const Id> now = top_of(touched_[i]);
      const std::vector<Id>& was = was_[i];
      for (size_t rank = 0; rank < was.size(); ++rank) {
        if (!stays(was[rank], rank, now)) add(was[rank], rank, -1);
      }
      for (size_t rank = 0; rank < now.size(); ++rank) {
        if (!stays(now[rank], rank, was)) add(now[rank], rank, 1);
      }
    }
    flush(output);
  }
  bool stays(Id id, size_t rank, std::span<const Id> others) const {
    if (options_.with_rank) return rank < others.size() && others[rank] == id;
    return std::find(others.begin(), others.end(), id) != others.end();
  }

  void add(Id id, size_t rank, int64_t weight) {
    ids_.push_back(id);
    ranks_.push_back(static_cast<int64_t>(rank) + 1);
    weights_.push_back(weight);
  }

  void flush(Output& output) {
    if (ids_.empty()) return;
    Batch result{options_.output, ids_.size(), {}, nullptr, nullptr};
    for (size_t c = 0; c < options_.input->size(); ++c) {
      result.columns.push_back(store_.gather(c, ids_));
    }
    if (options_.with_rank) result.columns.push_back(numbers(ranks_));
    if (std::any_of(weights_.begin(), weights_.end(), [](int64_t w) { return w < 0; })) {
      result.weights = numbers(weights_);
    }
    ids_.clear();
    ranks_.clear();
    weights_.clear();
    output.emit(std::move(result));
  }
  static ColumnPtr numbers(const std::vector<int64_t>& values) {
    ColumnBuilder builder(Type::bigint(), values.size());
    for (const int64_t value : values) builder.append_int64(value);
    return builder.finish();
  }

  void release(int64_t watermark, Output& output) {
    while (!due_.empty() &&
           (watermark == kWatermarkEnd || due_.begin()->first + options_.shift_us <= watermark)) {
      std::vector<uint32_t> groups = std::move(due_.begin()->second);
      due_.erase(due_.begin());
      give_whole(std::move(groups), output);
    }
    trim();
  }

  void give_whole(std::vector<uint32_t> groups, Output& output) {
    keys_.order(groups);
    for (const uint32_t group : groups) {
      const std::span<const Id> top = top_of(group);
      for (size_t rank = 0; rank < top.size(); ++rank) add(top[rank], rank, 1);
      if (ids_.size() >= kBlock) flush(output);
    }
    flush(output);
    for (const uint32_t group : groups) forget(group);
  }

  void forget(uint32_t group) {
    for (const Id id : tops_[group]) store_.remove(id);
    tops_[group].clear();
    tops_[group].shrink_to_fit();
  }

  std::vector<uint32_t> live_groups() const {
    std::vector<uint32_t> groups;
    for (uint32_t group = 0; group < tops_.size(); ++group) {
      if (!tops_[group].empty()) groups.push_back(group);
    }
    return groups;
  }

  /// Gives back the memory of rows and partitions that are gone.
  void trim() {
    if (store_.will_renumber()) {
      const std::vector<Id> old = store_.live();
      store_.trim();
      const std::vector<Id> now = store_.live();
      for (std::vector<Id>& top : tops_) {
        for (Id& id : top) {
          const auto at = std::lower_bound(old.begin(), old.end(), id) - old.begin();
          id = now[static_cast<size_t>(at)];
        }
      }
    } else {
      store_.trim();
    }
    if (keys_.size() < clean_at_) return;
    const std::vector<uint32_t> live = live_groups();
    if (live.size() * 2 < keys_.size()) keep_only(live);
    clean_at_ = std::max(kCleanAt, size_t{keys_.size()} * 2);
  }

  void keep_only(const std::vector<uint32_t>& live) {
    KeyTable kept(types_of(*options_.input, options_.partition));
    const std::vector<ColumnPtr> columns = keys_.gather(live);
    std::vector<uint32_t> numbers(live.size());
    kept.intern(columns, live.size(), numbers.data());
    std::vector<std::vector<Id>> tops(kept.size());
    std::vector<int64_t> touched_us(kept.size(), 0);
    std::vector<uint32_t> moved(tops_.size(), 0);
    for (size_t i = 0; i < live.size(); ++i) {
      tops[numbers[i]] = std::move(tops_[live[i]]);
      touched_us[numbers[i]] = touched_us_[live[i]];
      moved[live[i]] = numbers[i];
    }
    for (auto& [time, groups] : due_) {
      for (uint32_t& group : groups) group = moved[group];
    }
    keys_ = std::move(kept);
    tops_ = std::move(tops);
    touched_us_ = std::move(touched_us);
    marked_.assign(tops_.size(), 0);
  }

  TopNOptions options_;
  KeyTable keys_;
  RowStore store_;
  std::vector<std::vector<Id>> tops_;  // by partition
  std::vector<int64_t> touched_us_;
  std::map<int64_t, std::vector<uint32_t>> due_;  // with an event time: partitions by theirs
  int64_t expired_at_us_ = 0;
  size_t clean_at_ = kCleanAt;
  // Of the batch at work.
  std::vector<uint32_t> groups_;
  std::vector<uint8_t> marked_;  // by partition, all 0 between batches
  std::vector<uint32_t> touched_;
  std::vector<std::vector<Id>> was_;
  std::vector<Id> ids_;
  std::vector<int64_t> ranks_;
  std::vector<int64_t> weights_;
};

}  // namespace

std::unique_ptr<Operator> make_top_n(TopNOptions options) {
  return std::make_unique<TopN>(std::move(options));
}

}  // namespace velo
