// The columns of a CSV text from a sample of its rows. Names are never looked at.

#include <algorithm>
#include <set>

#include "base/fmt.h"
#include "format/csv_decoder.h"
#include "format/formats.h"
#include "format/type_guess.h"

namespace velo {
namespace {

constexpr size_t kSampledRows = 10000;

std::vector<std::vector<CsvField>> sample_rows(const CsvDialect& dialect, std::string_view sample) {
  std::vector<std::vector<CsvField>> rows;
  CsvFraming framing(dialect);
  const char* p = sample.data();
  const char* const end = p + sample.size();
  std::vector<CsvField> fields;
  while (p < end && rows.size() < kSampledRows) {
    framing.begin_record();
    const char* newline = framing.find_newline(p, end);
    if (!newline && !rows.empty()) break;  // may be cut
    if (!newline) newline = end;
    const std::string_view record(p, static_cast<size_t>(newline - p));
    p = newline == end ? end : newline + 1;
    if (record.empty() || record == "\r") continue;
    if (csv_split(dialect, record, &fields) == CsvSplit::kOk) rows.push_back(fields);
  }
  return rows;
}

bool looks_like_header(const std::vector<CsvField>& row) {
  std::set<std::string_view> seen;
  for (const CsvField& field : row) {
    if (field.text.empty() || !seen.insert(field.text).second) return false;
    TypeGuess guess;
    guess.see(field.text);
    if (!guess.text_only()) return false;
  }
  return true;
}

}  // namespace

Result<SchemaPtr> infer_csv_schema(std::string_view sample, const OptionMap& options) {
  const CsvOptions csv = TRY(parse_csv_options(options));
  if (sample.starts_with("\xEF\xBB\xBF")) sample.remove_prefix(3);
  const std::vector<std::vector<CsvField>> rows = sample_rows(csv.dialect, sample);
  if (rows.empty()) {
    return Error(ErrorCode::kBadRecord,
                 "the columns cannot be inferred: there is no row to look at")
        .with_hint("declare the columns in CREATE TABLE");
  }
  const bool header = csv.header == CsvHeader::kAlways ||
                      (csv.header == CsvHeader::kAuto && looks_like_header(rows[0]));
  std::vector<TypeGuess> guesses(rows[0].size());
  for (size_t row = header ? 1 : 0; row < rows.size(); ++row) {
    if (rows[row].size() != guesses.size()) continue;
    for (size_t i = 0; i < guesses.size(); ++i) {
      const CsvField& field = rows[row][i];
      const bool null = field.text.empty() || (!field.quoted && field.text == csv.null_literal);
      if (!null) guesses[i].see(field.text);
    }
  }
  std::vector<Field> fields;
  for (size_t i = 0; i < guesses.size(); ++i) {
    std::string name =
        header ? csv_unescape(csv.dialect, rows[0][i]) : fmt::format("column{}", i + 1);
    fields.push_back({std::move(name), guesses[i].type()});
  }
  return make_schema(std::move(fields));
}

}  // namespace velo
