// Sessions: windows that end a gap after their last row, per key.
//
// 1. A row joins the sessions of its key that it touches; if these are several, it bridges them:
// their states are
//    merged into the first. Rows of a batch are given slots first and folded together; a merge
//    folds what is given out so far, so that no slot is merged away under a row that waits.
// 2. A row that may be late first lets fire what its watermark fires, then is handled alone. It is
// dropped only if
//    the session that it would be part of is closed.
// 3. A session fires when the watermark reaches its last step. With ALLOWED LATENESS it stays until
// it is closed, and
//    a row that still joins takes back what was given and gives the corrected row.
// Invariant: a session is `shown` exactly if its last given row has not been taken back.
#include <algorithm>
#include <optional>

#include "operator/group_input.h"
#include "operator/late_rows.h"
#include "operator/window_aggregate.h"
#include "operator/window_columns.h"
#include "state/session_store.h"

namespace velo {
namespace {

constexpr uint32_t kNoRow = UINT32_MAX;  // a session that only closes

class SessionAggregate final : public Operator {
 public:
  explicit SessionAggregate(WindowAggregateOptions options)
      : options_(std::move(options)),
        gap_us_(options_.window.gap_us),
        step_us_(options_.input->fields()[options_.time_column].type.step_us()),
        input_(options_.keys, options_.aggregates, static_cast<int>(options_.time_column),
               options_.retractable),
        sessions_(gap_us_, options_.lateness_us),
        states_(&input_.layout()),
        late_(options_.input, options_.time_column, options_.set_column),
        pace_(options_.emit.every_us) {}

  void push(size_t, const Batch& given, Output& output) override {
    const Batch* batch = input_.prepare(given, context_, output);
    if (batch == nullptr) return;
    slots_.resize(std::max(slots_.size(), batch->rows));
    pending_begin_ = 0;
    const ColumnPtr marks = batch->watermarks ? flatten(batch->watermarks) : nullptr;
    for (size_t row = 0; row < batch->rows; ++row) {
      const int64_t watermark = marks ? marks->values<int64_t>()[row] : kWatermarkNone;
      const bool late = marks && input_.times()[row] <= watermark;
      if (late) {
        fold_through(row);
        fire_until(watermark, output);
      }
      if (!take(row, late ? watermark : kWatermarkNone)) {
        fold_through(row);  // the row itself is left out
        pending_begin_ = row + 1;
      }
      if (late || by_row()) {
        fold_through(row + 1);
        if (late) fire_until(watermark, output);
        if (by_row()) show(std::nullopt, output);
      }
    }
    fold_through(batch->rows);
    if (options_.emit.mode == EmitMode::kChanges) show(std::nullopt, output);
    late_.reject(*batch, output);
  }

  void advance(size_t, int64_t watermark, Output& output) override {
    fire_until(watermark, output);
    clean_keys();
    output.advance(watermark);
  }

  void tick(int64_t now_us, Output& output) override {
    if (options_.emit.mode == EmitMode::kEvery && pace_.is_time(now_us)) {
      show(std::nullopt, output);
    }
  }

  void save(SnapshotWriter& writer) const override;
  Status load(SnapshotReader& reader) override;

  std::string explain() const override {
    std::string out = "SessionAggregate gap=" + interval_text() + " keys=[";
    for (size_t k = 0; k < options_.keys.size(); ++k) {
      out += (k > 0 ? ", " : "") + options_.keys[k]->to_string();
    }
    return out + "]";
  }
  const SchemaPtr& output_schema() const override { return options_.output; }
  size_t state_bytes() const override {
    return states_.memory_bytes() + sessions_.memory_bytes() + input_.keys().memory_bytes();
  }
  size_t state_rows() const override { return sessions_.open_sessions(); }

 private:
  // A result row to be: a session of a group as it is now.
  struct Row {
    uint32_t group;
    int64_t start_us;
    int64_t end_us;
    uint32_t slot;
  };

  std::string interval_text() const { return to_text(Scalar::of(Type::interval_day(), gap_us_)); }
  bool shows_changes() const { return options_.emit.mode != EmitMode::kFinal; }
  bool by_row() const {
    return options_.emit.mode == EmitMode::kChanges && !options_.emit.coalesce;
  }
  bool is_due(int64_t end, int64_t watermark) const {
    return watermark != kWatermarkNone && end - step_us_ <= watermark;
  }
  bool is_closed(int64_t end, int64_t watermark) const {
    int64_t closing;
    if (watermark == kWatermarkNone) return false;
    return !__builtin_add_overflow(end - step_us_, options_.lateness_us, &closing) &&
           closing <= watermark;
  }

  bool take(size_t row, int64_t watermark);
  Session& join(uint32_t group, size_t first, size_t last, int64_t time, size_t row);
  void fold_through(size_t row);
  void touch(uint32_t group, Session& session);
  void hide(uint32_t group, Session& session);
  void fire_until(int64_t watermark, Output& output);
  void settle(uint32_t group, int64_t watermark, std::vector<Row>* fired);
  bool may_wait(const Session& session, int64_t watermark) const;
  void show(std::optional<int64_t> watermark, Output& output);
  Batch rows_of(const std::vector<Row>& rows, Output& output);
  void emit(std::vector<Row>& rows, Output& output);
  void clean_keys();

  WindowAggregateOptions options_;
  int64_t gap_us_;
  int64_t step_us_;
  GroupInput input_;
  SessionStore sessions_;
  GroupStates states_;  // by session slot
  LateRows late_;
  std::vector<uint32_t> slots_;  // by row of the batch
  size_t pending_begin_ = 0;     // rows [pending_begin_, …) have slots and are not folded yet
  std::vector<std::pair<uint32_t, uint64_t>>
      dirty_;  // (group, serial): to be shown at the next emission
  /// A row to take back, when the session that it became part of is given.
  struct Withdrawn {
    Batch row;
    uint32_t group;
    uint64_t serial;
  };
  std::vector<Withdrawn> withdrawn_;
  int64_t passed_ = kWatermarkNone;  // the watermark that sessions have fired by
  EmitPace pace_;
  size_t clean_at_ = 8192;
};

// Gives the row a session. False if that session is closed: the row is late.
bool SessionAggregate::take(size_t row, int64_t watermark) {
  const uint32_t group = input_.groups()[row];
  const int64_t time = input_.times()[row];
  const auto [first, last] = sessions_.touching(group, time);
  std::vector<Session>& own = sessions_.of(group);
  if (watermark != kWatermarkNone) {
    const int64_t start = first < last ? std::min(time, own[first].start_us) : time;
    const int64_t latest = first < last ? std::max(time, own[last - 1].last_us) : time;
    if (is_closed(latest + gap_us_, watermark)) {
      late_.add(static_cast<uint32_t>(row), watermark, start, latest + gap_us_);
      return false;
    }
  }
  Session& session =
      first == last ? sessions_.open(group, time) : join(group, first, last, time, row);
  slots_[row] = session.slot;
  touch(group, session);
  return true;
}

// The sessions [first, last) and the row's time become one session, the first.
Session& SessionAggregate::join(uint32_t group, size_t first, size_t last, int64_t time,
                                size_t row) {
  std::vector<Session>& own = sessions_.of(group);
  Session& session = own[first];
  if (session.shown || last - first > 1) fold_through(row);
  if (session.shown) hide(group, session);
  for (size_t i = first + 1; i < last; ++i) {
    if (own[i].shown) hide(group, own[i]);
    for (Withdrawn& old : withdrawn_) {
      if (old.serial == own[i].serial) old.serial = session.serial;
    }
    states_.merge(states_, {&session.slot, 1}, {&own[i].slot, 1});
    session.last_us = std::max(session.last_us, own[i].last_us);
  }
  session.start_us = std::min(session.start_us, time);
  session.last_us = std::max(session.last_us, time);
  if (session.fired) {
    session.fired = false;
    // One that has grown beyond the watermark has yet to fire for the first time.
    session.corrected = is_due(sessions_.end_of(session), passed_);
    sessions_.rearm(group, session, sessions_.end_of(session));
  }
  if (last - first > 1) sessions_.close(group, first + 1, last);
  return own[first];
}

void SessionAggregate::fold_through(size_t row) {
  if (row <= pending_begin_) return;
  states_.resize(sessions_.slots());
  FoldRows rows = input_.rows(pending_begin_, row - pending_begin_);
  rows.slots = slots_.data();
  states_.fold(input_.prepared(), rows);
  pending_begin_ = row;
  const std::vector<uint32_t> freed = sessions_.take_freed();
  if (!freed.empty()) states_.clear(freed);
}

void SessionAggregate::touch(uint32_t group, Session& session) {
  if (shows_changes()) dirty_.emplace_back(group, session.serial);
}

// Takes back the row that the session gave. REQUIRES: all its rows are folded.
void SessionAggregate::hide(uint32_t group, Session& session) {
  session.shown = false;
  struct Ignore final : Output {
    void emit(Batch) override {}
    void advance(int64_t) override {}
    void reject(Rejected) override {}
  } ignore;  // what failed was not given, so it is not taken back either
  Batch old = rows_of({{group, session.start_us, sessions_.end_of(session), session.slot}}, ignore);
  if (!old.empty()) withdrawn_.push_back({std::move(old), group, session.serial});
}

void SessionAggregate::fire_until(int64_t watermark, Output& output) {
  if (watermark == kWatermarkNone) return;
  std::vector<Row> fired;
  for (uint32_t group : sessions_.due(watermark, step_us_)) settle(group, watermark, &fired);
  if (shows_changes()) {
    if (!fired.empty()) show(watermark, output);
  } else {
    emit(fired, output);
  }
  passed_ = std::max(passed_, watermark);
  for (const Row& row : fired) {
    std::vector<Session>& own = sessions_.of(row.group);
    for (size_t i = own.size(); i-- > 0;) {
      if (own[i].fired && is_closed(sessions_.end_of(own[i]), watermark))
        sessions_.close(row.group, i, i + 1);
    }
  }
  const std::vector<uint32_t> freed = sessions_.take_freed();
  if (!freed.empty()) states_.clear(freed);
}

// Marks the sessions of a group that are due as fired; those that wait for late rows get a timer
// for their closing.
void SessionAggregate::settle(uint32_t group, int64_t watermark, std::vector<Row>* fired) {
  for (Session& session : sessions_.of(group)) {
    const int64_t end = sessions_.end_of(session);
    if (!is_due(end, watermark)) continue;
    const bool first_time = !session.fired;
    const bool closed = is_closed(end, watermark);
    session.fired = true;
    if (first_time && !closed) sessions_.rearm(group, session, end + options_.lateness_us);
    if (!first_time && !closed) continue;
    if (first_time && may_wait(session, watermark)) continue;
    const bool gives_row = first_time && !shows_changes();
    fired->push_back({group, session.start_us, end, gives_row ? session.slot : kNoRow});
    if (gives_row) session.shown = true;
  }
}

// EMIT EVERY: a session that fires says what it has at once, what late rows make of it waits for
// the interval, or until it closes.
bool SessionAggregate::may_wait(const Session& session, int64_t watermark) const {
  if (!session.fired) return true;
  return options_.emit.mode == EmitMode::kEvery && session.corrected &&
         !is_closed(sessions_.end_of(session), watermark);
}

// Gives what was withdrawn, then the present rows of the dirty sessions. When `watermark` fires
// some of them, the others may wait.
void SessionAggregate::show(std::optional<int64_t> watermark, Output& output) {
  std::vector<Row> rows;
  std::vector<std::pair<uint32_t, uint64_t>> waiting;
  std::sort(dirty_.begin(), dirty_.end());
  dirty_.erase(std::unique(dirty_.begin(), dirty_.end()), dirty_.end());
  for (const auto& [group, serial] : dirty_) {
    std::vector<Session>& own = sessions_.of(group);
    // What changed is most often among the last; it may be gone.
    const auto found = std::find_if(own.rbegin(), own.rend(), [wanted = serial](const Session& s) {
      return s.serial == wanted;
    });
    if (found == own.rend()) continue;
    if (watermark && may_wait(*found, *watermark)) {
      waiting.emplace_back(group, serial);
      continue;
    }
    rows.push_back({group, found->start_us, sessions_.end_of(*found), found->slot});
    found->shown = true;
  }
  dirty_ = std::move(waiting);
  emit(rows, output);
}

void SessionAggregate::emit(std::vector<Row>& rows, Output& output) {
  std::vector<Row> given;
  for (const Row& row : rows) {
    if (row.slot != kNoRow && states_.count(row.slot) > 0) given.push_back(row);
  }
  std::sort(given.begin(), given.end(), [&](const Row& a, const Row& b) {
    if (a.end_us != b.end_us) return a.end_us < b.end_us;
    if (a.group != b.group) return input_.keys().less(a.group, b.group);
    return a.start_us < b.start_us;
  });
  std::vector<Batch> parts;
  std::vector<Withdrawn> waiting;
  for (Withdrawn& row : withdrawn_) {
    // What is not dirty waits for nothing: its session is given now, or never again.
    if (std::binary_search(dirty_.begin(), dirty_.end(), std::pair(row.group, row.serial))) {
      waiting.push_back(std::move(row));
    } else {
      parts.push_back(std::move(row.row));
    }
  }
  withdrawn_ = std::move(waiting);
  const bool takes_back = !parts.empty();
  if (!given.empty()) parts.push_back(rows_of(given, output));
  if (parts.empty() || (parts.size() == 1 && parts[0].empty())) return;
  Batch batch = concat(parts);
  if (takes_back) {
    const size_t inserted = given.empty() ? 0 : parts.back().rows;
    ColumnBuilder weights(Type::bigint(), batch.rows);
    for (size_t i = 0; i < batch.rows; ++i)
      weights.append_int64(i < batch.rows - inserted ? -1 : 1);
    batch.weights = weights.finish();
  }
  if (batch.empty()) return;
  // Corrections of what has fired are late for those who window the results again.
  if (options_.lateness_us > 0 && passed_ != kWatermarkNone) {
    batch.watermarks = constant_column(Scalar::of(passed_), batch.rows);
  }
  output.emit(std::move(batch));
}

Batch SessionAggregate::rows_of(const std::vector<Row>& rows, Output& output) {
  std::vector<uint32_t> groups;
  std::vector<uint32_t> slots;
  const Type& time = options_.input->fields()[options_.time_column].type;
  ColumnBuilder starts(time, rows.size());
  ColumnBuilder ends(time, rows.size());
  ColumnBuilder times(time, rows.size());
  for (const Row& row : rows) {
    groups.push_back(row.group);
    slots.push_back(row.slot);
    starts.append_int64(row.start_us);
    ends.append_int64(row.end_us);
    times.append_int64(row.end_us - kMillisecond);
  }
  RowErrors errors;
  std::vector<ColumnPtr> results = states_.results(slots, errors);
  Batch batch{.schema = options_.output,
              .rows = rows.size(),
              .columns = input_.keys().gather(groups),
              .weights = nullptr,
              .watermarks = nullptr};
  if (options_.with_start) batch.columns.push_back(starts.finish());
  if (options_.with_end) batch.columns.push_back(ends.finish());
  if (options_.with_time) batch.columns.push_back(times.finish());
  for (ColumnPtr& column : results) batch.columns.push_back(std::move(column));
  if (errors.empty()) return batch;
  const Selection good = errors.good_rows(batch.rows);
  Selection bad;
  for (const RowError& error : errors.rows()) bad.push_back(error.row);
  output.reject({RejectReason::kError, gather(batch, bad), errors.rows()[0].message});
  return gather(batch, good);
}

void SessionAggregate::clean_keys() {
  if (input_.keys().size() < clean_at_ || !dirty_.empty() || !withdrawn_.empty()) return;
  const std::vector<uint32_t> live = sessions_.live_groups();
  if (live.size() * 2 < input_.keys().size()) {
    sessions_.renumber(live, input_.keep_only(live));
  }
  clean_at_ = std::max<size_t>(8192, input_.keys().size() * 2);
}

void SessionAggregate::save(SnapshotWriter& writer) const {
  writer.section("session_aggregate");
  writer.i64(passed_);
  pace_.save(writer);
  const std::vector<uint32_t> live = sessions_.live_groups();
  input_.save_keys(live, writer);
  sessions_.save(live, writer);
  states_.save(sessions_.slots_in_order(live), writer);
  // A session is named by its place: group by position, session by its start.
  const auto save_session = [&](uint32_t group, uint64_t serial) {
    const auto at = std::lower_bound(live.begin(), live.end(), group);
    int64_t start = INT64_MIN;
    for (const Session& session : sessions_.all()[group]) {
      if (session.serial == serial) start = session.start_us;
    }
    writer.u32(static_cast<uint32_t>(at - live.begin()));
    writer.i64(start);
  };
  writer.u64(dirty_.size());
  for (const auto& [group, serial] : dirty_) save_session(group, serial);
  writer.u64(withdrawn_.size());
  for (const Withdrawn& row : withdrawn_) {
    save_session(row.group, row.serial);
    for (const ColumnPtr& column : row.row.columns) writer.column(*column);
  }
}

Status SessionAggregate::load(SnapshotReader& reader) {
  TRY(reader.section("session_aggregate"));
  passed_ = TRY(reader.i64());
  TRY(pace_.load(reader));
  std::vector<uint32_t> groups;
  TRY(input_.load_keys(reader, &groups));
  TRY(sessions_.load(groups, reader));
  states_.resize(sessions_.slots());
  TRY(states_.load(sessions_.slots_in_order(groups), reader));
  const auto load_session = [&](uint32_t* group, uint64_t* serial) -> Result<bool> {
    const uint32_t position = TRY(reader.u32());
    const int64_t start = TRY(reader.i64());
    if (position > groups.size())
      return Error(ErrorCode::kCorruptData, "a change names no session");
    if (position == groups.size()) return false;
    *group = groups[position];
    for (const Session& session : sessions_.of(*group)) {
      if (session.start_us == start) *serial = session.serial;
    }
    return true;
  };
  const uint64_t dirty = TRY(reader.count(12));
  for (uint64_t i = 0; i < dirty; ++i) {
    std::pair<uint32_t, uint64_t> session{0, 0};
    if (TRY(load_session(&session.first, &session.second))) dirty_.push_back(session);
  }
  const uint64_t withdrawn = TRY(reader.count(12));
  for (uint64_t i = 0; i < withdrawn; ++i) {
    Withdrawn row{{options_.output, 1, {}, nullptr, nullptr}, 0, 0};
    TRY(load_session(&row.group, &row.serial));
    for (const Field& field : options_.output->fields()) {
      row.row.columns.push_back(TRY(reader.column(field.type)));
      if (row.row.columns.back()->size() != 1) {
        return Error(ErrorCode::kCorruptData, "a withdrawn row lacks a value");
      }
    }
    withdrawn_.push_back(std::move(row));
  }
  return {};
}

}  // namespace

std::unique_ptr<Operator> make_session_aggregate(WindowAggregateOptions options) {
  CHECK(options.window.kind == WindowKind::kSession);
  return std::make_unique<SessionAggregate>(std::move(options));
}

}  // namespace velo
