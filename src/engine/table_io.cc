#include "engine/table_io.h"

#include <algorithm>

#include "base/fmt.h"

namespace velo {
namespace {

MetadataField metadata_field(std::string_view key) {
  if (key == "file") return MetadataField::kUnit;
  if (key == "partition") return MetadataField::kPartition;
  if (key == "timestamp") return MetadataField::kTimestamp;
  if (key == "key") return MetadataField::kKey;
  return MetadataField::kOffset;
}

BadPolicy bad_policy(BadRecordPolicy policy) {
  switch (policy) {
    case BadRecordPolicy::kFail:
      return BadPolicy::kFail;
    case BadRecordPolicy::kDeadLetter:
      return BadPolicy::kDeadLetter;
    case BadRecordPolicy::kSkip:
      break;
  }
  return BadPolicy::kSkip;
}

// Writes nowhere: the rows are counted.
class CountingSink final : public SinkPort {
 public:
  void emit(Batch batch) override { metrics_.rows_out.add(batch.rows); }
};

SchemaPtr with_op(const SchemaPtr& schema) {
  std::vector<Field> fields = schema->fields();
  fields.insert(fields.begin(), Field{"op", Type::string()});
  return make_schema(std::move(fields));
}

}  // namespace

SchemaPtr physical_schema(const TableDef& table) {
  std::vector<Field> fields;
  for (const TableColumn& column : table.columns) {
    if (column.kind == TableColumnKind::kPhysical) fields.push_back({column.name, column.type});
  }
  return make_schema(std::move(fields));
}

SourceSpec make_source_spec(const TableDefPtr& table, const std::vector<size_t>& fields,
                            const std::vector<size_t>& metadata, const TableSurroundings& around) {
  const TableParts parts = table_parts(table->options);
  SourceSpec spec;
  spec.table = table->name;
  spec.bounded = table->traits.bounded;
  spec.bad.policy = bad_policy(table->bad_records());

  DecoderOptions decoder;
  decoder.schema = physical_schema(*table);
  decoder.batch_rows = around.batch_rows;
  decoder.options = parts.format_options;
  std::vector<Field> layout;
  for (size_t field : fields) {
    const TableColumn& column = table->columns[field];
    decoder.projection.push_back(decoder.schema->index_of(column.name));
    layout.push_back({column.name, column.type});
  }
  for (size_t field : metadata) {
    const TableColumn& column = table->columns[field];
    spec.metadata.push_back(metadata_field(column.metadata_key));
    layout.push_back({column.name, column.type});
  }
  spec.layout = make_schema(std::move(layout));
  if (parts.format != nullptr) {
    spec.make_decoder = [name = std::string(parts.format->name), decoder] {
      return make_decoder(name, decoder);
    };
  }
  if (parts.pushed) {
    const auto partitions = parts.connector_options.find("partitions");
    if (partitions != parts.connector_options.end()) {
      spec.pushed_partitions = std::max<size_t>(1, std::stoul(partitions->second));
    }
    return spec;
  }
  SourceHints hints;
  hints.newline_framed =
      parts.format != nullptr && newline_framed(parts.format->name, parts.format_options);
  spec.make_source = [parts, hints, &files = around.files, &clock = around.clock](uint32_t splits) {
    SourceHints with_splits = hints;
    with_splits.splits = splits;
    return make_source(parts.connector->name, parts.connector_options, with_splits, {files, clock});
  };
  return spec;
}

SinkSpec make_sink_spec(const TableDefPtr& table, SchemaPtr schema, SinkEncoding encoding,
                        std::vector<size_t> key, std::shared_ptr<ResultPort> port,
                        const TableSurroundings& around) {
  const TableParts parts = table_parts(table->options);
  SinkSpec spec;
  spec.name = table->name;
  if (parts.pushed) {
    spec.make = [port]() -> Result<std::unique_ptr<SinkPort>> {
      return std::unique_ptr<SinkPort>(std::make_unique<ResultSink>(port));
    };
    return spec;
  }
  if (parts.connector->name == "blackhole") {
    spec.make = []() -> Result<std::unique_ptr<SinkPort>> {
      return std::unique_ptr<SinkPort>(std::make_unique<CountingSink>());
    };
    return spec;
  }
  const bool retract = encoding == SinkEncoding::kRetract;
  spec.make = [parts, schema, retract, key, &files = around.files,
               &clock = around.clock]() -> Result<std::unique_ptr<SinkPort>> {
    EncodedSinkOptions options;
    options.schema = retract ? with_op(schema) : schema;
    options.changes = retract ? ChangeForm::kRetract : ChangeForm::kAppend;
    options.key = key;
    EncoderOptions encoder;
    encoder.schema = options.schema;
    encoder.options = parts.format_options;
    options.encoder = TRY(make_encoder(parts.format->name, std::move(encoder)));
    SinkHints hints;
    hints.extension = std::string(parts.format->extension);
    options.sink =
        TRY(make_sink(parts.connector->name, parts.connector_options, hints, {files, clock}));
    return std::unique_ptr<SinkPort>(std::make_unique<EncodedSink>(std::move(options), clock));
  };
  return spec;
}

Result<DeadLetterSpec> dead_letter_spec(const TableDef& table) {
  static constexpr std::pair<std::string_view, DeadLetterField> kNames[] = {
      {"bytes", DeadLetterField::kBytes},   {"record", DeadLetterField::kBytes},
      {"table", DeadLetterField::kTable},   {"file", DeadLetterField::kUnit},
      {"topic", DeadLetterField::kUnit},    {"partition", DeadLetterField::kPartition},
      {"offset", DeadLetterField::kOffset}, {"line", DeadLetterField::kLine},
      {"reason", DeadLetterField::kReason}, {"message", DeadLetterField::kMessage}};
  DeadLetterSpec spec;
  spec.schema = physical_schema(table);
  for (const Field& field : spec.schema->fields()) {
    const auto* at = std::find_if(std::begin(kNames), std::end(kNames),
                                  [&](const auto& known) { return known.first == field.name; });
    if (at == std::end(kNames)) {
      return Error(ErrorCode::kUnknownName,
                   fmt::format("dead letters have no '{}' for a column of table '{}'", field.name,
                               table.name))
          .with_hint("they have bytes, table, file, partition, offset, line, reason, message");
    }
    spec.fields.push_back(at->second);
  }
  return spec;
}

}  // namespace velo
