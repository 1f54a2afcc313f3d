// OVER in the order of an event time:
//
// 1. Rows wait until the watermark has passed them; what it releases is sorted.
// 2. Released rows go to their partitions in pieces that never part rows of one time, so that a
//    row's peers come with it.
// 3. A row is answered at once, or when what its frame reaches has come.
// 4. What no later frame can ask for is forgotten.
#include <algorithm>
#include <numeric>
#include <utility>

#include "column/row_width.h"
#include "operator/on_time.h"
#include "operator/over_answers.h"
#include "operator/over_forms.h"
#include "operator/over_queue.h"
#include "state/key_table.h"
#include "state/waiting_rows.h"

namespace velo {
namespace {

// At least so many rows are answered in one go: about eight of each key. More would want more room
// in every partition, for rows that come before others go.
constexpr size_t kRowsPerKey = 8;
constexpr size_t kTurnMin = 512;
constexpr size_t kTurnMax = 4096;
constexpr size_t kCleanAt = 8192;      // keys

std::vector<Type> key_types(const OverOptions& options) {
  std::vector<Type> types;
  for (const size_t column : options.partition) types.push_back((*options.input)[column].type);
  return types;
}

bool is_delayed(const OverOptions& options) {
  return std::any_of(options.calls.begin(), options.calls.end(),
                     [](const OverCall& call) { return call.looks_ahead(); });
}

/// How long after a partition's last row its rows can still be in a frame, if time decides that:
/// then a partition that has been silent for longer may be forgotten.
std::optional<int64_t> reach_of(const OverOptions& options) {
  int64_t reach = 0;
  for (const OverCall& call : options.calls) {
    const OverBound& start = call.frame.start;
    const OverBound& end = call.frame.end;
    const bool by_time = call.has_frame() && start.unit == OverBound::Unit::kRange &&
                         (end.unit == OverBound::Unit::kRange ||
                          (end.unit == OverBound::Unit::kGroups && end.distance <= 0));
    if (!by_time) return std::nullopt;
    reach = std::max(reach, static_cast<int64_t>(-start.range));
  }
  return reach;
}

/// All that is known of partitions.
struct State {
  explicit State(const OverOptions& options)
      : keys(key_types(options)),
        rows(rows_for(options, false, is_delayed(options))),
        answers(options, false, rows),
        queue(options, rows) {}
  KeyTable keys;
  OverRows rows;
  OverAnswers answers;
  OverQueue queue;
  std::vector<int64_t> last_times;  // by group, where a silent one is forgotten
  std::vector<int64_t> touched_us;  // by group, where there is a TTL

  /// A turn is over.
  void settle() {
    answers.forget_rows(rows.take_forgotten());
    rows.settle();
    answers.settle();
    queue.settle();
  }
};

class TimedOver final : public Operator {
 public:
  explicit TimedOver(OverOptions options)
      : options_(std::move(options)),
        reach_us_(reach_of(options_)),
        waiting_(options_.input, options_.time_column),
        state_(std::make_unique<State>(options_)) {}

  void push(size_t, const Batch& batch, Output& output) override {
    CHECK(!batch.weights, "OVER takes no retractions");
    Batch kept;
    const Batch* rows = rows_on_time(options_.time_column, options_.shift_us, batch, &kept, output);
    if (rows != nullptr) waiting_.push(*rows);
  }

  void advance(size_t, int64_t watermark, Output& output) override {
    const int64_t passed = time_passed(watermark, options_.shift_us);
    if (watermark != kWatermarkNone) {
      take(waiting_.release(passed), output);
      if (state_->queue.delays()) {
        answer_ready(passed, watermark == kWatermarkEnd, output);
        state_->settle();
      }
      forget_silent(passed);
    }
    int64_t reached = std::min(watermark, passed);
    if (const std::optional<int64_t> oldest = state_->queue.oldest()) {
      reached = std::min(reached, *oldest - 1);
    }
    output.advance(reached);
  }

  void tick(int64_t now_us, Output&) override {
    if (options_.ttl_us <= 0 || now_us - expired_at_us_ < options_.ttl_us / 8) return;
    expired_at_us_ = now_us;
    forget_if(
        [&](uint32_t group) { return state_->touched_us[group] + options_.ttl_us <= now_us; });
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("over by time");
    save_state(writer);
    waiting_.save(writer);
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("over by time"));
    TRY(load_state(reader));
    return waiting_.load(reader);
  }

  std::string explain() const override { return over_text(options_); }
  const SchemaPtr& output_schema() const override { return options_.output; }
  size_t state_rows() const override { return waiting_.rows() + state_->rows.rows(); }
  size_t state_column_bytes() const override {
    const size_t whole = state_->queue.waiting();
    return waiting_.column_bytes() + whole * row_width(*options_.input) +
           (state_->rows.rows() - whole) * read_bytes(options_) + state_->rows.long_bytes();
  }
  size_t state_bytes() const override { return memory_bytes().all(); }
  size_t state_keys() const override { return state_->rows.known(); }
  size_t state_key_bytes() const override { return memory_bytes().keys; }

 private:
  StateBytes memory_bytes() const {
    const State& state = *state_;
    const size_t by_key =
        state.keys.memory_bytes() +
        (state.last_times.capacity() + state.touched_us.capacity()) * sizeof(int64_t);
    return StateBytes{by_key, waiting_.memory_bytes()} + state.rows.memory_bytes() +
           state.answers.memory_bytes() + state.queue.memory_bytes();
  }
  const ColumnPtr& times_of(const Batch& batch) const {
    return batch.columns[options_.time_column];
  }

  void take(Batch released, Output& output) {
    if (released.rows == 0) return;
    released.watermarks = nullptr;
    if (options_.order.size() > 1) {
      released = gather(released, sorted_rows(released, options_.order, Ties::kArrival));
    }
    const int64_t* times = times_of(released)->values<int64_t>();
    for (size_t begin = 0; begin < released.rows;) {
      const size_t turn = std::clamp(state_->rows.groups() * kRowsPerKey, kTurnMin, kTurnMax);
      size_t end = std::min(begin + turn, released.rows);
      while (end < released.rows && times[end] == times[end - 1]) ++end;
      const bool all = begin == 0 && end == released.rows;
      take_piece(all ? released : slice(released, begin, end - begin), output);
      begin = end;
    }
  }

  void take_piece(const Batch& piece, Output& output) {
    State& state = *state_;
    std::vector<ColumnPtr> keys;
    for (const size_t column : options_.partition) keys.push_back(piece.columns[column]);
    groups_.resize(piece.rows);
    state.keys.intern(keys, piece.rows, groups_.data());
    state.rows.take(piece, groups_);
    note_times(piece);
    state.answers.arrive(piece, context_);
    state.queue.arrive(groups_);
    rows_since_sweep_ += piece.rows;
    if (state.queue.delays()) {
      answer_ready(times_of(piece)->int64_at(piece.rows - 1), false, output);
    } else {
      state.queue.take_ready(0, false, &turn_);
      answer(piece, output);
    }
    state.settle();
  }

  void note_times(const Batch& piece) {
    State& state = *state_;
    if (reach_us_) {
      grow_to(state.last_times, state.rows.groups(), INT64_MIN);
      const Column& times = *times_of(piece);
      for (size_t row = 0; row < piece.rows; ++row) {
        state.last_times[groups_[row]] = times.int64_at(row);
      }
    }
    if (options_.ttl_us > 0) {
      grow_to(state.touched_us, state.rows.groups());
      for (const uint32_t group : groups_) state.touched_us[group] = context_.now_us;
    }
  }

  void answer_ready(int64_t passed, bool closed, Output& output) {
    state_->queue.take_ready(passed, closed, &turn_);
    if (turn_.size() == 0) return;
    Batch rows{options_.input, turn_.size(), {}, nullptr, nullptr};
    std::vector<ColumnPtr> keys;
    for (size_t column = 0; column < options_.input->size(); ++column) {
      if (!state_->rows.has(column)) {
        if (keys.empty()) keys = state_->keys.gather(turn_.groups);
        const auto key = std::ranges::find(options_.partition, column);
        rows.columns.push_back(keys[static_cast<size_t>(key - options_.partition.begin())]);
      } else {
        rows.columns.push_back(state_->rows.gather(column, turn_.groups, turn_.indexes));
      }
    }
    answer(std::move(rows), output);
  }

  // Answers the rows of the turn, whose columns are `rows`.
  void answer(Batch rows, Output& output) {
    State& state = *state_;
    RowErrors errors;
    std::vector<ColumnPtr> columns = state.answers.answer(turn_, context_, errors);
    emit_answers(std::move(rows), std::move(columns), options_.output, errors, output);
    for (size_t i = 0; i < turn_.size(); ++i) {
      const uint32_t group = turn_.groups[i];
      // Once per partition: at its last row of the turn.
      if (turn_.indexes[i] + 1 != state.queue.next(group)) continue;
      const uint64_t next = state.queue.next(group);
      state.rows.forget_before(group, std::min(state.answers.low(group, next), next), next);
    }
  }

  void forget_silent(int64_t passed) {
    if (!reach_us_ || rows_since_sweep_ < std::max(kCleanAt, size_t{state_->keys.size() / 2}))
      return;
    rows_since_sweep_ = 0;
    forget_if([&](uint32_t group) {
      const int64_t last = state_->last_times[group];
      return last < INT64_MAX - *reach_us_ && last + *reach_us_ < passed;
    });
  }

  template <typename Silent>
  void forget_if(Silent silent) {
    State& state = *state_;
    std::vector<uint32_t> gone;
    size_t empty = 0;
    for (uint32_t group = 0; group < state.rows.groups(); ++group) {
      const uint64_t count = state.rows.count(group);
      if (count > 0 && count == state.queue.next(group) && silent(group)) gone.push_back(group);
      if (count == 0) ++empty;
    }
    if (gone.empty()) return;
    for (const uint32_t group : gone) {
      state.answers.forget(group);
      state.rows.forget(group);
    }
    state.queue.forget(gone);
    state.settle();
    empty += gone.size();
    if (state.keys.size() > kCleanAt && empty * 2 > state.keys.size()) forget_numbers();
  }

  // Keys without rows still have their numbers: a state that never knew them takes over.
  void forget_numbers() {
    SnapshotWriter writer;
    save_state(writer);
    const std::string bytes = writer.finish();
    Result<SnapshotReader> reader = SnapshotReader::open(bytes);
    CHECK(reader.has_value());
    state_ = std::make_unique<State>(options_);
    CHECK(load_state(*reader).has_value());
  }

  void save_state(SnapshotWriter& writer) const;
  Status load_state(SnapshotReader& reader);

  const OverOptions options_;
  const std::optional<int64_t> reach_us_;
  WaitingRows waiting_;
  std::unique_ptr<State> state_;
  int64_t expired_at_us_ = 0;
  size_t rows_since_sweep_ = 0;
  // Of the piece at work.
  std::vector<uint32_t> groups_;
  OverTurn turn_;
};

void TimedOver::save_state(SnapshotWriter& writer) const {
  const State& state = *state_;
  std::vector<uint32_t> groups;
  for (uint32_t group = 0; group < state.rows.groups(); ++group) {
    if (state.rows.count(group) > 0) groups.push_back(group);
  }
  writer.u64(groups.size());
  for (const ColumnPtr& column : state.keys.gather(groups)) writer.column(*column);
  for (const uint32_t group : groups) {
    writer.i64(reach_us_ ? state.last_times[group] : INT64_MIN);
    writer.i64(options_.ttl_us > 0 ? state.touched_us[group] : 0);
  }
  state.answers.save(groups, state.rows.save(groups, writer), writer);
  state.queue.save(groups, writer);
}

Status TimedOver::load_state(SnapshotReader& reader) {
  State& state = *state_;
  const uint64_t count = TRY(reader.count(16));
  std::vector<ColumnPtr> keys;
  for (const Type& type : key_types(options_)) {
    keys.push_back(TRY(reader.column(type)));
    if (keys.back()->size() != count) {
      return Error(ErrorCode::kCorruptData, "a partition has no key");
    }
  }
  std::vector<uint32_t> groups(count);
  state.keys.intern(keys, count, groups.data());
  for (const uint32_t group : groups) {
    const int64_t last_time = TRY(reader.i64());
    const int64_t touched_us = TRY(reader.i64());
    if (reach_us_) {
      grow_to(state.last_times, group + 1, INT64_MIN);
      state.last_times[group] = last_time;
    }
    if (options_.ttl_us > 0) {
      grow_to(state.touched_us, group + 1);
      state.touched_us[group] = touched_us;
    }
  }
  TRY(state.rows.load(groups, reader));
  const size_t rows = state.rows.rows();
  TRY(state.answers.load(groups, rows, reader));
  TRY(state.queue.load(groups, reader));
  state.settle();
  return {};
}

}  // namespace

std::unique_ptr<Operator> make_timed_over(OverOptions options) {
  return std::make_unique<TimedOver>(std::move(options));
}

}  // namespace velo
