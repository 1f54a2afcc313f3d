#pragma once

#include <memory>
#include <vector>

#include "runtime/driver.h"
#include "runtime/job_graph.h"

namespace velo {

/// The counters of a job's sources, by the numbers of its graph: one per copy.
struct JobMetrics {
  std::vector<std::vector<std::unique_ptr<SourceMetrics>>> sources;
};

/// Where the copies of an operator run.
struct NodeCopy {
  size_t driver;
  size_t node;  ///< in that driver's pipeline
};

/// A graph laid out over threads.
struct JobLayout {
  std::vector<std::unique_ptr<Driver>> drivers;
  std::vector<std::unique_ptr<Channel>> channels;
  std::vector<std::vector<NodeCopy>> nodes;  ///< by node of the graph: its copies
  std::vector<std::unique_ptr<RejectTarget>> reject_targets;

  /// Flows between two drivers, for statistics.
  struct Wire {
    size_t from;
    size_t to;
    Channel* channel;
  };
  std::vector<Wire> wires;
};

struct LayoutOptions {
  uint32_t parallelism = 1;
  size_t channel_messages = 64;
  const TimeZone* zone = TimeZone::utc();
};

/// Lays `graph` out: with parallelism 1 everything in one driver. With more, sources and what is
/// row by row behind them in as many drivers; operators by key in as many others, rows dealt by the
/// hash of their keys; all else in single copies behind ordered merges.
///
/// Steps: 1. give every element a width; 2. join elements that are wired directly into groups, one
/// driver per group and copy; 3. wire upstream ends to ports, through channels between groups.
/// Borrows the graph, sinks, rejects and clock.
JobLayout lay_out(const JobGraph& graph, const std::vector<SinkPort*>& sinks, Rejects& rejects,
                  JobMetrics& metrics, Clock& clock, const LayoutOptions& options);

}  // namespace velo
