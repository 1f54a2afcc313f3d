#pragma once

#include <vector>

#include "operator/over_rows.h"
#include "state/group_states.h"

namespace velo {

/// What the aggregates of a layout read of rows that are kept, evaluated for any of them.
class KeptInputs {
 public:
  KeptInputs(SchemaPtr schema, AggregateLayout* layout, const OverRows& rows);
  /// Of the rows with these indexes in these partitions; valid until the next call.
  const AggregateLayout::Prepared& prepare(std::span<const uint32_t> groups,
                                           std::span<const uint64_t> indexes,
                                           EvaluationContext& context);

 private:
  SchemaPtr schema_;
  AggregateLayout* layout_;
  const OverRows& rows_;
  std::vector<size_t> read_;  // columns
  AggregateLayout::Prepared prepared_;
};

}  // namespace velo
