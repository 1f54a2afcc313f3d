#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/lower.h"
#include "engine/query.h"
#include "plan/table_def.h"
#include "runtime/job.h"

namespace velo {

/// What a Query owns. Made by the engine, which binds and lowers; not a public header.
struct Query::State {
  struct Delivery {
    BatchCallback callback;
    std::shared_ptr<ResultChannel> channel;
    bool changing = false;    ///< of outputs
    std::vector<size_t> key;  ///< of outputs
  };
  /// A pushed table that the query reads.
  struct Pushed {
    std::string table;
    size_t source = 0;           ///< number in the job's graph
    SchemaPtr schema;            ///< the table's physical columns
    std::vector<size_t> layout;  ///< which of them the job wants, in its order
    SchemaPtr layout_schema;
    size_t partitions = 1;
    bool changes = false;                        ///< its records are changes
    std::vector<std::unique_ptr<Input>> inputs;  ///< by partition, made on demand
  };
  /// Which table and partition an Input pushes into.
  struct Target final : InputTarget {
    Target(State& s, size_t p) : state(s), pushed(p) {}
    Status take(uint32_t partition, Batch batch) override;
    Status take_bytes(uint32_t partition, std::string_view bytes) override;
    Status take_watermark(uint32_t partition, int64_t watermark_us) override;
    Status take_end(uint32_t partition) override;
    State& state;
    size_t pushed;
  };

  void deliver(Delivery& to, const Batch& rows);
  /// Tells those who wait for results that none will come.
  void close_channels();

  std::vector<Answer> answers;
  std::vector<ResultInfo> results;
  std::vector<Error> notices;
  std::vector<std::unique_ptr<Delivery>> deliveries;  ///< by result
  std::map<std::string, Delivery> outputs;            ///< by pushed table that is written
  std::vector<Pushed> pushed;
  std::vector<std::unique_ptr<Target>> targets;  ///< by pushed table
  size_t batch_rows = 1024;
  /// Another job over the same plans.
  std::function<Result<std::unique_ptr<Job>>()> make_job;
  SourceLegacy legacy;
  /// The job is over, and another one goes on from what was committed. A broker that is away for a
  /// while ends nothing that has run already: it is tried until it answers.
  bool begins_again = false;
  std::optional<Status> begin_again();
  /// Jobs of this query come one after the other; a stop that is asked for is for all of them, from
  /// any thread.
  void use(std::unique_ptr<Job> next);
  void stop();
  std::atomic<int> stops{0};
  std::atomic<Job*> current{nullptr};
  std::unique_ptr<Job> past;  ///< somebody may just be stopping it
  std::unique_ptr<Job> job;  ///< null: nothing to run; last, as its threads deliver into the rest
};

}  // namespace velo
