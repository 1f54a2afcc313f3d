#include "engine/table_kinds.h"

#include <algorithm>
#include <utility>

#include "base/fmt.h"
#include "base/letters.h"
#include "connector/file_paths.h"
#include "connector/generator_source.h"
#include "engine/schemas.h"
#include "engine/topic_sample.h"
#include "format/formats.h"

namespace velo {
namespace {

using enum OptionType;

constexpr OptionInfo kPushOptions[] = {
    {"partitions", kNumber, "1", "how many independently ordered parts are pushed"},
    {"bounded", kFlag, "false", "the program promises to finish: answers may wait for the end"},
};

constexpr OptionInfo kSettings[] = {
    {"parallelism", kNumber, "1", "threads for sources, and as many for keyed state"},
    {"application.id", kText, "",
     "processes that run the same script under one name share the partitions of its Kafka topics"},
    {"commit.interval", kDuration, "1 s",
     "how often offsets of Kafka groups are committed, behind the results written"},
    {"batch-rows", kNumber, "1024", "at most so many rows in a batch"},
    {"kafka.*", kText, "",
     "an option for every kafka('topic') and SHOW TOPICS: 'kafka.properties.bootstrap.servers', "
     "'kafka.format', …; variables in it are filled in when a topic is read"},
    {"table.local-time-zone", kText, "UTC", "the zone of TIMESTAMP_LTZ's wall clock"},
};

std::span<const OptionInfo> options_of(std::string_view connector) {
  return is_pushed_connector(connector) ? std::span<const OptionInfo>(kPushOptions)
                                        : connector_options(connector);
}

const ConnectorInfo* look_up(std::string_view name) {
  for (const ConnectorInfo& info : connectors()) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

bool is_of_plan(std::string_view name) {
  if (name == "connector" || name == "format") return true;
  return find_option(plan_table_options(), name) != nullptr;
}

std::string format_of_path(std::string_view path) {
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (path.ends_with(packed)) path.remove_suffix(packed.size());
  }
  if (path.ends_with(".csv")) return "csv";
  if (path.ends_with(".avro")) return "avro";
  for (const std::string_view json : {".json", ".ndjson", ".jsonl"}) {
    if (path.ends_with(json)) return "json";
  }
  return "";
}

Error unknown_connector(std::string_view name) {
  std::vector<std::string> names = {"push"};
  for (const ConnectorInfo& info : connectors()) names.emplace_back(info.name);
  std::sort(names.begin(), names.end());
  std::string hint = did_you_mean(name, names);
  if (hint.empty()) {
    hint = "known connectors: ";
    for (size_t i = 0; i < names.size(); ++i) hint += (i > 0 ? ", " : "") + names[i];
  }
  return Error(ErrorCode::kBadOptionValue, fmt::format("there is no connector '{}'", name))
      .with_hint(std::move(hint));
}

/// Whether a column can say what kind of change a record is.
bool says_changes(const FormatInfo& format) {
  return format.of_changes || find_option(format.options, std::string(format.name) + ".op-column");
}

constexpr std::string_view kOfKey = "key.";
constexpr std::string_view kOfValue = "value.";

/// Problems with the options that `known` knows: bad values and missing ones. `prefix`: in front of
/// their names where they are written.
void check_values(const OptionMap& given, std::span<const OptionInfo> known, bool required,
                  std::vector<OptionProblem>& problems, std::string_view prefix = {}) {
  for (const auto& [name, value] : given) {
    const OptionInfo* info = find_option(known, name);
    if (info == nullptr) continue;
    const Status checked = check_option_value(*info, value);
    if (!checked) problems.push_back({std::string(prefix) + name, checked.error()});
  }
  for (const OptionInfo& info : known) {
    if (!required || !info.required || given.contains(info.name)) continue;
    problems.push_back(
        {"", Error(ErrorCode::kMissingOption,
                   fmt::format("option '{}' is missing: {}", info.name, info.description))});
  }
}

Result<GeneratorOptions> nexmark_pace(const SortedOptions& sorted) {
  return parse_nexmark_pace(
      OptionReader("connector 'nexmark'", sorted.of_connector, connector_options("nexmark")));
}

/// Generators end if they are told how many rows there are.
bool makes_rows_to_an_end(const SortedOptions& sorted) {
  if (sorted.connector != "nexmark") return sorted.of_connector.contains("number-of-rows");
  const auto pace = nexmark_pace(sorted);
  return pace && pace->rows && !pace->keep_alive;
}

/// 'scan.changelog' and 'sink.changelog' of a format that cannot say changes, or says nothing else.
void check_changes(const OptionMap& options, const SortedOptions& sorted,
                   std::vector<OptionProblem>& problems) {
  const auto format = find_format(sorted.format);
  for (const std::string_view name : {"scan.changelog", "sink.changelog"}) {
    const auto found = options.find(name);
    if (found == options.end() || !format) continue;
    const bool appends = found->second == "append";
    if (appends ? !(*format)->of_changes : says_changes(**format)) continue;
    problems.push_back(
        {std::string(name),
         Error(ErrorCode::kBadOptionValue,
               fmt::format("'{}' = '{}': the records of format '{}' are {}", name, found->second,
                           sorted.format, appends ? "changes" : "rows"))});
  }
}

std::vector<Field> message_metadata() {
  return {{"topic", Type::string()},
          {"partition", Type::integer()},
          {"offset", Type::bigint()},
          {"timestamp", Type::timestamp_ltz(3)},
          {"timestamp-type", Type::string()},
          {"key", Type::bytes()},
          {"headers", Type::map(Type::string(), Type::bytes())}};
}

void set_message_traits(const SortedOptions& sorted, bool says_kinds, TableTraits* traits) {
  const auto end = sorted.of_connector.find("scan.bounded.mode");
  traits->bounded = end != sorted.of_connector.end() && to_lower(end->second) != "unbounded";
  if (sorted.connector == "upsert-kafka") {
    traits->changes = TableChanges::kUpsert;
    traits->encodings = {SinkEncoding::kUpsert};
    return;
  }
  traits->encodings = {SinkEncoding::kAppend, SinkEncoding::kUpsert};
  if (says_kinds) traits->encodings.push_back(SinkEncoding::kRetract);
}

bool is_true(const OptionMap& options, std::string_view name) {
  const auto found = options.find(name);
  return found != options.end() && (found->second == "true" || found->second == "TRUE");
}

bool connector_reads(const SortedOptions& sorted) {
  const ConnectorInfo* const connector = look_up(sorted.connector);
  return connector != nullptr && connector->is_source;
}

Result<std::vector<Field>> csv_columns(std::string_view head, const OptionMap& options) {
  const SchemaPtr schema = TRY(infer_csv_schema(head, options));
  return schema->fields();
}

/// Files that say their columns.
bool is_of_files(const SortedOptions& sorted) {
  const auto format = find_format(sorted.format);
  return format && (*format)->of_files && sorted.connector == "filesystem";
}

TableChanges changes_of(const OptionMap& options, bool always) {
  const auto found = options.find("scan.changelog");
  if (found == options.end()) {
    return always ? TableChanges::kRetract : TableChanges::kNone;
  }
  if (found->second == "upsert") return TableChanges::kUpsert;
  return found->second == "retract" ? TableChanges::kRetract : TableChanges::kNone;
}

}  // namespace

bool is_pushed_connector(std::string_view name) { return name == "push" || name == "script"; }

SortedOptions sort_options(const OptionMap& options) {
  SortedOptions sorted;
  const auto value = [&](std::string_view name) {
    const auto found = options.find(name);
    return found == options.end() ? std::string() : found->second;
  };
  sorted.connector = value("connector");
  sorted.format = value("format");
  const ConnectorInfo* connector = look_up(sorted.connector);
  if (connector != nullptr && connector->without_format) {
    sorted.format = sorted.connector;
  } else if (sorted.format.empty() && sorted.connector == "filesystem") {
    sorted.format = format_of_path(value("path"));
  } else if (sorted.format.empty() && connector != nullptr && connector->is_sink &&
             connector->name != "blackhole") {
    sorted.format = "json";
  }
  sorted.key_format = value("key.format");
  const auto is_of_part = [](std::string_view name, std::string_view part,
                             std::string_view format) {
    return name.starts_with(part) &&
           find_option(format_options(format), name.substr(part.size())) != nullptr;
  };
  for (const auto& [name, text] : options) {
    if (is_of_part(name, kOfKey, sorted.key_format)) {
      sorted.of_key_format.emplace(name.substr(kOfKey.size()), text);
      continue;
    }
    if (is_of_part(name, kOfValue, sorted.format)) {
      sorted.of_format.emplace(name.substr(kOfValue.size()), text);
      continue;
    }
    // Some are for both: the rate of events decides on their times and on the pace.
    const bool of_connector = find_option(options_of(sorted.connector), name) != nullptr;
    const bool of_format = find_option(format_options(sorted.format), name) != nullptr;
    if (of_connector) sorted.of_connector.emplace(name, text);
    if (of_format) sorted.of_format.emplace(name, text);
    if (!of_connector && !of_format && !is_of_plan(name)) sorted.of_nobody.push_back(name);
  }
  return sorted;
}

std::vector<OptionProblem> EngineTableKinds::check(const OptionMap& options) const {
  std::vector<OptionProblem> problems;
  const SortedOptions sorted = sort_options(options);
  const ConnectorInfo* connector = look_up(sorted.connector);
  if (connector == nullptr && !is_pushed_connector(sorted.connector)) {
    problems.push_back({"connector", unknown_connector(sorted.connector)});
    return problems;
  }
  if (!sorted.format.empty()) {
    const auto format = find_format(sorted.format);
    const bool own = connector != nullptr && connector->without_format;
    if (!format) {
      Error error = own ? Error(ErrorCode::kNotSupported, fmt::format("not supported yet: "
                                                                      "connector '{}'",
                                                                      sorted.connector))
                        : format.error();
      problems.push_back({own ? "connector" : "format", std::move(error)});
      return problems;
    }
    const bool in_files = (*format)->of_files && sorted.connector == "filesystem";
    if ((*format)->of_messages && !in_files && (connector == nullptr || !connector->of_records)) {
      problems.push_back(
          {"format", Error(ErrorCode::kNotSupported,
                           fmt::format("not supported yet: format '{}' with connector '{}'",
                                       sorted.format, sorted.connector))
                         .with_hint("its records do not say where they end: it is for messages, "
                                    "'connector' = 'kafka'")});
    }
    if (own && options.contains("format")) {
      problems.push_back(
          {"format", Error(ErrorCode::kBadOptionValue,
                           fmt::format("connector '{}' makes its own rows and takes no 'format'",
                                       sorted.connector))});
    }
  } else if (sorted.connector == "filesystem") {
    problems.push_back(
        {"", Error(ErrorCode::kMissingOption, "option 'format' is missing: how the file is written")
                 .with_hint("'format' = 'csv', 'json' or 'avro'")});
  }
  check_changes(options, sorted, problems);
  for (const std::string& name : sorted.of_nobody) {
    problems.push_back(
        {name, Error(ErrorCode::kUnknownOption,
                     fmt::format("connector '{}' has no option '{}'", sorted.connector, name))});
  }
  check_values(sorted.of_connector, options_of(sorted.connector), true, problems);
  check_values(sorted.of_format, format_options(sorted.format), false, problems);
  check_values(sorted.of_key_format, format_options(sorted.key_format), false, problems, kOfKey);
  for (ConnectorProblem& problem :
       check_connector(sorted.connector, sorted.of_connector, context_)) {
    problems.push_back({std::move(problem.option), std::move(problem.error)});
  }
  if (problems.empty() && sorted.connector == "nexmark") {
    const auto pace = nexmark_pace(sorted);
    if (!pace) problems.push_back({"first-event.rate", pace.error()});
  }
  return problems;
}

std::vector<OptionProblem> EngineTableKinds::check_columns(const OptionMap& options,
                                                           const std::vector<Field>& stored) const {
  const SortedOptions sorted = sort_options(options);
  const ConnectorInfo* connector = look_up(sorted.connector);
  // Those that make rows look at their options column by column.
  if (connector == nullptr || !connector->without_format) return {};
  DecoderOptions decoder;
  decoder.schema = make_schema(stored);
  for (size_t i = 0; i < stored.size(); ++i) decoder.projection.push_back(static_cast<int>(i));
  decoder.options = sorted.of_format;
  const auto made = make_decoder(sorted.format, std::move(decoder));
  if (made) return {};
  for (const auto& [name, value] : sorted.of_format) {
    const bool is_this = made.error().message.find(fmt::format("'{}'", name)) != std::string::npos;
    if (is_this) return {{name, made.error()}};
  }
  return {{"", made.error()}};
}

// Packed files count as they lie.
std::optional<uint64_t> EngineTableKinds::bytes_to_read(const std::string& path) const {
  const Result<InputFiles> found = find_input_files(context_.files, path, true);
  if (!found || found->kind == PathKind::kStandardInput) return std::nullopt;
  uint64_t bytes = 0;
  for (const std::string& file : found->files) {
    const Result<FileInfo> info = context_.files.info(file);
    if (!info || info->kind != FileKind::kRegular) return std::nullopt;
    bytes += info->size;
  }
  return bytes;
}

TableTraits EngineTableKinds::traits(const OptionMap& options) const {
  const SortedOptions sorted = sort_options(options);
  TableTraits traits;
  const auto format = find_format(sorted.format);
  traits.reads_fields = format && (*format)->reads_fields;
  traits.infers_columns = names_schema(sorted) || is_of_files(sorted) ||
                          (connector_reads(sorted) && is_true(sorted.of_format, "csv.infer"));
  const auto is = [&](std::string_view name) { return is_true(sorted.of_connector, name); };
  std::vector<Field> metadata = {{"partition", Type::string()},
                                 {"offset", Type::bigint()},
                                 {"timestamp", Type::timestamp_ltz(3)}};
  traits.changes = changes_of(options, format && (*format)->of_changes);
  if (is_pushed_connector(sorted.connector)) {
    traits.bounded = is("bounded");
    traits.encodings = {SinkEncoding::kRetract, SinkEncoding::kAppend};
    traits.metadata = std::move(metadata);
    return traits;
  }
  const ConnectorInfo& connector = *look_up(sorted.connector);
  traits.can_read = connector.is_source && format && (*format)->decodes;
  traits.can_write = connector.is_sink && (sorted.format.empty() || (format && (*format)->encodes));
  if (sorted.connector == "filesystem") {
    traits.bounded = !is("source.watch");
    if (traits.bounded) traits.bytes = bytes_to_read(options.at("path"));
    metadata.insert(metadata.begin(), {"file", Type::string()});
    traits.encodings = {SinkEncoding::kAppend};
    if (format && says_changes(**format)) {
      traits.encodings = {SinkEncoding::kAppend, SinkEncoding::kRetract, SinkEncoding::kUpsert};
    }
  } else if (connector.of_records) {
    set_message_traits(sorted, format && says_changes(**format), &traits);
    metadata = message_metadata();
  } else if (connector.is_sink) {
    traits.encodings = {SinkEncoding::kRetract, SinkEncoding::kUpsert, SinkEncoding::kAppend};
  } else {
    traits.bounded = makes_rows_to_an_end(sorted);
  }
  if (format && (*format)->of_changes) traits.encodings = {SinkEncoding::kDebezium};
  if (connector.is_source) traits.metadata = std::move(metadata);
  return traits;
}

Result<InferredTable> EngineTableKinds::infer_columns(const OptionMap& options) const {
  const SortedOptions sorted = sort_options(options);
  InferredTable table;
  const auto add = [&](const std::vector<Field>& fields) {
    for (const Field& field : fields) table.columns.push_back({field.name, field.type, ""});
  };
  if (names_schema(sorted)) {
    const SchemaAccess schemas = TRY(schema_access(sorted, context_));
    add(TRY(schema_columns(sorted.format, sorted.of_format, schemas)));
    return table;
  }
  const ConnectorInfo* const connector = look_up(sorted.connector);
  if (connector != nullptr && connector->of_records) {
    return infer_topic_table(sorted, options.contains("format"), context_);
  }
  const bool of_files = is_of_files(sorted);
  if ((sorted.format != "csv" && !of_files) || is_pushed_connector(sorted.connector)) {
    return Error(ErrorCode::kNotSupported,
                 "columns can be inferred from csv files, topics and schemas only");
  }
  const auto source = TRY(make_source(sorted.connector, sorted.of_connector, {}, context_));
  const std::vector<PartitionInfo> partitions = TRY(source->partitions());
  if (partitions.empty()) {
    return Error(ErrorCode::kNotFound, "there is no file to infer columns from");
  }
  const std::string head = TRY(source->head(partitions.front().id, size_t{256} << 10));
  const std::vector<Field> columns =
      TRY(of_files ? file_columns(sorted.format, head) : csv_columns(head, sorted.of_format));
  add(columns);
  return table;
}

std::vector<std::string> EngineTableKinds::option_names(const OptionMap& options) const {
  const SortedOptions sorted = sort_options(options);
  std::vector<std::string> names;
  for (const OptionInfo& info : options_of(sorted.connector)) names.emplace_back(info.name);
  for (const OptionInfo& info : format_options(sorted.format)) names.emplace_back(info.name);
  for (const OptionInfo& info : format_options(sorted.key_format)) {
    names.push_back(std::string(kOfKey) + std::string(info.name));
  }
  return names;
}

std::span<const OptionInfo> EngineTableKinds::settings() const { return kSettings; }

std::span<const OptionInfo> options_of_connector(std::string_view connector) {
  return options_of(connector);
}

bool is_connector_ready(std::string_view connector) {
  const ConnectorInfo* info = look_up(connector);
  if (info == nullptr) return is_pushed_connector(connector);
  return !info->without_format || find_format(connector).has_value();
}

std::span<const OptionInfo> engine_settings() { return kSettings; }

}  // namespace velo
