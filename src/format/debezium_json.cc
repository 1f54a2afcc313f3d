#include "format/debezium_json.h"

#include "base/fmt.h"
#include "format/formats.h"

namespace velo {

Result<DebeziumOptions> parse_debezium_options(const OptionMap& options) {
  const OptionReader reader("format 'debezium-json'", options, format_options("debezium-json"));
  TRY(reader.check());
  DebeziumOptions out;
  out.schema_include = TRY(reader.flag("debezium-json.schema-include"));
  out.times = static_cast<TimeNotation>(TRY(reader.choice("debezium-json.timestamp-format")));
  return out;
}

DebeziumEncoder::DebeziumEncoder(const DebeziumOptions& debezium, const Schema& with_op)
    : values_(debezium.times) {
  for (size_t i = 1; i < with_op.size(); ++i) {
    keys_.push_back(json_key(i == 1 ? '{' : ',', with_op[i].name));
  }
}

void DebeziumEncoder::put_row(TextWriter& out, const Batch& batch, size_t row) {
  if (keys_.empty()) out.put('{');
  for (size_t i = 0; i < keys_.size(); ++i) {
    out.put(keys_[i]);
    values_.put_json(out, *batch.columns[i + 1], row);
  }
  out.put('}');
}

Status DebeziumEncoder::encode_records(const Batch& batch, std::string& out,
                                       std::vector<RecordSpan>* records) {
  TextWriter writer(out);
  for (size_t row = 0; row < batch.rows; ++row) {
    const size_t begin = writer.size();
    const std::string_view op = batch.columns[0]->string_at(row);
    const bool goes = op.front() == '-';
    writer.put("{\"before\":");
    if (goes) {
      put_row(writer, batch, row);
    } else {
      writer.put("null");
    }
    const bool updates = op == "-U";
    if (updates) ++row;
    writer.put(",\"after\":");
    if (!goes || updates) {
      put_row(writer, batch, row);
    } else {
      writer.put("null");
    }
    writer.put(updates ? ",\"op\":\"u\"}\n" : goes ? ",\"op\":\"d\"}\n" : ",\"op\":\"c\"}\n");
    note(records, begin, writer.size() - 1);
  }
  return {};
}

}  // namespace velo
