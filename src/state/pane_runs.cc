#include "state/pane_runs.h"

#include <algorithm>

namespace velo {

void PaneRuns::sort(PaneClock& clock, const int64_t* times, size_t begin, size_t end,
                    int64_t first, int64_t last) {
  order_.resize(end - begin);
  runs_.clear();
  // Differences of pane numbers do not overflow: they stand for times.
  if (last - first < static_cast<int64_t>(end - begin)) {
    sort_near(clock, times, begin, end, first, static_cast<size_t>(last - first) + 1);
  } else {
    sort_far(clock, times, begin, end);
  }
}

// Not more panes than rows: count, then place.
void PaneRuns::sort_near(PaneClock& clock, const int64_t* times, size_t begin, size_t end,
                         int64_t first, size_t panes) {
  const size_t rows = end - begin;
  panes_.resize(rows);
  clock.panes_of({times + begin, rows}, first, panes_.data());
  places_.assign(panes + 1, 0);
  for (size_t i = 0; i < rows; ++i) ++places_[panes_[i] + 1];
  for (size_t p = 0; p < panes; ++p) {
    const uint32_t n = places_[p + 1];
    places_[p + 1] += places_[p];
    if (n > 0) runs_.push_back({first + static_cast<int64_t>(p), {order_.data() + places_[p], n}});
  }
  for (size_t i = 0; i < rows; ++i) {
    order_[places_[panes_[i]]++] = static_cast<uint32_t>(begin + i);
  }
}

void PaneRuns::sort_far(PaneClock& clock, const int64_t* times, size_t begin, size_t end) {
  keyed_.clear();
  for (size_t row = begin; row < end; ++row) {
    keyed_.emplace_back(clock.pane_of(times[row]), static_cast<uint32_t>(row));
  }
  std::sort(keyed_.begin(), keyed_.end());
  for (size_t i = 0; i < keyed_.size(); ++i) {
    order_[i] = keyed_[i].second;
    if (runs_.empty() || runs_.back().pane != keyed_[i].first) {
      runs_.push_back({keyed_[i].first, {order_.data() + i, 0}});
    }
    Run& run = runs_.back();
    run.rows = {run.rows.data(), run.rows.size() + 1};
  }
}

}  // namespace velo
