// Windows of whole panes that show refinements before they fire: EMIT CHANGES and EMIT EVERY.
//
// 1. A batch's rows become group numbers and evaluated inputs (GroupInput).
// 2. Every row is given its cells, one for each window that it lies in (WindowCells). A cell that
// is
//    touched for the first time since the last emission becomes pending, and what it shows is
//    noted.
// 3. The rows are folded, layer by layer: layer j holds the j-th window of every row.
// 4. An emission compares what every pending cell showed with what it shows now: all cells of all
//    windows at once, by window and then in the order in which they were touched.
// 5. A row that may be late first has its watermark's windows fire, then is handled alone: so the
//    result is that of a batch per row. It is dropped from the windows that are closed.
// 6. Where every change is asked for ('emit.coalesce' = 'none'), rows are folded in rounds such
// that
//    no cell changes twice in one, with a look at the results after each; what comes out is put
//    back into the order of the rows.
// So a batch costs rows × windows per row folds and one comparison per changed cell, whatever the
// number of panes, groups and windows.
// Invariant: windows with end ≤ fired_end_ have fired, those with end ≤ closed_end_ are gone.
#include <algorithm>

#include "column/column_builder.h"
#include "operator/cell_results.h"
#include "operator/group_input.h"
#include "operator/late_rows.h"
#include "operator/window_aggregate.h"
#include "operator/window_columns.h"
#include "state/window_cells.h"

namespace velo {
namespace {

constexpr size_t kRowsPerBatch = 4096;
constexpr size_t kGroupsBeforeCleaning = 8192;
constexpr uint32_t kNotPending = UINT32_MAX;

class WindowChanges final : public Operator {
 public:
  explicit WindowChanges(WindowAggregateOptions options)
      : options_(std::move(options)),
        step_us_(options_.input->fields()[options_.time_column].type.step_us()),
        input_(options_.keys, options_.aggregates, static_cast<int>(options_.time_column),
               options_.retractable),
        clock_(options_.window),
        cells_(&input_.layout()),
        late_(options_.input, options_.time_column, options_.set_column),
        pace_(options_.emit.every_us) {}

  void push(size_t, const Batch& given, Output& output) override {
    const Batch* batch = input_.prepare(given, context_, output);
    if (batch == nullptr) return;
    push_rows(*batch, output);
    late_.reject(*batch, output);
  }

  void advance(size_t, int64_t watermark, Output& output) override {
    fire_until(watermark, output);
    clean_keys();
    output.advance(watermark);
  }

  void tick(int64_t now_us, Output& output) override {
    if (options_.emit.mode == EmitMode::kEvery && pace_.is_time(now_us)) emit_all(output);
  }

  void save(SnapshotWriter& writer) const override;
  Status load(SnapshotReader& reader) override;

  std::string explain() const override {
    std::string out = "WindowAggregate " + PaneClock(options_.window).to_string() + " keys=[";
    for (size_t k = 0; k < options_.keys.size(); ++k) {
      out += (k > 0 ? ", " : "") + options_.keys[k]->to_string();
    }
    return out + "]";
  }
  const SchemaPtr& output_schema() const override { return options_.output; }
  size_t state_bytes() const override {
    return cells_.memory_bytes() + input_.keys().memory_bytes();
  }
  size_t state_rows() const override { return input_.keys().size(); }

 private:
  using Window = WindowCells::Window;
  /// Cells that changed: what they showed and what they show, as numbers in some CellResults.
  struct Changed {
    std::vector<uint32_t> slots;
    std::vector<int64_t> ends;  // of their windows
    std::vector<uint32_t> before;
    std::vector<uint32_t> after;
  };

  bool by_row() const {
    return options_.emit.mode == EmitMode::kChanges && !options_.emit.coalesce;
  }
  void push_rows(const Batch& batch, Output& output);
  void find_windows(int64_t time);
  void take(size_t row);
  void take_late(size_t row, int64_t watermark);
  void fold(Output& output);
  void fold_layer(const std::vector<uint32_t>& rows, const std::vector<uint32_t>& slots);
  void fold_each(Output& output);
  int64_t last_end(int64_t watermark, int64_t more_us);
  void fire_until(int64_t watermark, Output& output);
  void take_pending(Window& window, Changed* changed);
  void emit_all(Output& output);
  void emit_due(int64_t fired, int64_t closed, Output& output);
  void emit_pending(Changed& changed, Output& output);
  void emit(const Changed& changed, const CellResults& results, const CellFailures& failures,
            Output& output);
  void reject_failed(const Changed& changed, const std::vector<ColumnPtr>& columns,
                     const CellFailures& failures, Output& output);
  Batch assemble(const Changed& changed, std::span<const uint32_t> rows,
                 std::vector<ColumnPtr> aggregates);
  void clean_keys();

  WindowAggregateOptions options_;
  int64_t step_us_;
  GroupInput input_;
  PaneClock clock_;
  WindowCells cells_;
  LateRows late_;
  int64_t fired_end_ = INT64_MIN;
  int64_t closed_end_ = INT64_MIN;
  int64_t passed_ = kWatermarkNone;  // the watermark that windows have fired by
  EmitPace pace_;
  size_t clean_at_ = kGroupsBeforeCleaning;

  // Pending cells.
  CellResults shown_;  // at the last emission, in the order in which cells became pending
  std::vector<uint32_t> shown_at_;  // by slot: where in shown_; kNotPending
  size_t pending_ = 0;

  // The windows that rows with times in [begin, end) lie in: rows of one pane follow each other.
  int64_t windows_begin_us_ = 0;
  int64_t windows_end_us_ = 0;
  std::vector<Window*> windows_;

  // Rows taken and not folded yet: those of layer j, and their cells by row.
  struct Layer {
    std::vector<uint32_t> rows;
    std::vector<uint32_t> slots;
  };
  std::vector<Layer> layers_;
  std::vector<uint32_t> touched_;  // cells that became pending since the last fold
  /// A row on its way into a cell, where every change is shown.
  struct Step {
    uint32_t row;
    uint32_t layer;
    uint32_t slot;
    int64_t end;  // of the window
  };
  std::vector<Step> steps_;
};

void WindowChanges::push_rows(const Batch& batch, Output& output) {
  const ColumnPtr marks = batch.watermarks ? flatten(batch.watermarks) : nullptr;
  const int64_t* watermarks = marks ? marks->values<int64_t>() : nullptr;
  for (size_t row = 0; row < batch.rows; ++row) {
    if (watermarks != nullptr && input_.times()[row] <= watermarks[row]) {
      fold(output);
      fire_until(watermarks[row], output);
      take_late(row, watermarks[row]);
      fold(output);
    } else {
      find_windows(input_.times()[row]);
      take(row);
    }
  }
  fold(output);
  if (options_.emit.mode == EmitMode::kChanges) emit_all(output);
}

void WindowChanges::find_windows(int64_t time) {
  if (time >= windows_begin_us_ && time < windows_end_us_) return;
  const int64_t pane = clock_.pane_of(time);
  windows_begin_us_ = clock_.start_of(pane);
  windows_end_us_ = clock_.start_of(pane + 1);
  windows_.clear();
  for (auto end = clock_.next_end(pane, INT64_MIN); end; end = clock_.next_end(pane, *end)) {
    windows_.push_back(&cells_.window(*end));
  }
}

// The row's cells in windows_.
void WindowChanges::take(size_t row) {
  const uint32_t group = input_.groups()[row];
  if (layers_.size() < windows_.size()) layers_.resize(windows_.size());
  for (size_t j = 0; j < windows_.size(); ++j) {
    const uint32_t slot = cells_.slot(*windows_[j], group);
    Layer& layer = layers_[j];
    if (layer.slots.size() <= row) layer.slots.resize(std::max(row + 1, layer.slots.size() * 2));
    layer.slots[row] = slot;
    if (by_row()) {
      steps_.push_back(
          {static_cast<uint32_t>(row), static_cast<uint32_t>(j), slot, windows_[j]->end});
    } else {
      layer.rows.push_back(static_cast<uint32_t>(row));
    }
    if (slot >= shown_at_.size()) shown_at_.resize(slot + slot / 2 + 64, kNotPending);
    if (shown_at_[slot] != kNotPending) continue;
    shown_at_[slot] = static_cast<uint32_t>(shown_.size() + touched_.size());
    touched_.push_back(slot);
    if (by_row()) continue;
    windows_[j]->pending.push_back(slot);
    ++pending_;
  }
}

void WindowChanges::take_late(size_t row, int64_t watermark) {
  const int64_t closed = last_end(watermark, -options_.lateness_us);
  const int64_t pane = clock_.pane_of(input_.times()[row]);
  windows_.clear();
  windows_begin_us_ = windows_end_us_ = 0;
  for (auto end = clock_.next_end(pane, INT64_MIN); end; end = clock_.next_end(pane, *end)) {
    if (*end > closed) {
      windows_.push_back(&cells_.window(*end));
    } else {
      late_.add(static_cast<uint32_t>(row), watermark, clock_.start_of(clock_.window_start(*end)),
                clock_.start_of(*end));
    }
  }
  take(row);
}

void WindowChanges::fold_layer(const std::vector<uint32_t>& list,
                               const std::vector<uint32_t>& slots) {
  GroupStates& states = cells_.states();
  FoldRows rows = input_.rows(0, list.size());
  rows.slots = slots.data();
  rows.list = list.data();
  states.fold(input_.prepared(), rows);
  if (input_.prepared().weight_values == nullptr) return;
  // A cell whose last row was taken back: rounding errors of its sums must not outlive it.
  for (uint32_t row : list) {
    const uint32_t slot = slots[row];
    if (states.count(slot) == 0) states.clear({&slot, 1});
  }
}

void WindowChanges::fold(Output& output) {
  cells_.grow();
  if (by_row()) return fold_each(output);
  shown_.add(cells_.states(), touched_);
  touched_.clear();
  for (Layer& layer : layers_) {
    if (layer.rows.empty()) break;  // the later ones are as well
    fold_layer(layer.rows, layer.slots);
    layer.rows.clear();
  }
}

void WindowChanges::fold_each(Output& output) {
  if (steps_.empty()) return;
  CellResults results;
  results.add(cells_.states(), touched_);
  // By touched cell: the round of its next step, and the number of its present result.
  std::vector<uint32_t> round(touched_.size(), 0);
  std::vector<uint32_t> present(touched_.size());
  for (uint32_t t = 0; t < present.size(); ++t) present[t] = t;
  std::vector<std::vector<uint32_t>> rounds;
  for (uint32_t i = 0; i < steps_.size(); ++i) {
    const uint32_t in = round[shown_at_[steps_[i].slot]]++;
    if (in == rounds.size()) rounds.emplace_back();
    rounds[in].push_back(i);
  }
  Changed changed;
  changed.before.resize(steps_.size());
  changed.after.resize(steps_.size());
  CellFailures failures;
  std::vector<uint32_t> slots;
  for (const std::vector<uint32_t>& steps : rounds) {
    slots.clear();
    auto next = static_cast<uint32_t>(results.size());
    for (uint32_t i : steps) {
      const Step& step = steps_[i];
      layers_[step.layer].rows.push_back(step.row);
      slots.push_back(step.slot);
      uint32_t& now = present[shown_at_[step.slot]];
      changed.before[i] = std::exchange(now, next);
      changed.after[i] = next++;
    }
    for (Layer& layer : layers_) {
      if (layer.rows.empty()) continue;
      fold_layer(layer.rows, layer.slots);
      layer.rows.clear();
    }
    results.add(cells_.states(), slots, &failures);
  }
  for (const Step& step : steps_) {
    changed.slots.push_back(step.slot);
    changed.ends.push_back(step.end);
  }
  for (uint32_t slot : touched_) shown_at_[slot] = kNotPending;
  touched_.clear();
  steps_.clear();
  emit(changed, results, failures, output);
}

// The last window whose end comes no later than the watermark's next step and `more_us`.
int64_t WindowChanges::last_end(int64_t watermark, int64_t more_us) {
  if (watermark == kWatermarkEnd) return INT64_MAX;
  int64_t time;
  if (__builtin_add_overflow(watermark, step_us_ + more_us, &time)) {
    return more_us < 0 ? INT64_MIN : INT64_MAX;
  }
  return clock_.pane_of(time);
}

void WindowChanges::fire_until(int64_t watermark, Output& output) {
  if (watermark == kWatermarkNone) return;
  const int64_t fired = last_end(watermark, 0);
  const int64_t closed = last_end(watermark, -options_.lateness_us);
  if (pending_ > 0) emit_due(fired, closed, output);
  fired_end_ = std::max(fired_end_, fired);
  passed_ = std::max(passed_, watermark);
  if (closed <= closed_end_) return;
  closed_end_ = closed;
  windows_begin_us_ = windows_end_us_ = 0;
  cells_.drop_through(closed);
}

void WindowChanges::take_pending(Window& window, Changed* changed) {
  for (uint32_t slot : window.pending) {
    changed->slots.push_back(slot);
    changed->before.push_back(std::exchange(shown_at_[slot], kNotPending));
    changed->ends.push_back(window.end);
  }
  pending_ -= window.pending.size();
  window.pending.clear();
}

void WindowChanges::emit_all(Output& output) {
  if (pending_ == 0) return;
  Changed changed;
  for (auto& [end, window] : cells_.windows()) take_pending(window, &changed);
  emit_pending(changed, output);
  shown_.clear();
}

// What was held back of windows that fire now, or close. Corrections in between keep the interval.
void WindowChanges::emit_due(int64_t fired, int64_t closed, Output& output) {
  Changed changed;
  for (auto& [end, window] : cells_.windows()) {
    if (end > fired || pending_ == 0) break;
    if (end <= closed || end > fired_end_) take_pending(window, &changed);
  }
  if (!changed.slots.empty()) emit_pending(changed, output);
  if (pending_ == 0) shown_.clear();
}

void WindowChanges::emit_pending(Changed& changed, Output& output) {
  const CellResults::Mark mark = shown_.mark();
  for (size_t i = 0; i < changed.slots.size(); ++i) {
    changed.after.push_back(static_cast<uint32_t>(mark.size + i));
  }
  CellFailures failures;
  shown_.add(cells_.states(), changed.slots, &failures);
  emit(changed, shown_, failures, output);
  shown_.back_to(mark);
}

void WindowChanges::emit(const Changed& changed, const CellResults& results,
                         const CellFailures& failures, Output& output) {
  const std::vector<ColumnPtr> columns = results.columns();
  if (!failures.numbers.empty()) reject_failed(changed, columns, failures, output);
  std::vector<uint32_t> rows;    // per output row: its place in `changed`
  std::vector<uint32_t> picked;  // per output row: the number of its result
  ColumnBuilder weights(Type::bigint(), 2 * changed.slots.size());
  bool only_inserts = true;
  for (uint32_t i = 0; i < changed.slots.size(); ++i) {
    const uint32_t before = changed.before[i];
    const uint32_t after = changed.after[i];
    const bool existed = results.exists(before);
    const bool exists = results.exists(after);
    bool same = existed == exists;
    for (size_t c = 0; same && existed && c < columns.size(); ++c) {
      same = rows_equal(*columns[c], results.row(before), *columns[c], results.row(after));
    }
    if (same) continue;
    if (existed) {
      rows.push_back(i);
      picked.push_back(results.row(before));
      weights.append_int64(-1);
      only_inserts = false;
    }
    if (exists) {
      rows.push_back(i);
      picked.push_back(results.row(after));
      weights.append_int64(1);
    }
  }
  if (rows.empty()) return;
  std::vector<ColumnPtr> aggregates;
  // First rows of new cells: everything that is kept, in order.
  bool all = picked.size() == results.kept();
  for (uint32_t i = 0; all && i < picked.size(); ++i) all = picked[i] == i;
  for (const ColumnPtr& column : columns) {
    aggregates.push_back(all ? column : gather(column, picked));
  }
  Batch batch = assemble(changed, rows, std::move(aggregates));
  if (!only_inserts) batch.weights = weights.finish();
  // Corrections of what has fired are late for those who window the results again.
  if (options_.lateness_us > 0 && passed_ != kWatermarkNone) {
    batch.watermarks = constant_column(Scalar::of(passed_), batch.rows);
  }
  for (size_t begin = 0; begin < batch.rows;) {
    size_t end = std::min(batch.rows, begin + kRowsPerBatch);
    if (end < batch.rows && rows[end] == rows[end - 1]) --end;  // old and new stay together
    output.emit(slice(batch, begin, end - begin));
    begin = end;
  }
}

void WindowChanges::reject_failed(const Changed& changed, const std::vector<ColumnPtr>& columns,
                                  const CellFailures& failures, Output& output) {
  Selection bad;
  std::vector<uint32_t> picked;
  const std::vector<uint32_t>& numbers = failures.numbers;
  for (uint32_t i = 0; i < changed.slots.size(); ++i) {
    const auto at = std::lower_bound(numbers.begin(), numbers.end(), changed.after[i]);
    if (at == numbers.end() || *at != changed.after[i]) continue;
    bad.push_back(i);
    picked.push_back(failures.rows[static_cast<size_t>(at - numbers.begin())]);
  }
  std::vector<ColumnPtr> aggregates;
  for (const ColumnPtr& column : columns) aggregates.push_back(gather(column, picked));
  output.reject(
      {RejectReason::kError, assemble(changed, bad, std::move(aggregates)), failures.message});
}

Batch WindowChanges::assemble(const Changed& changed, std::span<const uint32_t> rows,
                              std::vector<ColumnPtr> aggregates) {
  const Type& time = options_.input->fields()[options_.time_column].type;
  std::vector<uint32_t> groups;
  groups.reserve(rows.size());
  ColumnBuilder starts(time, rows.size());
  ColumnBuilder ends(time, rows.size());
  ColumnBuilder times(time, rows.size());
  int64_t window = INT64_MIN;
  int64_t start_us = 0;
  int64_t end_us = 0;
  for (uint32_t i : rows) {
    groups.push_back(cells_.group_of(changed.slots[i]));
    if (changed.ends[i] != window) {
      window = changed.ends[i];
      start_us = clock_.start_of(clock_.window_start(window));
      end_us = clock_.start_of(window);
    }
    starts.append_int64(start_us);
    ends.append_int64(end_us);
    times.append_int64(end_us - kMillisecond);
  }
  Batch batch{.schema = options_.output,
              .rows = rows.size(),
              .columns = input_.keys().gather(groups),
              .weights = nullptr,
              .watermarks = nullptr};
  if (options_.with_start) batch.columns.push_back(starts.finish());
  if (options_.with_end) batch.columns.push_back(ends.finish());
  if (options_.with_time) batch.columns.push_back(times.finish());
  for (ColumnPtr& column : aggregates) batch.columns.push_back(std::move(column));
  return batch;
}

// Forgets keys that no open window holds.
void WindowChanges::clean_keys() {
  if (input_.keys().size() < clean_at_ || pending_ > 0) return;
  const std::vector<uint32_t> live = cells_.live_groups();
  if (live.size() * 2 < input_.keys().size()) cells_.renumber(live, input_.keep_only(live));
  clean_at_ = std::max<size_t>(kGroupsBeforeCleaning, input_.keys().size() * 2);
}

void WindowChanges::save(SnapshotWriter& writer) const {
  writer.section("window_changes");
  writer.i64(fired_end_);
  writer.i64(closed_end_);
  writer.i64(passed_);
  pace_.save(writer);
  const std::vector<uint32_t> live = cells_.live_groups();
  input_.save_keys(live, writer);
  cells_.save(live, writer);
  // Pending cells: their places among the cells of their windows, and what they showed.
  std::vector<uint32_t> shown;
  for (const auto& [end, window] : cells_.windows()) {
    writer.u64(window.pending.size());
    for (uint32_t slot : window.pending) {
      writer.u32(window.groups.find(cells_.group_of(slot)));
      writer.u8(shown_.exists(shown_at_[slot]) ? 1 : 0);
      shown.push_back(shown_.exists(shown_at_[slot]) ? shown_.row(shown_at_[slot]) : 0);
    }
  }
  if (shown.empty()) return;
  const std::vector<ColumnPtr> columns = shown_.columns();
  for (size_t c = 0; c < options_.aggregates.size(); ++c) {
    writer.column(columns.empty()
                      ? *flatten(Column::nulls(options_.aggregates[c].type, shown.size()))
                      : *gather(columns[c], shown));
  }
}

Status WindowChanges::load(SnapshotReader& reader) {
  TRY(reader.section("window_changes"));
  fired_end_ = TRY(reader.i64());
  closed_end_ = TRY(reader.i64());
  passed_ = TRY(reader.i64());
  TRY(pace_.load(reader));
  std::vector<uint32_t> groups;
  TRY(input_.load_keys(reader, &groups));
  TRY(cells_.load(groups, reader));
  shown_at_.assign(cells_.slots(), kNotPending);
  std::vector<uint8_t> exists;
  for (auto& [end, window] : cells_.windows()) {
    const uint64_t n = TRY(reader.count(5));
    for (uint64_t i = 0; i < n; ++i) {
      const uint32_t at = TRY(reader.u32());
      if (at >= window.slots.size() || shown_at_[window.slots[at]] != kNotPending) {
        return Error(ErrorCode::kCorruptData, "a change names no group of its window");
      }
      shown_at_[window.slots[at]] = static_cast<uint32_t>(pending_++);
      window.pending.push_back(window.slots[at]);
      exists.push_back(TRY(reader.u8()));
    }
  }
  if (pending_ == 0) return {};
  std::vector<ColumnPtr> columns;
  for (const Aggregate& aggregate : options_.aggregates) {
    columns.push_back(TRY(reader.column(aggregate.type)));
    if (columns.back()->size() != pending_) {
      return Error(ErrorCode::kCorruptData, "a change has no value");
    }
  }
  shown_.add(exists, std::move(columns));
  return {};
}

}  // namespace

std::unique_ptr<Operator> make_window_changes(WindowAggregateOptions options) {
  return std::make_unique<WindowChanges>(std::move(options));
}

}  // namespace velo
