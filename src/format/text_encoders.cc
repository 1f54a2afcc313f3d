#include "format/text_encoders.h"

namespace velo {

CsvEncoder::CsvEncoder(CsvOptions csv, SchemaPtr schema)
    : csv_(std::move(csv)), schema_(std::move(schema)), values_(csv_.times) {
  constexpr std::string_view kNeverInValues = ",;|\t";
  plain_values_ = csv_.null_literal.empty() &&
                  kNeverInValues.find(csv_.dialect.delimiter) != std::string_view::npos;
}

std::string CsvEncoder::preamble() const {
  std::string text;
  if (csv_.header != CsvHeader::kNever) {
    TextWriter out(text);
    for (size_t i = 0; i < schema_->size(); ++i) {
      if (i > 0) out.put(csv_.dialect.delimiter);
      put_field(out, (*schema_)[i].name);
    }
    out.put('\n');
  }
  return text;
}

bool CsvEncoder::needs_quotes(std::string_view text) const {
  if (text.empty() || text == csv_.null_literal) return true;
  for (const char c : text) {
    if (c == csv_.dialect.delimiter || c == csv_.dialect.quote || c == '\n' || c == '\r') {
      return true;
    }
  }
  return false;
}

void CsvEncoder::put_field(TextWriter& out, std::string_view text) const {
  if (!csv_.dialect.quoting || !needs_quotes(text)) return out.put(text);
  out.put(csv_.dialect.quote);
  for (const char c : text) {
    if (c == csv_.dialect.quote) out.put(c);
    out.put(c);
  }
  out.put(csv_.dialect.quote);
}

void CsvEncoder::put_value(TextWriter& out, const Column& column, size_t row) {
  if (column.is_null(row)) return out.put(csv_.null_literal);
  if (column.type().is_string()) return put_field(out, column.string_at(row));
  if (plain_values_ && !column.type().is_nested()) return values_.put_plain(out, column, row);
  std::string text;
  {
    TextWriter writer(text);
    values_.put_plain(writer, column, row);
  }
  put_field(out, text);
}

Status CsvEncoder::encode_records(const Batch& batch, std::string& out,
                                  std::vector<RecordSpan>* records) {
  TextWriter writer(out);
  for (size_t row = 0; row < batch.rows; ++row) {
    const size_t begin = writer.size();
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      if (i > 0) writer.put(csv_.dialect.delimiter);
      put_value(writer, *batch.columns[i], row);
    }
    note(records, begin, writer.size());
    writer.put('\n');
  }
  return {};
}

JsonEncoder::JsonEncoder(JsonOptions json, SchemaPtr schema) : values_(json.times) {
  for (size_t i = 0; i < schema->size(); ++i) {
    keys_.push_back(json_key(i == 0 ? '{' : ',', (*schema)[i].name));
  }
}

Status JsonEncoder::encode_records(const Batch& batch, std::string& out,
                                   std::vector<RecordSpan>* records) {
  TextWriter writer(out);
  for (size_t row = 0; row < batch.rows; ++row) {
    const size_t begin = writer.size();
    if (keys_.empty()) writer.put('{');
    for (size_t i = 0; i < keys_.size(); ++i) {
      writer.put(keys_[i]);
      values_.put_json(writer, *batch.columns[i], row);
    }
    writer.put("}\n");
    note(records, begin, writer.size() - 1);
  }
  return {};
}

}  // namespace velo
