// 1. The right side's rows are an AnswerSet: distinct rows of keys and values, counted.
// 2. A left row is given with its answer. If answers may still change it is kept: by keys and
//    values, or, with NULLs among its values, by its keys.
// 3. A change of the right side is looked at before it is made: the left rows that it could mean
//    are asked after it, and those whose answers differ are taken back and given anew.
//
// Invariant: every left row that is kept carries the answer with which it stands in the output.
// Where rows are not forgotten after a time it is what the set would give now.
#include "operator/mark_join.h"

#include <algorithm>

#include "base/fmt.h"
#include "column/column_builder.h"
#include "operator/held_back.h"
#include "operator/input_watermarks.h"
#include "state/answer_set.h"

namespace velo {
namespace {

using Id = JoinRows::Id;

constexpr size_t kRowsPerBatch = 2048;

std::vector<size_t> joined(std::vector<size_t> a, const std::vector<size_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class MarkJoin final : public Operator {
 public:
  explicit MarkJoin(MarkJoinOptions options)
      : options_(std::move(options)),
        by_all_{joined(options_.inputs[0].keys, options_.compared[0]),
                joined(options_.inputs[1].keys, options_.compared[1])},
        set_(options_.inputs[1].schema, options_.inputs[1].keys, options_.compared[1],
             options_.ttl_us),
        known_({options_.inputs[0].schema, by_all_[0], true, -1, 0, options_.ttl_us}),
        holed_({options_.inputs[0].schema, options_.inputs[0].keys, true, -1, 0, options_.ttl_us}),
        held_(options_.inputs[0].schema) {}

  void push(size_t side, const Batch& batch, Output& output) override {
    if (side == 0 && waits()) return held_.hold(batch);
    if (side == 0 && answers_stay()) return give(batch, ask(batch), output);
    if (!batch.weights) return change(side, batch, 1, output);
    // Runs of rows that come and of rows that go, in turn.
    for (size_t begin = 0; begin < batch.rows;) {
      size_t end = begin + 1;
      while (end < batch.rows && batch.weight(end) == batch.weight(begin)) ++end;
      const Batch run = slice(batch, begin, end - begin);
      const int64_t weight = batch.weight(begin);
      for (int64_t i = std::abs(weight); i > 0; --i) change(side, run, weight > 0 ? 1 : -1, output);
      begin = end;
    }
  }

  void advance(size_t side, int64_t watermark, Output& output) override {
    if (options_.right_first) {
      if (side == 0 && waits()) return held_.hold(watermark);
      if (side == 0) return output.advance(watermark);
      if (watermark != kWatermarkEnd || right_ended_) return;
      right_ended_ = true;
      held_.release([&](const Batch& batch) { give(batch, ask(batch), output); },
                    [&](int64_t held) { output.advance(held); });
      return;
    }
    watermarks_.set(side, watermark);
    if (answers_stay()) {
      known_.clear();
      holed_.clear();
    }
    if (watermarks_.update()) output.advance(watermarks_.combined());
  }

  void idle(size_t side, bool is_idle, Output& output) override {
    if (options_.right_first) return;
    watermarks_.set_idle(side, is_idle);
    if (is_idle && watermarks_.update()) output.advance(watermarks_.combined());
  }

  void tick(int64_t now_us, Output&) override {
    if (options_.ttl_us <= 0) return;
    set_.expire_arrivals(now_us - options_.ttl_us);
    for (JoinRows* store : {&known_, &holed_}) {
      store->expire_arrivals(now_us - options_.ttl_us);
      store->trim();
    }
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("mark_join");
    writer.u8(right_ended_ ? 1 : 0);
    set_.save(writer);
    known_.save(writer);
    holed_.save(writer);
    held_.save(writer);
    watermarks_.save(writer);
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("mark_join"));
    right_ended_ = TRY(reader.u8()) != 0;
    TRY(set_.load(reader));
    TRY(known_.load(reader));
    TRY(holed_.load(reader));
    TRY(held_.load(reader));
    return watermarks_.load(reader);
  }

  std::string explain() const override {
    std::string out = "Join mark";
    if (options_.right_first) out += ", right side first";
    const auto say = [&](const std::vector<size_t>& left, const std::vector<size_t>& right,
                         std::string_view first, std::string_view op) {
      for (size_t i = 0; i < left.size(); ++i) {
        out += fmt::format("{}{} {} {}", i == 0 ? first : ", ",
                           (*options_.inputs[0].schema)[left[i]].name, op,
                           (*options_.inputs[1].schema)[right[i]].name);
      }
    };
    say(options_.compared[0], options_.compared[1], " ", "IN");
    say(options_.inputs[0].keys, options_.inputs[1].keys, " on ", "=");
    return out;
  }
  const SchemaPtr& output_schema() const override { return options_.output; }
  size_t state_bytes() const override {
    return set_.memory_bytes() + known_.memory_bytes() + holed_.memory_bytes() +
           held_.memory_bytes();
  }
  size_t state_rows() const override {
    return set_.rows() + known_.rows() + holed_.rows() + held_.rows();
  }
  size_t state_keys() const override { return set_.keys(); }
  size_t state_key_bytes() const override { return set_.key_bytes(); }
  size_t state_column_bytes() const override {
    return set_.column_bytes() + known_.column_bytes() + holed_.column_bytes() +
           held_.column_bytes();
  }

 private:
  bool waits() const { return options_.right_first && !right_ended_; }
  bool answers_stay() const { return options_.right_first ? right_ended_ : watermarks_.ended(1); }

  std::vector<Truth> ask(const Batch& left) {
    std::vector<ColumnPtr> keys;
    std::vector<ColumnPtr> values;
    for (const size_t column : options_.inputs[0].keys) keys.push_back(left.columns[column]);
    for (const size_t column : options_.compared[0]) values.push_back(left.columns[column]);
    return set_.ask(keys, values, left.rows);
  }

  void change(size_t side, const Batch& run, int weight, Output& output) {
    if (side == 0) return change_left(run, weight, output);
    if (answers_stay() || options_.right_first) return change_set(run, weight);
    const Affected asked = affected(run, weight < 0);
    change_set(run, weight);
    answer_again(known_, asked.known, output);
    answer_again(holed_, asked.holed, output);
  }

  void change_set(const Batch& run, int weight) {
    if (weight > 0) {
      set_.add(run, context_.now_us);
    } else {
      set_.take(run);
    }
  }

  void change_left(const Batch& run, int weight, Output& output) {
    const RowKeys by_key(run, options_.inputs[0].keys);
    const RowKeys by_all(run, by_all_[0]);
    std::array<Selection, 2> rows;  // without and with NULLs among the values
    for (uint32_t row = 0; row < run.rows; ++row) {
      if (by_key.has_null(row)) continue;  // nothing belongs to it, ever
      rows[by_all.has_null(row) ? 1 : 0].push_back(row);
    }
    std::vector<Truth> answers = ask(run);
    const std::array<JoinRows*, 2> stores = {&known_, &holed_};
    for (size_t i = 0; i < 2; ++i) {
      const RowKeys& keys = i == 0 ? by_all : by_key;
      if (weight > 0) {
        keep(*stores[i], run, rows[i], keys, answers);
      } else {
        forget(*stores[i], run, rows[i], keys, &answers);
      }
      stores[i]->trim();
    }
    Batch signed_run = run;
    signed_run.weights = weight > 0 ? nullptr : constant_column(Scalar::of(int64_t{-1}), run.rows);
    give(signed_run, answers, output);
  }

  void keep(JoinRows& store, const Batch& run, const Selection& rows, const RowKeys& keys,
            const std::vector<Truth>& answers) const {
    if (rows.empty()) return;
    std::vector<uint32_t> counts;
    for (const uint32_t row : rows) counts.push_back(static_cast<uint32_t>(answers[row]));
    store.append(run, rows, keys, context_.now_us, counts);
  }

  /// They go with the answers with which they came.
  static void forget(JoinRows& store, const Batch& run, const Selection& rows, const RowKeys& keys,
                     std::vector<Truth>* answers) {
    for (const uint32_t row : rows) {
      const Id id = store.find(run, row, keys);
      if (id == JoinRows::kNone) continue;
      (*answers)[row] = given(store, id);
      store.remove(id);
    }
  }

  static Truth given(const JoinRows& store, Id id) { return static_cast<Truth>(store.count(id)); }

  /// Left rows whose answers a change of the right side could change.
  struct Affected {
    std::vector<Id> known;
    std::vector<Id> holed;
  };
  Affected affected(const Batch& run, bool taken) const {
    Affected out;
    const Selection telling = set_.telling_rows(run, taken);
    if (telling.empty()) return out;
    const Batch rows = gather(run, telling);
    const RowKeys by_key(rows, options_.inputs[1].keys);
    const RowKeys by_all(rows, by_all_[1]);
    bool all = false;
    for (size_t row = 0; row < rows.rows; ++row) {
      all |= by_all.has_null(row) && !by_key.has_null(row);  // its NULLs could be anything
    }
    holed_.each_pair(by_key, [&](uint32_t, Id id) { out.holed.push_back(id); });
    if (all) {
      out.known = known_.live();
    } else {
      known_.each_pair(by_all, [&](uint32_t, Id id) { out.known.push_back(id); });
    }
    for (std::vector<Id>* ids : {&out.known, &out.holed}) {
      std::sort(ids->begin(), ids->end());
      ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
    }
    return out;
  }

  Batch rows_of(const JoinRows& store, std::span<const Id> ids) const {
    Batch rows{options_.inputs[0].schema, ids.size(), {}, nullptr, nullptr};
    for (size_t c = 0; c < rows.schema->size(); ++c) rows.columns.push_back(store.gather(c, ids));
    return rows;
  }

  void answer_again(JoinRows& store, const std::vector<Id>& asked, Output& output) {
    if (asked.empty()) return;
    const std::vector<Truth> now = ask(rows_of(store, asked));
    std::vector<Id> changed;
    std::vector<Truth> answers;
    for (size_t i = 0; i < now.size(); ++i) {
      const Truth before = given(store, asked[i]);
      if (now[i] == before) continue;
      store.set_count(asked[i], static_cast<uint32_t>(now[i]));
      changed.insert(changed.end(), 2, asked[i]);
      answers.push_back(before);
      answers.push_back(now[i]);
    }
    for (size_t begin = 0; begin < changed.size(); begin += kRowsPerBatch) {
      const size_t count = std::min(kRowsPerBatch, changed.size() - begin);
      Batch rows = rows_of(store, std::span<const Id>(changed).subspan(begin, count));
      ColumnBuilder weights(Type::bigint(), count);
      for (size_t i = 0; i < count; ++i) weights.append_int64(i % 2 == 0 ? -1 : 1);
      rows.weights = weights.finish();
      give(rows, std::span<const Truth>(answers).subspan(begin, count), output);
    }
  }

  void give(const Batch& left, std::span<const Truth> answers, Output& output) const {
    Batch result = left;
    result.schema = options_.output;
    ColumnBuilder mark(Type::boolean(), left.rows);
    for (const Truth answer : answers) {
      if (answer == Truth::kUnknown) {
        mark.append_null();
      } else {
        mark.append_bool(answer == Truth::kTrue);
      }
    }
    result.columns.push_back(mark.finish());
    output.emit(std::move(result));
  }

  MarkJoinOptions options_;
  std::array<std::vector<size_t>, 2> by_all_;  // keys, then compared columns, by side
  AnswerSet set_;
  JoinRows known_;  // left rows, by keys and values; their number is the answer given
  JoinRows holed_;  // as known_, with NULLs among their values; by keys
  HeldBack held_;
  bool right_ended_ = false;
  InputWatermarks watermarks_{2};
};

}  // namespace

std::unique_ptr<Operator> make_mark_join(MarkJoinOptions options) {
  return std::make_unique<MarkJoin>(std::move(options));
}

}  // namespace velo
