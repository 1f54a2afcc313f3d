#include "engine/connect.h"

#include <algorithm>
#include <utility>

#include "base/fmt.h"
#include "connector/compression.h"
#include "engine/message_table.h"
#include "engine/schemas.h"
#include "engine/table_kinds.h"
#include "format/formats.h"
#include "operator/change_kinds.h"
#include "runtime/partitioned_sink.h"

namespace velo {
namespace {

/// The physical columns of a table, and where each column of the table stands among them.
struct PhysicalColumns {
  explicit PhysicalColumns(const TableDef& table) : number(table.columns.size(), -1) {
    std::vector<Field> fields;
    for (size_t i = 0; i < table.columns.size(); ++i) {
      if (table.columns[i].kind != TableColumnKind::kPhysical) continue;
      number[i] = static_cast<int>(fields.size());
      fields.push_back({table.columns[i].name, table.columns[i].type});
    }
    schema = make_schema(std::move(fields));
  }
  SchemaPtr schema;
  std::vector<int> number;
};

ChangeForm change_form(TableChanges changes) {
  switch (changes) {
    case TableChanges::kNone:
      return ChangeForm::kAppend;
    case TableChanges::kRetract:
      return ChangeForm::kRetract;
    case TableChanges::kUpsert:
      return ChangeForm::kUpsert;
  }
  return ChangeForm::kAppend;
}

Result<MetadataField> metadata_field(const TableColumn& column) {
  struct Known {
    std::string_view key;
    Physical physical;
    MetadataField field;
  };
  constexpr Known kKnown[] = {{"file", Physical::kString, MetadataField::kUnit},
                              {"topic", Physical::kString, MetadataField::kUnit},
                              {"partition", Physical::kString, MetadataField::kPartition},
                              {"partition", Physical::kInt64, MetadataField::kNumber},
                              {"offset", Physical::kInt64, MetadataField::kOffset},
                              {"timestamp", Physical::kInt64, MetadataField::kTimestamp},
                              {"timestamp-type", Physical::kString, MetadataField::kTimestampKind},
                              {"key", Physical::kString, MetadataField::kKey},
                              {"headers", Physical::kList, MetadataField::kHeaders}};
  for (const Known& known : kKnown) {
    if (known.key == column.metadata_key && known.physical == column.type.physical()) {
      return known.field;
    }
  }
  return Error(ErrorCode::kNotSupported, fmt::format("not supported yet: METADATA '{}' as {}",
                                                     column.metadata_key, column.type.to_string()));
}

}  // namespace

std::string member_name(const TableDef& table) {
  std::string name = "kafka";
  for (const auto& [option, value] : table.options) {
    if (option.starts_with("properties.")) name += fmt::format("/{}={}", option, value);
  }
  return name;
}

Result<SourceSpec> make_source_spec(const TableDef& table, const TableColumns& columns,
                                    size_t batch_rows, const SharedReading& sharing,
                                    ConnectorContext context) {
  const SortedOptions options = sort_options(table.options);
  const PhysicalColumns physical(table);
  SourceSpec spec;
  spec.table = table.name;
  spec.bounded = table.traits.bounded;
  DecoderOptions decoder;
  decoder.batch_rows = batch_rows;
  decoder.options = options.of_format;
  decoder.schemas = TRY(schema_access(options, context));
  decoder.in_files = options.connector == "filesystem";
  decoder.unpack = unpack_block;
  decoder.changes = change_form(table.traits.changes);
  std::vector<Field> layout;
  std::vector<Field> declared = physical.schema->fields();
  for (size_t i = 0; i < columns.fields.size(); ++i) {
    const size_t column = columns.fields[i];
    decoder.projection.push_back(physical.number[column]);
    declared[static_cast<size_t>(physical.number[column])].type = columns.types[i];
    layout.push_back({table.columns[column].name, columns.types[i]});
  }
  decoder.schema = make_schema(std::move(declared));
  if (is_message_connector(options.connector)) {
    TRY(set_message_spec(table, columns, context, &decoder, &spec));
  }
  for (const size_t column : columns.metadata) {
    spec.metadata.push_back(TRY(metadata_field(table.columns[column])));
    layout.push_back({table.columns[column].name, table.columns[column].type});
  }
  spec.layout = make_schema(std::move(layout));
  if (!options.format.empty()) {
    spec.make_decoder = [format = options.format, decoder] {
      return make_decoder(format, decoder);
    };
    TRY(spec.make_decoder());  // a column that the format cannot read shows here
  }
  if (is_pushed_connector(options.connector)) {
    const auto partitions = options.of_connector.find("partitions");
    if (partitions != options.of_connector.end()) {
      spec.pushed_partitions = std::stoul(partitions->second);
    }
    return spec;
  }
  SourceHints hints;
  const bool keeps_bad = table.bad_records() == BadRecordPolicy::kDeadLetter;
  hints.keys = keeps_bad || spec.messages.make_key_decoder != nullptr;
  hints.headers = keeps_bad;
  for (const MetadataField field : spec.metadata) {
    hints.keys = hints.keys || field == MetadataField::kKey;
    hints.headers = hints.headers || field == MetadataField::kHeaders;
  }
  hints.application = sharing.application;
  hints.member = sharing.member;
  hints.group_topics = sharing.topics;
  hints.again = sharing.again;
  spec.make_source = [options, context, hints](uint32_t task) mutable {
    hints.newline_framed = newline_framed(options.format, options.of_format);
    hints.task = task;
    return make_source(options.connector, options.of_connector, hints, context);
  };
  return spec;
}

namespace {

/// A sink for each folder: that of the table without PARTITIONED BY, at the folder's path.
Result<std::unique_ptr<SinkPort>> make_partitioned_sink(const TableDef& table,
                                                        const SchemaPtr& schema,
                                                        ConnectorContext context) {
  const OptionReader reader("connector 'filesystem'", table.options,
                            options_of_connector("filesystem"));
  PartitionedSinkOptions sink;
  sink.schema = schema;
  std::vector<Field> kept;
  for (const Field& field : schema->fields()) {
    const bool names_folder =
        std::any_of(table.partitioned_by.begin(), table.partitioned_by.end(),
                    [&](size_t column) { return table.columns[column].name == field.name; });
    if (!names_folder) kept.push_back(field);
  }
  for (const size_t column : table.partitioned_by) {
    const int at = schema->index_of(table.columns[column].name);
    CHECK(at >= 0, "a column that names folders is not written");
    sink.by.push_back(static_cast<size_t>(at));
  }
  TableDef inner = table;
  inner.partitioned_by.clear();
  std::string base = inner.options["path"];
  if (!base.ends_with('/')) base += '/';
  sink.make = [inner, base, kept = make_schema(std::move(kept)), context](const std::string& folder,
                                                                          bool again) mutable {
    inner.options["path"] = base + folder + "/";
    if (again) inner.options["sink.exists"] = "append";
    return make_table_sink(inner, kept, SinkEncoding::kAppend, {}, {}, context);
  };
  if (reader.has("sink.partition-commit.policy.kind")) {
    if (base.starts_with("file://")) base.erase(0, 7);
    sink.complete = [base, context](const std::string& folder) {
      return write_file_atomically(context.files, path_join(base + folder, "_SUCCESS"), {});
    };
  }
  if (reader.has("sink.partition-commit.trigger")) {
    const std::string first = "$" + table.columns[table.partitioned_by.front()].name;
    sink.time_pattern = table.option("partition.time-extractor.timestamp-pattern", first);
    sink.delay_us = TRY(reader.duration_us("sink.partition-commit.delay"));
  }
  return std::unique_ptr<SinkPort>(std::make_unique<PartitionedSink>(std::move(sink)));
}

}  // namespace

Result<std::unique_ptr<SinkPort>> make_table_sink(const TableDef& table, const SchemaPtr& schema,
                                                  SinkEncoding encoding, std::vector<size_t> key,
                                                  OutputCallback deliver,
                                                  ConnectorContext context) {
  const SortedOptions options = sort_options(table.options);
  if (is_pushed_connector(options.connector)) {
    return std::unique_ptr<SinkPort>(
        std::make_unique<CallbackSink>(std::move(deliver), context.clock));
  }
  if (is_message_connector(options.connector)) {
    return make_message_sink(table, schema, encoding, std::move(key), context);
  }
  if (!table.partitioned_by.empty()) return make_partitioned_sink(table, schema, context);
  EncodedSinkOptions sink;
  sink.schema = schema;
  sink.key = std::move(key);
  SinkHints hints;
  if (!options.format.empty()) {
    EncoderOptions encoder;
    if (encoding != SinkEncoding::kAppend) {
      sink.changes =
          encoding == SinkEncoding::kUpsert ? SinkChanges::kUpsert : SinkChanges::kRetract;
      sink.schema = with_op(schema, table.option(options.format + ".op-column", "op"));
    }
    encoder.schema = sink.schema;
    encoder.options = options.of_format;
    encoder.schemas = TRY(schema_access(options, context));
    encoder.in_files = options.connector == "filesystem";
    sink.encoder = TRY(make_encoder(options.format, std::move(encoder)));
    hints.extension = std::string((*find_format(options.format))->extension);
  }
  sink.sink = TRY(make_sink(options.connector, options.of_connector, hints, context));
  return std::unique_ptr<SinkPort>(std::make_unique<EncodedSink>(std::move(sink), context.clock));
}

Result<DeadLetterSpec> make_dead_letter_spec(const TableDef& table) {
  struct Known {
    std::string_view name;
    DeadLetterField field;
  };
  constexpr Known kKnown[] = {
      {"record", DeadLetterField::kBytes},        {"bytes", DeadLetterField::kBytes},
      {"raw", DeadLetterField::kBytes},           {"value", DeadLetterField::kBytes},
      {"table", DeadLetterField::kTable},         {"source_table", DeadLetterField::kTable},
      {"source", DeadLetterField::kUnit},         {"file", DeadLetterField::kUnit},
      {"topic", DeadLetterField::kUnit},          {"partition", DeadLetterField::kPartition},
      {"offset", DeadLetterField::kOffset},       {"position", DeadLetterField::kOffset},
      {"line", DeadLetterField::kLine},           {"reason", DeadLetterField::kReason},
      {"message", DeadLetterField::kMessage},     {"error", DeadLetterField::kMessage},
      {"source_offset", DeadLetterField::kOffset}};
  DeadLetterSpec spec;
  std::vector<Field> fields;
  const SortedOptions options = sort_options(table.options);
  spec.as_messages = is_message_connector(options.connector) && options.format == "raw";
  for (const TableColumn& column : table.columns) {
    if (!column.is_written()) continue;
    const Known* found = nullptr;
    for (const Known& known : kKnown) {
      if (known.name == column.name) found = &known;
    }
    if (found == nullptr) {
      return Error(ErrorCode::kUnknownName,
                   fmt::format("dead-letter table '{}': nothing is known for a column '{}'",
                               table.name, column.name))
          .with_hint(
              "its columns may be record, table, source, partition, offset, line, reason, "
              "message");
    }
    const bool number =
        found->field == DeadLetterField::kOffset || found->field == DeadLetterField::kLine;
    const Physical wanted = number ? Physical::kInt64 : Physical::kString;
    if (column.type.physical() != wanted) {
      return Error(ErrorCode::kTypeMismatch,
                   fmt::format("dead-letter table '{}': column '{}' must be {}, not {}", table.name,
                               column.name, number ? "BIGINT" : "STRING", column.type.to_string()));
    }
    fields.push_back({column.name, column.type});
    spec.fields.push_back(found->field);
  }
  spec.schema = make_schema(std::move(fields));
  return spec;
}

}  // namespace velo
