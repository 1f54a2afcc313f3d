#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/options.h"
#include "base/result.h"
#include "engine/letter_replay.h"
#include "engine/query.h"
#include "sql/variables.h"

namespace velo {

struct PlanNode;

/// What an engine is built from. The defaults are the machine's clock, files and environment.
struct EngineOptions {
  Clock* clock = nullptr;         ///< borrowed; null: the machine's
  FileSystem* files = nullptr;    ///< borrowed; null: the machine's
  OptionMap settings;             ///< as if SET before the first statement
  VariableLookup variables;       ///< for ${VAR} in options; null: the environment
  uint32_t parallelism = 1;       ///< threads for sources, and as many for keyed state
  size_t batch_rows = 1024;       ///< at most so many rows per batch
  /// Properties of the Kafka client, separated by commas, that SQL may set beside the usual ones.
  std::string kafka_properties;
  bool bare_select_warns = true;  ///< unbounded state under a bare SELECT: a notice, not an error
};

/// SQL in, running queries out. Holds the catalog and the settings that statements leave behind:
///
///     velo::Engine engine;
///     auto query = TRY(engine.query("CREATE TABLE t (…) WITH (…); SELECT … FROM t"));
///     query->on_result([](const velo::Batch& rows) { … });
///     TRY(query->run());
///
/// One thread at a time. Outlives its queries.
class Engine {
 public:
  explicit Engine(EngineOptions options = {});
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  /// Executes a script up to the point of running: CREATE, DROP and SET take effect, SHOW, DESCRIBE
  /// and EXPLAIN answer (`Query::answers`), and all INSERTs and SELECTs become one query that has
  /// not begun. The first error stops the script; it carries `source_name` ("" = the text), line,
  /// column and caret. Statements before it keep their effect on the catalog.
  Result<std::unique_ptr<Query>> query(std::string_view sql, std::string_view source_name = {});

  /// Every error of a script (nothing is executed; the catalog is not changed), then warnings.
  struct Finding {
    Error error;
    bool is_warning = false;
  };
  struct CheckReport {
    std::vector<Finding> findings;
    /// For each INSERT and SELECT what bounds its state, a line per operator that has any:
    /// "q.sql:3: WindowAggregate TUMBLE(…) GROUP BY k: state until the watermark passes".
    std::vector<std::string> state_bounds;
    bool has_errors() const;
  };
  CheckReport check(std::string_view sql, std::string_view source_name = {});

  /// The plans of all queries of a script as text, where there are several each under its place and
  /// statement; DDL before them takes effect in a copy of the catalog.
  Result<std::string> explain(std::string_view sql, std::string_view source_name = {});

  /// Dead letters of a topic back to where they came from: see letter_replay.h. The brokers are
  /// those of the setting 'kafka.properties.bootstrap.servers'.
  Result<ReplayReport> replay_letters(const ReplayRequest& request);

  const OptionMap& settings() const;
  /// Tables, streams and views, as they are to be written; for completion.
  std::vector<std::string> relation_names() const;

 private:
  friend class QueryBuilder;
  struct State;
  Result<std::string> analyze(const std::shared_ptr<const PlanNode>& plan);
  std::unique_ptr<State> state_;
};

}  // namespace velo
