#include "state/group_states.h"

#include <bit>

#include "expr/plain_rule.h"

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
      if (i < arguments && !components_[c].keeps_nulls)
        leave_out_nulls(*inputs.columns.back(), &inputs.mask_storage);
    }
    if (slots_[c].filter >= 0) {
      leave_out_unfiltered(*values_[static_cast<size_t>(slots_[c].filter)], &inputs.mask_storage);
    }
    inputs.mask = inputs.mask_storage.empty() ? nullptr : inputs.mask_storage.data();
  }
  out->weights = batch.weights ? flatten(batch.weights) : nullptr;
  out->weight_values = out->weights ? out->weights->values<int64_t>() : nullptr;
}

GroupStates::GroupStates(const AggregateLayout* layout)
    : layout_(layout), left_out_(layout->components().size()) {
  for (const Component& component : layout->components()) {
    accumulators_.push_back(component.kind == AccumulatorKind::kCountValid
                                ? nullptr
                                : make_accumulator(component, layout->retractable_));
  }
}

void GroupStates::resize(size_t groups) {
  if (groups <= counts_.size()) return;
  // Grow by half at least: keys that trickle in must not copy the arrays each time.
  const size_t room =
      counts_.empty() ? groups : std::max(groups, counts_.size() + counts_.size() / 2);
  counts_.resize(room);
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    if (accumulators_[c]) accumulators_[c]->resize(room);
    if (!left_out_[c].empty()) left_out_[c].resize(room);
  }
}

void GroupStates::leave_out(LeftOut& left_out, const FoldRows& rows, const uint8_t* mask) {
  left_out.resize(counts_.size());
  for (size_t i = 0; i < rows.count; ++i) {
    const size_t row = rows.row(i);
    if (mask[row] == 0) left_out[rows.slots[row]] += rows.weight(row);
  }
}

void GroupStates::fold(const AggregateLayout::Prepared& prepared, FoldRows rows) {
  rows.weights = prepared.weight_values;
  rows.mask = nullptr;
  int64_t* counts = counts_.data();
  for_each_row(
      rows, [&](size_t row) { ++counts[rows.slots[row]]; },
      [&](size_t row, int64_t weight) { counts[rows.slots[row]] += weight; });
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    const uint8_t* mask = prepared.components[c].mask;
    if (accumulators_[c]) {
      rows.mask = mask;
      accumulators_[c]->fold(rows, prepared.components[c].columns);
    } else if (mask != nullptr) {
      leave_out(left_out_[c], rows, mask);
    }
  }
}

void GroupStates::merge(const GroupStates& from, std::span<const uint32_t> to,
                        std::span<const uint32_t> from_groups) {
  int64_t* mine = counts_.data();
  const int64_t* other = from.counts_.data();
  for (size_t i = 0; i < to.size(); ++i) mine[to[i]] += other[from_groups[i]];
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    if (accumulators_[c]) accumulators_[c]->merge(*from.accumulators_[c], to, from_groups);
    if (from.left_out_[c].empty()) continue;
    left_out_[c].resize(counts_.size());
    for (size_t i = 0; i < to.size(); ++i) {
      left_out_[c][to[i]] += from.left_out_[c][from_groups[i]];
    }
  }
}

void GroupStates::assign(const GroupStates& from, std::span<const uint32_t> to,
                         std::span<const uint32_t> from_groups) {
  int64_t* mine = counts_.data();
  const int64_t* other = from.counts_.data();
  for (size_t i = 0; i < to.size(); ++i) mine[to[i]] = other[from_groups[i]];
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    if (accumulators_[c]) accumulators_[c]->assign(*from.accumulators_[c], to, from_groups);
    if (from.left_out_[c].empty() && left_out_[c].empty()) continue;
    left_out_[c].resize(counts_.size());
    for (size_t i = 0; i < to.size(); ++i) {
      left_out_[c][to[i]] = from.left_out_[c].empty() ? 0 : from.left_out_[c][from_groups[i]];
    }
  }
}

namespace {

int64_t value_at(const std::vector<int64_t>& values, uint32_t slot) {
  return values.empty() ? 0 : values[slot];
}

}  // namespace

void GroupStates::assign_merged(size_t begin, const GroupStates& first,
                                std::span<const uint32_t> first_groups, const GroupStates& second,
                                std::span<const uint32_t> second_groups) {
  const size_t n = first_groups.size();
  resize(begin + n);
  for (size_t i = 0; i < n; ++i) {
    counts_[begin + i] = first.counts_[first_groups[i]] + second.counts_[second_groups[i]];
  }
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    if (accumulators_[c]) {
      accumulators_[c]->assign_merged(begin, *first.accumulators_[c], first_groups,
                                      *second.accumulators_[c], second_groups);
    }
    const LeftOut& left = first.left_out_[c];
    const LeftOut& right = second.left_out_[c];
    LeftOut& mine = left_out_[c];
    if (mine.empty() && left.empty() && right.empty()) continue;
    mine.resize(counts_.size());
    for (size_t i = 0; i < n; ++i) {
      mine[begin + i] = value_at(left, first_groups[i]) + value_at(right, second_groups[i]);
    }
  }
}

void GroupStates::unmerge(const GroupStates& from, std::span<const uint32_t> to,
                          std::span<const uint32_t> from_groups) {
  for (size_t i = 0; i < to.size(); ++i) counts_[to[i]] -= from.counts_[from_groups[i]];
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    if (accumulators_[c] && accumulators_[c]->is_exact()) {
      accumulators_[c]->unmerge(*from.accumulators_[c], to, from_groups);
    }
    if (from.left_out_[c].empty()) continue;
    for (size_t i = 0; i < to.size(); ++i) {
      left_out_[c][to[i]] -= from.left_out_[c][from_groups[i]];
    }
  }
}

void GroupStates::merge_keeping(const GroupStates& from, std::span<const uint32_t> to,
                                std::span<const uint32_t> from_groups, GroupStates& before,
                                size_t begin) {
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    if (!accumulators_[c] || accumulators_[c]->is_exact()) continue;
    accumulators_[c]->merge_keeping(*from.accumulators_[c], to, from_groups,
                                    *before.accumulators_[c], begin);
  }
}

void GroupStates::restore(const GroupStates& before, size_t begin, std::span<const uint32_t> to) {
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    if (!accumulators_[c] || accumulators_[c]->is_exact()) continue;
    accumulators_[c]->restore(*before.accumulators_[c], begin, to);
  }
}

void GroupStates::clear_inexact() {
  for (const auto& accumulator : accumulators_) {
    if (accumulator && !accumulator->is_exact()) accumulator->clear_all();
  }
}

void GroupStates::merge_all(const GroupStates& from) {
  resize(from.size());
  std::vector<uint32_t> all(from.size());
  for (uint32_t g = 0; g < all.size(); ++g) all[g] = g;
  merge(from, all, all);
}

void GroupStates::clear(std::span<const uint32_t> groups) {
  for (uint32_t group : groups) counts_[group] = 0;
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    if (accumulators_[c]) accumulators_[c]->clear(groups);
    if (left_out_[c].empty()) continue;
    for (uint32_t group : groups) left_out_[c][group] = 0;
  }
}

void GroupStates::clear_all() { clear_first(counts_.size()); }

void GroupStates::clear_first(size_t count) {
  std::fill_n(counts_.begin(), count, 0);
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    if (accumulators_[c]) accumulators_[c]->clear_first(count);
    left_out_[c].clear();
  }
}

void GroupStates::make_anew() {
  for (LeftOut& left_out : left_out_) left_out.clear();
  for (const auto& accumulator : accumulators_) {
    if (accumulator) accumulator->make_anew();
  }
}

ColumnPtr GroupStates::count_column(std::span<const uint32_t> groups,
                                    const LeftOut& left_out) const {
  ColumnBuilder builder(Type::bigint(), groups.size());
  int64_t* to = builder.extend<int64_t>(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) to[i] = counts_[groups[i]];
  for (size_t i = 0; !left_out.empty() && i < groups.size(); ++i) to[i] -= left_out[groups[i]];
  builder.added(groups.size());
  return builder.finish();
}

std::vector<ColumnPtr> GroupStates::results(std::span<const uint32_t> groups,
                                            RowErrors& errors) const {
  std::vector<ColumnPtr> columns;
  std::vector<ColumnPtr> parts;
  ColumnPtr row_counts;  // shared by all that count every row
  for (size_t a = 0; a < layout_->aggregates_.size(); ++a) {
    parts.clear();
    for (const AggregateLayout::Part& part : layout_->parts_[a]) {
      const auto c = static_cast<size_t>(std::max(part.component, 0));
      if (part.component >= 0 && accumulators_[c]) {
        accumulators_[c]->output(groups, part.emission, &parts);
      } else if (part.component >= 0 && !left_out_[c].empty()) {
        parts.push_back(count_column(groups, left_out_[c]));
      } else {
        if (!row_counts) row_counts = count_column(groups, {});
        parts.push_back(row_counts);
      }
    }
    columns.push_back(finalise_aggregate(layout_->aggregates_[a], parts, groups.size(), errors));
  }
  return columns;
}

bool GroupStates::counts_all(const AggregateLayout::Part& part) const {
  if (part.component < 0) return true;
  const auto c = static_cast<size_t>(part.component);
  return accumulators_[c] == nullptr && left_out_[c].empty();
}

bool GroupStates::write_part(const AggregateLayout::Part& part, const WordPlaces& places,
                             const GroupStates* later, const int64_t* counts, uint64_t* to) const {
  if (counts_all(part) && (later == nullptr || later->counts_all(part))) {
    if (places.is_range()) {
      std::copy_n(counts, places.count, reinterpret_cast<int64_t*>(to));
      return true;
    }
    for (size_t i = 0; i < places.count; ++i) {
      to[places.positions[i]] = static_cast<uint64_t>(counts[i]);
    }
    return true;
  }
  const auto c = static_cast<size_t>(part.component);
  const Accumulator* mine = accumulators_[c].get();
  if (mine == nullptr) return false;
  if (later == nullptr) return mine->write(places, nullptr, to);
  const Accumulator* more = later->accumulators_[c].get();
  return mine->is_exact() ? more->write(places, nullptr, to) : mine->write(places, more, to);
}

namespace {

double ratio(uint64_t word, int64_t count) {
  return std::bit_cast<double>(word) / static_cast<double>(count);
}

// The words at these places are sums; they become averages.
void divide(PlainRule rule, const WordPlaces& places, const int64_t* counts, uint64_t* words) {
  const size_t n = places.count;
  if (rule == PlainRule::kRatio && places.is_range()) {
    run_vectors([=]() VECTOR_LOOP {
      for (size_t i = 0; i < n; ++i) words[i] = std::bit_cast<uint64_t>(ratio(words[i], counts[i]));
    });
    return;
  }
  for (size_t i = 0; i < n; ++i) {
    uint64_t& word = words[places.positions ? places.positions[i] : i];
    word = std::bit_cast<uint64_t>(rule == PlainRule::kRatio
                                       ? ratio(word, counts[i])
                                       : integer_average(std::bit_cast<int64_t>(word), counts[i]));
  }
}

}  // namespace

bool GroupStates::write_results(const WordPlaces& places, const GroupStates* later,
                                std::span<uint64_t* const> columns) const {
  const int64_t* all = (later ? later : this)->counts_.data();
  std::vector<int64_t> picked;
  const int64_t* counts = all + places.begin;
  if (!places.is_range()) {
    picked.resize(places.count);
    for (size_t i = 0; i < places.count; ++i) picked[i] = all[places.slots[i]];
    counts = picked.data();
  }
  for (size_t a = 0; a < layout_->aggregates_.size(); ++a) {
    const PlainRule rule = plain_rule(layout_->aggregates_[a]);
    const std::vector<AggregateLayout::Part>& parts = layout_->parts_[a];
    if (rule == PlainRule::kNone) return false;
    for (size_t p = 1; p < parts.size(); ++p) {
      if (!counts_all(parts[p])) return false;
      if (later != nullptr && !later->counts_all(parts[p])) return false;
    }
    if (!write_part(parts[0], places, later, counts, columns[a])) return false;
    if (rule != PlainRule::kFirstPart) divide(rule, places, counts, columns[a]);
  }
  return true;
}

void GroupStates::save(std::span<const uint32_t> groups, SnapshotWriter& writer) const {
  for (uint32_t group : groups) writer.i64(counts_[group]);
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    if (accumulators_[c]) {
      accumulators_[c]->save(groups, writer);
      continue;
    }
    for (uint32_t group : groups) {
      writer.i64(counts_[group] - (left_out_[c].empty() ? 0 : left_out_[c][group]));
    }
  }
}

Status GroupStates::load(std::span<const uint32_t> groups, SnapshotReader& reader) {
  for (uint32_t group : groups) counts_[group] = TRY(reader.i64());
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    if (accumulators_[c]) {
      TRY(accumulators_[c]->load(groups, reader));
      continue;
    }
    left_out_[c].resize(counts_.size());
    for (uint32_t group : groups) {
      // Wraps rather than overflows when the bytes lie.
      left_out_[c][group] = static_cast<int64_t>(static_cast<uint64_t>(counts_[group]) -
                                                 static_cast<uint64_t>(TRY(reader.i64())));
    }
  }
  return {};
}

size_t GroupStates::memory_bytes() const {
  size_t total = counts_.capacity() * sizeof(int64_t);
  for (size_t c = 0; c < accumulators_.size(); ++c) {
    if (accumulators_[c]) total += accumulators_[c]->memory_bytes();
    total += left_out_[c].capacity() * sizeof(int64_t);
  }
  return total;
}

}  // namespace velo
