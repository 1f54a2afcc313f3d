#include "format/csv_decoder.h"

#include <algorithm>

#include "base/fmt.h"
#include "base/letters.h"
#include "format/formats.h"

namespace velo {
namespace {

/// Index of the name, exactly written before in any case; -1 if there is none.
int find_name(const std::vector<std::string>& names, std::string_view name) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<int>(i);
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (equals_ignoring_case(names[i], name)) return static_cast<int>(i);
  }
  return -1;
}

Result<char> one_character(std::string_view option, std::string_view text) {
  if (text == "\\t" || text == "\\u0009") return '\t';
  const bool fits = text.size() == 1 && text[0] != '\n' && text[0] != '\r' &&
                    static_cast<unsigned char>(text[0]) < 0x80 && text[0] != 0;
  if (fits) return text[0];
  return Error(ErrorCode::kBadOptionValue,
               fmt::format("option '{}' = {}: one ASCII character is wanted", option,
                           quoted_excerpt(text)))
      .with_hint("write ';', '|' or '\\t'");
}

}  // namespace

Result<CsvOptions> parse_csv_options(const OptionMap& options) {
  const OptionReader reader("format 'csv'", options, format_options("csv"));
  TRY(reader.check());
  CsvOptions out;
  const auto text_of = [&](std::string_view name, std::string_view other) {
    return reader.has(name) ? reader.text(name) : reader.text(other);
  };
  out.dialect.delimiter =
      TRY(one_character("csv.delimiter", text_of("csv.field-delimiter", "csv.delimiter")));
  const std::string quote = text_of("csv.quote-character", "csv.quote");
  out.dialect.quoting = !quote.empty() && !TRY(reader.flag("csv.disable-quote-character"));
  if (out.dialect.quoting) out.dialect.quote = TRY(one_character("csv.quote", quote));
  if (out.dialect.quoting && out.dialect.quote == out.dialect.delimiter) {
    return Error(ErrorCode::kBadOptionValue,
                 "options 'csv.quote' and 'csv.delimiter' name the same character");
  }
  out.header = static_cast<CsvHeader>(TRY(reader.choice("csv.header")));
  out.null_literal = reader.text("csv.null-literal");
  out.ignore_extra_fields = TRY(reader.flag("csv.ignore-extra-fields"));
  out.allow_missing_fields = TRY(reader.flag("csv.allow-missing-fields"));
  out.times = static_cast<TimeNotation>(TRY(reader.choice("csv.timestamp-format")));
  out.op_column = reader.text("csv.op-column");
  return out;
}

CsvDecoder::CsvDecoder(CsvOptions csv, SchemaPtr declared, std::vector<int> projection,
                       BatchAssembler assembler, size_t record_bytes_max)
    : RecordDecoder(std::move(assembler), record_bytes_max),
      csv_(std::move(csv)),
      declared_(std::move(declared)),
      projection_(std::move(projection)),
      framing_(csv_.dialect) {
  CsvDecoder::reset_unit();
}

void CsvDecoder::reset_unit() {
  layout_.fields = declared_->size();
  layout_.field_of.assign(projection_.begin(), projection_.end());
}

RecordDecoder::RecordEnd CsvDecoder::find_end(const char* from, const char* end) {
  const char* const newline = framing_.find_newline(from, end);
  if (!newline) return {};
  return {newline, newline + 1};
}

bool CsvDecoder::is_null(const CsvField& field, const Type& type) const {
  if (field.quoted) return false;
  if (field.text.empty()) return csv_.null_literal.empty() || !type.is_string();
  return !csv_.null_literal.empty() && field.text == csv_.null_literal;
}

RecordDecoder::Outcome CsvDecoder::write_field(const CsvField& field, size_t column, size_t row,
                                               bool stable) {
  ScalarTarget& target = *assembler_.scalar(column);
  if (is_null(field, target.rules().type)) {
    target.set_null(row);
    return Outcome::kRow;
  }
  FieldError error;
  if (field.doubled) {
    error = target.set_text(row, csv_unescape(csv_.dialect, field), false);
  } else {
    error = target.set_text(row, field.text, stable);
  }
  if (error == FieldError::kOk) return Outcome::kRow;
  return bad(bad_reason(error), field_error_message((*assembler_.schema())[column].name,
                                                    target.rules().type, field.text, error));
}

RecordDecoder::Outcome CsvDecoder::decode_record(std::string_view record, size_t row, bool stable) {
  if (layout_.fields != 1 && (record.empty() || record == "\r")) return Outcome::kNone;
  switch (csv_split(csv_.dialect, record, &fields_)) {
    case CsvSplit::kOk:
      break;
    case CsvSplit::kOpenQuote:
      return bad(BadReason::kTruncated, "a quoted field is not closed");
    case CsvSplit::kTextBehindQuote:
      return bad(BadReason::kSyntax, "text stands behind a closing quote");
  }
  const size_t found = fields_.size();
  if ((found > layout_.fields && !csv_.ignore_extra_fields) ||
      (found < layout_.fields && !csv_.allow_missing_fields)) {
    return bad(BadReason::kFieldCount,
               fmt::format("{} field{} where {} {} wanted", found, found == 1 ? "" : "s",
                           layout_.fields, layout_.fields == 1 ? "is" : "are"));
  }
  for (size_t column = 0; column < layout_.field_of.size(); ++column) {
    const size_t field = layout_.field_of[column];
    if (field >= found) {
      assembler_.target(column).set_null(row);
    } else if (write_field(fields_[field], column, row, stable) == Outcome::kBad) {
      return Outcome::kBad;
    }
  }
  return Outcome::kRow;
}

bool CsvDecoder::is_header(const std::vector<std::string>& names) const {
  return std::all_of(declared_->fields().begin(), declared_->fields().end(),
                     [&](const Field& f) { return find_name(names, f.name) >= 0; });
}

Error CsvDecoder::no_such_column(std::string_view column,
                                 const std::vector<std::string>& names) const {
  std::string hint = did_you_mean(column, names);
  if (hint.empty()) {
    hint = "the header names:";
    for (const std::string& name : names) hint += ' ' + name;
  }
  return Error(ErrorCode::kUnknownName, fmt::format("column '{}' is not in the header", column))
      .at({.source = unit_name_, .line = 1})
      .with_hint(std::move(hint));
}

Status CsvDecoder::follow_header(const std::vector<std::string>& names) {
  layout_.fields = names.size();
  for (const Field& field : declared_->fields()) {
    if (find_name(names, field.name) < 0) return no_such_column(field.name, names);
  }
  for (size_t i = 0; i < projection_.size(); ++i) {
    const Field& field = (*declared_)[static_cast<size_t>(projection_[i])];
    layout_.field_of[i] = static_cast<size_t>(find_name(names, field.name));
  }
  return {};
}

Result<bool> CsvDecoder::judge_header(std::string_view record) {
  if (csv_.header == CsvHeader::kNever) return false;
  if (csv_split(csv_.dialect, record, &fields_) != CsvSplit::kOk) return false;
  std::vector<std::string> names;
  for (const CsvField& field : fields_) names.push_back(csv_unescape(csv_.dialect, field));
  if (csv_.header == CsvHeader::kAuto && !is_header(names)) {
    size_t known = 0;
    for (const Field& field : declared_->fields()) known += find_name(names, field.name) >= 0;
    // Half of the names: this is a header, of another table than the declared one.
    if (known == 0 || known * 2 < declared_->size()) return false;
  }
  TRY(follow_header(names));
  return true;
}

// A quote that is not closed would take the lines behind it along.
bool CsvDecoder::enter_lines(const Messages& messages) {
  return !csv_.dialect.quoting ||
         as_text(messages.bytes).find(csv_.dialect.quote) == std::string_view::npos;
}

Result<bool> CsvDecoder::take_header(std::string_view record) { return judge_header(record); }

Status CsvDecoder::learn_header(std::string_view head) {
  framing_.begin_record();
  const char* const newline = framing_.find_newline(head.data(), head.data() + head.size());
  const size_t length = newline ? static_cast<size_t>(newline - head.data()) : head.size();
  if (length > 0) TRY(judge_header(head.substr(0, length)));
  return {};
}

}  // namespace velo
