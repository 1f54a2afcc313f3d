// 1. A batch's rows go to their partitions. What stands behind the last row of a full partition is
//    left out at once: mostly one comparison of words. The others are stored, but for the columns
//    that all rows of a partition have in common, each is put where it belongs, and what falls
//    behind the limit goes.
// 2. For every partition that a batch touches, the rows that stood within the limit before are
//    compared with those that stand there after it; the difference is given.
// 3. With an event time, partitions are given whole when the watermark has passed them.
//
// Invariant: `tops_[group]` lists the stored rows of a partition in their order, of equal ones the
// older first; unless the input may take rows back, these are the rows within the limit. Then
// `bounds_[group]` is the word of the last of them if no more fit, else the greatest word.
#include "operator/top_n.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/fmt.h"
#include "column/column_builder.h"
#include "operator/on_time.h"
#include "operator/partition_order.h"

namespace velo {
namespace {

using Id = PartitionRows::Id;

constexpr size_t kCleanAt = 4096;
constexpr size_t kBlock = 4096;  // rows given at once
constexpr size_t kTopMin = 4;    // rows that a partition has room for at first
constexpr size_t kFew = 16;      // rows of a partition that are all looked at

class TopN final : public Operator {
 public:
  explicit TopN(TopNOptions options)
      : options_(std::move(options)),
        store_(options_.input, options_.partition),
        order_(store_, options_.order) {}

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
      store_.put(*batch, chosen_, &put_);
      for (size_t i = 0; i < chosen_.size(); ++i) insert(*batch, chosen_[i], put_[i]);
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
      writer.i64(options_.ttl_us > 0 ? touched_us_[group] : 0);
      const std::vector<uint32_t> group_of_each(ids.size(), group);
      for (const ColumnPtr& column : store_.gather(ids, group_of_each)) writer.column(*column);
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
      chosen_.resize(batch.rows);
      std::iota(chosen_.begin(), chosen_.end(), 0u);
      store_.put(batch, chosen_, &put_);
      for (uint32_t row = 0; row < batch.rows; ++row) {
        add_entry(tops_[group], tops_[group].size(), Entry(words_[row], put_[row]));
      }
      if (options_.ttl_us > 0) touched_us_[group] = touched_us;
      if (by_dense_rank()) count_distinct(group);
      set_bound(group);
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
  size_t state_keys() const override { return store_.keys().size(); }
  size_t state_key_bytes() const override {
    return store_.keys().memory_bytes() + tops_.capacity() * sizeof(Top) +
           (bounds_.capacity() + touched_us_.capacity()) * 8;
  }
  size_t state_bytes() const override {
    return store_.row_memory_bytes() + entries_ * sizeof(Entry) + state_key_bytes();
  }
  size_t state_rows() const override { return store_.rows(); }
  size_t state_column_bytes() const override { return store_.column_bytes(); }

 private:
  /// A stored row of a partition, in 12 bytes. Words are as order_words gives them.
  struct Entry {
    Entry(uint64_t word, Id stored)
        : high(static_cast<uint32_t>(word >> 32)), low(static_cast<uint32_t>(word)), id(stored) {}
    uint64_t word() const { return (uint64_t{high} << 32) | low; }
    uint32_t high;
    uint32_t low;
    Id id;
  };
  using Top = std::vector<Entry>;

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
    store_.intern(batch, &groups_);
    const size_t groups = store_.keys().size();
    if (tops_.size() < groups) {
      tops_.resize(groups);
      if (options_.ttl_us > 0) touched_us_.resize(groups, 0);
      bounds_.resize(groups, UINT64_MAX);
      marked_.resize(groups, 0);
      if (by_dense_rank()) distinct_.resize(groups, 0);
    }
    if (options_.ttl_us <= 0) return;
    for (const uint32_t group : groups_) touched_us_[group] = context_.now_us;
  }

  void read_order(const Batch& batch) {
    if (options_.order.empty()) {
      words_.assign(batch.rows, 0);
    } else {
      words_ = order_words(batch, options_.order[0]);
    }
    order_.read(batch, compares_columns());
  }
  bool compares_columns() const { return final() || options_.retractable; }

  /// The rows that may come in, given what the partitions hold now.
  void leave_out(const Batch& batch) {
    chosen_.resize(batch.rows);
    size_t count = 0;
    for (uint32_t row = 0; row < batch.rows; ++row) {
      chosen_[count] = row;
      count += words_[row] <= bounds_[groups_[row]] ? 1 : 0;
    }
    chosen_.resize(count);
    std::erase_if(chosen_, [this](uint32_t row) {
      return words_[row] == bounds_[groups_[row]] && falls_behind(row);
    });
  }

  bool is_full(uint32_t group) const {
    return (by_dense_rank() ? distinct_[group] : tops_[group].size()) >= options_.limit;
  }
  /// The last row with a rank within the limit, of a full partition.
  const Entry& last_of(uint32_t group) const {
    const Top& top = tops_[group];
    return by_dense_rank() ? top.back() : top[options_.limit - 1];
  }
  void set_bound(uint32_t group) {
    bounds_[group] = is_full(group) ? last_of(group).word() : UINT64_MAX;
  }

  bool falls_behind(uint32_t row) const {
    const uint32_t group = groups_[row];
    if (!is_full(group)) return false;
    const Entry& last = last_of(group);
    if (const int order = by_keys(last, row)) return order < 0;
    if (!by_row_number()) return false;
    const int order = final() ? order_.by_columns(last.id, row) : 0;
    return order <= 0;
  }

  /// <0, 0, >0: a stored row stands before row `b` of the batch, or before another, by the keys.
  int by_keys(const Entry& a, uint32_t b) const {
    if (a.word() != words_[b]) return a.word() < words_[b] ? -1 : 1;
    return order_.by_keys(a.id, b);
  }
  int by_keys(const Entry& a, const Entry& b) const {
    if (a.word() != b.word()) return a.word() < b.word() ? -1 : 1;
    return order_.stored_by_keys(a.id, b.id);
  }
  bool are_peers(const Entry& a, const Entry& b) const { return by_keys(a, b) == 0; }

  /// One by one: a row that goes must not be taken for an equal one that comes behind it.
  void apply_changes(const Batch& batch, Output& output) {
    for (uint32_t row = 0; row < batch.rows; ++row) {
      const int64_t weight = batch.weight(row);
      for (int64_t i = weight; i > 0; --i) {
        store_.put(batch, {&row, 1}, &put_);
        insert(batch, row, put_[0]);
      }
      for (int64_t i = weight; i < 0; ++i) take_back(row);
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
    const size_t at = place_of(top, row);
    if (!options_.retractable && by_row_number() && top.size() == options_.limit) {
      if (at == top.size()) return store_.remove(id);
      drop_last(top);
    }
    add_entry(top, at, Entry(words_[row], id));
    if (options_.retractable) return;
    if (!by_row_number()) drop_beyond(group, at);
    set_bound(group);
  }
  /// Behind those that stand before it, and behind its equals, which are older.
  size_t place_of(const Top& top, uint32_t row) const {
    const uint64_t word = words_[row];
    size_t before = 0;
    size_t equal = top.size();
    if (top.size() <= kFew) {  // without a branch to guess wrong
      equal = 0;
      for (const Entry& other : top) {
        before += other.word() < word ? 1 : 0;
        equal += other.word() == word ? 1 : 0;
      }
    }
    if (equal == 0) return before;
    const auto begin = top.begin() + static_cast<ptrdiff_t>(before);
    const auto end = begin + static_cast<ptrdiff_t>(equal);
    const auto place = std::partition_point(begin, end, [&](const Entry& other) {
      const int order = by_keys(other, row);
      return order < 0 || (order == 0 && (!final() || order_.by_columns(other.id, row) <= 0));
    });
    return static_cast<size_t>(place - top.begin());
  }
  /// RANK and DENSE_RANK: what the row that came in at `at` pushes out.
  void drop_beyond(uint32_t group, size_t at) {
    Top& top = tops_[group];
    if (by_dense_rank()) {
      const bool known = (at > 0 && are_peers(top[at - 1], top[at])) ||
                         (at + 1 < top.size() && are_peers(top[at + 1], top[at]));
      if (!known) ++distinct_[group];
      if (distinct_[group] <= options_.limit) return;
      size_t kept = top.size() - 1;
      while (are_peers(top[kept - 1], top.back())) --kept;
      while (top.size() > kept) drop_last(top);
      --distinct_[group];
    } else if (top.size() > options_.limit) {
      const Entry last = top[options_.limit - 1];
      while (!are_peers(top.back(), last)) drop_last(top);
    }
  }
  /// Grows by doubling, but never beyond what fits.
  void add_entry(Top& top, size_t at, const Entry& entry) {
    if (top.size() == top.capacity()) {
      size_t room = std::max(kTopMin, top.size() * 2);
      const bool bounded = !options_.retractable && by_row_number();
      if (bounded) room = std::min(room, options_.limit);
      entries_ -= top.capacity();
      top.reserve(std::max(room, top.size() + 1));
      entries_ += top.capacity();
    }
    top.insert(top.begin() + static_cast<ptrdiff_t>(at), entry);
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

  void take_back(uint32_t row) {
    Top& top = tops_[groups_[row]];
    auto found = std::partition_point(top.begin(), top.end(),
                                      [&](const Entry& other) { return by_keys(other, row) < 0; });
    // Of those whose keys are equal the oldest that equals it in everything.
    while (found != top.end() && by_keys(*found, row) == 0 &&
           order_.by_columns(found->id, row) != 0) {
      ++found;
    }
    if (found == top.end() || by_keys(*found, row) != 0) {
      if (options_.ttl_us <= 0) unmatched_.push_back(row);
      return;
    }
    store_.remove(found->id);
    top.erase(found);
  }

  /// How many rows of a partition stand within the limit.
  size_t within(const Top& top) const {
    if (!options_.retractable || top.size() <= options_.limit) return top.size();
    size_t count = options_.limit;
    if (by_row_number()) return count;
    if (!by_dense_rank()) {
      while (count < top.size() && are_peers(top[count], top[options_.limit - 1])) ++count;
      return count;
    }
    size_t dense = 0;
    for (count = 0; count < top.size(); ++count) {
      if (count == 0 || !are_peers(top[count - 1], top[count])) ++dense;
      if (dense > options_.limit) break;
    }
    return count;
  }
  /// Appends the ranks of the first `count` rows; nothing if nobody asks for them.
  void append_ranks(const Top& top, size_t count, std::vector<int64_t>& ranks) const {
    if (!options_.with_rank) return;
    int64_t dense = 0;
    for (size_t i = 0; i < count; ++i) {
      const bool peer = i > 0 && !by_row_number() && are_peers(top[i - 1], top[i]);
      if (!peer) ++dense;
      const auto number = static_cast<int64_t>(i) + 1;
      ranks.push_back(by_dense_rank() ? dense : peer ? ranks.back() : number);
    }
  }

  void remember_tops() {
    touched_.clear();
    was_.clear();
    was_ranks_.clear();
    was_ends_.clear();
    for (const uint32_t row : chosen_) {
      const uint32_t group = groups_[row];
      if (std::exchange(marked_[group], uint8_t{1}) != 0) continue;
      const Top& top = tops_[group];
      const size_t count = within(top);
      was_.insert(was_.end(), top.begin(), top.begin() + static_cast<ptrdiff_t>(count));
      append_ranks(top, count, was_ranks_);
      touched_.push_back(group);
      was_ends_.push_back(was_.size());
    }
  }

  /// Rows that left, then rows that came, partition by partition. With ranks a row that moved does
  /// both.
  void give_changes(Output& output) {
    size_t begin = 0;
    for (size_t i = 0; i < touched_.size(); ++i) {
      const uint32_t group = touched_[i];
      marked_[group] = 0;
      const Top& top = tops_[group];
      const size_t count = within(top);
      now_ranks_.clear();
      append_ranks(top, count, now_ranks_);
      came_.clear();
      give_left(group, begin, was_ends_[i], std::span(top).first(count));
      for (const size_t at : came_) add(group, top[at].id, rank_of(now_ranks_, at), 1);
      begin = was_ends_[i];
    }
    flush(output);
  }
  int64_t rank_of(const std::vector<int64_t>& ranks, size_t at) const {
    return options_.with_rank ? ranks[at] : 0;
  }
  /// Gives rows [begin, end) of was_ that are not in `now`, and lists in came_ what is only there.
  /// Both are in one order: it is found by going along. Of equals those that left are older than
  /// those that came.
  void give_left(uint32_t group, size_t begin, size_t end, std::span<const Entry> now) {
    size_t j = 0;
    for (size_t i = begin; i < end || j < now.size();) {
      if (i < end && j < now.size() && was_[i].id == now[j].id) {
        if (options_.with_rank && was_ranks_[i] != now_ranks_[j]) {
          add(group, was_[i].id, was_ranks_[i], -1);
          came_.push_back(j);
        }
        ++i, ++j;
      } else if (j == now.size() || (i < end && by_keys(was_[i], now[j]) <= 0)) {
        add(group, was_[i].id, rank_of(was_ranks_, i), -1);
        ++i;
      } else {
        came_.push_back(j++);
      }
    }
  }

  void add(uint32_t group, Id id, int64_t rank, int64_t weight) {
    id_groups_.push_back(group);
    ids_.push_back(id);
    ranks_.push_back(rank);
    weights_.push_back(weight);
  }

  void flush(Output& output) {
    if (ids_.empty()) return;
    Batch result{options_.output, ids_.size(), store_.gather(ids_, id_groups_), nullptr, nullptr};
    if (options_.with_rank) result.columns.push_back(numbers(ranks_));
    if (std::any_of(weights_.begin(), weights_.end(), [](int64_t w) { return w < 0; })) {
      result.weights = numbers(weights_);
    }
    ids_.clear();
    id_groups_.clear();
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
    store_.keys().order(groups);
    for (const uint32_t group : groups) {
      const Top& top = tops_[group];
      const size_t count = within(top);
      now_ranks_.clear();
      append_ranks(top, count, now_ranks_);
      for (size_t i = 0; i < count; ++i) add(group, top[i].id, rank_of(now_ranks_, i), 1);
      if (ids_.size() >= kBlock) flush(output);
    }
    flush(output);
    for (const uint32_t group : groups) forget(group);
  }

  void forget(uint32_t group) {
    for (const Entry& entry : tops_[group]) store_.remove(entry.id);
    entries_ -= tops_[group].capacity();
    tops_[group] = Top();
    bounds_[group] = UINT64_MAX;
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
    store_.reuse();
    if (store_.keys().size() < clean_at_) return;
    const std::vector<uint32_t> live = live_groups();
    if (live.size() * 2 < store_.keys().size()) keep_only(live);
    clean_at_ = std::max(kCleanAt, size_t{store_.keys().size()} * 2);
  }

  void keep_only(const std::vector<uint32_t>& live) {
    const std::vector<uint32_t> numbers = store_.keep_only(live);
    std::vector<Top> tops(store_.keys().size());
    std::vector<int64_t> touched_us(touched_us_.empty() ? 0 : tops.size(), 0);
    std::vector<uint32_t> moved(tops_.size(), 0);
    for (size_t i = 0; i < live.size(); ++i) {
      tops[numbers[i]] = std::move(tops_[live[i]]);
      if (!touched_us.empty()) touched_us[numbers[i]] = touched_us_[live[i]];
      moved[live[i]] = numbers[i];
    }
    for (auto& [time, groups] : due_) {
      for (uint32_t& group : groups) group = moved[group];
    }
    tops_ = std::move(tops);
    touched_us_ = std::move(touched_us);
    marked_.assign(tops_.size(), 0);
    bounds_.assign(tops_.size(), UINT64_MAX);
    if (by_dense_rank()) distinct_.assign(tops_.size(), 0);
    for (uint32_t group = 0; group < tops_.size(); ++group) {
      if (by_dense_rank()) count_distinct(group);
      set_bound(group);
    }
  }

  TopNOptions options_;
  PartitionRows store_;
  PartitionOrder order_;
  std::vector<Top> tops_;         // by partition
  std::vector<uint64_t> bounds_;  // by partition
  std::vector<size_t> distinct_;  // by partition, with DENSE_RANK: different keys in its top
  std::vector<int64_t> touched_us_;
  size_t entries_ = 0;                            // that tops_ has room for
  std::map<int64_t, std::vector<uint32_t>> due_;  // with an event time: partitions by theirs
  int64_t expired_at_us_ = 0;
  size_t clean_at_ = kCleanAt;
  // Of the batch at work.
  std::vector<uint32_t> groups_;
  std::vector<uint64_t> words_;
  std::vector<uint32_t> chosen_;  // rows that may come in
  std::vector<uint8_t> marked_;   // by partition, all 0 between batches
  std::vector<uint32_t> touched_;
  Selection unmatched_;
  std::vector<Entry> was_;  // the rows within the limit before it, of touched_ in turn
  std::vector<int64_t> was_ranks_;
  std::vector<size_t> was_ends_;
  std::vector<int64_t> now_ranks_;
  std::vector<size_t> came_;
  std::vector<Id> put_;
  std::vector<Id> ids_;
  std::vector<uint32_t> id_groups_;
  std::vector<int64_t> ranks_;
  std::vector<int64_t> weights_;
};

}  // namespace

std::unique_ptr<Operator> make_top_n(TopNOptions options) {
  return std::make_unique<TopN>(std::move(options));
}

}  // namespace velo
