#include "operator/group_aggregate.h"

#include <algorithm>

#include "column/column_builder.h"
#include "operator/cheap_states.h"
#include "operator/every_change.h"
#include "operator/group_results.h"

namespace velo {
namespace {

constexpr size_t kRowsPerBatch = 4096;
constexpr size_t kPartialGroups = 16 << 10;  // what is found again soon
constexpr int64_t kOnlyWindow = 0;  // the name under which PendingChanges keeps them

class GroupAggregate final : public Operator {
 public:
  explicit GroupAggregate(GroupAggregateOptions options)
      : options_(std::move(options)),
        input_(options_.keys, options_.aggregates, options_.time_column, options_.retractable),
        states_(&input_.layout()),
        rows_(options_.output),
        each_(&input_.layout()),
        each_at_once_(!options_.keys.empty() && !options_.retractable &&
                      has_cheap_states(input_.layout())),
        pace_(options_.emit.every_us) {
    stand();
  }

  void push(size_t, const Batch& given, Output& output) override {
    const Batch* batch = input_.prepare(given, context_, output);
    if (batch == nullptr) return;
    states_.resize(input_.keys().size());
    const bool by_row = options_.emit.mode == EmitMode::kChanges && !options_.emit.coalesce;
    if (by_row && each_at_once_ && !batch->weights) {
      // Old and new rows of so many fit into one batch.
      constexpr size_t kRows = kRowsPerBatch / 2;
      for (size_t begin = 0; begin < batch->rows; begin += kRows) {
        fold_each(begin, std::min(kRows, batch->rows - begin), output);
      }
      return;
    }
    const size_t stride = by_row ? 1 : batch->rows;
    for (size_t begin = 0; begin < batch->rows; begin += stride) fold(begin, stride, output);
    if (options_.partial && input_.keys().size() >= kPartialGroups) give_up_groups(output);
  }

  void tick(int64_t now_us, Output& output) override {
    if (options_.ttl_us > 0) expire(now_us);
    if (options_.emit.mode == EmitMode::kEvery && pace_.is_time(now_us)) emit_pending(output);
  }

  /// The end is told once all is given: a join may read this side first.
  void advance(size_t, int64_t watermark, Output& output) override {
    if (watermark != kWatermarkEnd) output.advance(watermark);
  }

  void finish(Output& output) override {
    if (options_.emit.mode == EmitMode::kFinal) {
      emit_all(output);
    } else {
      emit_pending(output);
      std::vector<uint32_t> empty;
      for (const uint32_t g : always_there()) {
        if (states_.count(g) == 0) empty.push_back(g);
      }
      emit_groups(empty, output);
    }
    output.advance(kWatermarkEnd);
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("group_aggregate");
    pace_.save(writer);
    std::vector<uint32_t> live = live_groups();
    pending_.collect_groups(&live);
    std::sort(live.begin(), live.end());
    live.erase(std::unique(live.begin(), live.end()), live.end());
    input_.save_keys(live, writer);
    states_.save(live, writer);
    pending_.save(live, writer);
    for (uint32_t g : live) writer.i64(g < touched_us_.size() ? touched_us_[g] : 0);
  }

  Status load(SnapshotReader& reader) override {
    TRY(reader.section("group_aggregate"));
    TRY(pace_.load(reader));
    std::vector<uint32_t> groups;
    TRY(input_.load_keys(reader, &groups));
    stand();
    states_.resize(input_.keys().size());
    TRY(states_.load(groups, reader));
    std::vector<Type> types;
    for (const Aggregate& aggregate : options_.aggregates) types.push_back(aggregate.type);
    TRY(pending_.load(groups, types, reader));
    touched_us_.resize(states_.size(), 0);
    for (uint32_t g : groups) touched_us_[g] = TRY(reader.i64());
    return {};
  }

  std::string explain() const override {
    std::string out = "GroupAggregate keys=[";
    for (size_t k = 0; k < options_.keys.size(); ++k) {
      out += (k > 0 ? ", " : "") + options_.keys[k]->to_string();
    }
    return out + "]";
  }
  const SchemaPtr& output_schema() const override { return options_.output; }
  size_t state_bytes() const override {
    return states_.memory_bytes() + input_.keys().memory_bytes();
  }
  size_t state_rows() const override { return input_.keys().size(); }

 private:
  // Gives the standing groups their numbers.
  void stand() {
    const size_t count = options_.standing.size();
    if (count == 0) return;
    std::vector<ColumnPtr> keys;
    for (const ExprPtr& key : options_.keys) keys.push_back(Column::nulls(key->type(), count));
    ColumnBuilder numbers(Type::bigint(), count);
    for (const int64_t number : options_.standing) numbers.append_int64(number);
    keys.back() = numbers.finish();
    standing_.resize(count);
    input_.keys().intern(keys, count, standing_.data());
  }
  // Groups that are an answer at the end even over no rows, in the order of their keys. Before,
  // they are there as long as they have rows, as all others: whether there were any that went again
  // within a batch of changes is nobody's business.
  std::vector<uint32_t> always_there() {
    states_.resize(input_.keys().size());
    if (options_.keys.empty()) return {0};
    std::vector<uint32_t> groups = standing_;
    input_.keys().order(groups);
    return groups;
  }
  bool stands(uint32_t group) const {
    return options_.keys.empty() ||
           std::find(standing_.begin(), standing_.end(), group) != standing_.end();
  }

  // Every row's change of its group.
  void fold_each(size_t begin, size_t count, Output& output) {
    const std::span<const uint32_t> groups(input_.groups().data() + begin, count);
    for (size_t i = 0; i < count; ++i) each_.add(static_cast<uint32_t>(begin + i), groups[i]);
    each_.fold(input_, states_);
    note_touched(groups);
    rows_.emit_changes(input_.keys(), groups, {each_.before(), each_.after(), kWatermarkNone},
                       each_.errors(), {}, output);
    each_.clear();
  }

  void note_touched(std::span<const uint32_t> groups) {
    if (options_.ttl_us == 0) return;
    touched_us_.resize(states_.size(), 0);
    for (uint32_t g : groups) touched_us_[g] = context_.now_us;
  }

  void fold(size_t begin, size_t count, Output& output) {
    const std::span<const uint32_t> groups(input_.groups().data() + begin, count);
    if (options_.emit.mode != EmitMode::kFinal) {
      pending_.capture(kOnlyWindow, groups, [this](int64_t, std::span<const uint32_t> which) {
        RowErrors errors;  // a result that failed was not given
        return results_now(which, errors);
      });
    }
    states_.fold(input_.prepared(), input_.rows(begin, count));
    note_touched(groups);
    const bool emptied = input_.prepared().weight_values != nullptr && forget_emptied(groups);
    if (options_.emit.mode == EmitMode::kChanges) emit_pending(output);
    if (emptied) clean_keys();
  }

  // A group whose last row was taken back is gone, before anything is said of it: neither rounding
  // errors of its sums nor what else was wrongly taken back must outlive it. Whether there was one.
  bool forget_emptied(std::span<const uint32_t> groups) {
    std::vector<uint32_t> emptied;
    for (uint32_t g : groups) {
      if (states_.count(g) == 0) emptied.push_back(g);
    }
    if (emptied.empty()) return false;
    std::sort(emptied.begin(), emptied.end());
    emptied.erase(std::unique(emptied.begin(), emptied.end()), emptied.end());
    states_.clear(emptied);
    return true;
  }

  void clean_keys() {
    if (input_.keys().size() < clean_at_ || !pending_.empty()) return;
    const std::vector<uint32_t> live = live_groups();
    if (live.size() * 2 < input_.keys().size()) {
      const std::vector<uint32_t> numbers = input_.keep_only(live);
      GroupStates kept(&input_.layout());
      kept.resize(input_.keys().size());
      kept.merge(states_, numbers, live);
      stand();
      kept.resize(input_.keys().size());
      std::vector<int64_t> touched(kept.size(), 0);
      for (size_t i = 0; i < live.size() && !touched_us_.empty(); ++i)
        touched[numbers[i]] = touched_us_[live[i]];
      states_ = std::move(kept);
      touched_us_ = std::move(touched);
      rows_ = ResultRows(options_.output);
    }
    clean_at_ = std::max<size_t>(8192, input_.keys().size() * 2);
  }

  void expire(int64_t now_us) {
    if (now_us - expired_at_us_ < options_.ttl_us / 8) return;
    expired_at_us_ = now_us;
    std::vector<uint32_t> old;
    for (uint32_t g : live_groups()) {
      if (stands(g)) continue;
      if (g < touched_us_.size() && touched_us_[g] + options_.ttl_us <= now_us) old.push_back(g);
    }
    if (old.empty()) return;
    states_.clear(old);
    clean_keys();
  }

  void give_up_groups(Output& output) {
    emit_all(output);
    input_.keep_only({});
    states_ = GroupStates(&input_.layout());
    rows_ = ResultRows(options_.output);
  }

  std::vector<uint32_t> live_groups() const {
    std::vector<uint32_t> live;
    for (uint32_t g = 0; g < states_.size(); ++g) {
      if (states_.count(g) != 0) live.push_back(g);
    }
    return live;
  }

  bool exists(uint32_t group) const { return states_.count(group) > 0; }

  GroupResults results_now(std::span<const uint32_t> groups, RowErrors& errors) const {
    GroupResults results{.exists = {}, .columns = states_.results(groups, errors)};
    for (uint32_t g : groups) results.exists.push_back(exists(g) ? 1 : 0);
    for (const RowError& error : errors.rows()) results.exists[error.row] = 0;
    return results;
  }

  void emit_pending(Output& output) {
    pending_.flush([&](int64_t, std::span<const uint32_t> groups, const GroupResults& before) {
      RowErrors errors;
      const GroupResults after = results_now(groups, errors);
      rows_.emit_changes(input_.keys(), groups, {before, after, kWatermarkNone}, errors, {},
                         output);
    });
  }

  void emit_all(Output& output) {
    states_.resize(input_.keys().size());
    std::vector<uint32_t> groups;
    for (uint32_t g : input_.keys().ascending()) {
      if (exists(g) || stands(g)) groups.push_back(g);
    }
    emit_groups(groups, output);
  }

  void emit_groups(std::span<const uint32_t> groups, Output& output) {
    for (size_t begin = 0; begin < groups.size(); begin += kRowsPerBatch) {
      const std::span<const uint32_t> some =
          groups.subspan(begin, std::min(kRowsPerBatch, groups.size() - begin));
      RowErrors errors;
      GroupResults results{.exists = {}, .columns = states_.results(some, errors)};
      rows_.emit(input_.keys(), some, std::move(results), errors, {}, output);
    }
  }

  GroupAggregateOptions options_;
  GroupInput input_;
  GroupStates states_;
  ResultRows rows_;
  PendingChanges pending_;
  EveryChange each_;
  bool each_at_once_;
  std::vector<uint32_t> standing_;   // groups
  std::vector<int64_t> touched_us_;  // by group; kept only with a TTL
  int64_t expired_at_us_ = 0;
  EmitPace pace_;
  size_t clean_at_ = 8192;
};

}  // namespace

std::unique_ptr<Operator> make_group_aggregate(GroupAggregateOptions options) {
  return std::make_unique<GroupAggregate>(std::move(options));
}

}  // namespace velo
