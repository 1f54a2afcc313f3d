#include "format/csv_record.h"

#include <cstring>

namespace velo {
namespace {

const char* find_char(const char* from, const char* end, char c) {
  return static_cast<const char*>(std::memchr(from, c, static_cast<size_t>(end - from)));
}

}  // namespace

const char* CsvFraming::find_newline(const char* from, const char* end) {
  if (from == end) return nullptr;
  if (!dialect_.quoting) return find_char(from, end, '\n');
  if (state_ == State::kFieldStart || state_ == State::kUnquoted) {
    // No quote before the newline: the usual case.
    const char* const newline = find_char(from, end, '\n');
    if (newline && !find_char(from, newline, dialect_.quote)) return newline;
  }
  for (const char* p = from; p < end; ++p) {
    const char c = *p;
    switch (state_) {
      case State::kFieldStart:
        if (c == dialect_.quote) {
          state_ = State::kQuoted;
          break;
        }
        state_ = State::kUnquoted;
        [[fallthrough]];
      case State::kUnquoted:
        if (c == '\n') return p;
        if (c == dialect_.delimiter) state_ = State::kFieldStart;
        break;
      case State::kQuoted:
        if (c == dialect_.quote) state_ = State::kQuoteInQuoted;
        break;
      case State::kQuoteInQuoted:
        if (c == '\n') return p;
        state_ = c == dialect_.quote       ? State::kQuoted
                 : c == dialect_.delimiter ? State::kFieldStart
                                           : State::kUnquoted;
        break;
    }
  }
  return nullptr;
}

CsvSplit csv_split(const CsvDialect& dialect, std::string_view record,
                   std::vector<CsvField>* fields) {
  fields->clear();
  if (!record.empty() && record.back() == '\r') record.remove_suffix(1);
  const char* p = record.data();
  const char* const end = p + record.size();
  for (;;) {
    CsvField field;
    if (dialect.quoting && p < end && *p == dialect.quote) {
      field.quoted = true;
      const char* const begin = ++p;
      for (;;) {
        p = p < end ? find_char(p, end, dialect.quote) : nullptr;
        if (!p) return CsvSplit::kOpenQuote;
        if (p + 1 == end || p[1] != dialect.quote) break;
        field.doubled = true;
        p += 2;
      }
      field.text = {begin, static_cast<size_t>(p - begin)};
      ++p;
      if (p < end && *p != dialect.delimiter) return CsvSplit::kTextBehindQuote;
    } else {
      const char* const begin = p;
      const char* const found = p < end ? find_char(p, end, dialect.delimiter) : nullptr;
      p = found ? found : end;
      field.text = {begin, static_cast<size_t>(p - begin)};
    }
    fields->push_back(field);
    if (p == end) return CsvSplit::kOk;
    ++p;
  }
}

std::string csv_unescape(const CsvDialect& dialect, const CsvField& field) {
  if (!field.doubled) return std::string(field.text);
  std::string out;
  out.reserve(field.text.size());
  for (size_t i = 0; i < field.text.size(); ++i) {
    out.push_back(field.text[i]);
    if (field.text[i] == dialect.quote) ++i;
  }
  return out;
}

}  // namespace velo
