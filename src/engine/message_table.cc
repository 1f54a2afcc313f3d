#include "engine/message_table.h"

#include <algorithm>
#include <utility>

#include "base/fmt.h"
#include "base/letters.h"
#include "engine/schemas.h"
#include "engine/table_kinds.h"
#include "format/formats.h"
#include "operator/change_kinds.h"

namespace velo {
namespace {

Error key_error(const TableDef& table, std::string message) {
  return Error(ErrorCode::kBadOptionValue, fmt::format("table '{}': {}", table.name, message));
}

Result<std::vector<size_t>> key_fields(const TableDef& table, std::string_view text) {
  std::vector<size_t> key;
  while (!text.empty()) {
    const size_t end = std::min(text.find(';'), text.size());
    const std::string_view name = text.substr(0, end);
    const int column = table.find_column(name);
    const bool physical = column >= 0 && table.columns[static_cast<size_t>(column)].kind ==
                                             TableColumnKind::kPhysical;
    if (!physical) {
      return key_error(table,
                       fmt::format("'key.fields' names '{}', which is no column of it", name));
    }
    key.push_back(static_cast<size_t>(column));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return key;
}

/// Column `i` of the table as it stands in the key.
Field key_field(const TableDef& table, const MessageTable& messages, size_t i) {
  std::string name = table.columns[i].name;
  if (name.starts_with(messages.key_prefix)) name.erase(0, messages.key_prefix.size());
  return {std::move(name), table.columns[i].type};
}

SchemaPtr key_schema(const TableDef& table, const MessageTable& messages) {
  std::vector<Field> fields;
  for (const size_t column : messages.key) fields.push_back(key_field(table, messages, column));
  return make_schema(std::move(fields));
}

template <typename Values, typename Value>
std::optional<size_t> position_of(const Values& values, const Value& value) {
  const auto found = std::find(values.begin(), values.end(), value);
  if (found == values.end()) return std::nullopt;
  return static_cast<size_t>(found - values.begin());
}

}  // namespace

bool is_message_connector(std::string_view connector) {
  return connector == "kafka" || connector == "upsert-kafka";
}

Result<MessageTable> message_table(const TableDef& table, bool for_writing) {
  MessageTable messages;
  messages.upserts = table.connector() == "upsert-kafka";
  messages.key_in_value = to_lower(table.option("value.fields-include")) != "except_key";
  messages.key_prefix = table.option("key.fields-prefix");
  messages.key = TRY(key_fields(table, table.option("key.fields")));
  const bool by_primary_key = for_writing || messages.upserts;
  if (messages.key.empty() && by_primary_key) messages.key = table.primary_key;
  messages.key_format = table.option("key.format");
  if (messages.key.empty()) {
    if (messages.upserts) {
      return key_error(table, "connector 'upsert-kafka' wants a PRIMARY KEY (…) NOT ENFORCED");
    }
    if (!messages.key_format.empty() && table.primary_key.empty()) {
      return key_error(table, "'key.format' without 'key.fields' or a PRIMARY KEY");
    }
    if (!messages.key_in_value) {
      return key_error(table, "'value.fields-include' = 'EXCEPT_KEY' without 'key.fields'");
    }
    return messages;
  }
  if (messages.key_format.empty()) {
    const bool text = messages.key.size() == 1 &&
                      table.columns[messages.key[0]].type.physical() == Physical::kString;
    messages.key_format = text ? "raw" : "json";
  }
  TRY(find_format(messages.key_format));
  return messages;
}

std::vector<size_t> value_columns(const TableDef& table, const MessageTable& messages) {
  std::vector<size_t> columns;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].kind != TableColumnKind::kPhysical) continue;
    if (!messages.key_in_value && position_of(messages.key, i)) continue;
    columns.push_back(i);
  }
  return columns;
}

Status set_message_spec(const TableDef& table, const TableColumns& columns,
                        const ConnectorContext& context, DecoderOptions* decoder,
                        SourceSpec* spec) {
  const MessageTable messages = TRY(message_table(table, false));
  const std::vector<size_t> in_value = value_columns(table, messages);
  const SortedOptions options = sort_options(table.options);
  const std::string& format = options.format;
  std::vector<Field> declared;
  for (const size_t column : in_value) {
    declared.push_back({table.columns[column].name, table.columns[column].type});
  }
  decoder->projection.clear();
  std::vector<int> key_projection;
  for (size_t i = 0; i < columns.fields.size(); ++i) {
    const size_t field = columns.fields[i];
    MessageSpec::Column column;
    const auto value = position_of(in_value, field);
    const auto key = position_of(messages.key, field);
    column.in_value = value.has_value();
    if (value) {
      column.value = decoder->projection.size();
      decoder->projection.push_back(static_cast<int>(*value));
      declared[*value].type = columns.types[i];
    }
    if (key && (!value || messages.upserts)) {
      column.key = key_projection.size();
      key_projection.push_back(static_cast<int>(*key));
    }
    spec->messages.columns.push_back(column);
  }
  decoder->schema = make_schema(std::move(declared));
  spec->messages.upserts = messages.upserts;
  spec->messages.nulls = messages.upserts                     ? NullValue::kDelete
                         : format == "raw"                    ? NullValue::kRow
                         : (*find_format(format))->of_changes ? NullValue::kNothing
                                                              : NullValue::kBad;
  if (messages.upserts) decoder->changes = ChangeForm::kAppend;
  if (key_projection.empty() && !messages.upserts) return {};
  DecoderOptions key;
  key.schema = key_schema(table, messages);
  key.projection = std::move(key_projection);
  key.batch_rows = decoder->batch_rows;
  key.options = options.of_key_format;
  key.schemas = TRY(key_schema_access(options, context));
  spec->messages.make_key_decoder = [format_name = messages.key_format, key] {
    return make_decoder(format_name, key);
  };
  TRY(spec->messages.make_key_decoder());
  return {};
}

namespace {

/// The column of `schema` for each column of the table. Those of `schema` are the written ones.
std::vector<size_t> places_in(const Schema& schema, const TableDef& table,
                              const std::vector<size_t>& columns, size_t first) {
  std::vector<size_t> places;
  for (const size_t column : columns) {
    const int at = schema.index_of(table.columns[column].name);
    CHECK(at >= 0, "a column of a message is not written");
    places.push_back(static_cast<size_t>(at) + first);
  }
  return places;
}

SchemaPtr chosen(const Schema& schema, const std::vector<size_t>& columns) {
  std::vector<Field> fields;
  for (const size_t column : columns) fields.push_back(schema[column]);
  return make_schema(std::move(fields));
}

/// Columns of METADATA that are written beside key and value.
Status set_metadata(const TableDef& table, const Schema& schema, size_t first,
                    MessageSinkOptions* sink) {
  for (const TableColumn& column : table.columns) {
    if (column.kind != TableColumnKind::kMetadata || !column.is_written()) continue;
    const int at = schema.index_of(column.name);
    CHECK(at >= 0, "a column of metadata is not written");
    const size_t place = static_cast<size_t>(at) + first;
    if (column.metadata_key == "timestamp" && column.type.is_timestamp()) {
      sink->timestamp = place;
    } else if (column.metadata_key == "headers" && column.type.kind() == TypeKind::kMap) {
      sink->headers = place;
    } else {
      return key_error(table, fmt::format("METADATA '{}' cannot be written", column.metadata_key))
          .with_hint("METADATA … VIRTUAL is only read; 'timestamp' and 'headers' can be written");
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<SinkPort>> make_message_sink(const TableDef& table, const SchemaPtr& schema,
                                                    SinkEncoding encoding, std::vector<size_t> key,
                                                    ConnectorContext context) {
  const SortedOptions options = sort_options(table.options);
  const MessageTable messages = TRY(message_table(table, true));
  MessageSinkOptions sink;
  sink.key = std::move(key);
  sink.schema = schema;
  const bool appends = encoding == SinkEncoding::kAppend;
  if (!appends) {
    sink.changes = encoding == SinkEncoding::kUpsert ? SinkChanges::kUpsert : SinkChanges::kRetract;
    sink.schema = with_op(schema, table.option(options.format + ".op-column", "op"));
  }
  const size_t first = appends ? 0 : 1;
  sink.values = places_in(*schema, table, value_columns(table, messages), first);
  if (sink.changes == SinkChanges::kRetract) sink.values.insert(sink.values.begin(), 0);
  sink.value_schema = chosen(*sink.schema, sink.values);
  sink.updates_are_one = encoding == SinkEncoding::kDebezium;
  SchemaAccess schemas = TRY(schema_access(options, context));
  sink.value_encoder =
      TRY(make_encoder(options.format, {sink.value_schema, options.of_format, std::move(schemas)}));
  if (!messages.key.empty()) {
    sink.keys = places_in(*schema, table, messages.key, first);
    sink.key_schema = key_schema(table, messages);
    SchemaAccess key_schemas = TRY(key_schema_access(options, context));
    sink.key_encoder = TRY(make_encoder(
        messages.key_format, {sink.key_schema, options.of_key_format, std::move(key_schemas)}));
  }
  TRY(set_metadata(table, *schema, first, &sink));
  sink.sink = TRY(make_sink(options.connector, options.of_connector, {}, context));
  return std::unique_ptr<SinkPort>(std::make_unique<MessageSink>(std::move(sink), context.clock));
}

}  // namespace velo
