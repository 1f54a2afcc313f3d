#include "format/text_encoders.h"

#include "format/value_text.h"

namespace velo {

CsvEncoder::CsvEncoder(CsvOptions csv, SchemaPtr schema)
    : csv_(std::move(csv)), schema_(std::move(schema)) {
  constexpr std::string_view kNeverInValues = ",;|\t";
  plain_values_ = csv_.null_literal.empty() &&
                  kNeverInValues.find(csv_.dialect.delimiter) != std::string_view::npos;
}

std::string CsvEncoder::preamble() const {
  std::string out;
  if (csv_.header == CsvHeader::kNever) return out;
  for (size_t i = 0; i < schema_->size(); ++i) {
    if (i > 0) out.push_back(csv_.dialect.delimiter);
    append_field(out, (*schema_)[i].name);
  }
  out.push_back('\n');
  return out;
}

bool CsvEncoder::needs_quotes(std::string_view text) const {
  if (text.empty() || text == csv_.null_literal) return true;
  for (const char c : text) {
    if (c == csv_.dialect.delimiter || c == csv_.dialect.quote || c == '\n' || c == '\r')
      return true;
  }
  return false;
}

void CsvEncoder::append_field(std::string& out, std::string_view text) const {
  if (!csv_.dialect.quoting || !needs_quotes(text)) {
    out += text;
    return;
  }
  out.push_back(csv_.dialect.quote);
  for (const char c : text) {
    if (c == csv_.dialect.quote) out.push_back(c);
    out.push_back(c);
  }
  out.push_back(csv_.dialect.quote);
}

void CsvEncoder::encode(const Batch& batch, std::string& out) {
  for (size_t row = 0; row < batch.rows; ++row) {
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      if (i > 0) out.push_back(csv_.dialect.delimiter);
      const Column& column = *batch.columns[i];
      if (column.is_null(row)) {
        out += csv_.null_literal;
      } else if (column.type().is_string()) {
        append_field(out, column.string_at(row));
      } else if (!plain_values_ || column.type().is_nested()) {
        text_.clear();
        append_plain_value(text_, column, row, csv_.times);
        append_field(out, text_);
      } else {
        append_plain_value(out, column, row, csv_.times);
      }
    }
    out.push_back('\n');
  }
}

JsonEncoder::JsonEncoder(JsonOptions json, SchemaPtr schema)
    : json_(std::move(json)), schema_(std::move(schema)) {
  for (size_t i = 0; i < schema_->size(); ++i) {
    std::string key(i == 0 ? "{" : ",");
    append_json_string(key, (*schema_)[i].name);
    key.push_back(':');
    keys_.push_back(std::move(key));
  }
}

void JsonEncoder::encode(const Batch& batch, std::string& out) {
  for (size_t row = 0; row < batch.rows; ++row) {
    if (keys_.empty()) out.push_back('{');
    for (size_t i = 0; i < keys_.size(); ++i) {
      out += keys_[i];
      append_json_value(out, *batch.columns[i], row, json_.times);
    }
    out += "}\n";
  }
}

}  // namespace velo
