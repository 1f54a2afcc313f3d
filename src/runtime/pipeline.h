#pragma once

#include <memory>
#include <string>
#include <vector>

#include "operator/operator.h"
#include "runtime/metrics.h"
#include "runtime/port.h"
#include "state/snapshot.h"

namespace velo {

/// Operators wired by direct calls: a DAG that one thread drives. Rows go in through `input`, run
/// to their end (a channel, a sink, an operator's state) before the call returns.
///
/// Building: `add` in the order of the stream, `connect`, then `open`. One thread at a time.
class Pipeline {
 public:
  Pipeline();
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// Number of the new node. `inputs` ports, all of which must end before it finishes.
  size_t add(std::unique_ptr<Operator> op, size_t inputs);
  /// Everything that node `from` gives goes to `to` as well. Borrows `to`.
  void connect(size_t from, Port& to);
  void connect(size_t from, size_t to, size_t index) { connect(from, input(to, index)); }
  Port& input(size_t node, size_t index);
  /// Borrowed; null: rejected rows are only counted.
  void set_rejects(RejectTarget* target) { rejects_ = target; }

  /// The clock, zone and seed that expressions see. Before every batch.
  void set_now(int64_t now_us);
  void set_zone(const TimeZone* zone);
  void set_seed(uint64_t seed);
  /// Nodes without inputs give their rows and end.
  void start();
  /// Passes the clock on to the operators (EMIT EVERY).
  void tick(int64_t now_us);

  void save(SnapshotWriter& writer) const;
  Status load(SnapshotReader& reader);

  size_t size() const { return nodes_.size(); }
  const Operator& op(size_t node) const;
  const OperatorMetrics& metrics(size_t node) const;

 private:
  struct Node;
  struct NodeInput;
  std::vector<std::unique_ptr<Node>> nodes_;
  RejectTarget* rejects_ = nullptr;
  int64_t now_us_ = INT64_MIN;
};

}  // namespace velo
