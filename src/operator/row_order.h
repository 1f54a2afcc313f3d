#pragma once

#include <span>
#include <vector>

#include "column/batch.h"

namespace velo {

struct SortKey {
  size_t column = 0;
  bool descending = false;
  bool nulls_first = true;
};

/// <0, 0, >0: row a stands before row b, by these keys alone.
int compare_by(std::span<const SortKey> keys, const Batch& batch, uint32_t a, uint32_t b);

/// A word per row: of rows with different words the one with the smaller stands first by this key.
/// Equal words say nothing.
std::vector<uint64_t> order_words(const Batch& batch, const SortKey& key);

/// What decides between rows whose keys are equal.
enum class Ties : uint8_t {
  kArrival,  ///< the one that stands first in the batch
  kColumns,  ///< their other columns, in turn: the order depends on the rows alone
};

/// The batch's row numbers in order; of them no more than the first `limit`.
Selection sorted_rows(const Batch& batch, std::span<const SortKey> keys, Ties ties,
                      size_t limit = SIZE_MAX);

}  // namespace velo
