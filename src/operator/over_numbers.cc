// Aggregates whose states follow from numbers:
//
// 1. Of rows that come, the numbers that aggregates read go to the block of their partition, each
//    once however many aggregates read it.
// 2. Rows are answered partition by partition, each aggregate in one go along the numbers
//    (FrameStates).
// 3. How many rows of a frame count follows from its ends, less those that are left out (NULL, or
//    FILTER): nothing is kept of that as long as none is.
#include <algorithm>
#include <numeric>

#include "column/column_builder.h"
#include "operator/over_aggregates.h"
#include "operator/over_blocks.h"
#include "state/frame_states.h"

namespace velo {
namespace {

bool counts(const Component& component) {
  return component.kind == AccumulatorKind::kRowCount ||
         component.kind == AccumulatorKind::kCountValid;
}

/// How many rows are left out.
struct LeftOutRule {  // a row can be taken out: no states beside the rows
  struct State {
    int64_t rows = 0;
  };
  using Input = OneInput<uint8_t>;
  static void add(State& s, const Input& in, size_t row) { s.rows += in.values[row] == 0 ? 1 : 0; }
  static void merge(State& s, const State& other) { s.rows += other.rows; }
  static void unmerge(State& s, const State& other) { s.rows -= other.rows; }
  void output(const State* states, std::span<const uint32_t> slots,
              std::vector<ColumnPtr>* out) const {
    ColumnBuilder builder(Type::bigint(), slots.size());
    for (const uint32_t slot : slots) builder.append_int64(states[slot].rows);
    out->push_back(builder.finish());
  }
};

class Numbers final : public OverAggregates {
 public:
  Numbers(OverAggregatesOptions options, const OverRows& rows)
      : options_(std::move(options)),
        rows_(rows),
        layout_({}, options_.aggregates, false),
        blocks_({}, {}) {
    for (size_t c = 0; c < layout_.components().size(); ++c) read_by(c);
    std::vector<size_t> widths;
    for (const Stored& stored : stored_) widths.push_back(stored.bytes);
    widths.resize(stored_.size() + masks_.size(), 0);
    std::vector<FrameStates::Room> states;
    for (const Reader& reader : readers_) {
      states.push_back(reader.frames ? reader.frames->room() : FrameStates::Room());
    }
    blocks_ = OverBlocks(widths, states);
  }

  void arrive(const Batch& rows, EvaluationContext& context) override;
  std::vector<ColumnPtr> answer(const OverTurn& turn, const OverSpans& spans, EvaluationContext&,
                                RowErrors& errors) override;

  uint64_t low(uint32_t group, const OverNextFrame&) const override { return low_of(group); }
  void forget_rows(std::span<const uint32_t>) override {}
  void forget(uint32_t group) override {
    if (group >= places_.size()) return;
    places_[group] = FramePlace();
    blocks_.forget(group);
    each_frames([group](FrameStates& frames) { frames.forget(group); });
  }
  void settle() override { blocks_.settle(); }
  void clear() override {
    places_.clear();
    each_frames([](FrameStates& frames) { frames.clear(); });
  }

  void save(std::span<const uint32_t> groups, std::span<const uint32_t> handles,
            SnapshotWriter& writer) const override;
  Status load(std::span<const uint32_t> groups, size_t rows, SnapshotReader& reader) override;
  StateBytes memory_bytes() const override {
    StateBytes bytes = blocks_.memory_bytes() + runs_.memory_bytes();
    bytes.keys += places_.capacity() * sizeof(FramePlace);
    each_frames([&bytes](const FrameStates& frames) { bytes.keys += frames.memory_bytes(); });
    return bytes;
  }

 private:
  static constexpr size_t kRunsAhead = 8;

  /// A column that is kept: an input of that component.
  struct Stored {
    size_t component;
    size_t input;
    size_t bytes;
  };
  /// Which rows count, for all components with these inputs and this filter: a byte each once there
  /// are some that do not.
  struct Mask {
    size_t component;
    bool active = false;
    std::unique_ptr<FrameStates> left_out =
        std::make_unique<FixedFrames<LeftOutRule>>(LeftOutRule());
  };
  /// How a component reads what is kept. Without `frames` it counts.
  struct Reader {
    std::unique_ptr<FrameStates> frames;
    size_t columns[2];  // numbers in stored_
    size_t inputs;
    size_t mask;
  };

  uint64_t low_of(uint32_t group) const {
    if (group >= places_.size()) return 0;
    const FramePlace& place = places_[group];
    return options_.starts_with_partition ? place.entered : std::min(place.start, place.entered);
  }
  /// Of what is kept of a row.
  size_t row_bytes() const {
    size_t bytes = 0;
    for (const Stored& stored : stored_) bytes += stored.bytes;
    for (const Mask& mask : masks_) bytes += mask.active ? 1 : 0;
    return bytes;
  }
  Status load_rows(uint32_t group, SnapshotReader& reader);
  /// Calls visit(run, its rows) for every run, and before that expect(group) some time earlier.
  template <typename Expect, typename Visit>
  static void each_run(const GroupRuns& all, Expect expect, Visit visit) {
    const std::vector<GroupRuns::Run>& runs = all.runs();
    for (size_t i = 0; i < runs.size(); ++i) {
      if (i + kRunsAhead < runs.size()) expect(runs[i + kRunsAhead].group);
      visit(runs[i], all.rows(runs[i]));
    }
  }
  void read_by(size_t component);
  size_t stored_column(size_t component, size_t input);
  size_t mask_of(size_t component);
  void activate_masks();
  void resize_groups();
  void append(uint32_t group, std::span<const uint32_t> rows);
  FrameRows frame_rows(uint32_t group, const Reader& reader, size_t state);
  FrameRows mask_rows(uint32_t group, size_t mask);
  void answer_run(uint32_t group, std::span<const uint32_t> which, const OverSpans& spans);
  ColumnPtr count_column(const OverSpans& spans, const Mask* mask) const;
  std::vector<ColumnPtr> finalise(const OverSpans& spans, RowErrors& errors);
  std::byte* scratch(size_t state, uint32_t group);
  size_t mask_column(size_t mask) const { return stored_.size() + mask; }
  template <typename Visit>
  void each_frames(Visit visit) const {
    for (const Reader& reader : readers_) {
      if (reader.frames) visit(*reader.frames);
    }
    for (const Mask& mask : masks_) visit(*mask.left_out);
  }
  /// Calls visit(first byte, bytes per row) for every column that is kept.
  template <typename Visit>
  void each_column(uint32_t group, Visit visit) const {
    for (size_t i = 0; i < stored_.size(); ++i) visit(blocks_.values(group, i), stored_[i].bytes);
    for (size_t i = 0; i < masks_.size(); ++i) {
      if (masks_[i].active) visit(blocks_.values(group, mask_column(i)), size_t{1});
    }
  }

  OverAggregatesOptions options_;
  const OverRows& rows_;
  AggregateLayout layout_;
  AggregateLayout::Prepared prepared_;
  std::vector<Stored> stored_;
  std::vector<Mask> masks_;
  std::vector<Reader> readers_;  // by component
  std::vector<FramePlace> places_;
  OverBlocks blocks_;
  GroupRuns runs_;
  std::vector<uint32_t> all_;  // 0, 1, 2 …
  std::vector<std::vector<std::max_align_t>>
      scratch_;  // whole partitions: states of the one at work
};

void Numbers::read_by(size_t component) {
  const Component& read = layout_.components()[component];
  Reader reader{nullptr, {}, 0, mask_of(component)};
  if (!counts(read)) {
    reader.frames = make_accumulator(read, false)->frames();
    reader.inputs = read.inputs.size();
    for (size_t i = 0; i < reader.inputs; ++i) reader.columns[i] = stored_column(component, i);
  }
  readers_.push_back(std::move(reader));
}

size_t Numbers::stored_column(size_t component, size_t input) {
  const ExprPtr& wanted = layout_.components()[component].inputs[input];
  for (size_t i = 0; i < stored_.size(); ++i) {
    if (*layout_.components()[stored_[i].component].inputs[stored_[i].input] == *wanted) return i;
  }
  stored_.push_back({component, input, physical_width(wanted->type().physical())});
  return stored_.size() - 1;
}

size_t Numbers::mask_of(size_t component) {
  const Component& wanted = layout_.components()[component];
  for (size_t i = 0; i < masks_.size(); ++i) {
    Component other = layout_.components()[masks_[i].component];
    other.kind = wanted.kind;
    if (other.same_state(wanted)) return i;
  }
  masks_.push_back({component});
  return masks_.size() - 1;
}

void Numbers::resize_groups() {
  grow_to(places_, rows_.groups());
  if (!options_.whole) blocks_.resize(rows_.groups());
}

void Numbers::activate_masks() {
  for (size_t i = 0; i < masks_.size(); ++i) {
    Mask& mask = masks_[i];
    const bool leaves_out = prepared_.components[mask.component].mask != nullptr;
    if (options_.whole) {
      mask.active = leaves_out;
    } else if (leaves_out && !mask.active) {
      mask.active = true;
      blocks_.widen_values(mask_column(i), 1, 1);
    }
  }
}

void Numbers::arrive(const Batch& rows, EvaluationContext& context) {
  RowErrors errors;
  layout_.prepare(rows, context, errors, &prepared_);
  resize_groups();
  activate_masks();
  if (options_.whole) return;
  each_run(
      rows_.taken_runs(), [this](uint32_t group) { blocks_.prefetch(group, rows_.count(group)); },
      [this](const GroupRuns::Run& run, std::span<const uint32_t> taken) {
        append(run.group, taken);
      });
}

void Numbers::append(uint32_t group, std::span<const uint32_t> rows) {
  const uint64_t end = rows_.count(group);
  const uint64_t begin = end - rows.size();
  blocks_.reserve(group, low_of(group), begin, end);
  const size_t at = begin - blocks_.base(group);
  for (size_t i = 0; i < stored_.size(); ++i) {
    const Stored& stored = stored_[i];
    const Column& column = *prepared_.components[stored.component].columns[stored.input];
    scatter(column, rows, stored.bytes, blocks_.values(group, i) + at * stored.bytes);
  }
  for (size_t i = 0; i < masks_.size(); ++i) {
    if (!masks_[i].active) continue;
    const uint8_t* mask = prepared_.components[masks_[i].component].mask;
    std::byte* to = blocks_.values(group, mask_column(i)) + at;
    for (size_t k = 0; k < rows.size(); ++k) to[k] = std::byte{mask ? mask[rows[k]] : uint8_t{1}};
  }
}

// Room for the states of the only partition at work.
std::byte* Numbers::scratch(size_t state, uint32_t group) {
  scratch_.resize(readers_.size());
  const FrameStates::Room room_of = readers_[state].frames->room();
  const size_t size = suffixes_of(rows_.count(group), room_of.rows) * room_of.bytes;
  std::vector<std::max_align_t>& room = scratch_[state];
  room.resize(std::max(room.size(), size / sizeof(std::max_align_t) + 1));
  return reinterpret_cast<std::byte*>(room.data());
}

FrameRows Numbers::frame_rows(uint32_t group, const Reader& reader, size_t state) {
  FrameRows rows = mask_rows(group, reader.mask);
  rows.mask = static_cast<const uint8_t*>(rows.columns[0]);
  rows.columns[0] = nullptr;
  if (options_.whole) {
    const size_t begin = rows_.handle(group, 0);
    for (size_t i = 0; i < reader.inputs; ++i) {
      const Stored& stored = stored_[reader.columns[i]];
      const Column& column = *prepared_.components[stored.component].columns[stored.input];
      rows.columns[i] = column.values<std::byte>() + begin * stored.bytes;
    }
    rows.suffixes = scratch(state, group);
    return rows;
  }
  for (size_t i = 0; i < reader.inputs; ++i) {
    rows.columns[i] = blocks_.values(group, reader.columns[i]);
  }
  rows.suffixes = blocks_.states(group, state);
  return rows;
}

// The mask as a column; null if all rows count.
FrameRows Numbers::mask_rows(uint32_t group, size_t mask) {
  FrameRows rows;
  if (!options_.whole) rows.base = blocks_.base(group);
  if (!masks_[mask].active) return rows;
  if (options_.whole) {
    rows.columns[0] = prepared_.components[masks_[mask].component].mask + rows_.handle(group, 0);
  } else {
    rows.columns[0] = blocks_.values(group, mask_column(mask));
  }
  return rows;
}

void Numbers::answer_run(uint32_t group, std::span<const uint32_t> which, const OverSpans& spans) {
  const uint64_t* starts = spans.starts.data();
  const uint64_t* ends = spans.ends.data();
  FramePlace& place = places_[group];
  for (size_t c = 0; c < readers_.size(); ++c) {
    const Reader& reader = readers_[c];
    if (!reader.frames) continue;
    const FrameRows rows = frame_rows(group, reader, c);
    reader.frames->answer(group, rows, place, which, starts, ends);
  }
  for (size_t m = 0; m < masks_.size(); ++m) {
    if (!masks_[m].active) continue;
    masks_[m].left_out->answer(group, mask_rows(group, m), place, which, starts, ends);
  }
  for (const uint32_t i : which) {
    place.move_to(starts[i], ends[i]);
  }
  if (!options_.whole) blocks_.trim(group, low_of(group), rows_.count(group));
}

std::vector<ColumnPtr> Numbers::answer(const OverTurn& turn, const OverSpans& spans,
                                       EvaluationContext&, RowErrors& errors) {
  resize_groups();
  each_frames([&](FrameStates& frames) { frames.resize(rows_.groups(), turn.size()); });
  const bool as_taken = !options_.whole && rows_.taken_runs().are_of(turn.groups);
  if (!as_taken) runs_.sort(turn.groups, rows_.groups());
  each_run(
      as_taken ? rows_.taken_runs() : runs_,
      [this](uint32_t group) {
        if (!options_.whole) blocks_.prefetch(group, places_[group].start);
      },
      [&](const GroupRuns::Run& run, std::span<const uint32_t> which) {
        answer_run(run.group, which, spans);
      });
  while (all_.size() < turn.size()) all_.push_back(static_cast<uint32_t>(all_.size()));
  std::vector<ColumnPtr> columns = finalise(spans, errors);
  each_frames([](FrameStates& frames) { frames.drop_answers(); });
  return columns;
}

ColumnPtr Numbers::count_column(const OverSpans& spans, const Mask* mask) const {
  const size_t rows = spans.starts.size();
  std::vector<ColumnPtr> left_out;
  if (mask != nullptr) mask->left_out->output({all_.data(), rows}, &left_out);
  ColumnBuilder builder(Type::bigint(), rows);
  int64_t* to = builder.extend<int64_t>(rows);
  for (size_t i = 0; i < rows; ++i) {
    to[i] =
        spans.starts[i] < spans.ends[i] ? static_cast<int64_t>(spans.ends[i] - spans.starts[i]) : 0;
    if (mask != nullptr) to[i] -= left_out[0]->int64_at(i);
  }
  builder.added(rows);
  return builder.finish();
}

std::vector<ColumnPtr> Numbers::finalise(const OverSpans& spans, RowErrors& errors) {
  const size_t rows = spans.starts.size();
  const ColumnPtr all_rows = count_column(spans, nullptr);
  std::vector<std::vector<ColumnPtr>> outputs(readers_.size());
  for (size_t c = 0; c < readers_.size(); ++c) {
    const Reader& reader = readers_[c];
    const Mask& mask = masks_[reader.mask];
    if (reader.frames) {
      reader.frames->output({all_.data(), rows}, &outputs[c]);
    } else {
      outputs[c].push_back(mask.active ? count_column(spans, &mask) : all_rows);
    }
  }
  std::vector<ColumnPtr> columns;
  std::vector<ColumnPtr> parts;
  for (size_t a = 0; a < options_.aggregates.size(); ++a) {
    parts.clear();
    for (const AggregateLayout::Part& part : layout_.parts(a)) {
      if (part.component < 0) {
        parts.push_back(all_rows);
        continue;
      }
      const std::vector<ColumnPtr>& output = outputs[static_cast<size_t>(part.component)];
      parts.insert(parts.end(), output.begin(), output.end());
    }
    columns.push_back(finalise_aggregate(options_.aggregates[a], parts, rows, errors));
  }
  return columns;
}

void Numbers::save(std::span<const uint32_t> groups, std::span<const uint32_t>,
                   SnapshotWriter& writer) const {
  uint64_t rows = 0;
  for (const uint32_t group : groups) {
    const FramePlace place = group < places_.size() ? places_[group] : FramePlace();
    writer.u64(place.start);
    writer.u64(place.mid);
    writer.u64(place.entered);
    rows += rows_.count(group) - low_of(group);
  }
  each_frames([&](const FrameStates& frames) { frames.save(groups, writer); });
  for (const Mask& mask : masks_) writer.u8(mask.active ? 1 : 0);
  if (row_bytes() == 0) return;
  writer.u64(rows);
  for (const uint32_t group : groups) {
    const size_t held = rows_.count(group) - low_of(group);
    each_column(group, [&](const std::byte* values, size_t bytes) {
      writer.raw(values + (low_of(group) - blocks_.base(group)) * bytes, held * bytes);
    });
  }
}

Status Numbers::load(std::span<const uint32_t> groups, size_t, SnapshotReader& reader) {
  const Error misfit(ErrorCode::kCorruptData, "the states of a frame do not fit its rows");
  resize_groups();
  each_frames([&](FrameStates& frames) { frames.resize(rows_.groups(), 0); });
  uint64_t expected = 0;
  for (const uint32_t group : groups) {
    FramePlace& place = places_[group];
    place.start = TRY(reader.u64());
    place.mid = TRY(reader.u64());
    place.entered = TRY(reader.u64());
    const bool in_order = place.start <= place.entered && place.mid <= place.entered;
    if (!in_order || place.entered > rows_.count(group)) return misfit;
    expected += rows_.count(group) - low_of(group);
  }
  for (const Reader& read : readers_) {
    if (read.frames) TRY(read.frames->load(groups, reader));
  }
  for (const Mask& mask : masks_) TRY(mask.left_out->load(groups, reader));
  for (size_t i = 0; i < masks_.size(); ++i) {
    masks_[i].active = TRY(reader.u8()) != 0;
    if (!masks_[i].active) continue;
    blocks_.widen_values(mask_column(i), 1, 1);
  }
  if (row_bytes() > 0) {
    const uint64_t rows = TRY(reader.count(row_bytes()));
    if (rows != expected) return misfit;
  }
  for (const uint32_t group : groups) TRY(load_rows(group, reader));
  return {};
}

Status Numbers::load_rows(uint32_t group, SnapshotReader& reader) {
  const uint64_t first = low_of(group);
  const size_t held = rows_.count(group) - first;
  blocks_.reserve(group, first, first, rows_.count(group));
  Status read;
  each_column(group, [&](std::byte* values, size_t bytes) {
    if (read.has_value()) read = reader.raw(values, held * bytes);
  });
  TRY(std::move(read));
  for (size_t c = 0; c < readers_.size(); ++c) {
    if (!readers_[c].frames) continue;
    readers_[c].frames->load_front(frame_rows(group, readers_[c], c), places_[group]);
  }
  for (size_t m = 0; m < masks_.size(); ++m) {
    if (masks_[m].active) masks_[m].left_out->load_front(mask_rows(group, m), places_[group]);
  }
  return {};
}

}  // namespace

bool follows_from_numbers(const Aggregate& aggregate) {
  return std::all_of(
      aggregate.components.begin(), aggregate.components.end(), [](const Component& component) {
        return counts(component) || make_accumulator(component, false)->frames() != nullptr;
      });
}

std::unique_ptr<OverAggregates> make_number_aggregates(OverAggregatesOptions options,
                                                       const OverRows& rows) {
  return std::make_unique<Numbers>(std::move(options), rows);
}

}  // namespace velo
