// 1. Until the build side has ended its rows are stored, and what comes on the other side is kept
//    as it came: batches and watermarks.
// 2. Then these are taken up, and from there on every batch passes at once.
//
// Invariant: nothing is held back once the build side has ended.
#include "operator/build_join.h"

#include <algorithm>

#include "base/fmt.h"
#include "operator/held_back.h"
#include "operator/join_residual.h"
#include "operator/reject_rows.h"

namespace velo {
namespace {

using Id = JoinRows::Id;

constexpr size_t kBlock = 4096;  // pairs looked at at once

class BuildJoin final : public Operator {
 public:
  explicit BuildJoin(BuildJoinOptions options)
      : options_(std::move(options)),
        probe_(1 - options_.build),
        store_({options_.inputs[options_.build].schema, options_.inputs[options_.build].keys,
                keeps(options_.build)}),
        residual_(options_.residual, options_.inputs[0].schema, options_.inputs[1].schema),
        held_(options_.inputs[probe_].schema) {}

  void push(size_t side, const Batch& batch, Output& output) override {
    if (side == probe_) {
      if (built_) return pass(batch, output);
      return held_.hold(batch);
    }
    const RowKeys keys(batch, options_.inputs[side].keys);
    store_.append_all(batch, keys, 0);
    store_.trim();
  }

  void advance(size_t side, int64_t watermark, Output& output) override {
    if (side == probe_) {
      if (!built_) return held_.hold(watermark);
      return tell(watermark, output);
    }
    if (watermark != kWatermarkEnd || built_) return;
    built_ = true;
    held_.release([&](const Batch& batch) { pass(batch, output); },
                  [&](int64_t held) { tell(held, output); });
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("build_join");
    writer.u8(built_ ? 1 : 0);
    store_.save(writer);
    held_.save(writer);
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("build_join"));
    built_ = TRY(reader.u8()) != 0;
    TRY(store_.load(reader));
    return held_.load(reader);
  }

  std::string explain() const override {
    std::string out = fmt::format("Join {}, {} side first", join_kind_name(options_.kind),
                                  options_.build == 0 ? "left" : "right");
    for (size_t k = 0; k < options_.inputs[0].keys.size(); ++k) {
      out += fmt::format("{}{} = {}", k > 0 ? ", " : " on ", key_name(0, k), key_name(1, k));
    }
    return options_.residual ? out + " if " + options_.residual->to_string() : out;
  }
  const SchemaPtr& output_schema() const override { return options_.output; }
  size_t state_bytes() const override { return store_.memory_bytes() + held_.memory_bytes(); }
  size_t state_rows() const override { return store_.rows() + held_.rows(); }
  size_t state_column_bytes() const override {
    return store_.column_bytes() + held_.column_bytes();
  }

 private:
  const std::string& key_name(size_t side, size_t k) const {
    return (*options_.inputs[side].schema)[options_.inputs[side].keys[k]].name;
  }
  /// Rows of this side come out without partner.
  bool keeps(size_t side) const {
    return options_.kind == JoinKind::kFull ||
           options_.kind == (side == 0 ? JoinKind::kLeft : JoinKind::kRight);
  }
  bool left_only() const {
    return options_.kind == JoinKind::kSemi || options_.kind == JoinKind::kAnti;
  }

  void tell(int64_t watermark, Output& output) {
    if (watermark == kWatermarkEnd && keeps(options_.build)) give_lonely(output);
    output.advance(watermark);
  }

  void pass(const Batch& batch, Output& output) {
    const RowKeys keys(batch, options_.inputs[probe_].keys);
    rows_.clear();
    ids_.clear();
    pairs_.clear();
    uint32_t done = 0;
    store_.each_pair(keys, [&](uint32_t row, Id id) {
      if (pairs_.size() >= kBlock && row != pairs_.rows.back()) {
        take_pairs(batch, done, row, output);
        done = row;
      }
      pairs_.add(row, id);
    });
    take_pairs(batch, done, static_cast<uint32_t>(batch.rows), output);
    give(batch, output);
  }

  /// Deals with all pairs of the rows from `begin` to `end`.
  void take_pairs(const Batch& batch, uint32_t begin, uint32_t end, Output& output) {
    residual_.keep(probe_, batch, store_, context_, pairs_, output);
    const bool marks = keeps(options_.build);
    size_t pair = 0;
    for (uint32_t row = begin; row < end; ++row) {
      const size_t first = pair;
      while (pair < pairs_.size() && pairs_.rows[pair] == row) ++pair;
      if (options_.at_most_one && pair - first > 1) {
        failed_.add(row, ErrorCode::kEvaluation,
                    "a sub-query as a value gives more than one row here");
        continue;
      }
      if (left_only()) {
        if ((pair > first) == (options_.kind == JoinKind::kSemi)) add(row, JoinRows::kNone);
        continue;
      }
      // Links lead from new to old; partners come out in the order in which they came.
      for (size_t i = pair; i-- > first;) {
        add(row, pairs_.ids[i]);
        if (marks) store_.set_count(pairs_.ids[i], 1);
      }
      if (pair == first && keeps(probe_)) add(row, JoinRows::kNone);
    }
    pairs_.clear();
    if (!failed_.empty()) {
      Selection good;
      reject_failed_rows(batch, failed_, output, &good);
    }
    if (rows_.size() >= kBlock) give(batch, output);
  }

  void add(uint32_t row, Id id) {
    rows_.push_back(row);
    ids_.push_back(id);
  }

  void give(const Batch& batch, Output& output) {
    if (rows_.empty()) return;
    Batch result{options_.output, rows_.size(), {}, nullptr, nullptr};
    const size_t left = options_.inputs[0].schema->size();
    for (size_t c = 0; c < options_.output->size(); ++c) {
      const size_t side = c < left ? 0 : 1;
      const size_t at = c < left ? c : c - left;
      result.columns.push_back(side == probe_ ? gather(batch.columns[at], rows_)
                                              : store_.gather(at, ids_));
    }
    if (batch.weights) result.weights = gather(batch.weights, rows_);
    if (batch.watermarks) result.watermarks = gather(batch.watermarks, rows_);
    rows_.clear();
    ids_.clear();
    output.emit(std::move(result));
  }

  void give_lonely(Output& output) {
    std::vector<Id> lonely = store_.live();
    std::erase_if(lonely, [this](Id id) { return store_.count(id) != 0; });
    const size_t left = options_.inputs[0].schema->size();
    for (size_t begin = 0; begin < lonely.size(); begin += kBlock) {
      const std::span<const Id> ids(lonely.data() + begin, std::min(kBlock, lonely.size() - begin));
      Batch result{options_.output, ids.size(), {}, nullptr, nullptr};
      for (size_t c = 0; c < options_.output->size(); ++c) {
        const bool built = (c < left ? 0u : 1u) == options_.build;
        result.columns.push_back(built ? store_.gather(c < left ? c : c - left, ids)
                                       : Column::nulls((*options_.output)[c].type, ids.size()));
      }
      output.emit(std::move(result));
    }
    store_.clear();
  }

  BuildJoinOptions options_;
  size_t probe_;  // the side that passes by
  JoinRows store_;
  JoinResidual residual_;
  bool built_ = false;
  HeldBack held_;
  // Of the batch at work.
  JoinPairs pairs_;
  RowErrors failed_;
  Selection rows_;
  std::vector<Id> ids_;
};

}  // namespace

std::unique_ptr<Operator> make_build_join(BuildJoinOptions options) {
  return std::make_unique<BuildJoin>(std::move(options));
}

}  // namespace velo
