// Windows of whole panes that show themselves when they fire: TUMBLE, HOP, CUMULATE. Those that
// show refinements before: window_changes.cc.
//
// 1. A batch's rows become group numbers and evaluated inputs (GroupInput).
// 2. Every row is folded once, into its pane (WindowStore). A batch whose earliest and latest row
//    share a pane is folded in one go, else row lists per pane are.
// 3. A row that may be late (its time is not after the watermark in force when it came) first lets
//    fire what that watermark fires, then is folded alone: so the result is that of a batch per
//    row.
// 4. A window fires when the watermark reaches its last step; it is the merge of its panes. A late
//    row within ALLOWED LATENESS corrects the windows that have fired: they are compared before and
//    after it.
// Invariant: windows with end ≤ fired_end_ have fired; panes all of whose windows are closed are
// gone.
#include "operator/window_aggregate.h"

#include <algorithm>

#include "operator/group_results.h"
#include "operator/late_rows.h"
#include "operator/small_windows.h"
#include "operator/window_columns.h"
#include "operator/window_results.h"
#include "state/pane_runs.h"
#include "state/window_store.h"

namespace velo {
namespace {

constexpr size_t kGroupsBeforeCleaning = 8192;
constexpr size_t kShownBeforeOrder = 4;

/// The least and the greatest time. Four of each, so that no comparison waits for the one before.
std::pair<int64_t, int64_t> range_of(std::span<const int64_t> times) {
  constexpr size_t kLanes = 4;
  int64_t least[kLanes];
  int64_t greatest[kLanes];
  std::fill_n(least, kLanes, times[0]);
  std::fill_n(greatest, kLanes, times[0]);
  const size_t whole = times.size() / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      least[lane] = std::min(least[lane], times[i + lane]);
      greatest[lane] = std::max(greatest[lane], times[i + lane]);
    }
  }
  for (size_t i = whole; i < times.size(); ++i) {
    least[0] = std::min(least[0], times[i]);
    greatest[0] = std::max(greatest[0], times[i]);
  }
  return {*std::min_element(least, least + kLanes), *std::max_element(greatest, greatest + kLanes)};
}

class WindowAggregate final : public Operator {
 public:
  explicit WindowAggregate(WindowAggregateOptions options)
      : options_(std::move(options)),
        step_us_(options_.input->fields()[options_.time_column].type.step_us()),
        input_(options_.keys, options_.aggregates, static_cast<int>(options_.time_column),
               options_.retractable),
        store_(&input_.layout(), options_.window),
        rows_(options_.output),
        small_(options_, &input_.layout()),
        late_(options_.input, options_.time_column, options_.set_column) {}

  void push(size_t, const Batch& given, Output& output) override {
    const Batch* batch = input_.prepare(given, context_, output);
    if (batch == nullptr) return;
    push_rows(*batch, output);
    late_.reject(*batch, output);
  }

  void advance(size_t, int64_t watermark, Output& output) override {
    fire_until(watermark, output);
    close_until(watermark);
    output.advance(watermark);
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("window_aggregate");
    writer.i64(fired_end_);
    writer.i64(closed_end_);
    const std::vector<uint32_t> live = store_.live_groups();
    input_.save_keys(live, writer);
    store_.save(live, writer);
  }

  Status load(SnapshotReader& reader) override {
    TRY(reader.section("window_aggregate"));
    fired_end_ = TRY(reader.i64());
    closed_end_ = TRY(reader.i64());
    std::vector<uint32_t> groups;
    TRY(input_.load_keys(reader, &groups));
    return store_.load(groups, input_.keys().size(), reader);
  }

  std::string explain() const override {
    std::string out = "WindowAggregate " + clock_text() + " keys=[";
    for (size_t k = 0; k < options_.keys.size(); ++k) {
      out += (k > 0 ? ", " : "") + options_.keys[k]->to_string();
    }
    return out + "]";
  }
  const SchemaPtr& output_schema() const override { return options_.output; }
  size_t state_bytes() const override {
    return store_.memory_bytes() + input_.keys().memory_bytes();
  }
  size_t state_rows() const override { return input_.keys().size(); }

 private:
  std::string clock_text() const { return PaneClock(options_.window).to_string(); }
  bool has_fired(int64_t end, int64_t watermark) {
    return watermark == kWatermarkEnd || store_.clock().start_of(end) - step_us_ <= watermark;
  }
  bool is_closed(int64_t end, int64_t watermark) {
    if (watermark == kWatermarkNone) return false;
    const int64_t last = store_.clock().start_of(end) - step_us_;
    int64_t closing;
    return !__builtin_add_overflow(last, options_.lateness_us, &closing) && closing <= watermark;
  }

  // The rows of the prepared batch, in the order of the stream.
  void push_rows(const Batch& batch, Output& output) {
    size_t begin = 0;
    if (batch.watermarks) {
      const ColumnPtr marks = flatten(batch.watermarks);
      const int64_t* watermark = marks->values<int64_t>();
      for (size_t row = 0; row < batch.rows; ++row) {
        if (input_.times()[row] > watermark[row]) continue;
        fold(begin, row);
        fire_until(watermark[row], output);
        fold_late(row, watermark[row]);
        begin = row + 1;
        // An old row and the new one that replaces it make one correction.
        const bool is_half = batch.weight(row) < 0 && begin < batch.rows &&
                             batch.weight(begin) > 0 && watermark[begin] == watermark[row] &&
                             input_.times()[begin] <= watermark[row];
        if (!is_half) emit_corrections(watermark[row], output);
      }
    }
    fold(begin, batch.rows);
  }

  // Folds rows that are late for no window.
  void fold(size_t begin, size_t end) {
    if (begin == end) return;
    const int64_t* times = input_.times();
    const auto [least, greatest] = range_of({times + begin, end - begin});
    const int64_t first = store_.clock().pane_of(least);
    const int64_t last = store_.clock().pane_of(greatest);
    if (first == last) {
      store_.fold(first, input_.prepared(), input_.rows(begin, end - begin), input_.keys().size());
      return;
    }
    runs_.sort(store_.clock(), times, begin, end, first, last);
    for (const PaneRuns::Run& run : runs_.runs()) {
      FoldRows rows = input_.rows(0, run.rows.size());
      rows.list = run.rows.data();
      store_.fold(run.pane, input_.prepared(), rows, input_.keys().size());
    }
  }

  void fold_late(size_t row, int64_t watermark) {
    PaneClock& clock = store_.clock();
    const int64_t pane = clock.pane_of(input_.times()[row]);
    bool wanted = false;
    for (auto end = clock.next_end(pane, INT64_MIN); end; end = clock.next_end(pane, *end)) {
      if (is_closed(*end, watermark)) {
        late_.add(static_cast<uint32_t>(row), watermark, clock.start_of(clock.window_start(*end)),
                  clock.start_of(*end));
      } else {
        wanted = true;
      }
    }
    if (!wanted) return;
    const uint32_t group = input_.groups()[row];
    capture(pane, {&group, 1}, watermark);
    store_.fold(pane, input_.prepared(), input_.rows(row, 1), input_.keys().size());
  }

  // Remembers how the rows of the groups look in all windows of a pane that have fired and are
  // open.
  void capture(int64_t pane, std::span<const uint32_t> groups, int64_t watermark) {
    PaneClock& clock = store_.clock();
    for (auto end = clock.next_end(pane, INT64_MIN); end; end = clock.next_end(pane, *end)) {
      if (*end > fired_end_) break;
      if (is_closed(*end, watermark)) continue;
      corrections_.capture(*end, groups, [this](int64_t window, std::span<const uint32_t> which) {
        RowErrors errors;  // a result that failed was not given
        return results_now(window, which, errors);
      });
    }
  }

  GroupResults results_now(int64_t window, std::span<const uint32_t> groups, RowErrors& errors) {
    const GroupStates states = store_.combine(window, groups);
    std::vector<uint32_t> all(groups.size());
    for (uint32_t i = 0; i < all.size(); ++i) all[i] = i;
    GroupResults results{.exists = {}, .columns = states.results(all, errors)};
    for (uint32_t i : all) results.exists.push_back(states.count(i) > 0 ? 1 : 0);
    for (const RowError& error : errors.rows()) results.exists[error.row] = 0;
    return results;
  }

  void emit_corrections(int64_t watermark, Output& output) {
    corrections_.flush(
        [&](int64_t window, std::span<const uint32_t> groups, const GroupResults& before) {
          RowErrors errors;
          const GroupResults after = results_now(window, groups, errors);
          rows_.emit_changes(input_.keys(), groups, {before, after, watermark}, errors,
                             window_values(window), output);
        });
  }

  std::vector<Scalar> window_values(int64_t end) {
    PaneClock& clock = store_.clock();
    return window_columns(options_, clock.start_of(clock.window_start(end)), clock.start_of(end));
  }

  void fire_until(int64_t watermark, Output& output) {
    if (watermark == kWatermarkNone) return;
    for (auto end = store_.next_end(fired_end_); end && has_fired(*end, watermark);
         end = store_.next_end(fired_end_)) {
      emit_window(*end, output);
      fired_end_ = *end;
      if (options_.lateness_us == 0) store_.drop_through(fired_end_);
    }
    small_.emit(input_.keys(), output);
    // Windows without rows have fired too: a late row that another window still takes must not
    // bring them back.
    int64_t fired;
    if (watermark == kWatermarkEnd || __builtin_add_overflow(watermark, step_us_, &fired)) return;
    fired_end_ = std::max(fired_end_, store_.clock().pane_of(fired));
  }

  void emit_window(int64_t end, Output& output) {
    const WindowStore::Window shown = store_.combine(end);
    results_.show(shown, input_.keys());
    if (!results_.in_order() && shown.sparse == nullptr) shown_out_of_order_ += results_.size();
    if (results_.chunks() == 0) return;
    if (small_.takes(results_.size())) {
      PaneClock& clock = store_.clock();
      small_.add(store_, shown, results_.groups(0), results_.slots(0),
                 clock.start_of(clock.window_start(end)), clock.start_of(end));
      results_.skip();
      if (small_.full()) small_.emit(input_.keys(), output);
      return;
    }
    small_.emit(input_.keys(), output);
    const std::vector<Scalar> window = window_values(end);
    for (size_t chunk = 0; chunk < results_.chunks(); ++chunk) {
      RowErrors errors;
      GroupResults results{.exists = {}, .columns = results_.columns(store_, shown, chunk, errors)};
      rows_.emit(input_.keys(), results_.groups(chunk), std::move(results), errors, window, output);
    }
  }

  // Forgets panes whose windows take no more rows, and keys that no pane holds.
  void close_until(int64_t watermark) {
    if (watermark == kWatermarkNone) return;
    if (options_.lateness_us > 0) {
      auto open = store_.next_end(closed_end_);
      while (open && is_closed(*open, watermark)) {
        closed_end_ = *open;
        store_.drop_through(closed_end_);
        open = store_.next_end(closed_end_);
      }
    }
    if (input_.keys().size() < clean_at_) return put_in_order();
    std::vector<uint32_t> live = store_.live_groups();
    if (live.size() * 2 < input_.keys().size()) {
      input_.keys().order(live);
      renumber(std::move(live));
    }
    clean_at_ = std::max<size_t>(kGroupsBeforeCleaning, input_.keys().size() * 2);
  }

  // Groups whose numbers are in the order of their keys are shown in one go. They are numbered anew
  // for that when so many were shown the slow way that it is worth it.
  void put_in_order() {
    if (shown_out_of_order_ <= kShownBeforeOrder * input_.keys().size() * (1 + store_.panes())) {
      return;
    }
    renumber(input_.keys().ascending());
  }

  // Keeps these groups, which are in the order of their keys.
  void renumber(std::vector<uint32_t> groups) {
    const std::vector<uint32_t> numbers = input_.keep_only(groups);
    store_.renumber(groups, numbers, input_.keys().size());
    rows_ = ResultRows(options_.output);
    results_.forget();
    shown_out_of_order_ = 0;
  }

  WindowAggregateOptions options_;
  int64_t step_us_;
  GroupInput input_;
  WindowStore store_;
  ResultRows rows_;
  SmallWindows small_;  // empty but while windows fire
  LateRows late_;
  PendingChanges corrections_;  // empty between rows
  int64_t fired_end_ = INT64_MIN;
  int64_t closed_end_ = INT64_MIN;
  size_t clean_at_ = kGroupsBeforeCleaning;
  uint64_t shown_out_of_order_ = 0;  // results, since the groups were numbered last
  PaneRuns runs_;
  WindowResults results_;
};

}  // namespace

std::unique_ptr<Operator> make_window_aggregate(WindowAggregateOptions options) {
  CHECK(options.window.kind != WindowKind::kSession);
  if (options.emit.mode != EmitMode::kFinal) return make_window_changes(std::move(options));
  return std::make_unique<WindowAggregate>(std::move(options));
}

}  // namespace velo
