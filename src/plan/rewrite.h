#pragma once

#include "plan/plan_node.h"

namespace velo {

/// Rewrites: pure functions from a plan to one that gives the same rows with less work. None looks
/// below a SharedNode, whose input was rewritten when it was made.

/// Whether those who read a plan's output may wait for its watermark: so with shared sub-plans.
enum class WatermarkUse : uint8_t { kNobodyAbove, kReadersAbove };

/// All of them, in the order that lets each find what the others leave. `parallel`: more than one
/// thread reads tables.
PlanPtr optimise(const PlanPtr& plan, WatermarkUse use = WatermarkUse::kNobodyAbove,
                 bool parallel = false);

/// Constant parts of expressions become literals; conditions lose what others imply. A Filter that
/// is always TRUE goes, one that no row can meet becomes FALSE.
PlanPtr fold_plan(const PlanPtr& plan);
/// Keys of groupings that other keys decide are computed from these.
PlanPtr merge_keys(const PlanPtr& plan);
/// Conditions move towards the scans as far as what lies between lets them, and meet there.
PlanPtr push_predicates(const PlanPtr& plan);
/// Projections over projections become one; projections that change nothing go.
PlanPtr merge_projections(const PlanPtr& plan);
/// Scans read only columns, and fields of ROW columns, that something above reads; so with
/// aggregates. Watermarks that nobody waits for go.
PlanPtr prune_columns(const PlanPtr& plan, WatermarkUse use = WatermarkUse::kNobodyAbove);
/// Groupings over rows that several threads read are done by each thread first.
PlanPtr split_aggregates(const PlanPtr& plan);

/// Sub-plans with state that are equal become one SharedNode.
PlanPtr share_equal_plans(const PlanPtr& plan);

}  // namespace velo
