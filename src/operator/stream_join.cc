// 1. Rows that are late or have no event time leave.
// 2. Every row finds its partners among the stored rows of the other side: equal keys, times within
//    the interval, the residual. A batch never meets itself, so it is looked up as a whole.
// 3. Pairs are given, row by row of the batch. Numbers of partners are kept where the kind of join
//    asks who has none (or, for SEMI, whether it is the first).
// 4. The rows are stored for those that come later; the watermark or the TTL removes them.
//
// Invariant: a stored row's count is the number of stored or seen partners of it that were not
// taken back.
#include "operator/stream_join.h"

#include <algorithm>

#include "base/fmt.h"
#include "column/column_builder.h"
#include "column/null_rows.h"
#include "column/scalar.h"
#include "operator/input_watermarks.h"
#include "operator/join_residual.h"
#include "operator/on_time.h"

namespace velo {
namespace {

using Id = JoinRows::Id;

constexpr size_t kBlock = 4096;  // pairs looked at, and rows given, at once
constexpr uint32_t kNoRow = kNullRow;

class StreamJoin final : public Operator {
 public:
  explicit StreamJoin(StreamJoinOptions options)
      : options_(std::move(options)),
        stores_{make_store(0), make_store(1)},
        residual_(options_.residual, options_.inputs[0].schema, options_.inputs[1].schema) {
    if (!options_.interval) return;
    hold_us_ = std::max({int64_t{0}, reach(0), reach(1)});
  }

  void push(size_t side, const Batch& given, Output& output) override {
    Batch kept;
    Batch marked;
    const Batch* batch = &given;
    if (options_.interval) {
      const JoinInput& input = options_.inputs[side];
      batch = rows_on_time(static_cast<size_t>(input.time_column), input.shift_us,
                           watermarks_.among_all(side, given, &marked), &kept, output);
    }
    if (batch == nullptr) return;
    if (!batch->weights) {
      add(side, *batch, output);
      return;
    }
    // Runs of rows that come and of rows that go, in turn.
    for (size_t begin = 0; begin < batch->rows;) {
      size_t end = begin + 1;
      while (end < batch->rows && batch->weight(end) == batch->weight(begin)) ++end;
      Batch run = slice(*batch, begin, end - begin);
      run.weights = nullptr;
      const int64_t weight = batch->weight(begin);
      for (int64_t i = weight; i > 0; --i) add(side, run, output);
      for (int64_t i = weight; i < 0; ++i) take_back(side, run, output);
      begin = end;
    }
  }

  void advance(size_t side, int64_t watermark, Output& output) override {
    watermarks_.set(side, watermark);
    // Nothing comes that could look for what the other side has stored.
    if (ended(side) && !waits(1 - side)) stores_[1 - side].clear();
    move_on(output);
  }

  void idle(size_t side, bool is_idle, Output& output) override {
    watermarks_.set_idle(side, is_idle);
    if (is_idle) move_on(output);
  }

  void tick(int64_t now_us, Output&) override {
    if (options_.ttl_us <= 0) return;
    for (JoinRows& store : stores_) {
      store.expire_arrivals(now_us - options_.ttl_us);
      store.trim();
    }
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("stream_join");
    for (const JoinRows& store : stores_) store.save(writer);
    watermarks_.save(writer);
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("stream_join"));
    for (JoinRows& store : stores_) TRY(store.load(reader));
    return watermarks_.load(reader);
  }

  std::string explain() const override {
    std::string out = fmt::format("Join {}", join_kind_name(options_.kind));
    for (size_t k = 0; k < options_.inputs[0].keys.size(); ++k) {
      out += fmt::format("{}{} = {}", k > 0 ? ", " : " on ", key_name(0, k), key_name(1, k));
    }
    if (options_.interval) {
      out += fmt::format(" within [{}, {}] us", options_.interval->lower_us,
                         options_.interval->upper_us);
    }
    if (options_.residual) out += " if " + options_.residual->to_string();
    return out;
  }
  const SchemaPtr& output_schema() const override { return options_.output; }
  size_t state_bytes() const override {
    return stores_[0].memory_bytes() + stores_[1].memory_bytes();
  }
  size_t state_rows() const override { return stores_[0].rows() + stores_[1].rows(); }
  size_t state_column_bytes() const override {
    return stores_[0].column_bytes() + stores_[1].column_bytes();
  }

 private:
  /// Rows of the output on their way: of the pushed batch, and stored ones of the other side.
  struct OutRows {
    Selection rows;
    std::vector<Id> ids;
    std::vector<int64_t> weights;
    bool some_go = false;
    size_t size() const { return rows.size(); }
    void add(uint32_t row, Id id, int64_t weight) {
      rows.push_back(row);
      ids.push_back(id);
      weights.push_back(weight);
      some_go |= weight < 0;
    }
    void clear() {
      rows.clear();
      ids.clear();
      weights.clear();
      some_go = false;
    }
  };

  const std::string& key_name(size_t side, size_t k) const {
    return (*options_.inputs[side].schema)[options_.inputs[side].keys[k]].name;
  }
  /// Rows of this side come out, with NULLs, while they have no partner.
  bool pads(size_t side) const {
    const JoinKind own = side == 0 ? JoinKind::kLeft : JoinKind::kRight;
    return options_.kind == own || options_.kind == JoinKind::kFull ||
           (side == 0 && options_.kind == JoinKind::kAnti);
  }
  bool is_semi() const { return options_.kind == JoinKind::kSemi; }
  bool gives_pairs() const { return !is_semi() && options_.kind != JoinKind::kAnti; }
  /// What comes out are the pairs, and nothing else.
  bool gives_only_pairs() const { return options_.kind == JoinKind::kInner; }
  bool counts(size_t side) const { return pads(side) || (side == 0 && is_semi()); }
  /// Rows of this side come out when their time is over.
  bool waits(size_t side) const { return options_.interval && pads(side); }
  void move_on(Output& output) {
    if (!watermarks_.update()) return;
    if (options_.interval) {
      for (size_t s = 0; s < 2; ++s) expire(s, output);
    }
    const int64_t reached = watermarks_.combined();
    output.advance(reached == kWatermarkEnd ? reached
                                            : std::max(reached - hold_us_, kWatermarkNone + 1));
  }
  bool ended(size_t side) const { return watermarks_.ended(side); }

  int64_t reach(size_t side) const {
    const JoinInterval& interval = *options_.interval;
    return (side == 0 ? interval.upper_us : -interval.lower_us) +
           options_.inputs[1 - side].shift_us;
  }
  JoinRows make_store(size_t side) const {
    const JoinInput& input = options_.inputs[side];
    return JoinRows({input.schema, input.keys, counts(side),
                     options_.interval ? input.time_column : -1,
                     options_.interval ? reach(side) : 0, options_.ttl_us});
  }

  void add(size_t side, const Batch& batch, Output& output) {
    const RowKeys keys(batch, options_.inputs[side].keys);
    match(side, batch, keys, 1, output);
    if (ended(1 - side) && !waits(side)) return;
    const std::span<const uint32_t> partners =
        counts(side) ? std::span<const uint32_t>(partners_) : std::span<const uint32_t>();
    stores_[side].append_all(batch, keys, context_.now_us, partners);
    stores_[side].trim();
  }

  void take_back(size_t side, Batch batch, Output& output) {
    RowKeys keys(batch, options_.inputs[side].keys);
    Selection found;
    Selection unmatched;
    for (uint32_t row = 0; row < batch.rows; ++row) {
      const Id id = stores_[side].find(batch, row, keys);
      if (id != JoinRows::kNone) stores_[side].remove(id);
      (id != JoinRows::kNone || may_be_forgotten(side) ? found : unmatched).push_back(row);
    }
    if (!unmatched.empty()) {
      output.reject({RejectReason::kUnmatched, gather(batch, unmatched),
                     "a join has no such row to take back"});
      batch = gather(batch, found);
      if (batch.rows == 0) return;
      keys = RowKeys(batch, options_.inputs[side].keys);
    }
    match(side, batch, keys, -1, output);
    stores_[side].trim();
  }
  /// A row of this side that is not stored may have been given all the same.
  bool may_be_forgotten(size_t side) const {
    return options_.ttl_us > 0 || (ended(1 - side) && !waits(side));
  }

  /// Gives what `weight` times the rows of the batch change; partners_ tells how many each has.
  void match(size_t side, const Batch& batch, const RowKeys& keys, int8_t weight, Output& output) {
    pairs_.clear();
    if (options_.interval) {
      times_ = flatten(batch.columns[static_cast<size_t>(options_.inputs[side].time_column)]);
    }
    if (gives_only_pairs()) {
      stores_[1 - side].each_pair(keys, [&](uint32_t row, Id id) {
        pairs_.add(row, id);
        if (pairs_.size() >= kBlock) give_only_pairs(side, batch, weight, output);
      });
      give_only_pairs(side, batch, weight, output);
      return;
    }
    partners_.assign(batch.rows, 0);
    uint32_t done = 0;  // rows whose end was dealt with
    stores_[1 - side].each_pair(keys, [&](uint32_t row, Id id) {
      pairs_.add(row, id);
      if (pairs_.size() >= kBlock) done = give_pairs(side, batch, weight, done, row, output);
    });
    give_pairs(side, batch, weight, done, static_cast<uint32_t>(batch.rows), output);
    flush(side, batch, output);
  }

  /// Leaves those pairs that stand together: by time, and by the residual.
  void keep_partners(size_t side, const Batch& batch, Output& output) {
    if (options_.interval) {
      const JoinRows& others = stores_[1 - side];
      const int64_t* mine = times_->values<int64_t>();
      const int64_t sign = side == 0 ? 1 : -1;
      size_t kept = 0;
      for (size_t i = 0; i < pairs_.size(); ++i) {
        const uint32_t row = pairs_.rows[i];
        const Id id = pairs_.ids[i];
        const int64_t apart = sign * (others.time_of(id) - mine[row]);
        pairs_.rows[kept] = row;
        pairs_.ids[kept] = id;
        kept +=
            apart >= options_.interval->lower_us && apart <= options_.interval->upper_us ? 1 : 0;
      }
      pairs_.shorten(kept);
    }
    residual_.keep(side, batch, stores_[1 - side], context_, pairs_, output);
  }

  void give_only_pairs(size_t side, const Batch& batch, int8_t weight, Output& output) {
    keep_partners(side, batch, output);
    if (pairs_.size() > 0) {
      ColumnPtr weights;
      if (weight < 0) weights = constant_column(Scalar::of(int64_t{weight}), pairs_.size());
      emit(side, batch, pairs_.rows, pairs_.ids, std::move(weights), output);
    }
    pairs_.clear();
  }

  /// Deals with the pairs found so far and with the rows from `done` up to `until`, which have no
  /// more. Returns `until`.
  uint32_t give_pairs(size_t side, const Batch& batch, int8_t weight, uint32_t done, uint32_t until,
                      Output& output) {
    keep_partners(side, batch, output);
    size_t pair = 0;
    for (uint32_t row = done; row <= until && row < batch.rows; ++row) {
      for (; pair < pairs_.size() && pairs_.rows[pair] == row; ++pair) {
        ++partners_[row];
        give_pair(side, row, pairs_.ids[pair], weight);
        if (out_.size() >= kBlock) flush(side, batch, output);
      }
      if (row < until) end_row(side, row, weight);
    }
    pairs_.clear();
    return until;
  }

  void give_pair(size_t side, uint32_t row, Id id, int8_t weight) {
    const size_t other = 1 - side;
    const uint32_t before = counts(other) ? stores_[other].count(id) : 0;
    const uint32_t after = weight > 0 ? before + 1 : before - std::min(before, 1u);
    if (counts(other)) stores_[other].set_count(id, after);
    const auto reverse = static_cast<int8_t>(-weight);
    const auto give_alone = [&] {
      if (pads(other) && !options_.interval) out_.add(kNoRow, id, reverse);
      if (is_semi()) out_.add(kNoRow, id, weight);
    };
    if (counts(other) && before == 0 && after == 1) give_alone();
    if (gives_pairs()) out_.add(row, id, weight);
    if (before == 1 && after == 0) give_alone();
  }

  void end_row(size_t side, uint32_t row, int8_t weight) {
    const bool alone = partners_[row] == 0;
    if (pads(side) && !options_.interval && alone) out_.add(row, JoinRows::kNone, weight);
    if (is_semi() && side == 0 && !alone) out_.add(row, JoinRows::kNone, weight);
  }

  /// Emits out_. `side` is the one that was pushed.
  void flush(size_t side, const Batch& batch, Output& output) {
    if (out_.size() == 0) return;
    ColumnPtr weights;
    if (out_.some_go) {
      ColumnBuilder builder(Type::bigint(), out_.size());
      for (const int64_t weight : out_.weights) builder.append_int64(weight);
      weights = builder.finish();
    }
    emit(side, batch, out_.rows, out_.ids, std::move(weights), output);
    out_.clear();
  }

  void emit(size_t side, const Batch& batch, const Selection& rows, const std::vector<Id>& ids,
            ColumnPtr weights, Output& output) {
    Batch result{options_.output, rows.size(), {}, std::move(weights), nullptr};
    const size_t left = options_.inputs[0].schema->size();
    for (size_t c = 0; c < options_.output->size(); ++c) {
      const size_t of_side = c < left ? 0 : 1;
      const size_t at = c < left ? c : c - left;
      result.columns.push_back(of_side == side ? gather_or_null(batch.columns[at], rows)
                                               : stores_[of_side].gather(at, ids));
    }
    output.emit(std::move(result));
  }

  void expire(size_t side, Output& output) {
    std::vector<Id> alone;
    stores_[side].expire(watermarks_.combined(), counts(side) ? &alone : nullptr);
    if (!pads(side)) alone.clear();
    const size_t left = options_.inputs[0].schema->size();
    for (size_t begin = 0; begin < alone.size(); begin += kBlock) {
      const std::span<const Id> ids(alone.data() + begin, std::min(kBlock, alone.size() - begin));
      Batch result{options_.output, ids.size(), {}, nullptr, nullptr};
      for (size_t c = 0; c < options_.output->size(); ++c) {
        const bool mine = (c < left) == (side == 0);
        result.columns.push_back(mine ? stores_[side].gather(c < left ? c : c - left, ids)
                                      : Column::nulls((*options_.output)[c].type, ids.size()));
      }
      output.emit(std::move(result));
    }
    stores_[side].trim();
  }

  StreamJoinOptions options_;
  std::array<JoinRows, 2> stores_;
  InputWatermarks watermarks_{2};
  int64_t hold_us_ = 0;
  JoinResidual residual_;
  // Of the batch at work.
  std::vector<uint32_t> partners_;
  JoinPairs pairs_;
  OutRows out_;
  ColumnPtr times_;  // of its rows
};

}  // namespace

std::string_view join_kind_name(JoinKind kind) {
  constexpr std::string_view kNames[] = {"inner", "left", "right", "full", "semi", "anti"};
  return kNames[static_cast<size_t>(kind)];
}

std::unique_ptr<Operator> make_stream_join(StreamJoinOptions options) {
  return std::make_unique<StreamJoin>(std::move(options));
}

}  // namespace velo
