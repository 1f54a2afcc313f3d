#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/nearest_name.h"
#include "plan/binder.h"
#include "plan/explain.h"
#include "plan/table_options.h"
#include "sql/parser.h"

namespace velo {

/// A small world of connectors for tests of the plan: what the engine tells the binder in earnest.
class KindsForTest : public TableKinds {
 public:
  std::vector<OptionProblem> check(const OptionMap& options) const override {
    std::vector<OptionProblem> problems;
    const std::string& connector = options.at("connector");
    static const std::vector<std::string> kConnectors = {"filesystem", "kafka", "datagen", "print",
                                                         "blackhole"};
    if (std::find(kConnectors.begin(), kConnectors.end(), connector) == kConnectors.end()) {
      problems.push_back({"connector", Error(ErrorCode::kBadOptionValue,
                                             "there is no connector '" + connector + "'")
                                           .with_hint(did_you_mean(connector, kConnectors))});
      return problems;
    }
    const std::vector<std::string> known = option_names(options);
    for (const auto& [name, value] : options) {
      if (find_option(plan_table_options(), name) != nullptr) continue;
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      problems.push_back(
          {name, Error(ErrorCode::kUnknownOption,
                       "connector '" + connector + "' has no option '" + name + "'")});
    }
    return problems;
  }
  TableTraits traits(const OptionMap& options) const override {
    const std::string& connector = options.at("connector");
    TableTraits traits;
    traits.can_read = connector != "print" && connector != "blackhole";
    traits.can_write = connector != "datagen";
    traits.bounded = connector == "filesystem" && !options.contains("source.watch");
    const auto format = options.find("format");
    traits.infers_columns = options.contains("csv.infer");
    traits.reads_fields = format != options.end() && format->second == "json";
    traits.metadata = {{"timestamp", Type::timestamp_ltz(3)},
                       {"offset", Type::bigint()},
                       {"partition", Type::integer()}};
    if (connector == "filesystem") {
      const auto path = options.find("path");
      traits.bytes = path != options.end() && path->second.starts_with("small") ? 10 : 1000;
      traits.encodings = {SinkEncoding::kAppend, SinkEncoding::kRetract};
    }
    if (connector == "kafka") {
      traits.encodings = {SinkEncoding::kAppend, SinkEncoding::kUpsert, SinkEncoding::kRetract};
    }
    if (connector == "print" || connector == "blackhole") {
      traits.encodings = {SinkEncoding::kRetract, SinkEncoding::kAppend};
    }
    return traits;
  }
  Result<InferredTable> infer_columns(const OptionMap& options) const override {
    const auto path = options.find("path");
    if (path != options.end() && path->second.find("missing") != std::string::npos) {
      return Error(ErrorCode::kNotFound, "there is no file '" + path->second + "'");
    }
    InferredTable found;
    found.columns = {{"id", Type::bigint(), ""}, {"word", Type::string(), ""}};
    return found;
  }
  std::vector<std::string> option_names(const OptionMap&) const override {
    return {"connector",     "format",    "path",
            "source.watch",  "csv.infer", "csv.header",
            "csv.delimiter", "topic",     "properties.bootstrap.servers",
            "number-of-rows"};
  }
  std::span<const OptionInfo> settings() const override { return kSettings; }

 private:
  static constexpr OptionInfo kSettings[] = {{"parallelism", OptionType::kNumber, "1", "threads"}};
};

/// A session: a catalog to which every statement adds.
struct SessionForTest {
  KindsForTest kinds;
  Catalog catalog;
  OptionMap settings;
  bool optimise = true;
  std::vector<std::string> warnings;

  /// The last statement's plan as text, or the first error.
  Result<std::string> run(std::string_view sql) {
    const ast::Script script = TRY(parse_script(sql));
    std::string explained;
    for (const ast::Statement& statement : script.statements) {
      const BinderContext context{&catalog, &kinds, &settings,
                                  [](std::string_view name) -> std::optional<std::string> {
                                    if (name == "DATA") return "/data";
                                    return std::nullopt;
                                  },
                                  optimise};
      const BoundStatement bound = TRY(bind_statement(statement, sql, context));
      for (const Warning& warning : bound.warnings) warnings.push_back(warning.to_string());
      if (const PlanPtr plan = bound.plan()) explained = explain(*plan);
    }
    return explained;
  }
};

/// Tables that most tests read: `trades` goes on for ever, `history` ends.
inline constexpr std::string_view kTablesForTest = R"sql(
CREATE TABLE trades (
  symbol STRING, price DOUBLE, quantity INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'kafka', 'topic' = 'trades', 'format' = 'json');
CREATE TABLE history (
  symbol STRING, price DOUBLE, quantity INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'filesystem', 'path' = 'history.csv', 'format' = 'csv');
CREATE TABLE instants (
  symbol STRING, price DECIMAL(10, 2), at TIMESTAMP_LTZ(3), WATERMARK FOR at AS at
) WITH ('connector' = 'kafka', 'topic' = 'instants', 'format' = 'json');
CREATE TABLE results (symbol STRING, n BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'out.csv', 'format' = 'csv');
CREATE TABLE latest (symbol STRING, n BIGINT, PRIMARY KEY (symbol) NOT ENFORCED)
WITH ('connector' = 'kafka', 'topic' = 'latest', 'format' = 'json', 'sink.changelog' = 'upsert');
CREATE TABLE shown (symbol STRING, n BIGINT) WITH ('connector' = 'print');
)sql";

inline SessionForTest session_with_tables() {
  SessionForTest session;
  const Result<std::string> made = session.run(kTablesForTest);
  CHECK(made.has_value(), made.error().to_string());
  return session;
}

/// The last statement's plan over these tables, or its error.
inline std::string plan_text(std::string_view sql) {
  SessionForTest session = session_with_tables();
  const Result<std::string> plan = session.run(sql);
  return "\n" + (plan ? *plan : plan.error().to_string());
}

}  // namespace velo
