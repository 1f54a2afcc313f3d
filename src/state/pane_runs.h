#pragma once

#include <span>
#include <utility>
#include <vector>

#include "state/pane_clock.h"

namespace velo {

/// The rows of a batch sorted by pane.
class PaneRuns {
 public:
  /// Rows of one pane, in the order of the batch.
  struct Run {
    int64_t pane;
    std::span<const uint32_t> rows;
  };

  /// Sorts rows [begin, end), whose times lie in the panes first…last.
  void sort(PaneClock& clock, const int64_t* times, size_t begin, size_t end, int64_t first,
            int64_t last);
  /// Panes ascending, each once. Valid until the next sort.
  const std::vector<Run>& runs() const { return runs_; }

 private:
  void sort_near(PaneClock& clock, const int64_t* times, size_t begin, size_t end, int64_t first,
                 size_t panes);
  void sort_far(PaneClock& clock, const int64_t* times, size_t begin, size_t end);

  std::vector<uint32_t> order_;
  std::vector<Run> runs_;
  std::vector<uint32_t> panes_;   // by row − begin: pane − first
  std::vector<uint32_t> places_;  // by pane − first: where its next row goes
  std::vector<std::pair<int64_t, uint32_t>> keyed_;
};

}  // namespace velo
