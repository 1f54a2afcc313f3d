// Dead letters as a table: `show` is a query over it, and so is what --filter chooses for `replay`.

#include "cli/dlq_command.h"

#include <cstdlib>

#include "base/fmt.h"
#include "cli/language_commands.h"
#include "cli/run_command.h"
#include "engine/engine.h"
#include "plan/topic_binder.h"

namespace velo {
namespace {

int fail(const Console& console, const Error& error) {
  console.say(error);
  return exit_status(error.code);
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? 2 : 1, c);
  return out + "'";
}

bool is_file(std::string_view name) {
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (name.ends_with(packed)) name.remove_suffix(packed.size());
  }
  return name.ends_with(".json") || name.ends_with(".ndjson") || name.ends_with(".jsonl");
}

/// Bytes as people can read them: text if they are UTF-8, of which a dot is any character, else \x
/// and hexadecimal digits.
std::string readable(std::string_view column) {
  return fmt::format(
      "CASE WHEN CAST({0} AS STRING) RLIKE '(?s)\\A.*\\z' THEN CAST({0} AS STRING) ELSE "
      "'\\x' || HEX({0}) END",
      column);
}

std::string header(std::string_view name, std::string_view column) {
  return fmt::format("CAST(headers['{}'] AS STRING) AS {}", name, column);
}

/// CREATE TABLE letters over a topic, with `settings` for the client.
std::string topic_table(std::string_view topic, const OptionMap& settings) {
  const auto environment = [](std::string_view name) -> std::optional<std::string> {
    const char* const value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  OptionMap options = {{"connector", "kafka"},
                       {"format", "raw"},
                       {"scan.startup.mode", "earliest-offset"},
                       {"scan.bounded.mode", "latest-offset"},
                       {"topic", std::string(topic)}};
  for (const auto& [name, value] : topic_defaults(settings, environment)) {
    if (name.starts_with("properties.")) options[name] = value;
  }
  std::string list;
  for (const auto& [name, value] : options) {
    list += fmt::format("{}{} = {}", list.empty() ? "" : ", ", quoted(name), quoted(value));
  }
  return fmt::format(
      "CREATE TABLE letters (`value` BYTES, `key` BYTES METADATA, headers MAP<STRING, BYTES> "
      "METADATA, `partition` INT METADATA, `offset` BIGINT METADATA, `time` TIMESTAMP_LTZ(3) "
      "METADATA FROM 'timestamp') WITH ({});\n",
      list);
}

/// What is known of each letter of a topic.
std::string topic_rows() {
  const auto number = [](std::string_view name, std::string_view as) {
    return fmt::format("TRY_CAST(CAST(headers['{}'] AS STRING) AS BIGINT) AS {}", name, as);
  };
  std::string items = "`partition`, `offset`, `time`, ";
  items += header("__connect.errors.topic", "topic") + ", ";
  items += number("__connect.errors.partition", "topic_partition") + ", ";
  items += number("__connect.errors.offset", "topic_offset") + ", ";
  items += header("__connect.errors.connector.name", "table_name") + ", ";
  items += header("__connect.errors.stage", "stage") + ", ";
  items += header("velo.errors.reason", "reason") + ", ";
  items += header("__connect.errors.exception.message", "error") + ", ";
  items += readable("`key`") + " AS `key`, " + readable("`value`") + " AS `value`";
  return "SELECT " + items + " FROM letters";
}

/// A file of a dead-letter table, whichever of its columns it has.
std::string file_table(std::string_view path) {
  return fmt::format(
      "CREATE TABLE letters (record STRING, bytes STRING, raw STRING, `value` STRING, `table` "
      "STRING, source_table STRING, source STRING, file STRING, topic STRING, `partition` STRING, "
      "`offset` BIGINT, `position` BIGINT, source_offset BIGINT, line BIGINT, reason STRING, "
      "message STRING, error STRING) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = "
      "{});\n",
      quoted(path));
}

std::string file_rows() {
  return "SELECT COALESCE(topic, source, file) AS source, `partition`, COALESCE(`offset`, "
         "source_offset, `position`) AS `offset`, line, COALESCE(`table`, source_table) AS "
         "table_name, reason, COALESCE(message, error) AS error, COALESCE(`value`, record, bytes, "
         "raw) AS `value` FROM letters";
}

/// `items` of the letters that the flags choose. What a person wrote has a line of its own, which
/// errors show.
std::string chosen(std::string_view rows, std::string_view items, const CommandLine& line,
                   bool in_order) {
  std::string sql = fmt::format("SELECT {} FROM ({})", items, rows);
  const std::string filter = line.value("--filter");
  if (!filter.empty()) sql += fmt::format(" WHERE (\n{}\n)", filter);
  if (in_order) sql += " ORDER BY `partition`, `offset`";
  if (line.has("--limit")) sql += fmt::format(" LIMIT {}", line.number("--limit", 0));
  return sql;
}

Result<OptionMap> settings_of(const CommandLine& line) {
  OptionMap settings = TRY(line.pairs("--set"));
  if (line.has("--brokers")) {
    settings["kafka.properties.bootstrap.servers"] = line.value("--brokers");
  }
  return settings;
}

int show(const CommandLine& line, const Console& console, const std::string& name) {
  for (const std::string_view flag : {"--to", "--dry-run", "--again"}) {
    if (!line.has(flag)) continue;
    return fail(console, Error(ErrorCode::kUsage, fmt::format("{} is for dlq replay", flag)));
  }
  const Result<OptionMap> settings = settings_of(line);
  if (!settings) return fail(console, settings.error());
  const bool file = is_file(name);
  const std::string table = file ? file_table(name) : topic_table(name, *settings);
  const std::string query = chosen(file ? file_rows() : topic_rows(), "*", line, true);
  return run_text(line, console, {"", table + query});
}

/// The letters that --filter and --limit choose; nothing: all.
Result<std::optional<std::set<MessagePlace>>> chosen_letters(const CommandLine& line,
                                                             Engine& engine,
                                                             const std::string& topic,
                                                             const OptionMap& settings) {
  std::optional<std::set<MessagePlace>> places;
  if (!line.has("--filter") && !line.has("--limit")) return places;
  const std::string sql =
      topic_table(topic, settings) + chosen(topic_rows(), "`partition`, `offset`", line, true);
  const auto query = TRY(engine.query(sql));
  places.emplace();
  query->on_result([&](const Batch& rows) {
    for (size_t row = 0; row < rows.rows; ++row) {
      places->emplace(static_cast<int32_t>(rows.columns[0]->int64_at(row)),
                      rows.columns[1]->int64_at(row));
    }
  });
  TRY(query->run());
  return places;
}

std::string letters(uint64_t n) { return fmt::format("{} letter{}", n, n == 1 ? "" : "s"); }

std::string report_text(const ReplayReport& report, const ReplayRequest& request) {
  std::string text = fmt::format("{}{} of '{}'", request.dry_run ? "would replay " : "replayed ",
                                 letters(report.replayed), request.topic);
  std::string to;
  for (const auto& [topic, count] : report.to) {
    to += fmt::format("{}{} to '{}'", to.empty() ? ": " : ", ", count, topic);
  }
  text += to + "\n";
  if (report.before > 0) {
    text += fmt::format("{} left alone: replayed before (--again replays them once more)\n",
                        letters(report.before));
  }
  if (report.no_origin > 0) {
    text += fmt::format("{} left alone: no message, but a row that failed, or no dead letter\n",
                        letters(report.no_origin));
  }
  return text;
}

Result<std::string> replay(const CommandLine& line, const Console& console,
                           const std::string& topic) {
  if (is_file(topic)) {
    return Error(ErrorCode::kUsage, fmt::format("'{}': a file of dead letters holds no keys and "
                                                "headers, and cannot be replayed",
                                                topic))
        .with_hint(
            "let 'bad-records.sink' be a table with 'connector' = 'kafka' and 'format' = "
            "'raw'");
  }
  const OptionMap settings = TRY(settings_of(line));
  Engine engine(TRY(engine_options(line)));
  TRY(apply_settings(engine, settings));
  ReplayRequest request;
  request.topic = topic;
  request.to = line.value("--to");
  request.again = line.has("--again");
  request.dry_run = line.has("--dry-run");
  request.chosen = TRY(chosen_letters(line, engine, topic, settings));
  if (request.dry_run) {
    request.on_letter = [&](const MessagePlace& letter, const std::string& to) {
      (void)console.print(
          fmt::format("partition {}, offset {} to '{}'\n", letter.first, letter.second, to));
    };
  }
  return report_text(TRY(engine.replay_letters(request)), request);
}

}  // namespace

int dlq_command(const CommandLine& line, const Console& console) {
  const std::string action = line.arguments.empty() ? "" : line.arguments[0];
  const bool known = action == "show" || action == "replay";
  if (!known || line.arguments.size() != 2) {
    return fail(console, Error(ErrorCode::kUsage,
                               known ? "one topic is wanted" : "dlq show, or dlq replay, is wanted")
                             .with_hint("velo dlq show|replay TOPIC; see 'velo dlq --help'"));
  }
  if (action == "show") return show(line, console, line.arguments[1]);
  const Result<std::string> report = replay(line, console, line.arguments[1]);
  if (!report) return fail(console, report.error());
  const Status printed = console.print(*report);
  return printed ? 0 : fail(console, printed.error());
}

}  // namespace velo
