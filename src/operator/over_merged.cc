// Two stacks, one merge per step:
//
// 1. A row that comes is folded into a state of its own, found by its handle.
// 2. A partition's rows up to `mid` are the front: the state of row j is there what rows j … mid-1
//    come to. The rows from `mid` to `entered` are the back: one state for all of them.
// 3. A frame is the front state of its first row merged with the back.
// 4. When a frame begins behind `mid` the back becomes the front: its rows' states are merged from
//    the last to the first, each into the one before it.
//
// All that happens to states in a turn is a list of merges, worked out with nothing but indexes and
// then done by one call per accumulator. A back that grows is a new state for every step, in slots
// behind those of the rows, so that every row of the turn finds the back as it was for it.
// Invariant: between turns, slot 0 and all slots behind those of the rows are empty.
#include <algorithm>
#include <numeric>

#include "operator/over_aggregates.h"

namespace velo {
namespace {

class Merged final : public OverAggregates {
 public:
  Merged(OverAggregatesOptions options, const OverRows& rows)
      : options_(std::move(options)),
        rows_(rows),
        layout_({}, options_.aggregates, false),
        states_(&layout_),
        backs_(&layout_),
        results_(&layout_) {
    states_.resize(1);
  }

  void arrive(const Batch& rows, EvaluationContext& context) override {
    RowErrors errors;
    layout_.prepare(rows, context, errors, &prepared_);
    states_.resize(row_slots_end());
    const std::span<const uint32_t> handles = rows_.handles();
    slots_.resize(rows.rows);
    for (size_t row = 0; row < rows.rows; ++row) slots_[row] = slot(handles[row]);
    FoldRows folded;
    folded.slots = slots_.data();
    folded.count = rows.rows;
    folded.first_sequence = sequence_;
    sequence_ += rows.rows;
    states_.fold(prepared_, folded);
  }

  std::vector<ColumnPtr> answer(const OverTurn& turn, const OverSpans& spans, EvaluationContext&,
                                RowErrors& errors) override;

  uint64_t low(uint32_t group, const OverNextFrame&) const override { return low_of(group); }
  void forget_rows(std::span<const uint32_t> handles) override {
    slots_.clear();
    for (const uint32_t handle : handles) slots_.push_back(slot(handle));
    states_.clear(slots_);
  }
  void forget(uint32_t group) override {
    if (group >= places_.size()) return;
    places_[group] = Place();
    backs_.clear(std::span(&group, 1));
  }
  void settle() override {
    if (options_.whole || rows_.handle_end() > 0 || states_.size() == 1) return;
    states_ = GroupStates(&layout_);
    states_.resize(1);
  }
  void clear() override {
    places_.clear();
    states_.clear_all();
  }

  void save(std::span<const uint32_t> groups, std::span<const uint32_t> handles,
            SnapshotWriter& writer) const override;
  Status load(std::span<const uint32_t> groups, size_t rows, SnapshotReader& reader) override;
  StateBytes memory_bytes() const override {
    return {backs_.memory_bytes() + places_.capacity() * sizeof(Place), states_.memory_bytes()};
  }

 private:
  static constexpr uint32_t kNothing = 0;          // the slot of the empty state
  static constexpr uint32_t kStored = UINT32_MAX;  // the back is in backs_
  struct Place {
    uint64_t start = 0;  // of the last frame
    uint64_t mid = 0;
    uint64_t entered = 0;
    uint32_t back = kNothing;  // its slot
  };

  uint64_t low_of(uint32_t group) const {
    if (group >= places_.size()) return 0;
    const Place& place = places_[group];
    return options_.starts_with_partition ? place.entered : std::min(place.start, place.entered);
  }
  static uint32_t slot(uint32_t handle) { return handle + 1; }
  uint32_t row_slots_end() const { return rows_.handle_end() + 1; }
  uint32_t slot_of(uint32_t group, uint64_t index) const {
    return slot(rows_.handle(group, index));
  }
  void step(uint32_t group, Place& place, uint64_t start, uint64_t end);
  uint32_t back_slot(uint32_t group, Place& place);
  void merge_into(uint32_t to, uint32_t from) {
    to_.push_back(to);
    from_.push_back(from);
  }
  void store_backs(const OverTurn& turn);

  OverAggregatesOptions options_;
  const OverRows& rows_;
  AggregateLayout layout_;
  AggregateLayout::Prepared prepared_;
  GroupStates states_;   // slot 0: nothing; then rows by handle; then the backs of this turn
  GroupStates backs_;    // by group
  GroupStates results_;  // of this turn
  std::vector<Place> places_;
  uint64_t sequence_ = 0;

  // Of the turn at work; kept for their memory.
  std::vector<uint32_t> slots_;
  std::vector<uint32_t> to_, from_;                // merges in states_
  std::vector<uint32_t> stored_to_, stored_from_;  // backs that are taken from backs_
  std::vector<uint32_t> firsts_, seconds_;         // the two states of a frame
  uint32_t next_ = 0;                              // slot of the next back
};

uint32_t Merged::back_slot(uint32_t group, Place& place) {
  if (place.back != kStored) return place.back;
  stored_to_.push_back(next_);
  stored_from_.push_back(group);
  place.back = next_++;
  return place.back;
}

// Moves a partition on to the frame [start, end), which is not empty.
void Merged::step(uint32_t group, Place& place, uint64_t start, uint64_t end) {
  if (place.entered < start) place = {start, start, start, kNothing};
  place.start = start;
  for (; place.entered < end; ++place.entered) {
    const uint32_t before = back_slot(group, place);
    place.back = next_++;
    if (before != kNothing) merge_into(place.back, before);
    merge_into(place.back, slot_of(group, place.entered));
  }
  if (start <= place.mid) return;
  for (uint64_t index = place.entered - 1; index > start; --index) {
    merge_into(slot_of(group, index - 1), slot_of(group, index));
  }
  place.mid = place.entered;
  place.back = kNothing;
}

std::vector<ColumnPtr> Merged::answer(const OverTurn& turn, const OverSpans& spans,
                                      EvaluationContext&, RowErrors& errors) {
  grow_to(places_, rows_.groups());
  to_.clear(), from_.clear(), stored_to_.clear(), stored_from_.clear();
  firsts_.assign(turn.size(), kNothing);
  seconds_.assign(turn.size(), kNothing);
  next_ = row_slots_end();
  for (size_t i = 0; i < turn.size(); ++i) {
    if (spans.starts[i] >= spans.ends[i]) continue;
    const uint32_t group = turn.groups[i];
    Place& place = places_[group];
    step(group, place, spans.starts[i], spans.ends[i]);
    if (place.start < place.mid) firsts_[i] = slot_of(group, place.start);
    seconds_[i] = back_slot(group, place);
  }
  states_.resize(next_);
  if (!stored_to_.empty()) states_.assign(backs_, stored_to_, stored_from_);
  states_.merge(states_, to_, from_);
  results_.make_anew();
  results_.assign_merged(0, states_, firsts_, states_, seconds_);
  slots_.resize(turn.size());
  std::iota(slots_.begin(), slots_.end(), uint32_t{0});
  std::vector<ColumnPtr> columns = results_.results(slots_, errors);
  if (!options_.whole) store_backs(turn);
  slots_.resize(next_ - row_slots_end());
  std::iota(slots_.begin(), slots_.end(), row_slots_end());
  states_.clear(slots_);
  return columns;
}

void Merged::store_backs(const OverTurn& turn) {
  backs_.resize(places_.size());
  to_.clear(), from_.clear();
  for (const uint32_t group : turn.groups) {
    Place& place = places_[group];
    if (place.back == kNothing || place.back == kStored) continue;
    to_.push_back(group);
    from_.push_back(place.back);
    place.back = kStored;
  }
  backs_.assign(states_, to_, from_);
}

void Merged::save(std::span<const uint32_t> groups, std::span<const uint32_t> handles,
                  SnapshotWriter& writer) const {
  std::vector<uint32_t> slots;
  for (const uint32_t handle : handles) slots.push_back(slot(handle));
  states_.save(slots, writer);
  std::vector<uint32_t> stored;
  for (const uint32_t group : groups) {
    const Place place = group < places_.size() ? places_[group] : Place();
    writer.u64(place.start);
    writer.u64(place.mid);
    writer.u64(place.entered);
    writer.u8(place.back == kStored ? 1 : 0);
    if (place.back == kStored) stored.push_back(group);
  }
  backs_.save(stored, writer);
  writer.u64(sequence_);
}

Status Merged::load(std::span<const uint32_t> groups, size_t rows, SnapshotReader& reader) {
  std::vector<uint32_t> slots(rows);
  std::iota(slots.begin(), slots.end(), slot(0));
  states_.resize(rows + 1);
  TRY(states_.load(slots, reader));
  places_.resize(rows_.groups());
  backs_.resize(places_.size());
  std::vector<uint32_t> stored;
  for (const uint32_t group : groups) {
    Place& place = places_[group];
    place.start = TRY(reader.u64());
    place.mid = TRY(reader.u64());
    place.entered = TRY(reader.u64());
    const uint8_t has_back = TRY(reader.u8());
    if (has_back != 0) stored.push_back(group);
    place.back = has_back != 0 ? kStored : kNothing;
    if (place.mid > place.entered || place.entered > rows_.count(group) ||
        (low_of(group) < rows_.first(group))) {
      return Error(ErrorCode::kCorruptData, "the states of a frame do not fit its rows");
    }
  }
  TRY(backs_.load(stored, reader));
  sequence_ = TRY(reader.u64());
  return {};
}

}  // namespace

bool merges_cheaply(const Aggregate& aggregate) {
  return std::none_of(aggregate.components.begin(), aggregate.components.end(),
                      [](const Component& component) {
                        return component.kind == AccumulatorKind::kDistinct ||
                               component.kind == AccumulatorKind::kHyperLogLog ||
                               component.kind == AccumulatorKind::kValueList;
                      });
}

std::unique_ptr<OverAggregates> make_merged_aggregates(OverAggregatesOptions options,
                                                       const OverRows& rows) {
  return std::make_unique<Merged>(std::move(options), rows);
}

}  // namespace velo
