// 1. Rows of both sides wait until the watermark has passed their times.
// 2. Then both are taken up merged by time, right rows before left ones where a version of the same
//    time counts: a right row replaces the version of its key, a left row finds it.
//
// Invariant: `versions_` holds one row per key, the last whose time the watermark has passed.
#include "operator/asof_join.h"

#include <algorithm>

#include "operator/input_watermarks.h"
#include "operator/on_time.h"
#include "state/row_store.h"
#include "state/waiting_rows.h"

namespace velo {
namespace {

using Id = RowStore::Id;

class AsofJoin final : public Operator {
 public:
  explicit AsofJoin(AsofJoinOptions options)
      : options_(std::move(options)),
        waiting_{WaitingRows(options_.inputs[0].schema, time_column(0)),
                 WaitingRows(options_.inputs[1].schema, time_column(1))},
        versions_({options_.inputs[1].schema, options_.inputs[1].keys, -1, 0, false, true}) {}

  void push(size_t side, const Batch& given, Output& output) override {
    Batch kept;
    Batch marked;
    Batch come;
    const Batch* rows = side == 1 && given.weights ? versions_of(given, &come) : &given;
    if (rows->rows == 0) return;
    const Batch* batch = rows_on_time(time_column(side), options_.inputs[side].shift_us,
                                      watermarks_.among_all(side, *rows, &marked), &kept, output);
    if (batch != nullptr) waiting_[side].push(*batch);
  }

  void advance(size_t side, int64_t watermark, Output& output) override {
    watermarks_.set(side, watermark);
    move_on(output);
  }

  void idle(size_t side, bool is_idle, Output& output) override {
    watermarks_.set_idle(side, is_idle);
    if (is_idle) move_on(output);
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("asof_join");
    watermarks_.save(writer);
    for (size_t s = 0; s < 2; ++s) waiting_[s].save(writer);
    writer.i64(reached_);
    versions_.save(writer);
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("asof_join"));
    TRY(watermarks_.load(reader));
    for (size_t s = 0; s < 2; ++s) TRY(waiting_[s].load(reader));
    reached_ = TRY(reader.i64());
    return versions_.load(reader);
  }

  std::string explain() const override {
    std::string out = options_.outer ? "Join left as of" : "Join as of";
    for (size_t k = 0; k < options_.inputs[0].keys.size(); ++k) {
      out += (k > 0 ? ", " : " ") + (*options_.inputs[0].schema)[options_.inputs[0].keys[k]].name +
             " = " + (*options_.inputs[1].schema)[options_.inputs[1].keys[k]].name;
    }
    return out;
  }
  const SchemaPtr& output_schema() const override { return options_.output; }
  size_t state_bytes() const override {
    return waiting_[0].memory_bytes() + waiting_[1].memory_bytes() + versions_.memory_bytes();
  }
  size_t state_rows() const override {
    return waiting_[0].rows() + waiting_[1].rows() + versions_.rows();
  }
  size_t state_column_bytes() const override {
    return waiting_[0].column_bytes() + waiting_[1].column_bytes() + versions_.column_bytes();
  }

 private:
  void move_on(Output& output) {
    if (!watermarks_.update()) return;
    int64_t least = watermarks_.combined();
    // Rows of these times may still come.
    if (least != kWatermarkEnd) {
      least -= std::max(options_.inputs[0].shift_us, options_.inputs[1].shift_us);
    }
    if (least <= reached_) return;
    reached_ = least;
    take_up(output);
    output.advance(least);
  }

  size_t time_column(size_t side) const {
    return static_cast<size_t>(options_.inputs[side].time_column);
  }

  void take_up(Output& output) {
    const Batch left = waiting_[0].release(reached_);
    // A version holds from its time less `until` on.
    const Batch right = waiting_[1].release(reached_);
    if (right.rows == 0 && left.rows == 0) return;
    const RowKeys left_keys(left, keys_of(left, 0));
    const RowKeys right_keys(right, keys_of(right, 1));
    std::vector<Id> found(left.rows, RowStore::kNone);
    uint32_t next = 0;  // right row
    for (uint32_t row = 0; row < left.rows; ++row) {
      const int64_t until = left.columns[time_column(0)]->int64_at(row) + options_.until_us;
      for (; next < right.rows && right.columns[time_column(1)]->int64_at(next) <= until; ++next) {
        replace(right, right_keys, next);
      }
      versions_.each_equal(left_keys, row, [&](Id id) { found[row] = id; });
    }
    for (; next < right.rows; ++next) replace(right, right_keys, next);
    give(left, found, output);
    versions_.trim();
  }

  /// Changes are versions: what is taken back held until then, and a version ends with the next one
  /// of its key.
  static const Batch* versions_of(const Batch& changes, Batch* come) {
    Selection rows;
    for (uint32_t row = 0; row < changes.rows; ++row) {
      if (changes.weight(row) > 0) rows.push_back(row);
    }
    *come = gather(changes, rows);
    come->weights = nullptr;
    return come;
  }

  std::span<const size_t> keys_of(const Batch& batch, size_t side) const {
    if (batch.rows == 0) return {};
    return options_.inputs[side].keys;
  }

  void replace(const Batch& right, const RowKeys& keys, uint32_t row) {
    if (keys.has_null(row)) return;
    Id old = RowStore::kNone;
    versions_.each_equal(keys, row, [&](Id id) { old = id; });
    if (old != RowStore::kNone) versions_.remove(old);
    versions_.append(right, {&row, 1}, keys, 0);
  }

  void give(const Batch& left, const std::vector<Id>& found, Output& output) {
    Selection rows;
    std::vector<Id> ids;
    for (uint32_t row = 0; row < left.rows; ++row) {
      if (found[row] == RowStore::kNone && !options_.outer) continue;
      rows.push_back(row);
      ids.push_back(found[row]);
    }
    if (rows.empty()) return;
    Batch result{options_.output, rows.size(), {}, nullptr, nullptr};
    for (const ColumnPtr& column : left.columns) result.columns.push_back(gather(column, rows));
    for (size_t c = 0; c < options_.inputs[1].schema->size(); ++c) {
      result.columns.push_back(versions_.gather(c, ids));
    }
    if (left.weights) result.weights = gather(left.weights, rows);
    output.emit(std::move(result));
  }

  AsofJoinOptions options_;
  std::array<WaitingRows, 2> waiting_;
  RowStore versions_;
  InputWatermarks watermarks_{2};
  int64_t reached_ = kWatermarkNone;
};

}  // namespace

std::unique_ptr<Operator> make_asof_join(AsofJoinOptions options) {
  return std::make_unique<AsofJoin>(std::move(options));
}

}  // namespace velo
