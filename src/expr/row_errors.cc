#include "expr/row_errors.h"

#include <algorithm>

namespace velo {

const std::vector<RowError>& RowErrors::rows() {
  std::vector<size_t> order(errors_.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return errors_[a].row != errors_[b].row ? errors_[a].row < errors_[b].row : a < b;
  });
  std::vector<RowError> sorted;
  sorted.reserve(order.size());
  for (const size_t i : order) {
    if (sorted.empty() || sorted.back().row != errors_[i].row) {
      sorted.push_back(std::move(errors_[i]));
    }
  }
  errors_ = std::move(sorted);
  return errors_;
}

Selection RowErrors::good_rows(size_t batch_rows) {
  Selection good;
  good.reserve(batch_rows);
  const std::vector<RowError>& bad = rows();
  size_t next = 0;
  for (uint32_t row = 0; row < batch_rows; ++row) {
    if (next < bad.size() && bad[next].row == row) {
      ++next;
    } else {
      good.push_back(row);
    }
  }
  return good;
}

}  // namespace velo
