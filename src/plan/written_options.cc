// Options as written: variables, spellings of other dialects, checks.
#include <algorithm>

#include "base/fmt.h"
#include "base/nearest_name.h"
#include "plan/table_binder.h"

namespace velo {

Status WrittenOptions::add(const BindSession& session, const std::vector<ast::Option>& options) {
  for (const ast::Option& option : options) {
    if (is_secret_option(option.key) && !option.value.starts_with("${")) {
      // Without the excerpt, which would show it.
      return Error(ErrorCode::kBadOptionValue,
                   fmt::format("option '{}': a secret does not stand in SQL", option.key))
          .with_hint("write '${NAME}' for a variable of the environment, or '${file:/path}'");
    }
    Result<std::string> value = option.value;
    if (session.context().variables) {
      value = substitute_variables(option.value, session.context().variables);
    }
    std::string text = TRY(session.at(option.value_span, std::move(value)));
    if (!values_.emplace(option.key, std::move(text)).second) {
      return session.error(ErrorCode::kDuplicateName,
                           fmt::format("the option '{}' is given twice", option.key),
                           option.key_span);
    }
    spans_[option.key] = {option.key_span, option.value_span};
  }
  return {};
}

void WrittenOptions::add_default(std::string_view name, std::string value) {
  values_.emplace(std::string(name), std::move(value));
}

void WrittenOptions::rename(std::string_view from, std::string to) {
  auto value = values_.extract(values_.find(from));
  auto spans = spans_.extract(spans_.find(from));
  if (values_.contains(to)) return;
  value.key() = to;
  values_.insert(std::move(value));
  if (!spans.empty()) {
    spans.key() = std::move(to);
    spans_.insert(std::move(spans));
  }
}

void WrittenOptions::erase(std::string_view name) {
  if (auto found = values_.find(name); found != values_.end()) values_.erase(found);
}

const std::string* WrittenOptions::find(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

void WrittenOptions::set(std::string_view name, std::string value) {
  values_[std::string(name)] = std::move(value);
}

SourceSpan WrittenOptions::key_span(std::string_view name, SourceSpan fallback) const {
  const auto found = spans_.find(name);
  return found == spans_.end() ? fallback : found->second.key;
}

SourceSpan WrittenOptions::value_span(std::string_view name, SourceSpan fallback) const {
  const auto found = spans_.find(name);
  return found == spans_.end() ? fallback : found->second.value;
}

Status check_options(const BindSession& session, const WrittenOptions& options, SourceSpan span,
                     TableDef* table) {
  for (const OptionInfo& info : plan_table_options()) {
    const std::string* value = options.find(info.name);
    if (value == nullptr) continue;
    TRY(session.at(options.value_span(info.name, span), check_option_value(info, *value)));
  }
  if (const std::string* future = options.find("scan.watermark.max-future");
      future != nullptr && *future != "off" && !parse_duration_us(*future)) {
    return session.error(
        ErrorCode::kBadOptionValue,
        fmt::format("option 'scan.watermark.max-future' = '{}': neither off nor a length of time",
                    *future),
        options.value_span("scan.watermark.max-future", span));
  }
  if (options.find("connector") == nullptr) {
    for (const auto& [name, value] : options.values()) {
      if (edit_distance(name, "connector") > 2) continue;
      return session
          .error(ErrorCode::kUnknownOption, fmt::format("there is no option '{}'", name),
                 options.key_span(name, span))
          .with_hint("did you mean 'connector'?");
    }
    return session
        .error(ErrorCode::kMissingOption, fmt::format("'{}' has no 'connector'", table->name), span)
        .with_hint("WITH ('connector' = 'filesystem', 'path' = 'data.csv', 'format' = 'csv')");
  }
  std::vector<OptionProblem> problems = session.kinds().check(options.values());
  if (!problems.empty()) {
    OptionProblem& first = problems.front();
    const bool about_name = first.error.code == ErrorCode::kUnknownOption;
    const SourceSpan where =
        about_name ? options.key_span(first.option, span) : options.value_span(first.option, span);
    if (about_name && first.error.hint.empty()) {
      std::vector<std::string> names = session.kinds().option_names(options.values());
      for (const OptionInfo& info : plan_table_options()) names.emplace_back(info.name);
      first.error.hint = did_you_mean(first.option, names);
    }
    return session.placed(std::move(first.error), where);
  }
  table->options = options.values();
  table->traits = session.kinds().traits(options.values());
  if (const std::string* bounded = options.find("scan.bounded"); bounded && *bounded == "false") {
    table->traits.bounded = false;
  }
  return {};
}

Result<TableDefPtr> with_options(const BindSession& session, const TableDef& table,
                                 const std::vector<ast::Option>& options) {
  WrittenOptions written;
  TRY(written.add(session, options));
  for (const auto& [name, value] : table.options) written.add_default(name, value);
  auto changed = std::make_shared<TableDef>(table);
  TRY(check_options(session, written, options[0].key_span, changed.get()));
  return TableDefPtr(std::move(changed));
}

namespace {

/// Keys of other dialects and ours. A name of the dialect ends in ours; the value stays.
struct KeySpelling {
  std::string_view from;
  std::string_view to;
};
constexpr KeySpelling kKeySpellings[] = {
    {"bootstrap.servers", "properties.bootstrap.servers"},
    {"group.id", "properties.group.id"},
    {"delimiter", "csv.delimiter"},
    {"value_delimiter", "csv.delimiter"},
    {"has_headers", "csv.header"},
    {"value_format", "format"},
    {"value.format", "format"},
    {"kafka_topic", "topic"},
    {"on_data_loss", "scan.on-data-loss"},
    {"timestamp", "event.time.field"},
    {"timestamp_format", "event.time.format"},
    {"sink.rolling-policy.file-size", "sink.rotate.size"},
    {"sink.rolling-policy.rollover-interval", "sink.rotate.interval"},
    // Flink before 1.11.
    {"connector.type", "connector"},
    {"connector.path", "path"},
    {"format.type", "format"},
    {"format.field-delimiter", "csv.delimiter"},
};

struct TypeSpelling {
  std::string_view type;
  std::string_view connector;
};
constexpr TypeSpelling kTypeSpellings[] = {
    {"kafka_source", "kafka"},          {"kafka_sink", "kafka"},     {"file_source", "filesystem"},
    {"file_source_mmap", "filesystem"}, {"file_sink", "filesystem"},
};

struct FormatSpelling {
  std::string_view from;
  std::string_view to;
};
constexpr FormatSpelling kFormatSpellings[] = {{"jsonl", "json"},
                                               {"ndjson", "json"},
                                               {"json_lines", "json"},
                                               {"delimited", "csv"},
                                               {"csv_no_header", "csv"}};

Status map_type(const BindSession& session, std::string_view name, WrittenOptions* options,
                SourceSpan span) {
  const std::string* type = options->find("type");
  if (type == nullptr) return {};
  std::vector<std::string> known;
  for (const TypeSpelling& spelling : kTypeSpellings) {
    known.emplace_back(spelling.type);
    if (spelling.type != *type) continue;
    options->rename("type", "connector");
    options->set("connector", std::string(spelling.connector));
    return {};
  }
  Error error = session.error(ErrorCode::kBadOptionValue,
                              fmt::format("option '{}.type' = '{}': no such type", name, *type),
                              options->value_span("type", span));
  error.hint = did_you_mean(*type, known);
  if (error.hint.empty()) error.hint = "one of " + join_names(known);
  return error;
}

void map_format(WrittenOptions* options) {
  const std::string* format = options->find("format");
  if (format == nullptr) return;
  const std::string lower = to_lower(*format);
  if (lower == "csv_no_header") options->add_default("csv.header", "false");
  for (const FormatSpelling& spelling : kFormatSpellings) {
    if (spelling.from == lower) options->set("format", std::string(spelling.to));
  }
  if (lower != *format && options->find("format") != nullptr &&
      *options->find("format") == *format) {
    options->set("format", lower);
  }
}

Status map_late_strategy(const BindSession& session, WrittenOptions* options, SourceSpan span) {
  const std::string* late = options->find("late.data.strategy");
  if (late == nullptr) return {};
  const SourceSpan where = options->value_span("late.data.strategy", span);
  if (*late == "drop") {
    options->erase("late.data.strategy");
    return {};
  }
  Error error = session.not_supported(fmt::format("'late.data.strategy' = '{}'", *late), where);
  if (*late == "dead_letter") error.hint = "close the query with LATE DATA TO sink";
  if (*late == "update_previous") error.hint = "close the query with ALLOWED LATENESS i";
  return error;
}

Result<EventTimeOptions> take_event_time(const BindSession& session, WrittenOptions* options,
                                         SourceSpan span) {
  EventTimeOptions event;
  event.span = span;
  if (const std::string* field = options->find("event.time.field")) {
    event.field = *field;
    event.span = options->value_span("event.time.field", span);
  }
  if (const std::string* format = options->find("event.time.format")) event.format = *format;
  if (const std::string* strategy = options->find("watermark.strategy")) {
    const SourceSpan where = options->value_span("watermark.strategy", span);
    if (*strategy != "bounded_out_of_orderness" && *strategy != "ascending") {
      return session.not_supported(fmt::format("'watermark.strategy' = '{}'", *strategy), where);
    }
  }
  if (const std::string* delay = options->find("watermark.max_out_of_orderness")) {
    const std::optional<int64_t> us = parse_duration_us(*delay);
    if (!us) {
      return session
          .error(ErrorCode::kBadOptionValue,
                 fmt::format("option 'watermark.max_out_of_orderness' = '{}': not a length of time",
                             *delay),
                 options->value_span("watermark.max_out_of_orderness", span))
          .with_hint("5s, 200ms, 1m");
    }
    event.delay_us = *us;
  }
  for (const std::string_view name : {"event.time.field", "event.time.format", "watermark.strategy",
                                      "watermark.max_out_of_orderness"}) {
    options->erase(name);
  }
  return event;
}

}  // namespace

Result<EventTimeOptions> map_dialect_options(const BindSession& session, std::string_view name,
                                             WrittenOptions* options, SourceSpan span) {
  const std::string prefix = to_lower(name) + ".";
  std::vector<std::pair<std::string, std::string>> renames;
  // Of a table named 'sink', 'sink.rotate.size' is the option of that name, not a 'rotate.size'.
  std::vector<std::string> known = session.kinds().option_names(options->values());
  for (const OptionInfo& info : plan_table_options()) known.emplace_back(info.name);
  for (const auto& [key, value] : options->values()) {
    const std::string lower = to_lower(key);
    if (std::find(known.begin(), known.end(), lower) != known.end()) continue;
    if (!name.empty() && lower.starts_with(prefix)) {
      renames.emplace_back(key, key.substr(prefix.size()));
    }
  }
  for (const auto& [from, to] : renames) options->rename(from, to);
  renames.clear();
  for (const auto& [key, value] : options->values()) {
    const std::string lower = to_lower(key);
    for (const KeySpelling& spelling : kKeySpellings) {
      if (lower == spelling.from) renames.emplace_back(key, std::string(spelling.to));
    }
  }
  for (const auto& [from, to] : renames) {
    options->rename(from, to);
    if (to == "topic") options->add_default("connector", "kafka");
  }
  if (options->find("config_file") != nullptr) {
    return session.not_supported("options from a 'config_file'",
                                 options->key_span("config_file", span));
  }
  TRY(map_type(session, name, options, span));
  map_format(options);
  TRY(map_late_strategy(session, options, span));
  return take_event_time(session, options, span);
}

}  // namespace velo
