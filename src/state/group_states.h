#pragma once

#include <memory>
#include <span>
#include <vector>

#include "expr/aggregate.h"
#include "expr/evaluator.h"
#include "state/accumulator.h"

namespace velo {

/// The aggregates of one GROUP BY, taken apart: which components they are made of (each kept once
/// however many aggregates need it) and how their inputs are computed from a batch. Definition
/// only; the state is in GroupStates.
class AggregateLayout {
 public:
  /// `keys` are evaluated together with the inputs, so that what they share is computed once.
  AggregateLayout(std::vector<ExprPtr> keys, std::vector<Aggregate> aggregates, bool retractable);

  const std::vector<Aggregate>& aggregates() const { return aggregates_; }
  const std::vector<ExprPtr>& keys() const { return keys_; }
  /// Without the row count, which every group has.
  const std::vector<Component>& components() const { return components_; }

  /// A batch with everything that folding needs, evaluated. Valid as long as the layout is not
  /// asked again.
  struct Prepared {
    std::vector<ColumnPtr> keys;
    struct Inputs {
      std::vector<ColumnPtr> columns;     ///< flat
      std::vector<uint8_t> mask_storage;  ///< by row
      const uint8_t* mask = nullptr;      ///< null = all rows count
    };
    std::vector<Inputs> components;
    ColumnPtr weights;  ///< flat, or null
    const int64_t* weight_values = nullptr;
  };
  /// Rows that fail are in `errors`; the caller drops them and asks again.
  void prepare(const Batch& batch, EvaluationContext& context, RowErrors& errors, Prepared* out);

  /// What an aggregate is finalised from.
  struct Part {
    int component;  ///< index into components(), or −1: the row count
    Emission emission;
  };
  const std::vector<Part>& parts(size_t aggregate) const { return parts_[aggregate]; }

 private:
  friend class GroupStates;
  struct Slots {  // where a component's expressions stand in the evaluator
    std::vector<size_t> inputs;
    int filter = -1;
  };
  int find_or_add(const Component& component);

  std::vector<ExprPtr> keys_;
  std::vector<Aggregate> aggregates_;
  bool retractable_;
  std::vector<Component> components_;
  std::vector<Slots> slots_;
  std::vector<std::vector<Part>> parts_;  // per aggregate
  std::vector<ExprPtr> expressions_;
  Evaluator evaluator_;
  std::vector<ColumnPtr> values_;
};

/// The running state of all aggregates of a layout for many groups: arrays indexed by group. A
/// group exists while the sum of its rows' weights is positive.
class GroupStates {
 public:
  explicit GroupStates(const AggregateLayout* layout);

  /// Grows to at least `groups`.
  void resize(size_t groups);
  size_t size() const { return counts_.size(); }
  /// Sum of the weights of a group's rows.
  int64_t count(uint32_t group) const { return counts_[group]; }
  const std::vector<int64_t>& counts() const { return counts_; }

  /// `rows.mask` and `rows.weights` are set by this function.
  void fold(const AggregateLayout::Prepared& prepared, FoldRows rows);
  void merge(const GroupStates& from, std::span<const uint32_t> to,
             std::span<const uint32_t> from_groups);
  void merge_all(const GroupStates& from);
  /// Makes group to[i] what group from_groups[i] of `from` is.
  void assign(const GroupStates& from, std::span<const uint32_t> to,
              std::span<const uint32_t> from_groups);
  /// Makes group begin + i what group first_groups[i] of `first` and then group second_groups[i] of
  /// `second` are together, for every i; grows for it. `first` or `second` may be this one, if no
  /// group is both read and made.
  void assign_merged(size_t begin, const GroupStates& first, std::span<const uint32_t> first_groups,
                     const GroupStates& second, std::span<const uint32_t> second_groups);
  // What is exact (counts, sums of integers: Accumulator::is_exact) can be taken out again; of the
  // other components what was before has to be kept.
  /// Of what is exact: takes group from_groups[i] of `from`, which was merged, out of group to[i].
  void unmerge(const GroupStates& from, std::span<const uint32_t> to,
               std::span<const uint32_t> from_groups);
  /// Of what is not exact: merges; before that, group begin + i of `before`, which grows for it,
  /// becomes what group to[i] is.
  void merge_keeping(const GroupStates& from, std::span<const uint32_t> to,
                     std::span<const uint32_t> from_groups, GroupStates& before, size_t begin);
  /// Of what is not exact: makes group to[i] what group begin + i of `before` is.
  void restore(const GroupStates& before, size_t begin, std::span<const uint32_t> to);
  /// Empties what is not exact.
  void clear_inexact();
  void clear(std::span<const uint32_t> groups);
  void clear_all();
  /// Empties groups 0 … count − 1. REQUIRES: the others are empty.
  void clear_first(size_t count);
  /// Every group will be made by assign, assign_merged or merge_keeping before it is read again.
  void make_anew();

  /// One result column per aggregate. Failed groups are in `errors`, by position in `groups`.
  std::vector<ColumnPtr> results(std::span<const uint32_t> groups, RowErrors& errors) const;

  /// Where all results are plain values of 8 bytes: writes that of aggregate a to columns[a], of
  /// the groups and at the positions that `places` says; the same group of `later`, unless that is
  /// null, is merged into each for as long as that takes, and holds all that is exact. False if one
  /// is not; what stands at these positions then is unspecified. REQUIRES: the groups have rows.
  bool write_results(const WordPlaces& places, const GroupStates* later,
                     std::span<uint64_t* const> columns) const;

  void save(std::span<const uint32_t> groups, SnapshotWriter& writer) const;
  Status load(std::span<const uint32_t> groups, SnapshotReader& reader);
  size_t memory_bytes() const;

 private:
  /// Rows that a kCountValid component does not count: all of them count as long as this is empty,
  /// so that counting what is never NULL costs nothing.
  using LeftOut = std::vector<int64_t>;
  void leave_out(LeftOut& left_out, const FoldRows& rows, const uint8_t* mask);
  bool write_part(const AggregateLayout::Part& part, const WordPlaces& places,
                  const GroupStates* later, const int64_t* counts, uint64_t* to) const;
  /// The part is the number of all rows of a group.
  bool counts_all(const AggregateLayout::Part& part) const;
  ColumnPtr count_column(std::span<const uint32_t> groups, const LeftOut& left_out) const;

  const AggregateLayout* layout_;
  std::vector<int64_t> counts_;
  std::vector<std::unique_ptr<Accumulator>> accumulators_;  // null for kCountValid
  std::vector<LeftOut> left_out_;                           // by component
};

}  // namespace velo
