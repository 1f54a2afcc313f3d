// Windows of whole panes: TUMBLE, HOP, CUMULATE.
//
// 1. A batch's rows become group numbers and evaluated inputs (GroupInput).
// 2. Every row is folded once, into its pane (WindowStore). A batch whose earliest and latest row
// share a pane is
//    folded in one go, else row lists per pane are.
// 3. A row that may be late (its time is not after the watermark in force when it came) first lets
// fire what that
//    watermark fires, then is folded alone: so the result is that of a batch per row.
// 4. A window fires when the watermark reaches its last step; it is the merge of its panes. EMIT
// CHANGES instead
//    compares each touched window before and after a batch; a late row within ALLOWED LATENESS does
//    the same for the windows that have fired.
// Invariant: windows with end ≤ fired_end_ have fired; panes all of whose windows are closed are
// gone.
#include "operator/window_aggregate.h"

#include <algorithm>

#include "operator/group_results.h"
#include "operator/late_rows.h"
#include "operator/window_columns.h"
#include "state/pane_runs.h"
#include "state/window_store.h"

namespace velo {
namespace {

constexpr size_t kRowsPerBatch = 4096;
constexpr size_t kGroupsBeforeCleaning = 8192;

class WindowAggregate final : public Operator {
 public:
  explicit WindowAggregate(WindowAggregateOptions options)
      : options_(std::move(options)),
        step_us_(options_.input->fields()[options_.time_column].type.step_us()),
        input_(options_.keys, options_.aggregates, static_cast<int>(options_.time_column),
               options_.retractable),
        store_(&input_.layout(), options_.window),
        rows_(options_.output),
        late_(options_.input, options_.time_column) {}

  void push(size_t, const Batch& given, Output& output) override {
    const Batch* batch = input_.prepare(given, context_, output);
    if (batch == nullptr) return;
    if (options_.emit.mode == EmitMode::kChanges && !options_.emit.coalesce) {
      for (size_t row = 0; row < batch->rows; ++row) push_rows(*batch, row, row + 1, output);
    } else {
      push_rows(*batch, 0, batch->rows, output);
    }
    late_.reject(*batch, output);
  }

  void advance(size_t, int64_t watermark, Output& output) override {
    fire_until(watermark, output);
    close_until(watermark, output);
    output.advance(watermark);
  }

  void tick(int64_t now_us, Output& output) override {
    if (options_.emit.mode != EmitMode::kEvery) return;
    if (last_emission_us_ != INT64_MIN && now_us - last_emission_us_ < options_.emit.every_us)
      return;
    if (pending_.empty()) return;
    last_emission_us_ = now_us;
    emit_pending(INT64_MAX, output);
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("window_aggregate");
    writer.i64(fired_end_);
    writer.i64(closed_end_);
    writer.i64(last_emission_us_);
    std::vector<uint32_t> live = store_.live_groups();
    pending_.collect_groups(&live);
    std::sort(live.begin(), live.end());
    live.erase(std::unique(live.begin(), live.end()), live.end());
    input_.save_keys(live, writer);
    store_.save(live, writer);
    pending_.save(live, writer);
  }

  Status load(SnapshotReader& reader) override {
    TRY(reader.section("window_aggregate"));
    fired_end_ = TRY(reader.i64());
    closed_end_ = TRY(reader.i64());
    last_emission_us_ = TRY(reader.i64());
    std::vector<uint32_t> groups;
    TRY(input_.load_keys(reader, &groups));
    TRY(store_.load(groups, input_.keys().size(), reader));
    std::vector<Type> types;
    for (const Aggregate& aggregate : options_.aggregates) types.push_back(aggregate.type);
    return pending_.load(groups, types, reader);
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
  bool shows_changes() const { return options_.emit.mode != EmitMode::kFinal; }
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

  // Rows [begin, end) of the prepared batch, in the order of the stream.
  void push_rows(const Batch& batch, size_t begin, size_t end, Output& output) {
    if (!batch.watermarks) {
      fold(begin, end);
    } else {
      const ColumnPtr marks = flatten(batch.watermarks);
      const int64_t* watermark = marks->values<int64_t>();
      for (size_t row = begin; row < end; ++row) {
        if (input_.times()[row] > watermark[row]) continue;
        fold(begin, row);
        fire_until(watermark[row], output);
        fold_late(row, watermark[row], output);
        begin = row + 1;
      }
      fold(begin, end);
    }
    if (options_.emit.mode == EmitMode::kChanges) emit_pending(INT64_MAX, output);
  }

  // Folds rows that are late for no window.
  void fold(size_t begin, size_t end) {
    if (begin == end) return;
    const int64_t* times = input_.times();
    int64_t least = times[begin];
    int64_t greatest = times[begin];
    for (size_t row = begin + 1; row < end; ++row) {
      least = std::min(least, times[row]);
      greatest = std::max(greatest, times[row]);
    }
    const int64_t first = store_.clock().pane_of(least);
    const int64_t last = store_.clock().pane_of(greatest);
    if (first == last) {
      if (shows_changes()) capture(first, {input_.groups().data() + begin, end - begin}, INT64_MIN);
      store_.fold(first, input_.prepared(), input_.rows(begin, end - begin), input_.keys().size());
      return;
    }
    runs_.sort(store_.clock(), times, begin, end, first, last);
    if (shows_changes()) {
      std::vector<uint32_t> groups;
      for (const PaneRuns::Run& run : runs_.runs()) {
        groups.clear();
        for (uint32_t row : run.rows) groups.push_back(input_.groups()[row]);
        capture(run.pane, groups, INT64_MIN);
      }
    }
    for (const PaneRuns::Run& run : runs_.runs()) {
      FoldRows rows = input_.rows(0, run.rows.size());
      rows.list = run.rows.data();
      store_.fold(run.pane, input_.prepared(), rows, input_.keys().size());
    }
  }

  void fold_late(size_t row, int64_t watermark, Output& output) {
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
    if (!shows_changes()) emit_pending(INT64_MAX, output);
  }

  // Remembers how the rows of the groups look in all windows of a pane that show them already and
  // are open.
  void capture(int64_t pane, std::span<const uint32_t> groups, int64_t watermark) {
    PaneClock& clock = store_.clock();
    for (auto end = clock.next_end(pane, INT64_MIN); end; end = clock.next_end(pane, *end)) {
      if (!shows_changes() && *end > fired_end_) break;
      if (is_closed(*end, watermark)) continue;
      pending_.capture(*end, groups, [this](int64_t window, std::span<const uint32_t> which) {
        return results_now(window, which);
      });
    }
  }

  GroupResults results_now(int64_t window, std::span<const uint32_t> groups) {
    RowErrors errors;  // a result that fails counts as one that is not there
    return results_of(store_.combine(window, groups), groups.size(), errors);
  }
  static GroupResults results_of(const GroupStates& states, size_t groups, RowErrors& errors) {
    std::vector<uint32_t> all(groups);
    for (size_t i = 0; i < groups; ++i) all[i] = static_cast<uint32_t>(i);
    GroupResults results{.exists = {}, .columns = states.results(all, errors)};
    for (uint32_t i : all) results.exists.push_back(states.count(i) > 0 ? 1 : 0);
    for (const RowError& error : errors.rows()) results.exists[error.row] = 0;
    return results;
  }

  void emit_pending(int64_t through, Output& output) {
    pending_.flush(
        through, [&](int64_t window, std::span<const uint32_t> groups, const GroupResults& before) {
          rows_.emit_changes(input_.keys(), groups, before, results_now(window, groups),
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
      if (shows_changes()) {
        emit_pending(*end, output);
      } else {
        emit_window(*end, output);
      }
      fired_end_ = *end;
      if (options_.lateness_us == 0) store_.drop_through(fired_end_);
    }
    // Windows without rows have fired too: a late row that another window still takes must not
    // bring them back.
    int64_t fired;
    if (watermark == kWatermarkEnd || __builtin_add_overflow(watermark, step_us_, &fired)) return;
    fired_end_ = std::max(fired_end_, store_.clock().pane_of(fired));
  }

  void emit_window(int64_t end, Output& output) {
    const WindowStore::Window shown = store_.combine(end);
    if (shown.version != chosen_version_) choose(shown);
    chosen_version_ = shown.version;
    if (chosen_.empty()) return;
    const std::vector<Scalar> window = window_values(end);
    for (size_t begin = 0; begin < chosen_.size(); begin += kRowsPerBatch) {
      const size_t n = std::min(kRowsPerBatch, chosen_.size() - begin);
      RowErrors errors;
      GroupResults results{
          .exists = {},
          .columns = shown.states->results({chosen_slots_.data() + begin, n}, errors)};
      rows_.emit(input_.keys(), {chosen_.data() + begin, n}, std::move(results), errors, window,
                 output);
    }
  }

  // chosen_ = the window's groups in the order of their keys, chosen_slots_ = where their states
  // are.
  void choose(const WindowStore::Window& shown) {
    chosen_.clear();
    chosen_slots_.clear();
    std::vector<uint32_t>& groups = candidates_;
    groups.clear();
    if (shown.sparse != nullptr) {
      shown.sparse->members(groups);
      for (uint32_t& slot : groups) slot = shown.sparse->group_at(slot);
    } else {
      for (uint32_t g = 0; g < shown.states->size(); ++g) {
        if (shown.states->count(g) > 0) groups.push_back(g);
      }
    }
    input_.keys().order(groups);
    for (uint32_t g : groups) {
      const uint32_t slot = shown.sparse != nullptr ? shown.sparse->find(g) : g;
      if (shown.states->count(slot) <= 0) continue;
      chosen_.push_back(g);
      chosen_slots_.push_back(slot);
    }
  }

  // Forgets panes whose windows take no more rows, and keys that no pane holds.
  void close_until(int64_t watermark, Output& output) {
    if (watermark == kWatermarkNone) return;
    if (options_.lateness_us > 0) {
      auto open = store_.next_end(closed_end_);
      while (open && is_closed(*open, watermark)) {
        emit_pending(*open, output);
        closed_end_ = *open;
        store_.drop_through(closed_end_);
        open = store_.next_end(closed_end_);
      }
    }
    if (input_.keys().size() < clean_at_ || !pending_.empty()) return;
    const std::vector<uint32_t> live = store_.live_groups();
    if (live.size() * 2 < input_.keys().size()) {
      const std::vector<uint32_t> numbers = input_.keep_only(live);
      store_.renumber(live, numbers, input_.keys().size());
      rows_ = ResultRows(options_.output);
    }
    clean_at_ = std::max<size_t>(kGroupsBeforeCleaning, input_.keys().size() * 2);
  }

  WindowAggregateOptions options_;
  int64_t step_us_;
  GroupInput input_;
  WindowStore store_;
  ResultRows rows_;
  LateRows late_;
  PendingChanges pending_;
  int64_t fired_end_ = INT64_MIN;
  int64_t closed_end_ = INT64_MIN;
  int64_t last_emission_us_ = INT64_MIN;
  size_t clean_at_ = kGroupsBeforeCleaning;
  PaneRuns runs_;
  std::vector<uint32_t> chosen_;
  std::vector<uint32_t> chosen_slots_;
  uint64_t chosen_version_ = UINT64_MAX;
  std::vector<uint32_t> candidates_;
};

}  // namespace

std::unique_ptr<Operator> make_window_aggregate(WindowAggregateOptions options) {
  CHECK(options.window.kind != WindowKind::kSession);
  return std::make_unique<WindowAggregate>(std::move(options));
}

}  // namespace velo
