// One state per partition, which rows enter with weight +1 and leave with −1:
//
// 1. For the rows of a turn it is listed, with nothing but indexes, which rows enter and leave
//    before each of them is answered. Their inputs are gathered and evaluated once.
// 2. Rows are answered in waves that have no partition twice: what enters, what leaves, then the
//    answers of all of the wave.
// Invariant: the state of a partition holds its rows [left, entered).
#include <algorithm>
#include <numeric>
#include <utility>

#include "operator/over_aggregates.h"
#include "operator/over_inputs.h"

namespace velo {
namespace {

constexpr size_t kCompactBytesMin = size_t{1} << 20;
constexpr size_t kTurnsPerLook = 64;

class Sliding final : public OverAggregates {
 public:
  Sliding(OverAggregatesOptions options, const OverRows& rows)
      : options_(std::move(options)),
        rows_(rows),
        layout_({}, options_.aggregates, !options_.starts_with_partition),
        states_(&layout_),
        inputs_(options_.schema, &layout_, rows) {}

  void arrive(const Batch&, EvaluationContext&) override {}
  std::vector<ColumnPtr> answer(const OverTurn& turn, const OverSpans& spans,
                                EvaluationContext& context, RowErrors& errors) override;

  uint64_t low(uint32_t group, const OverNextFrame&) const override { return low_of(group); }
  void forget_rows(std::span<const uint32_t>) override {}
  void forget(uint32_t group) override {
    if (group >= places_.size()) return;
    places_[group] = Place();
    states_.clear(std::span(&group, 1));
  }
  void clear() override {
    places_.clear();
    states_.clear_all();
  }

  void save(std::span<const uint32_t> groups, std::span<const uint32_t>,
            SnapshotWriter& writer) const override {
    std::vector<uint32_t> known;
    for (const uint32_t group : groups) {
      const Place place = group < places_.size() ? places_[group] : Place();
      writer.u64(place.left);
      writer.u64(place.entered);
      writer.u8(group < places_.size() ? 1 : 0);
      if (group < places_.size()) known.push_back(group);
    }
    states_.save(known, writer);
  }
  Status load(std::span<const uint32_t> groups, size_t, SnapshotReader& reader) override {
    places_.resize(rows_.groups());
    states_.resize(places_.size());
    std::vector<uint32_t> known;
    for (const uint32_t group : groups) {
      Place& place = places_[group];
      place.left = TRY(reader.u64());
      place.entered = TRY(reader.u64());
      const uint8_t has_state = TRY(reader.u8());
      if (has_state != 0) known.push_back(group);
      if (place.left > place.entered || place.entered > rows_.count(group) ||
          low_of(group) < rows_.first(group)) {
        return Error(ErrorCode::kCorruptData, "the states of a frame do not fit its rows");
      }
    }
    return states_.load(known, reader);
  }
  // States hold values of rows; from the partition's start on they are all that is kept of keys.
  StateBytes memory_bytes() const override {
    const size_t places = places_.capacity() * sizeof(Place);
    const size_t states = states_.memory_bytes();
    return options_.starts_with_partition ? StateBytes{places + states, 0}
                                          : StateBytes{places, states};
  }

 private:
  struct Place {
    uint64_t left = 0;
    uint64_t entered = 0;
  };
  /// What happens before a row of the turn is answered: places in `moved_`.
  struct Step {
    uint32_t begin;  ///< first of those that enter
    uint32_t leave;  ///< first of those that leave
    uint32_t end;
    uint32_t wave;
  };

  uint64_t low_of(uint32_t group) const {
    if (group >= places_.size()) return 0;
    const Place& place = places_[group];
    return options_.starts_with_partition ? place.entered : place.left;
  }
  void list_steps(const OverTurn& turn, const OverSpans& spans);
  void sort_into_waves();
  void fold(const OverTurn& turn, std::span<const uint32_t> wave, bool entering);
  void look_at_memory();

  OverAggregatesOptions options_;
  const OverRows& rows_;
  AggregateLayout layout_;
  GroupStates states_;  // by group
  KeptInputs inputs_;
  std::vector<Place> places_;
  size_t bytes_after_compaction_ = 0;
  size_t turns_ = 0;

  // Of the turn at work; kept for their memory.
  std::vector<Step> steps_;         // by row of the turn
  std::vector<uint32_t> moved_;     // partitions of rows that enter or leave
  std::vector<uint64_t> indexes_;   // theirs in them
  std::vector<uint32_t> seen_;      // by group, all 0 between turns
  std::vector<uint32_t> in_waves_;  // rows of the turn, wave by wave
  std::vector<uint32_t> wave_ends_;
  const AggregateLayout::Prepared* prepared_ = nullptr;  // of all of `moved_`
  AggregateLayout::Prepared part_;                       // of one fold
  std::vector<uint32_t> part_places_;
  std::vector<uint32_t> slots_;
  std::vector<int64_t> times_;
  std::vector<int64_t> minus_;
};

void Sliding::list_steps(const OverTurn& turn, const OverSpans& spans) {
  grow_to(places_, rows_.groups());
  states_.resize(places_.size());
  seen_.resize(places_.size(), 0);
  steps_.clear(), moved_.clear(), indexes_.clear();
  const auto move = [&](uint32_t group, uint64_t begin, uint64_t end) {
    for (uint64_t index = begin; index < end; ++index) {
      moved_.push_back(group);
      indexes_.push_back(index);
    }
  };
  for (size_t i = 0; i < turn.size(); ++i) {
    const uint32_t group = turn.groups[i];
    Place& place = places_[group];
    const uint64_t start = spans.starts[i];
    const uint64_t end = spans.ends[i];
    Step step{static_cast<uint32_t>(moved_.size()), 0, 0, seen_[group]++};
    const bool apart = start >= place.entered;  // nothing of what entered stays
    const uint64_t first = std::max(place.entered, std::min(start, end));
    move(group, first, end);
    step.leave = static_cast<uint32_t>(moved_.size());
    move(group, place.left, std::min(start, place.entered));
    step.end = static_cast<uint32_t>(moved_.size());
    place.left = std::max(place.left, start);
    place.entered = std::max(apart ? start : place.entered, end);
    place.left = std::min(place.left, place.entered);
    steps_.push_back(step);
  }
  for (const uint32_t group : turn.groups) seen_[group] = 0;
}

void Sliding::sort_into_waves() {
  wave_ends_.clear();
  for (const Step& step : steps_) {
    if (step.wave == wave_ends_.size()) wave_ends_.push_back(0);
    ++wave_ends_[step.wave];
  }
  uint32_t begin = 0;
  for (uint32_t& end : wave_ends_) begin += std::exchange(end, begin);
  in_waves_.resize(steps_.size());
  for (uint32_t i = 0; i < steps_.size(); ++i) in_waves_[wave_ends_[steps_[i].wave]++] = i;
}

void Sliding::fold(const OverTurn& turn, std::span<const uint32_t> wave, bool entering) {
  part_places_.clear(), slots_.clear(), times_.clear();
  for (const uint32_t i : wave) {
    const Step& step = steps_[i];
    const uint32_t begin = entering ? step.begin : step.leave;
    const uint32_t end = entering ? step.leave : step.end;
    for (uint32_t at = begin; at < end; ++at) {
      part_places_.push_back(at);
      slots_.push_back(turn.groups[i]);
      times_.push_back(static_cast<int64_t>(indexes_[at]));
    }
  }
  const size_t rows = part_places_.size();
  if (rows == 0) return;
  part_.components.resize(prepared_->components.size());
  for (size_t c = 0; c < part_.components.size(); ++c) {
    const AggregateLayout::Prepared::Inputs& all = prepared_->components[c];
    AggregateLayout::Prepared::Inputs& part = part_.components[c];
    part.columns.clear();
    for (const ColumnPtr& column : all.columns)
      part.columns.push_back(gather(column, part_places_));
    part.mask_storage.clear();
    for (size_t i = 0; all.mask != nullptr && i < rows; ++i) {
      part.mask_storage.push_back(all.mask[part_places_[i]]);
    }
    part.mask = part.mask_storage.empty() ? nullptr : part.mask_storage.data();
  }
  if (!entering) minus_.resize(std::max(minus_.size(), rows), -1);
  part_.weight_values = entering ? nullptr : minus_.data();
  FoldRows folded;
  folded.slots = slots_.data();
  folded.count = rows;
  folded.times = times_.data();
  states_.fold(part_, folded);
}

std::vector<ColumnPtr> Sliding::answer(const OverTurn& turn, const OverSpans& spans,
                                       EvaluationContext& context, RowErrors& errors) {
  list_steps(turn, spans);
  prepared_ = &inputs_.prepare(moved_, indexes_, context);
  sort_into_waves();
  std::vector<std::vector<ColumnPtr>> parts(options_.aggregates.size());
  std::vector<uint32_t> groups;
  size_t begin = 0;
  for (const uint32_t end : wave_ends_) {
    const std::span<const uint32_t> wave{in_waves_.data() + begin, end - begin};
    begin = end;
    fold(turn, wave, true);
    fold(turn, wave, false);
    groups.clear();
    for (const uint32_t i : wave) groups.push_back(turn.groups[i]);
    RowErrors failed;
    std::vector<ColumnPtr> columns = states_.results(groups, failed);
    for (size_t a = 0; a < columns.size(); ++a) parts[a].push_back(std::move(columns[a]));
    for (const RowError& error : failed.raw()) {
      errors.add(wave[error.row], error.code, error.message);
    }
  }
  Selection back(in_waves_.size());
  for (uint32_t at = 0; at < in_waves_.size(); ++at) back[in_waves_[at]] = at;
  std::vector<ColumnPtr> answers;
  for (const std::vector<ColumnPtr>& part : parts) answers.push_back(gather(concat(part), back));
  look_at_memory();
  return answers;
}

// Values that no partition holds any more still have their numbers: states are built anew once
// these may be the greater part.
void Sliding::look_at_memory() {
  if (options_.whole || ++turns_ % kTurnsPerLook != 0) return;
  if (states_.memory_bytes() < std::max(kCompactBytesMin, bytes_after_compaction_ * 2)) return;
  std::vector<uint32_t> all(states_.size());
  std::iota(all.begin(), all.end(), uint32_t{0});
  SnapshotWriter writer;
  states_.save(all, writer);
  const std::string bytes = writer.finish();
  Result<SnapshotReader> reader = SnapshotReader::open(bytes);
  CHECK(reader.has_value());
  GroupStates fresh(&layout_);
  fresh.resize(states_.size());
  CHECK(fresh.load(all, *reader).has_value());
  states_ = std::move(fresh);
  bytes_after_compaction_ = states_.memory_bytes();
}

}  // namespace

std::unique_ptr<OverAggregates> make_sliding_aggregates(OverAggregatesOptions options,
                                                        const OverRows& rows) {
  return std::make_unique<Sliding>(std::move(options), rows);
}

}  // namespace velo
