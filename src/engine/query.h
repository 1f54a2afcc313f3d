#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "column/batch.h"
#include "engine/input.h"
#include "engine/result_channel.h"

namespace velo {

/// What SHOW, DESCRIBE or EXPLAIN says: a small table.
struct Answer {
  size_t statement = 0;  ///< its number in the script, from 0
  Batch rows;            ///< EXPLAIN: one STRING column, a row per line
};

/// What a bare SELECT will give.
struct ResultInfo {
  size_t statement = 0;  ///< its number in the script, from 0
  SchemaPtr schema;
  bool changing = false;  ///< batches may carry weights of −1
  /// Columns that tell an update (−1, then +1 with the same key) from a deletion and an insertion;
  /// empty: none known, or not changing.
  std::vector<size_t> key;
  bool bounded = true;  ///< it ends by itself
};

/// Where a running query stands. Counts only grow.
struct Progress {
  enum class State : uint8_t { kReady, kRunning, kStopping, kDone, kFailed };
  State state = State::kReady;
  uint64_t rows_in = 0;
  uint64_t rows_out = 0;
  uint64_t rows_late = 0;    ///< dropped from a closed window
  uint64_t rows_future = 0;  ///< refused: too far ahead of the clock
  uint64_t rows_bad = 0;     ///< not decodable, or an expression failed
  uint64_t rows_unmatched = 0;  ///< changes of rows that are not there
  uint64_t bytes_in = 0;
  uint64_t bytes_total = 0;          ///< 0 = unknown or unbounded
  int64_t watermark_us = INT64_MIN;  ///< least over the sources; INT64_MIN = none yet
  int64_t lag = -1;  ///< messages that topics have and that were not read; below 0: not known
};

/// The INSERTs and SELECTs of a script as one run.
///
/// Two ways to run, not to be mixed: `start`/`wait` (or `run`) on the query's own threads; or
/// `step` on the caller's thread, which is exact and repeatable. Pushing into tables with
/// 'connector' = 'push' drives a query from the thread that pushes, with no need of either.
///
/// One thread at a time, except `stop`, `progress` and `stats_json` (any thread; `stop` also from a
/// signal handler) and what Input and ResultChannel say of themselves.
class Query {
 public:
  using BatchCallback = std::function<void(const Batch&)>;

  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  /// --- What the script said ---
  const std::vector<Answer>& answers() const;
  const std::vector<ResultInfo>& results() const;
  /// Warnings of binding: unbounded state under a bare SELECT, a slide larger than the size …
  const std::vector<Error>& notices() const;
  /// False: nothing but DDL, answers and the like; `run` returns at once.
  bool has_jobs() const;

  /// --- Ways out. Before the first row. ---
  /// Rows of bare SELECT number `result` by direct call, on the thread that made them: the caller's
  /// when pushing or stepping with parallelism 1. A batch must not be kept beyond the call unless
  /// flattened.
  void on_result(size_t result, BatchCallback callback);
  void on_result(BatchCallback callback) { on_result(0, std::move(callback)); }
  /// The same for what is inserted into a table with 'connector' = 'push'.
  Status on_output(std::string_view table, BatchCallback callback);
  /// Whether the batches for such a table may carry weights, and by which columns a change is told
  /// from a deletion and an insertion; as ResultInfo says it of a result.
  bool output_changes(std::string_view table) const;
  std::vector<size_t> output_key(std::string_view table) const;
  /// Rows of a bare SELECT through a bounded queue of `capacity` batches: the query waits while it
  /// is full. To be taken from another thread than the one that pushes.
  std::shared_ptr<ResultChannel> channel(size_t result, size_t capacity);

  /// --- Ways in: tables with 'connector' = 'push' ---
  /// Valid as long as the query. Error kUnknownName if no query of the script reads such a table.
  Result<Input*> input(std::string_view table, uint32_t partition = 0);

  /// --- Running ---
  /// Opens sources and sinks and starts the threads. Errors here come before anything ran.
  Status start();
  /// Waits until all is done or failed; nothing = still running after `timeout_us`.
  std::optional<Status> wait(int64_t timeout_us);
  Status run();
  /// First call: finish the batch, flush, commit. Second: give up; what is not committed is
  /// dropped. Returns at once.
  void stop();
  /// Does what can be done now without waiting, on this thread: reads what sources have, lets idle
  /// timeouts and watermarks act by the engine's clock. True = all is done.
  Result<bool> step();
  /// No more pushes: ends all inputs, emits what is held, publishes sinks.
  Status finish();

  /// --- State ---
  /// Between steps or pushes: everything needed to go on in a fresh query of the same script.
  Result<std::string> save();
  /// Before the first step or push.
  Status load(std::string_view snapshot);

  Progress progress() const;
  /// One JSON object: rows in, out, late, bad per source and operator, latencies, memory, times.
  std::string stats_json() const;
  /// Warnings of the run so far (bad records with their place, share of time outside the core …);
  /// emptied by the call. Any thread.
  std::vector<std::string> take_messages();

 private:
  friend class Engine;
  friend class QueryBuilder;
  struct State;
  explicit Query(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace velo
