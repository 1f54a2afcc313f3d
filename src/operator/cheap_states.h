#pragma once

#include <algorithm>

#include "state/group_states.h"

namespace velo {

/// Every state of the layout is a fixed number of bytes (or one value): copying one costs no more
/// than folding a row into it.
inline bool has_cheap_states(const AggregateLayout& layout) {
  return std::all_of(layout.components().begin(), layout.components().end(),
                     [](const Component& component) {
                       return component.kind != AccumulatorKind::kDistinct &&
                              component.kind != AccumulatorKind::kHyperLogLog &&
                              component.kind != AccumulatorKind::kValueList;
                     });
}

}  // namespace velo
