// 1. A batch's rows go to their partitions. What stands behind the last row of a full partition is
//    left out at once: mostly one comparison of words. The others are stored, each is put where it
//    belongs, and what falls behind the limit goes.
// 2. For every partition that a batch touches, the rows that stood within the limit before are
//    compared with those that stand there after it; the difference is given.
// 3. With an event time, partitions are given whole when the watermark has passed them.
//
// Invariant: `tops_[group]` lists the stored rows of a partition in their order; unless the input
// may take rows back, these are the rows within the limit.
#include "operator/top_n.h"

#include <algorithm>
#include <map>
#include <numeric>

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
        store_({options_.input, store_keys(), -1, 0, false}) {}

  void push(size_t, const Batch& given, Output& output) override {
    Batch kept;
    const Batch* batch = timed() ? on_time(given, &kept, output) : &given;
    if (batch == nullptr) return;
    intern(*batch);
    read_order(*batch);
    if (options_.retractable) {
      chosen_.resize(batch->rows);
      std::iota(chosen_.begin(), chosen_.end(), 0u);
    } else {
      leave_out(*batch);
      if (chosen_.empty()) return;
    }
    if (!final()) remember_tops();
    if (batch->weights) {
      apply_changes(*batch, output);
    } else {
      const Id first = store_.append(*batch, chosen_, RowKeys(*batch, store_keys()), 0);
      for (size_t i = 0; i < chosen_.size(); ++i) {
        insert(*batch, chosen_[i], first + static_cast<Id>(i));
      }
    }
    if (!final()) give_changes(output);
    trim();
  }

  void advance(size_t, int64_t watermark, Output& output) override {
    if (timed()) release(watermark, output);
    if (options_.at_end) return;  // the end of time is not yet the end of rows
    output.advance(timed() ? std::min(watermark, time_passed(watermark, options_.shift_us))
                           : watermark);
  }

  void finish(Output& output) override {
    if (!options_.at_end) return;
    give_whole(live_groups(), output);
    trim();
    output.advance(kWatermarkEnd);
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
      const std::vector<Id> ids = ids_of(tops_[group]);
      writer.u64(ids.size());
      writer.i64(touched_us_[group]);
      for (size_t c = 0; c < options_.input->size(); ++c) writer.column(*store_.gather(c, ids));
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
      read_order(batch);
      const Id first = store_.append_all(batch, RowKeys(batch, store_keys()), 0);
      for (uint32_t row = 0; row < batch.rows; ++row) {
        tops_[group].push_back({words_[row], first + row});
      }
      touched_us_[group] = touched_us;
      if (by_dense_rank()) count_distinct(group);
      if (timed()) due_[time_of(batch, 0)].push_back(group);
    }
    return {};
  }

  std::string explain() const override {
    std::string out = fmt::format("TopN {}", options_.limit);
    if (options_.rank == OverFunction::kRank) out += " by RANK";
    if (by_dense_rank()) out += " by DENSE_RANK";
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
           store_.rows() * sizeof(Entry);
  }
  size_t state_rows() const override { return store_.rows(); }

 private:
  /// A stored row of a partition. Words are as order_words gives them.
  struct Entry {
    uint64_t word;
    Id id;
  };
  using Top = std::vector<Entry>;

  /// By which the store finds rows: only those that are taken back are looked for.
  std::vector<size_t> store_keys() const {
    return options_.retractable ? options_.partition : std::vector<size_t>();
  }
  bool by_row_number() const { return options_.rank == OverFunction::kRowNumber; }
  bool by_dense_rank() const { return options_.rank == OverFunction::kDenseRank; }
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
      if (by_dense_rank()) distinct_.resize(keys_.size(), 0);
    }
    for (const uint32_t group : groups_) touched_us_[group] = context_.now_us;
  }

  void read_order(const Batch& batch) {
    if (options_.order.empty()) {
      words_.assign(batch.rows, 0);
    } else {
      words_ = order_words(batch, options_.order[0]);
    }
    flat_.assign(batch.columns.size(), nullptr);
    for (const SortKey& key : options_.order)
      flat_[key.column] = flatten(batch.columns[key.column]);
    for (size_t c = 0; final() && c < flat_.size(); ++c) flat_[c] = flatten(batch.columns[c]);
  }

  /// The rows that may come in, given what the partitions hold now.
  void leave_out(const Batch& batch) {
    chosen_.clear();
    for (uint32_t row = 0; row < batch.rows; ++row) {
      if (!falls_behind(row)) chosen_.push_back(row);
    }
  }

  bool falls_behind(uint32_t row) const {
    const uint32_t group = groups_[row];
    const Top& top = tops_[group];
    if (by_dense_rank() ? distinct_[group] < options_.limit : top.size() < options_.limit) {
      return false;
    }
    const Entry& last = by_dense_rank() ? top.back() : top[options_.limit - 1];
    if (words_[row] != last.word) return words_[row] > last.word;
    for (const SortKey& key : options_.order) {
      const int order = ordered(key, last.id, row);
      if (order != 0) return order < 0;
    }
    if (!by_row_number()) return false;
    for (size_t c = 0; final() && c < options_.input->size(); ++c) {
      if (const int order = store_.compare(c, last.id, *flat_[c], row)) return order < 0;
    }
    return true;
  }

  /// <0, 0, >0: a stored row stands before another, or before row `b` of the batch, by this key.
  int ordered(const SortKey& key, Id a, uint32_t b) const {
    const Column& column = *flat_[key.column];
    const bool null = store_.is_null(key.column, a);
    return directed(key, store_.compare(key.column, a, column, b), null, column.is_null(b));
  }
  int ordered(const SortKey& key, const Entry& a, const Entry& b) const {
    const int order = store_.compare(key.column, a.id, b.id);
    if (order == 0) return 0;
    return directed(key, order, store_.is_null(key.column, a.id), store_.is_null(key.column, b.id));
  }
  static int directed(const SortKey& key, int order, bool a_null, bool b_null) {
    if (order == 0) return 0;
    if (a_null || b_null) return a_null == key.nulls_first ? -1 : 1;
    return key.descending ? -order : order;
  }

  int by_keys(const Entry& a, const Entry& b) const {
    if (a.word != b.word) return a.word < b.word ? -1 : 1;
    for (const SortKey& key : options_.order) {
      if (const int order = ordered(key, a, b)) return order;
    }
    return 0;
  }
  /// Row a stands before row b. Of equal rows the older one does, unless all columns decide.
  bool before(const Entry& a, const Entry& b) const {
    if (const int order = by_keys(a, b)) return order < 0;
    for (size_t c = 0; final() && c < options_.input->size(); ++c) {
      if (const int order = store_.compare(c, a.id, b.id)) return order < 0;
    }
    return a.id < b.id;
  }
  bool are_peers(const Entry& a, const Entry& b) const { return by_keys(a, b) == 0; }

  /// One by one: a row that goes must not be taken for an equal one that comes behind it.
  void apply_changes(const Batch& batch, Output& output) {
    const RowKeys row_keys(batch, store_keys());
    for (uint32_t row = 0; row < batch.rows; ++row) {
      const int64_t weight = batch.weight(row);
      for (int64_t i = weight; i > 0; --i) {
        insert(batch, row, store_.append(batch, {&row, 1}, row_keys, 0));
      }
      for (int64_t i = weight; i < 0; ++i) take_back(batch, row, row_keys);
    }
    if (unmatched_.empty()) return;
    output.reject({RejectReason::kUnmatched, gather(batch, unmatched_),
                   "the first rows have no such row to take back"});
    unmatched_.clear();
  }

  /// Puts the stored row `id`, which is row `row` of the batch, in its place.
  void insert(const Batch& batch, uint32_t row, Id id) {
    const uint32_t group = groups_[row];
    Top& top = tops_[group];
    if (timed() && top.empty()) due_[time_of(batch, row)].push_back(group);
    const Entry entry{words_[row], id};
    const auto place =
        std::lower_bound(top.begin(), top.end(), entry,
                         [this](const Entry& a, const Entry& b) { return before(a, b); });
    const auto at = static_cast<size_t>(place - top.begin());
    top.insert(place, entry);
    if (options_.retractable) return;
    if (by_dense_rank()) {
      const bool known = (at > 0 && are_peers(top[at - 1], entry)) ||
                         (at + 1 < top.size() && are_peers(top[at + 1], entry));
      if (!known) ++distinct_[group];
      if (distinct_[group] <= options_.limit) return;
      size_t kept = top.size() - 1;
      while (are_peers(top[kept - 1], top.back())) --kept;
      while (top.size() > kept) drop_last(top);
      --distinct_[group];
    } else if (top.size() > options_.limit) {
      const Entry last = top[options_.limit - 1];
      if (by_row_number()) drop_last(top);
      while (!by_row_number() && !are_peers(top.back(), last)) drop_last(top);
    }
  }
  void drop_last(Top& top) {
    store_.remove(top.back().id);
    top.pop_back();
  }
  void count_distinct(uint32_t group) {
    const Top& top = tops_[group];
    distinct_[group] = top.empty() ? 0 : 1;
    for (size_t i = 1; i < top.size(); ++i)
      distinct_[group] += are_peers(top[i - 1], top[i]) ? 0 : 1;
  }

  void take_back(const Batch& batch, uint32_t row, const RowKeys& row_keys) {
    const Id id = store_.find(batch, row, row_keys);
    if (id == RowStore::kNone) {
      if (options_.ttl_us <= 0) unmatched_.push_back(row);
      return;
    }
    Top& top = tops_[groups_[row]];
    const Entry entry{words_[row], id};
    const auto found =
        std::lower_bound(top.begin(), top.end(), entry,
                         [this](const Entry& a, const Entry& b) { return before(a, b); });
    CHECK(found != top.end() && found->id == id);
    top.erase(found);
    store_.remove(id);
  }

  /// The rows within the limit and their ranks.
  struct Ranked {
    std::vector<Entry> rows;
    std::vector<int64_t> ranks;
  };
  Ranked ranked(uint32_t group) const {
    const Top& top = tops_[group];
    Ranked made;
    int64_t dense = 0;
    for (size_t i = 0; i < top.size(); ++i) {
      const bool peer = i > 0 && !by_row_number() && are_peers(top[i - 1], top[i]);
      if (!peer) ++dense;
      const auto number = static_cast<int64_t>(i) + 1;
      const int64_t rank = by_dense_rank() ? dense : peer ? made.ranks.back() : number;
      if (rank > static_cast<int64_t>(options_.limit)) break;
      made.rows.push_back(top[i]);
      made.ranks.push_back(rank);
    }
    return made;
  }

  void remember_tops() {
    touched_.clear();
    was_.clear();
    for (const uint32_t row : chosen_) {
      const uint32_t group = groups_[row];
      if (std::exchange(marked_[group], uint8_t{1}) != 0) continue;
      touched_.push_back(group);
      was_.push_back(ranked(group));
    }
  }

  /// Rows that left, then rows that came, partition by partition. With ranks a row that moved does
  /// both.
  void give_changes(Output& output) {
    std::vector<size_t> left, came;
    for (size_t i = 0; i < touched_.size(); ++i) {
      marked_[touched_[i]] = 0;
      const Ranked now = ranked(touched_[i]);
      compare_tops(was_[i], now, left, came);
      for (const size_t at : left) add(was_[i].rows[at].id, was_[i].ranks[at], -1);
      for (const size_t at : came) add(now.rows[at].id, now.ranks[at], 1);
    }
    flush(output);
  }
  /// Both are in one order: what is only in one of them is found by going along.
  void compare_tops(const Ranked& was, const Ranked& now, std::vector<size_t>& left,
                    std::vector<size_t>& came) const {
    left.clear();
    came.clear();
    size_t i = 0;
    size_t j = 0;
    while (i < was.rows.size() || j < now.rows.size()) {
      if (i < was.rows.size() && j < now.rows.size() && was.rows[i].id == now.rows[j].id) {
        const bool moved = options_.with_rank && was.ranks[i] != now.ranks[j];
        if (moved) left.push_back(i), came.push_back(j);
        ++i, ++j;
      } else if (j == now.rows.size() ||
                 (i < was.rows.size() && before(was.rows[i], now.rows[j]))) {
        left.push_back(i++);
      } else {
        came.push_back(j++);
      }
    }
  }

  void add(Id id, int64_t rank, int64_t weight) {
    ids_.push_back(id);
    ranks_.push_back(rank);
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
      const Ranked top = ranked(group);
      for (size_t i = 0; i < top.rows.size(); ++i) add(top.rows[i].id, top.ranks[i], 1);
      if (ids_.size() >= kBlock) flush(output);
    }
    flush(output);
    for (const uint32_t group : groups) forget(group);
  }

  void forget(uint32_t group) {
    for (const Entry& entry : tops_[group]) store_.remove(entry.id);
    tops_[group] = Top();
    if (by_dense_rank()) distinct_[group] = 0;
  }
  static std::vector<Id> ids_of(const Top& top) {
    std::vector<Id> ids;
    for (const Entry& entry : top) ids.push_back(entry.id);
    return ids;
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
      for (Top& top : tops_) {
        for (Entry& entry : top) {
          const auto at = std::lower_bound(old.begin(), old.end(), entry.id) - old.begin();
          entry.id = now[static_cast<size_t>(at)];
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
    std::vector<Top> tops(kept.size());
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
    if (!by_dense_rank()) return;
    distinct_.assign(tops_.size(), 0);
    for (uint32_t group = 0; group < tops_.size(); ++group) count_distinct(group);
  }

  TopNOptions options_;
  KeyTable keys_;
  RowStore store_;
  std::vector<Top> tops_;         // by partition
  std::vector<size_t> distinct_;  // by partition, with DENSE_RANK: different keys in its top
  std::vector<int64_t> touched_us_;
  std::map<int64_t, std::vector<uint32_t>> due_;  // with an event time: partitions by theirs
  int64_t expired_at_us_ = 0;
  size_t clean_at_ = kCleanAt;
  // Of the batch at work.
  std::vector<uint32_t> groups_;
  std::vector<uint64_t> words_;
  std::vector<ColumnPtr> flat_;   // those that are compared
  std::vector<uint32_t> chosen_;  // rows that may come in
  std::vector<uint8_t> marked_;   // by partition, all 0 between batches
  std::vector<uint32_t> touched_;
  Selection unmatched_;
  std::vector<Ranked> was_;
  std::vector<Id> ids_;
  std::vector<int64_t> ranks_;
  std::vector<int64_t> weights_;
};

}  // namespace

std::unique_ptr<Operator> make_top_n(TopNOptions options) {
  return std::make_unique<TopN>(std::move(options));
}

}  // namespace velo
