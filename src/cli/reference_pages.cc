#include "cli/reference_pages.h"

#include <span>
#include <string_view>

#include "base/fmt.h"
#include "base/options.h"
#include "connector/connectors.h"
#include "connector/kafka_options.h"
#include "engine/table_kinds.h"
#include "expr/aggregate.h"
#include "expr/function.h"
#include "expr/over_functions.h"
#include "format/formats.h"
#include "plan/table_options.h"

namespace velo {
namespace {

std::string_view type_name(const OptionInfo& option) {
  switch (option.type) {
    case OptionType::kText:
      return "text";
    case OptionType::kFlag:
      return "true, false";
    case OptionType::kNumber:
      return "number";
    case OptionType::kReal:
      return "number";
    case OptionType::kSize:
      return "size";
    case OptionType::kDuration:
      return "duration";
    case OptionType::kChoice:
      break;
  }
  return "";
}

/// What a cell of a table may hold.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out.push_back('\\');
    if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string choices_text(std::string_view choices) {
  std::string out;
  for (const char c : choices) {
    if (c == '|') {
      out += ", ";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string options_table(std::span<const OptionInfo> options) {
  if (options.empty()) return "It takes no options of its own.\n";
  std::string out = "| option | value | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const OptionInfo& option : options) {
    const std::string value =
        option.choices.empty() ? std::string(type_name(option)) : choices_text(option.choices);
    std::string otherwise = option.required ? "required" : "none";
    if (!option.default_value.empty()) otherwise = fmt::format("`{}`", cell(option.default_value));
    out += fmt::format("| `{}` | {} | {} | {} |\n", option.name, value, otherwise,
                       cell(option.description));
  }
  return out;
}

constexpr std::string_view kConnectorsHead =
    R"(# Connectors, formats and settings

This page is what `velo help connectors` prints; a test keeps the two the same.

A table names a connector and, where bytes go in or out, a format:

    CREATE TABLE orders (symbol STRING, price DOUBLE, ts TIMESTAMP(3),
      WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
    WITH ('connector' = 'filesystem', 'path' = 'orders/*.csv.gz', 'format' = 'csv', 'csv.delimiter' = ';');

An option that nothing here knows is an error that names the nearest one. Sizes are `64kb`, `10 MB`, `1gib` (powers
of 1024); durations `200 ms`, `5s`, `1 min`, `2h`, `1d`. `${NAME}`, `${NAME:-default}` and `${NAME:?message}` in a value
come from the environment. A path is a table too: `SELECT * FROM 'orders.csv.gz'` looks at the values for the types.
)";

constexpr std::string_view kDatagenFields =
    R"(
What `fields.<column>.<name>` may say depends on the column's type; `null-rate` (0 to 1) goes for all:

| type | names |
| --- | --- |
| integers, TIME | `kind` = `random` or `sequence`; `min`, `max` of random ones; `start`, `end` of a sequence, which then begins anew; `distinct`: so many values |
| FLOAT, DOUBLE | `kind`, `min` (0), `max` (1), `start` of a sequence |
| DECIMAL | `kind`, `min`, `max` |
| STRING, BYTES | `length` (16) of random hexadecimal digits; `prefix`; `distinct`: the prefix and a number below it; `kind` = `sequence` with `start`, `end` |
| DATE, TIMESTAMP, TIMESTAMP_LTZ | `start` (2024-01-01), `step` from row to row (1 ms; DATE 1 day); `disorder`: up to so much earlier; `late-fraction` (0 to 1) of the rows are `late-by` earlier |

    CREATE TABLE clicks (page STRING, ms INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
    WITH ('connector' = 'datagen', 'rows-per-second' = '500', 'fields.page.distinct' = '20',
      'fields.page.prefix' = '/p', 'fields.ms.min' = '1', 'fields.ms.max' = '900', 'fields.ts.step' = '2 ms',
      'fields.ts.disorder' = '2 s', 'fields.ts.late-fraction' = '0.001', 'fields.ts.late-by' = '1 min');
)";

constexpr std::string_view kFilesystemNotes =
    R"(
`format` may be left out where the path ends in `.csv`, `.json`, `.ndjson` or `.jsonl`, packed or not.

Reading: a pattern (`logs/*.json`), a directory (all files in it), one file, or `-`. Packed files are known by `.gz` and
`.zst`. Columns `c STRING METADATA FROM 'file'`, `partition`, `offset` (the record's number in its file) and `timestamp`
say where a row came from. With `'source.watch' = 'true'` files are followed as they grow, through rotation and
truncation, and new ones are picked up; such a table never ends.

Writing: rows go to a hidden file beside the target, which takes its name when the query ends or the file is rotated: a
reader never sees half a file. A path that ends with a slash is a directory, into which numbered files go.
)";

constexpr std::string_view kNexmarkTable = R"(
Event n is worked out from n and the seed: every run gives the same events, however many threads make them. The table is
that of the public Nexmark project for Flink; columns and fields may be left out, and `dateTime` may be called `customTime`:

    CREATE TABLE datagen (event_type INT,
      person ROW<id BIGINT, name VARCHAR, emailAddress VARCHAR, creditCard VARCHAR, city VARCHAR, state VARCHAR,
                 dateTime TIMESTAMP(3), extra VARCHAR>,
      auction ROW<id BIGINT, itemName VARCHAR, description VARCHAR, initialBid BIGINT, reserve BIGINT,
                  dateTime TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT, extra VARCHAR>,
      bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, url VARCHAR,
              dateTime TIMESTAMP(3), extra VARCHAR>,
      dateTime AS CASE WHEN event_type = 0 THEN person.dateTime
                       WHEN event_type = 1 THEN auction.dateTime ELSE bid.dateTime END,
      WATERMARK FOR dateTime AS dateTime - INTERVAL '4' SECOND)
    WITH ('connector' = 'nexmark', 'events.num' = '1000000');

Only what a query reads is made. `bench/nexmark` runs the benchmark's queries.
)";

/// What 'properties.*' may be: all of it, as SQL may set nothing else.
std::string properties_table() {
  std::string out =
      "\nWhat may stand behind `properties.`: librdkafka's names, or those of the Java clients. "
      "Nothing "
      "that loads code, reads files,\nopens addresses or switches checks off: what else a "
      "machine's "
      "operator allows is named in `VELO_KAFKA_PROPERTIES`, by commas.\nBesides, "
      "`auto.offset.reset` says where a group without an offset begins, and `sasl.jaas.config` "
      "gives user name and password.\nSecrets stand in SQL as `${NAME}` or `${file:/path}` only."
      "\n\n| property | of | also called |\n| --- | --- | --- |\n";
  for (const KafkaProperty& property : kafka_properties()) {
    const std::string_view of = property.role == KafkaRole::kBoth       ? "reading, writing"
                                : property.role == KafkaRole::kConsumer ? "reading"
                                                                        : "writing";
    const std::string java = property.java.empty() || property.java == property.name
                                 ? ""
                                 : fmt::format("`{}`", property.java);
    out += fmt::format("| `{}` | {} | {} |\n", property.name, of, java);
  }
  return out;
}

}  // namespace

std::string connectors_page() {
  std::string out(kConnectorsHead);
  out += "\n## Every table\n\n" + options_table(plan_table_options());
  for (const ConnectorInfo& connector : connectors()) {
    // The last two have pages or names of their own.
    if (!is_connector_ready(connector.name)) continue;
    if (connector.name == "script" || connector.name == "stdout") continue;
    const std::string_view use = connector.is_source && connector.is_sink ? "read and written"
                                 : connector.is_source                    ? "read"
                                                                          : "written";
    const std::string options = connector.name == "upsert-kafka"
                                    ? "Its options are those of `kafka`; it wants a PRIMARY KEY.\n"
                                    : options_table(options_of_connector(connector.name));
    out += fmt::format("\n## Connector `{}`: {}\n\nIt can be {}.\n\n{}", connector.name,
                       connector.description, use, options);
    if (connector.name == "kafka") out += properties_table();
    if (connector.name == "filesystem") out += kFilesystemNotes;
    if (connector.name == "datagen") {
      out += "\nThe rows themselves:\n\n" + options_table(format_options("datagen"));
      out += kDatagenFields;
    }
    if (connector.name == "nexmark") {
      out += "\nThe events themselves:\n\n" + options_table(format_options("nexmark"));
      out += kNexmarkTable;
    }
  }
  out +=
      "\n## Connector `push`: fed and read by a program\n\nIt can be read and written "
      "([embedding](embedding.md)).\n\n";
  out += options_table(options_of_connector("push"));
  for (const FormatInfo& format : formats()) {
    if (format.internal) continue;
    out += fmt::format("\n## Format `{}`: {}\n\n{}", format.name, format.description,
                       options_table(format.options));
  }
  out +=
      "\n## Settings\n\n`SET 'name' = 'value';` in a script, `--set name=value` on the command "
      "line, `WITH ('name' = 'value')`\nat the end of one query.\n\n";
  out += options_table(plan_settings());
  const std::string engine = options_table(engine_settings());
  return out + engine.substr(engine.find("--- |\n") + 6);
}

namespace {

constexpr std::string_view kFunctionsHead =
    R"(# Functions

This page is what `velo help functions` prints; a test runs every example and keeps the two the same.

T stands for one type that all its arguments share; arguments in brackets may be left out. A row for which a function
fails (a text that is no number, a division by zero) is a bad record; `TRY(expression)` gives NULL instead.
)";

std::string also(std::string_view names) {
  const size_t comma = names.find(',');
  if (comma == std::string_view::npos) return {};
  std::string out = ". Also ";
  for (const char c : names.substr(comma + 1)) {
    out.push_back(c);
    if (c == ',') out.push_back(' ');
  }
  return out;
}

}  // namespace

std::string functions_page() {
  std::string out(kFunctionsHead);
  out += "\n| function | gives | example |\n| --- | --- | --- |\n";
  for (const Function& function : function_table()) {
    std::string example;
    if (!function.example.empty()) {
      example = fmt::format("`{}`", cell(function.example));
      if (!function.result.empty()) example += fmt::format(" → `{}`", cell(function.result));
    }
    out += fmt::format("| `{}` | {}{} | {} |\n", cell(signature_text(function)), function.doc,
                       cell(also(function.names)), example);
  }
  out +=
      "\n## Aggregates\n\nEach takes `DISTINCT` where that means something and `FILTER (WHERE …)`; "
      "those that make lists take `ORDER BY` inside.\n\n";
  out += "| aggregate | gives |\n| --- | --- |\n";
  for (const AggregateFunction& aggregate : aggregate_table()) {
    out += fmt::format("| `{}` | {}{} |\n", cell(signature_text(aggregate)), aggregate.doc,
                       also(aggregate.names));
  }
  out +=
      "\n## Window functions\n\nThey stand before `OVER (PARTITION BY … ORDER BY …)`, as every "
      "aggregate may.\n\n";
  out += "| function | gives |\n| --- | --- |\n";
  for (const OverFunctionInfo& function : over_function_table()) {
    out += fmt::format("| `{}` | {} |\n", cell(function.signature), function.doc);
  }
  return out;
}

}  // namespace velo
