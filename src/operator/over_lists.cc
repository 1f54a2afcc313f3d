// Aggregates that need all values of a frame, in order: ARRAY_AGG, STRING_AGG, percentiles. To make
// a list costs as much as to make it anew, so nothing is kept for them but the rows:
//
// 1. The frames of a turn's rows are taken partition by partition. Where they overlap, what they
//    read is gathered and evaluated once.
// 2. A list is those rows of its frame that count, sorted where the aggregate says how.
// 3. All of this in pieces, so that the lists of a turn are never there at once.
#include <algorithm>

#include "column/column_builder.h"
#include "operator/over_aggregates.h"
#include "operator/over_inputs.h"

namespace velo {
namespace {

constexpr size_t kElementsPerPiece = 65'536;  // about so many

class FrameLists final : public OverAggregates {
 public:
  FrameLists(OverAggregatesOptions options, const OverRows& rows)
      : options_(std::move(options)),
        rows_(rows),
        layout_({}, options_.aggregates, false),
        inputs_(options_.schema, &layout_, rows) {}

  void arrive(const Batch&, EvaluationContext&) override {}
  std::vector<ColumnPtr> answer(const OverTurn& turn, const OverSpans& spans,
                                EvaluationContext& context, RowErrors& errors) override;
  uint64_t low(uint32_t, const OverNextFrame& next) const override { return next.start; }
  void forget_rows(std::span<const uint32_t>) override {}
  void forget(uint32_t) override {}
  void clear() override {}

  void save(std::span<const uint32_t>, std::span<const uint32_t>, SnapshotWriter&) const override {}
  Status load(std::span<const uint32_t>, size_t, SnapshotReader&) override { return {}; }
  StateBytes memory_bytes() const override { return runs_.memory_bytes(); }

 private:
  /// The rows of a frame, by their places among those that are gathered.
  struct Frame {
    uint32_t begin;
    uint32_t end;
  };
  using Inputs = AggregateLayout::Prepared::Inputs;

  void add(uint32_t group, uint64_t start, uint64_t end);
  void make_piece(EvaluationContext& context, std::vector<std::vector<ColumnPtr>>* made,
                  RowErrors& errors);
  ColumnPtr lists_of(const Component& component, const Inputs& inputs);
  ColumnPtr frame_rows() const;

  OverAggregatesOptions options_;
  const OverRows& rows_;
  AggregateLayout layout_;
  KeptInputs inputs_;
  GroupRuns runs_;
  // Of the piece at work: its frames, which rows of the turn they are of, and what they read.
  std::vector<Frame> frames_;
  std::vector<uint32_t> which_;
  std::vector<uint32_t> groups_;
  std::vector<uint64_t> indexes_;
  size_t elements_ = 0;
};

// Rows that the frame before has not read are read now.
void FrameLists::add(uint32_t group, uint64_t start, uint64_t end) {
  if (start >= end) return frames_.push_back({0, 0});
  elements_ += end - start;
  size_t begin = groups_.size();
  uint64_t read = start;
  if (begin > 0 && groups_.back() == group && start <= indexes_.back()) {
    // Frames do not go back, so what was last read is without a gap from `start` on.
    read = indexes_.back() + 1;
    begin -= read - start;
  }
  for (uint64_t index = read; index < end; ++index) {
    groups_.push_back(group);
    indexes_.push_back(index);
  }
  frames_.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(begin + (end - start))});
}

ColumnPtr FrameLists::lists_of(const Component& component, const Inputs& inputs) {
  const auto before = [&](uint32_t a, uint32_t b) {
    for (size_t k = 0; k < component.order.size(); ++k) {
      const ListOrder& order = component.order[k];
      const Column& key = *inputs.columns[k + 1];
      if (key.is_null(a) != key.is_null(b)) return key.is_null(a) == order.nulls_first;
      const int sign = compare_rows(key, a, key, b);
      if (sign != 0) return (sign < 0) != order.descending;
    }
    return false;
  };
  std::vector<uint32_t> rows;
  auto offsets = Buffer::allocate((frames_.size() + 1) * sizeof(uint32_t));
  auto* ends = offsets->as<uint32_t>();
  *ends++ = 0;
  for (const Frame& frame : frames_) {
    const size_t first = rows.size();
    for (uint32_t row = frame.begin; row < frame.end; ++row) {
      if (inputs.mask == nullptr || inputs.mask[row] != 0) rows.push_back(row);
    }
    if (!component.order.empty()) {
      std::stable_sort(rows.begin() + static_cast<ptrdiff_t>(first), rows.end(), before);
    }
    *ends++ = static_cast<uint32_t>(rows.size());
  }
  const ColumnPtr values = gather(inputs.columns[0], rows);
  return Column::list(Type::array(values->type()), frames_.size(), std::move(offsets), {values});
}

ColumnPtr FrameLists::frame_rows() const {
  ColumnBuilder counts(Type::bigint(), frames_.size());
  for (const Frame& frame : frames_) {
    counts.append_int64(static_cast<int64_t>(frame.end - frame.begin));
  }
  return counts.finish();
}

void FrameLists::make_piece(EvaluationContext& context, std::vector<std::vector<ColumnPtr>>* made,
                            RowErrors& errors) {
  const AggregateLayout::Prepared& read = inputs_.prepare(groups_, indexes_, context);
  for (size_t a = 0; a < options_.aggregates.size(); ++a) {
    std::vector<ColumnPtr> parts;
    for (const AggregateLayout::Part& part : layout_.parts(a)) {
      const auto c = static_cast<size_t>(part.component);
      parts.push_back(part.component < 0 ? frame_rows()
                                         : lists_of(layout_.components()[c], read.components[c]));
    }
    RowErrors failed;
    (*made)[a].push_back(finalise_aggregate(options_.aggregates[a], parts, frames_.size(), failed));
    for (const RowError& error : failed.raw()) {
      errors.add(which_[error.row], error.code, error.message);
    }
  }
  frames_.clear(), which_.clear(), groups_.clear(), indexes_.clear();
  elements_ = 0;
}

std::vector<ColumnPtr> FrameLists::answer(const OverTurn& turn, const OverSpans& spans,
                                          EvaluationContext& context, RowErrors& errors) {
  runs_.sort(turn.groups, rows_.groups());
  std::vector<std::vector<ColumnPtr>> made(options_.aggregates.size());
  Selection back(turn.size());
  uint32_t next = 0;
  for (const GroupRuns::Run& run : runs_.runs()) {
    for (const uint32_t i : runs_.rows(run)) {
      which_.push_back(i);
      back[i] = next++;
      add(run.group, spans.starts[i], spans.ends[i]);
      if (std::max(elements_, groups_.size()) >= kElementsPerPiece) {
        make_piece(context, &made, errors);
      }
    }
  }
  if (!frames_.empty()) make_piece(context, &made, errors);
  std::vector<ColumnPtr> answers;
  for (const std::vector<ColumnPtr>& pieces : made) answers.push_back(gather(concat(pieces), back));
  return answers;
}

}  // namespace

bool follows_from_lists(const Aggregate& aggregate) {
  return std::all_of(aggregate.components.begin(), aggregate.components.end(),
                     [](const Component& component) {
                       return component.kind == AccumulatorKind::kValueList ||
                              component.kind == AccumulatorKind::kRowCount;
                     }) &&
         !merges_cheaply(aggregate);
}

std::unique_ptr<OverAggregates> make_list_aggregates(OverAggregatesOptions options,
                                                     const OverRows& rows) {
  return std::make_unique<FrameLists>(std::move(options), rows);
}

}  // namespace velo
