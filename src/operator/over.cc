// Aggregates over the last n rows of a key, n merges and folds per row apart from how large n is.
//
// 1. Rows wait until the watermark reaches them; what it releases is sorted by (time, arrival).
// 2. The rows of a key are cut into blocks of n. A key has n + 1 slots of state: slot p holds row p
//    of the block alone once it has come, and until then what the rows p … n-1 of the block before
//    come to; the last slot holds all rows of the block so far.
// 3. The frame of row p is the block so far and, of the block before, the rows p+1 … n-1: two
// slots.
//    When a block is full its slots are merged from the back, each into the one before it.
//    (van Herk 1992; Gil and Werman 1993: two passes per block give every window of length n.)
// 4. Rows are taken in waves with no key twice, so that each step is one call for all of a wave.
// Invariant: slot p of a key, p ≥ `place`, is of the block before; `full` says whether there is
// one.
#include "operator/over.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/fmt.h"
#include "operator/group_input.h"
#include "operator/late_rows.h"
#include "operator/reject_rows.h"

namespace velo {
namespace {

constexpr size_t kRowsPerBatch = 4096;

class Over final : public Operator {
 public:
  explicit Over(OverOptions options)
      : options_(std::move(options)),
        frame_(options_.preceding ? *options_.preceding + 1 : 0),
        input_(options_.partition, options_.aggregates, static_cast<int>(options_.time_column),
               false),
        states_(&input_.layout()),
        results_(&input_.layout()),
        late_(options_.input, options_.time_column) {
    CHECK(frame_ <= kOverPrecedingMax + 1);
  }

  void push(size_t, const Batch& given, Output& output) override {
    CHECK(!given.weights, "OVER takes no retractions");
    Selection good = on_time(given, output);
    if (good.empty()) return;
    Batch batch = good.size() == given.rows ? given : gather(given, good);
    batch.watermarks = nullptr;
    hold(std::move(batch));
  }

  void advance(size_t, int64_t watermark, Output& output) override {
    if (watermark != kWatermarkNone) {
      const Batch released = release(watermark);
      for (size_t begin = 0; begin < released.rows; begin += kRowsPerBatch) {
        const size_t rows = std::min(kRowsPerBatch, released.rows - begin);
        give(rows == released.rows ? released : slice(released, begin, rows), output);
      }
    }
    output.advance(watermark);
  }

  void save(SnapshotWriter& writer) const override;
  Status load(SnapshotReader& reader) override;

  std::string explain() const override {
    std::string text = "Over keys=[";
    for (size_t k = 0; k < options_.partition.size(); ++k) {
      text += (k > 0 ? ", " : "") + options_.partition[k]->to_string();
    }
    return text + (frame_ == 0 ? "] all rows before" : fmt::format("] {} rows", frame_));
  }
  const SchemaPtr& output_schema() const override { return options_.output; }
  size_t state_rows() const override { return held_rows_ + states_.size(); }
  size_t state_bytes() const override {
    size_t bytes = states_.memory_bytes() + input_.keys().memory_bytes();
    for (const Held& held : held_) bytes += held.batch.memory_bytes();
    return bytes;
  }

 private:
  struct Held {
    Batch batch;
    ColumnPtr times;  // flat
    int64_t least;
    int64_t greatest;
  };
  /// Of a key: where its next row stands in the block, and whether there was a block before.
  struct Place {
    uint32_t at = 0;
    bool full = false;
  };

  const ColumnPtr& time_of(const Batch& batch) const { return batch.columns[options_.time_column]; }
  size_t slots_per_key() const { return frame_ == 0 ? 1 : frame_ + 1; }
  uint32_t slot(uint32_t group, size_t place) const {
    return static_cast<uint32_t>(group * slots_per_key() + place);
  }

  Selection on_time(const Batch& batch, Output& output);
  Held held_of(Batch batch) const;
  void hold(Batch batch);
  Batch release(int64_t watermark);
  Batch in_order(std::vector<Batch> parts) const;
  void give(const Batch& batch, Output& output);
  void sort_into_waves(size_t rows);
  void take_wave(std::span<const uint32_t> rows);
  void take_bounded(std::span<const uint32_t> rows);
  void close_blocks();
  void fold(std::span<const uint32_t> rows, const std::vector<uint32_t>& slots);

  OverOptions options_;
  size_t frame_;  // rows; 0 = all before
  GroupInput input_;
  GroupStates states_;
  std::vector<Place> places_;  // by group
  GroupStates results_;        // by row of the batch
  LateRows late_;
  std::vector<Held> held_;
  size_t held_rows_ = 0;

  // Of the batch being given; kept for their memory.
  std::vector<uint32_t> waves_;      // rows, wave by wave
  std::vector<uint32_t> wave_ends_;  // in waves_
  std::vector<uint32_t> wave_of_;    // by row
  std::vector<uint32_t> seen_;       // by group: rows of this batch so far
  std::vector<uint32_t> own_slots_;  // by row
  std::vector<uint32_t> sum_slots_;  // by row
  std::vector<uint32_t> from_, to_;  // for merges
  std::vector<uint32_t> full_groups_;
};

// The rows that are not late and have a time; the others are rejected.
Selection Over::on_time(const Batch& batch, Output& output) {
  const ColumnPtr times = flatten(time_of(batch));
  const ColumnPtr marks = batch.watermarks ? flatten(batch.watermarks) : nullptr;
  Selection good, without;
  for (uint32_t row = 0; row < batch.rows; ++row) {
    const int64_t time = times->values<int64_t>()[row];
    if (times->is_null(row)) {
      without.push_back(row);
    } else if (marks && time <= marks->values<int64_t>()[row]) {
      late_.add(row, marks->values<int64_t>()[row], time, time);
    } else {
      good.push_back(row);
    }
  }
  if (!without.empty()) {
    output.reject({RejectReason::kNoTime, gather(batch, without), "the event time is NULL"});
  }
  late_.reject(batch, output);
  return good;
}

Over::Held Over::held_of(Batch batch) const {
  Held held{std::move(batch), nullptr, INT64_MAX, INT64_MIN};
  held.times = flatten(time_of(held.batch));
  const int64_t* times = held.times->values<int64_t>();
  for (size_t row = 0; row < held.batch.rows; ++row) {
    held.least = std::min(held.least, times[row]);
    held.greatest = std::max(held.greatest, times[row]);
  }
  return held;
}

void Over::hold(Batch batch) {
  held_rows_ += batch.rows;
  held_.push_back(held_of(std::move(batch)));
}

// Takes out the rows with time ≤ watermark. Batches are about in order, so few both stay and go.
Batch Over::release(int64_t watermark) {
  std::vector<Batch> parts;
  std::vector<Held> staying;
  for (Held& held : held_) {
    if (held.greatest <= watermark) {
      parts.push_back(std::move(held.batch));
      continue;
    }
    if (held.least <= watermark) {
      const int64_t* times = held.times->values<int64_t>();
      Selection go, stay;
      for (uint32_t row = 0; row < held.batch.rows; ++row) {
        (times[row] <= watermark ? go : stay).push_back(row);
      }
      parts.push_back(gather(held.batch, go));
      held = held_of(gather(held.batch, stay));
    }
    staying.push_back(std::move(held));
  }
  held_ = std::move(staying);
  Batch released = in_order(std::move(parts));
  held_rows_ -= released.rows;
  return released;
}

// All rows by (time, arrival).
Batch Over::in_order(std::vector<Batch> parts) const {
  if (parts.empty()) return Batch{options_.input, 0, {}, nullptr, nullptr};
  Batch all = parts.size() == 1 ? std::move(parts[0]) : concat(parts);
  const ColumnPtr column = flatten(time_of(all));
  const int64_t* times = column->values<int64_t>();
  if (std::is_sorted(times, times + all.rows)) return all;
  Selection order(all.rows);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [times](uint32_t a, uint32_t b) { return times[a] < times[b]; });
  return gather(all, order);
}

void Over::give(const Batch& batch, Output& output) {
  const Batch* rows = input_.prepare(batch, context_, output);
  if (rows == nullptr) return;
  const size_t groups = input_.keys().size();
  places_.resize(groups);
  states_.resize(groups * slots_per_key());
  results_.resize(rows->rows);
  sort_into_waves(rows->rows);
  size_t begin = 0;
  for (const uint32_t end : wave_ends_) {
    take_wave({waves_.data() + begin, end - begin});
    begin = end;
  }
  std::vector<uint32_t> all(rows->rows);
  std::iota(all.begin(), all.end(), 0u);
  RowErrors errors;
  std::vector<ColumnPtr> columns = results_.results(all, errors);
  Batch out{options_.output, rows->rows, rows->columns, nullptr, nullptr};
  for (ColumnPtr& column : columns) out.columns.push_back(std::move(column));
  if (!errors.empty()) {
    Selection good;
    reject_failed_rows(*rows, errors, output, &good);
    if (good.empty()) return;
    out = gather(out, good);
  }
  output.emit(std::move(out));
}

// Wave w: of every key its w-th row of the batch.
void Over::sort_into_waves(size_t rows) {
  const std::vector<uint32_t>& groups = input_.groups();
  seen_.assign(input_.keys().size(), 0);
  wave_of_.resize(rows);
  wave_ends_.clear();
  for (size_t row = 0; row < rows; ++row) {
    const uint32_t wave = seen_[groups[row]]++;
    if (wave == wave_ends_.size()) wave_ends_.push_back(0);
    wave_of_[row] = wave;
    ++wave_ends_[wave];
  }
  uint32_t begin = 0;
  for (uint32_t& end : wave_ends_) begin += std::exchange(end, begin);
  waves_.resize(rows);
  for (uint32_t row = 0; row < rows; ++row) waves_[wave_ends_[wave_of_[row]]++] = row;
}

void Over::fold(std::span<const uint32_t> rows, const std::vector<uint32_t>& slots) {
  FoldRows folded = input_.rows(0, rows.size());
  folded.slots = slots.data();
  folded.list = rows.data();
  states_.fold(input_.prepared(), folded);
}

void Over::take_wave(std::span<const uint32_t> rows) {
  if (frame_ != 0) return take_bounded(rows);
  const std::vector<uint32_t>& groups = input_.groups();
  fold(rows, groups);
  from_.clear();
  for (const uint32_t row : rows) from_.push_back(groups[row]);
  results_.assign(states_, rows, from_);
}

void Over::take_bounded(std::span<const uint32_t> rows) {
  const std::vector<uint32_t>& groups = input_.groups();
  own_slots_.resize(groups.size());
  sum_slots_.resize(groups.size());
  from_.clear();
  for (const uint32_t row : rows) {
    own_slots_[row] = slot(groups[row], places_[groups[row]].at);
    sum_slots_[row] = slot(groups[row], frame_);
    from_.push_back(own_slots_[row]);
  }
  states_.clear(from_);
  fold(rows, own_slots_);
  fold(rows, sum_slots_);
  for (size_t i = 0; i < rows.size(); ++i) from_[i] = sum_slots_[rows[i]];
  results_.assign(states_, rows, from_);
  from_.clear();
  to_.clear();
  full_groups_.clear();
  for (const uint32_t row : rows) {
    Place& place = places_[groups[row]];
    if (++place.at == frame_) {
      full_groups_.push_back(groups[row]);
    } else if (place.full) {
      to_.push_back(row);
      from_.push_back(slot(groups[row], place.at));
    }
  }
  if (!to_.empty()) results_.merge(states_, to_, from_);
  if (!full_groups_.empty()) close_blocks();
}

// Each slot of a full block becomes what it and all after it come to; the next block begins.
void Over::close_blocks() {
  from_.resize(full_groups_.size());
  to_.resize(full_groups_.size());
  for (size_t place = frame_ - 1; place-- > 0;) {
    for (size_t i = 0; i < full_groups_.size(); ++i) {
      to_[i] = slot(full_groups_[i], place);
      from_[i] = to_[i] + 1;
    }
    states_.merge(states_, to_, from_);
  }
  for (size_t i = 0; i < full_groups_.size(); ++i) {
    to_[i] = slot(full_groups_[i], frame_);
    places_[full_groups_[i]] = {0, true};
  }
  states_.clear(to_);
}

void Over::save(SnapshotWriter& writer) const {
  writer.section("over");
  std::vector<uint32_t> groups(places_.size());
  std::iota(groups.begin(), groups.end(), 0u);
  input_.save_keys(groups, writer);
  std::vector<uint32_t> slots(groups.size() * slots_per_key());
  std::iota(slots.begin(), slots.end(), 0u);
  states_.save(slots, writer);
  for (const Place& place : places_) {
    writer.u32(place.at);
    writer.u8(place.full ? 1 : 0);
  }
  std::vector<Batch> parts;
  for (const Held& held : held_) parts.push_back(held.batch);
  writer.u64(held_rows_);
  if (held_rows_ == 0) return;
  const Batch all = concat(parts);
  for (const ColumnPtr& column : all.columns) writer.column(*column);
}

Status Over::load(SnapshotReader& reader) {
  TRY(reader.section("over"));
  std::vector<uint32_t> groups;
  TRY(input_.load_keys(reader, &groups));
  const size_t keys = input_.keys().size();
  places_.resize(keys);
  states_.resize(keys * slots_per_key());
  std::vector<uint32_t> slots;
  for (const uint32_t group : groups) {
    for (size_t place = 0; place < slots_per_key(); ++place) slots.push_back(slot(group, place));
  }
  TRY(states_.load(slots, reader));
  for (const uint32_t group : groups) {
    places_[group].at = TRY(reader.u32());
    places_[group].full = TRY(reader.u8()) != 0;
    if (places_[group].at >= std::max<size_t>(frame_, 1)) {
      return Error(ErrorCode::kCorruptData, "a key stands behind its frame");
    }
  }
  const uint64_t rows = TRY(reader.u64());
  Batch all{options_.input, rows, {}, nullptr, nullptr};
  if (all.rows == 0) return {};
  for (const Field& field : options_.input->fields()) {
    all.columns.push_back(TRY(reader.column(field.type)));
    if (all.columns.back()->size() != all.rows) {
      return Error(ErrorCode::kCorruptData, "a row that waits has no value");
    }
  }
  hold(std::move(all));
  return {};
}

}  // namespace

std::unique_ptr<Operator> make_over(OverOptions options) {
  return std::make_unique<Over>(std::move(options));
}

}  // namespace velo
