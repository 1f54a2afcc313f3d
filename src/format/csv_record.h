#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace velo {

/// The characters of a CSV dialect (RFC 4180 by default).
struct CsvDialect {
  char delimiter = ',';
  char quote = '"';
  bool quoting = true;  ///< false: the quote is an ordinary character
};

/// Finds where a record ends: at a newline outside of quotes. The search can be continued with more
/// bytes.
///
/// A quote opens a quoted field only as the field's first character; elsewhere in an unquoted field
/// it is an ordinary character. What follows a closing quote belongs to a broken field, which ends
/// like an unquoted one.
class CsvFraming {
 public:
  explicit CsvFraming(const CsvDialect& dialect) : dialect_(dialect) {}
  void begin_record() { state_ = State::kFieldStart; }
  /// The newline, or null if the record goes on behind `end`.
  const char* find_newline(const char* from, const char* end);

 private:
  enum class State : uint8_t { kFieldStart, kUnquoted, kQuoted, kQuoteInQuoted };
  CsvDialect dialect_;
  State state_ = State::kFieldStart;
};

struct CsvField {
  std::string_view text;   ///< without the quotes around it
  bool quoted = false;
  bool doubled = false;    ///< `text` holds doubled quotes; see `csv_unescape`
};

/// Why a record is not one.
enum class CsvSplit : uint8_t { kOk, kOpenQuote, kTextBehindQuote };

/// The fields of a record (without its newline; a final carriage return is not part of it). At
/// least one.
CsvSplit csv_split(const CsvDialect& dialect, std::string_view record,
                   std::vector<CsvField>* fields);

/// The field's text with doubled quotes made single.
std::string csv_unescape(const CsvDialect& dialect, const CsvField& field);

}  // namespace velo
