#include "engine/table_kinds.h"

#include "base/fmt.h"

namespace velo {
namespace {

constexpr std::string_view kPush = "push";  // the public name of the scripted source
constexpr size_t kSampleBytes = size_t{64} << 10;

constexpr OptionInfo kPushOptions[] = {
    {.name = "partitions",
     .type = OptionType::kNumber,
     .default_value = "1",
     .description = "how many partitions the program feeds"},
    {.name = "bounded",
     .type = OptionType::kFlag,
     .default_value = "false",
     .description = "the program will end the table: the final answer is the default"},
};
constexpr ConnectorInfo kPushConnector = {
    "push", "fed or read by the program that runs the query", true, true, true, kPushOptions};

constexpr OptionInfo kSettings[] = {
    {.name = "parallelism",
     .type = OptionType::kNumber,
     .default_value = "1",
     .description = "threads for sources, and as many for keyed state"},
    {.name = "batch-rows",
     .type = OptionType::kNumber,
     .default_value = "1024",
     .description = "at most so many rows per batch"},
};

bool is_pushed(std::string_view connector) { return connector == kPush || connector == "script"; }

Result<const ConnectorInfo*> connector_named(std::string_view name) {
  if (is_pushed(name)) return &kPushConnector;
  return find_connector(name);
}

std::string value_of(const OptionMap& options, std::string_view name) {
  const auto at = options.find(name);
  return at == options.end() ? std::string() : at->second;
}

// The format that a table has: the one it names, the connector's own, or json for what is printed.
std::string format_name(const ConnectorInfo& connector, const OptionMap& options) {
  const std::string named = value_of(options, "format");
  if (!named.empty()) return named;
  if (connector.name == "datagen" || connector.name == "nexmark") return "datagen";
  if (connector.name == "print" || connector.name == "stdout") return "json";
  return {};
}

bool is_plan_option(std::string_view name) {
  return find_option(plan_table_options(), name) != nullptr;
}

std::vector<std::string_view> names_of(std::span<const OptionInfo> options) {
  std::vector<std::string_view> names;
  for (const OptionInfo& option : options) names.push_back(option.name);
  return names;
}

}  // namespace

TableParts table_parts(const OptionMap& options) {
  TableParts parts;
  parts.connector = connector_named(value_of(options, "connector")).value();
  parts.pushed = parts.connector == &kPushConnector;
  const std::string format = format_name(*parts.connector, options);
  if (!format.empty()) {
    for (const FormatInfo& info : formats()) {
      if (info.name == format) parts.format = &info;
    }
  }
  for (const auto& [name, value] : options) {
    if (is_plan_option(name)) continue;
    if (find_option(parts.connector->options, name) != nullptr) {
      parts.connector_options[name] = value;
    } else {
      parts.format_options[name] = value;
    }
  }
  return parts;
}

std::vector<OptionProblem> EngineTableKinds::check(const OptionMap& options) const {
  const auto found = connector_named(value_of(options, "connector"));
  if (!found) return {{"connector", found.error()}};
  const ConnectorInfo& connector = **found;
  if (connector.name == "nexmark") {
    return {
        {"connector", Error(ErrorCode::kNotSupported, "not supported yet: connector 'nexmark'")}};
  }
  std::vector<OptionProblem> problems;
  const std::string format = format_name(connector, options);
  std::span<const OptionInfo> of_format;
  if (!format.empty()) {
    const auto info = find_format(format);
    if (!info && value_of(options, "format").empty() == false) return {{"format", info.error()}};
    of_format = format_options(format);
  } else if (!connector.without_format && connector.name != "blackhole") {
    problems.push_back(
        {"", Error(ErrorCode::kMissingOption,
                   fmt::format("connector '{}' needs the option 'format'", connector.name))
                 .with_hint("add 'format' = 'csv' or 'format' = 'json'")});
  }
  for (const auto& [name, value] : options) {
    if (is_plan_option(name)) continue;
    const OptionInfo* known = find_option(connector.options, name);
    if (known == nullptr) known = find_option(of_format, name);
    if (known == nullptr) {
      Error unknown(ErrorCode::kUnknownOption,
                    fmt::format("connector '{}' has no option '{}'", connector.name, name));
      unknown.hint = did_you_mean(name, option_names(options));
      problems.push_back({name, std::move(unknown)});
    } else if (Status valid = check_option_value(*known, value); !valid) {
      problems.push_back({name, valid.error()});
    }
  }
  for (const OptionInfo& option : connector.options) {
    if (option.required && !options.contains(option.name)) {
      problems.push_back(
          {"", Error(ErrorCode::kMissingOption, fmt::format("connector '{}' needs the option '{}'",
                                                            connector.name, option.name))});
    }
  }
  return problems;
}

TableTraits EngineTableKinds::traits(const OptionMap& options) const {
  const TableParts parts = table_parts(options);
  TableTraits traits;
  const bool format_reads = parts.format == nullptr || parts.format->decodes;
  const bool format_writes = parts.format == nullptr || parts.format->encodes;
  traits.can_read = parts.connector->is_source && format_reads;
  traits.can_write = parts.connector->is_sink && format_writes;
  if (parts.connector->name == "filesystem") {
    traits.bounded = value_of(options, "source.watch") != "true";
    traits.encodings = {SinkEncoding::kAppend, SinkEncoding::kRetract};
    traits.metadata = {{"file", Type::string()}};
  } else if (parts.connector->name == "datagen") {
    traits.bounded = options.contains("number-of-rows");
  } else {
    traits.bounded = value_of(options, "bounded") == "true";
    traits.encodings = {SinkEncoding::kRetract, SinkEncoding::kAppend};
  }
  traits.metadata.push_back({"partition", Type::string()});
  traits.metadata.push_back({"offset", Type::bigint()});
  traits.metadata.push_back({"timestamp", Type::timestamp_ltz(3)});
  return traits;
}

Result<std::vector<Field>> EngineTableKinds::infer_columns(const OptionMap& options) const {
  const TableParts parts = table_parts(options);
  if (parts.format == nullptr || parts.format->name != "csv" ||
      value_of(options, "csv.infer") != "true") {
    return Error(ErrorCode::kInvalidStatement, "the table declares no columns")
        .with_hint("declare them, or for CSV files set 'csv.infer' = 'true'");
  }
  auto source =
      TRY(make_source(parts.connector->name, parts.connector_options, {}, {files_, clock_}));
  TRY(source->partitions());
  const std::string sample = TRY(source->head(0, kSampleBytes));
  const SchemaPtr schema = TRY(infer_csv_schema(sample, parts.format_options));
  return schema->fields();
}

std::vector<std::string> EngineTableKinds::option_names(const OptionMap& options) const {
  std::vector<std::string> names;
  auto add = [&](std::span<const OptionInfo> some) {
    for (std::string_view name : names_of(some)) names.emplace_back(name);
  };
  add(plan_table_options());
  const auto connector = connector_named(value_of(options, "connector"));
  if (!connector) return names;
  add((*connector)->options);
  add(format_options(format_name(**connector, options)));
  return names;
}

std::span<const OptionInfo> EngineTableKinds::settings() const { return kSettings; }

}  // namespace velo
