// Types of columns from a sample of their values. Every column starts with all types possible; each
// value strikes out those that it is not. Names are never looked at.

#include <algorithm>
#include <set>

#include "base/fmt.h"
#include "column/decimal.h"
#include "format/csv_decoder.h"
#include "format/formats.h"

namespace velo {
namespace {

constexpr size_t kSampledRows = 10000;

/// What the values seen so far of a column allow.
struct Guess {
  bool any = false;
  bool boolean = true;
  bool bigint = true;
  bool whole = true;  ///< DECIMAL(38, 0)
  bool real = true;
  bool date = true;
  bool timestamp = true;
  bool instant = true;  ///< TIMESTAMP_LTZ: every value with Z or an offset
  bool micros = false;  ///< some time has digits beyond the milliseconds

  void see(std::string_view text);
  Type type() const;
  bool text_only() const {
    return !boolean && !bigint && !whole && !real && !date && !timestamp && !instant;
  }
};

bool has_leading_zero(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

void Guess::see(std::string_view text) {
  any = true;
  bool truth;
  int64_t number;
  int128_t wide;
  double real_number;
  const bool padded = text.front() == ' ' || text.back() == ' ';
  // "007" is a name, not a number: reading it as one would lose the zeros.
  const bool numeric = !padded && !has_leading_zero(text) && text[0] != '+';
  const bool digits = text.find_first_not_of("-0123456789") == std::string_view::npos;
  boolean = boolean && text.size() > 1 &&
            read_boolean({Type::boolean()}, text, &truth) == FieldError::kOk;
  bigint = bigint && numeric && digits &&
           read_integer({Type::bigint()}, text, &number) == FieldError::kOk;
  whole = whole && numeric && digits &&
          read_decimal({Type::decimal(kDecimalDigitsMax, 0)}, text, &wide) == FieldError::kOk;
  real = real && numeric && read_double({Type::float64()}, text, &real_number) == FieldError::kOk;
  date = date && read_time({Type::date()}, text, &number) == FieldError::kOk;
  const bool long_enough = text.size() > 10;
  number = 0;
  timestamp = timestamp && long_enough &&
              read_time({Type::timestamp(6)}, text, &number) == FieldError::kOk;
  if (number % 1000 != 0) micros = true;
  number = 0;
  const bool zoned = text.find_first_of("Zz+") != std::string_view::npos ||
                     (long_enough && text.find('-', 10) != std::string_view::npos);
  instant = instant && long_enough && zoned &&
            read_time({Type::timestamp_ltz(6)}, text, &number) == FieldError::kOk;
  if (number % 1000 != 0) micros = true;
}

Type Guess::type() const {
  if (!any) return Type::string();
  if (boolean) return Type::boolean();
  if (bigint) return Type::bigint();
  if (whole) return Type::decimal(kDecimalDigitsMax, 0);
  if (real) return Type::float64();
  if (date) return Type::date();
  if (timestamp) return Type::timestamp(micros ? 6 : 3);
  if (instant) return Type::timestamp_ltz(micros ? 6 : 3);
  return Type::string();
}

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
    Guess guess;
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
  std::vector<Guess> guesses(rows[0].size());
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
