#include "state/group_states.h"

namespace velo {

AggregateLayout::AggregateLayout(std::vector<ExprPtr> keys, std::vector<Aggregate> aggregates,
                                 bool retractable)
    : keys_(std::move(keys)),
      aggregates_(std::move(aggregates)),
      retractable_(retractable),
      expressions_(keys_),
      evaluator_(std::vector<ExprPtr>{}) {
  for (const Aggregate& aggregate : aggregates_) {
    std::vector<Part> parts;
    for (const Component& component : aggregate.components) {
      parts.push_back({find_or_add(component), component.emission});
    }
    parts_.push_back(std::move(parts));
  }
  evaluator_ = Evaluator(expressions_);
}

int AggregateLayout::find_or_add(const Component& component) {
  if (component.kind == AccumulatorKind::kRowCount && !component.filter) return -1;
  for (size_t i = 0; i < components_.size(); ++i) {
    if (components_[i].same_state(component)) return static_cast<int>(i);
  }
  Slots slots;
  auto add = [this](const ExprPtr& expr) {
    expressions_.push_back(expr);
    return expressions_.size() - 1;
  };
  for (const ExprPtr& input : component.inputs) slots.inputs.push_back(add(input));
  for (const ListOrder& order : component.order) slots.inputs.push_back(add(order.key));
  if (component.filter) slots.filter = static_cast<int>(add(component.filter));
  components_.push_back(component);
  slots_.push_back(std::move(slots));
  return static_cast<int>(components_.size()) - 1;
}

namespace {

// Zeroes the mask where `column` is NULL; true if any row is left out.
bool leave_out_nulls(const Column& column, std::vector<uint8_t>* mask) {
  if (!column.may_have_nulls()) return false;
  if (mask->empty()) mask->assign(column.size(), 1);
  for (size_t row = 0; row < column.size(); ++row) {
    if (column.is_null(row)) (*mask)[row] = 0;
  }
  return true;
}

void leave_out_unfiltered(const Column& filter, std::vector<uint8_t>* mask) {
  if (mask->empty()) mask->assign(filter.size(), 1);
  for (size_t row = 0; row < filter.size(); ++row) {
    if (filter.is_null(row) || !filter.bool_at(row)) (*mask)[row] = 0;
  }
}

}  // namespace

void AggregateLayout::prepare(const Batch& batch, EvaluationContext& context, RowErrors& errors,
                              Prepared* out) {
  evaluator_.evaluate(batch, context, errors, &values_);
  out->keys.assign(values_.begin(), values_.begin() + static_cast<ptrdiff_t>(keys_.size()));
  out->components.resize(components_.size());
  for (size_t c = 0; c < components_.size(); ++c) {
    Prepared::Inputs& inputs = out->components[c];
    inputs.columns.clear();
    inputs.mask_storage.clear();
    const size_t arguments = components_[c].inputs.size();
    for (size_t i = 0; i < slots_[c].inputs.size(); ++i) {
      inputs.columns.push_back(flatten(values_[slots_[c].inputs[i]]));
      // A NULL argument leaves the row out; a NULL order key does not.
      if (i < arguments) leave_out_nulls(*inputs.columns.back(), &inputs.mask_storage);
    }
    if (slots_[c].filter >= 0) {
      leave_out_unfiltered(*values_[static_cast<size_t>(slots_[c].filter)], &inputs.mask_storage);
    }
    inputs.mask = inputs.mask_storage.empty() ? nullptr : inputs.mask_storage.data();
  }
  out->weights = batch.weights ? flatten(batch.weights) : nullptr;
  out->weight_values = out->weights ? out->weights->values<int64_t>() : nullptr;
}

GroupStates::GroupStates(const AggregateLayout* layout) : layout_(layout) {
  for (const Component& component : layout->components()) {
    accumulators_.push_back(make_accumulator(component, layout->retractable_));
  }
}

void GroupStates::resize(size_t groups) {
  if (groups <= counts_.size()) return;
  // Grow by half at least: keys that trickle in must not copy the arrays each time.
  const size_t room =
      counts_.empty() ? groups : std::max(groups, counts_.size() + counts_.size() / 2);
  counts_.resize(room);
  for (auto& accumulator : accumulators_) accumulator->resize(room);
}

void GroupStates::fold(const AggregateLayout::Prepared& prepared, FoldRows rows) {
  rows.weights = prepared.weight_values;
  rows.mask = nullptr;
  int64_t* counts = counts_.data();
  for_each_row(
      rows, [&](size_t row) { ++counts[rows.slots[row]]; },
      [&](size_t row, int64_t weight) { counts[rows.slots[row]] += weight; });
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    rows.mask = prepared.components[c].mask;
    accumulators_[c]->fold(rows, prepared.components[c].columns);
  }
}

void GroupStates::merge(const GroupStates& from, std::span<const uint32_t> to,
                        std::span<const uint32_t> from_groups) {
  for (size_t i = 0; i < to.size(); ++i) counts_[to[i]] += from.counts_[from_groups[i]];
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    accumulators_[c]->merge(*from.accumulators_[c], to, from_groups);
  }
}

void GroupStates::merge_all(const GroupStates& from) {
  resize(from.size());
  int64_t* __restrict mine = counts_.data();
  const int64_t* __restrict other = from.counts_.data();
  for (size_t i = 0; i < from.size(); ++i) mine[i] += other[i];
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    accumulators_[c]->merge_all(*from.accumulators_[c], from.size());
  }
}

void GroupStates::clear(std::span<const uint32_t> groups) {
  for (uint32_t group : groups) counts_[group] = 0;
  for (auto& accumulator : accumulators_) accumulator->clear(groups);
}

void GroupStates::clear_all() {
  std::fill(counts_.begin(), counts_.end(), 0);
  for (auto& accumulator : accumulators_) accumulator->clear_all();
}

std::vector<ColumnPtr> GroupStates::results(std::span<const uint32_t> groups,
                                            RowErrors& errors) const {
  std::vector<ColumnPtr> columns;
  std::vector<ColumnPtr> parts;
  for (size_t a = 0; a < layout_->aggregates_.size(); ++a) {
    parts.clear();
    for (const AggregateLayout::Part& part : layout_->parts_[a]) {
      if (part.component >= 0) {
        accumulators_[static_cast<size_t>(part.component)]->output(groups, part.emission, &parts);
        continue;
      }
      ColumnBuilder counts(Type::bigint(), groups.size());
      int64_t* to = counts.extend<int64_t>(groups.size());
      for (size_t i = 0; i < groups.size(); ++i) to[i] = counts_[groups[i]];
      counts.added(groups.size());
      parts.push_back(counts.finish());
    }
    columns.push_back(finalise_aggregate(layout_->aggregates_[a], parts, groups.size(), errors));
  }
  return columns;
}

void GroupStates::save(std::span<const uint32_t> groups, SnapshotWriter& writer) const {
  for (uint32_t group : groups) writer.i64(counts_[group]);
  for (const auto& accumulator : accumulators_) accumulator->save(groups, writer);
}

Status GroupStates::load(std::span<const uint32_t> groups, SnapshotReader& reader) {
  for (uint32_t group : groups) counts_[group] = TRY(reader.i64());
  for (auto& accumulator : accumulators_) TRY(accumulator->load(groups, reader));
  return {};
}

size_t GroupStates::memory_bytes() const {
  size_t total = counts_.capacity() * sizeof(int64_t);
  for (const auto& accumulator : accumulators_) total += accumulator->memory_bytes();
  return total;
}

}  // namespace velo
