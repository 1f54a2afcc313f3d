#include "format/csv_fast_decoder.h"

#include <algorithm>

namespace velo {

CsvFastDecoder::CsvFastDecoder(const Kernels& kernels, CsvOptions csv, SchemaPtr declared,
                               std::vector<int> projection, BatchAssembler assembler,
                               size_t record_bytes_max)
    : CsvDecoder(std::move(csv), std::move(declared), std::move(projection), std::move(assembler),
                 record_bytes_max),
      kernels_(kernels),
      fields_(kernels, assembler_, *this, false) {
  fields_.set_null_literal(csv_.null_literal);
}

bool CsvFastDecoder::serves(const CsvOptions& csv) {
  constexpr std::string_view kBeginsValue = "0123456789.-+tfTF";
  return csv.null_literal.empty() ||
         kBeginsValue.find(csv.null_literal[0]) == std::string_view::npos;
}

Status CsvFastDecoder::decode_some(Region& region, DecodeOutput& out) {
  while (region.p < region.end) {
    const uint64_t offset = region.offset_of(region.p);
    if (offset < plain_until_) return {};
    const auto bytes = static_cast<uint32_t>(
        std::min<size_t>(kIndexBytes, static_cast<size_t>(region.end - region.p)));
    if (!index(region, bytes)) {
      plain_until_ = offset + bytes;
      return {};
    }
    TRY(read_records(region, out));
  }
  return {};
}

bool CsvFastDecoder::index(const Region& region, uint32_t bytes) {
  IndexFacts& facts = index_.facts();
  const char quote = csv_.dialect.quoting ? csv_.dialect.quote : '\0';
  const char delimiter = csv_.dialect.delimiter;
  kernels_.index_csv(region.p, bytes, delimiter, quote, index_.positions(), &facts);
  if (facts.zeros) return false;
  if (facts.quotes) {
    kernels_.index_csv_quoted(region.p, bytes, delimiter, quote, index_.positions(), &facts);
    if (facts.broken) return false;
  }
  if (!index_.trim(region.p, static_cast<uint32_t>(layout_.fields))) return false;
  if (!facts.non_ascii) return true;
  return is_utf8({region.p, index_.positions()[index_.size() - 1]});
}

Status CsvFastDecoder::read_records(Region& region, DecodeOutput& out) {
  const char* const text = region.p;
  const uint32_t* const positions = index_.positions();
  const auto stride = static_cast<uint32_t>(layout_.fields);
  const bool quotes = index_.facts().quotes;
  const uint32_t first_newline = positions[index_.behind_record(text, 0) - 1];
  const bool first_return = first_newline > 0 && text[first_newline - 1] == '\r';
  const LineEnd end = !index_.facts().returns ? LineEnd::kAny
                      : first_return          ? LineEnd::kReturn
                                              : LineEnd::kPlain;
  fields_.set_carriage_returns(end == LineEnd::kReturn);
  fields_.set_rejected(quotes ? csv_.dialect.quote : '\n', '\n');
  bool planned = false;
  for (uint32_t at = 0; at < index_.size();) {
    const uint32_t rows = index_.regular_rows(text, at, stride, end);
    if (rows == 0) {
      const uint32_t next = index_.behind_record(text, at);
      const char* const newline = text + positions[next - 1];
      const std::string_view record(region.p, static_cast<size_t>(newline - region.p));
      const uint64_t offset = region.offset_of(region.p);
      region.p = newline + 1;
      TRY(take_record(record, offset, region.offset_of(region.p), true, out));
      count_lines({record.data(), record.size() + 1});
      at = next;
      continue;
    }
    if (!planned) plan_fields(text, positions + at);
    planned = true;
    for (uint32_t done = 0; done < rows;) {
      const auto n = static_cast<uint32_t>(std::min<size_t>(rows - done, assembler_.room()));
      const uint32_t* const ends = positions + at + static_cast<size_t>(done) * stride;
      fields_.read(fast_, text, ends, n);
      TRY(add_rows(region, {text, ends, stride, n, quotes}, fields_.odd(), out));
      done += n;
    }
    at += rows * stride;
  }
  return {};
}

// Fields that are quoted in the first record are expected to be quoted in all of this stretch.
void CsvFastDecoder::plan_fields(const char* text, const uint32_t* positions) {
  fast_.stride = static_cast<uint32_t>(layout_.fields);
  fast_.fields.resize(layout_.field_of.size());
  for (size_t column = 0; column < fast_.fields.size(); ++column) {
    FastField& field = fast_.fields[column];
    field.index = static_cast<uint32_t>(layout_.field_of[column]);
    field.column = static_cast<int>(column);
    const FieldRun run{text, positions + field.index, fast_.stride, 1, 0, 1};
    field.quoted = index_.facts().quotes && *run.begin(0) == csv_.dialect.quote;
    for (FieldLiteral* literal : {&field.before, &field.behind}) {
      literal->size = field.quoted ? 1 : 0;
      literal->bytes[0] = csv_.dialect.quote;
    }
  }
}

bool CsvFastDecoder::fix(const FastField& field, std::string_view text, ScalarTarget* target,
                         size_t row) {
  (void)field;
  CsvField found;
  found.text = text;
  const char quote = csv_.dialect.quote;
  if (csv_.dialect.quoting && !text.empty() && text.front() == quote) {
    if (text.size() < 2 || text.back() != quote) return false;
    found.quoted = true;
    found.text = text.substr(1, text.size() - 2);
    found.doubled = found.text.find(quote) != std::string_view::npos;
  }
  if (is_null(found, target->rules().type)) {
    target->set_null(row);
    return true;
  }
  if (found.doubled) {
    return target->set_text(row, csv_unescape(csv_.dialect, found), false) == FieldError::kOk;
  }
  return target->set_text(row, found.text, true) == FieldError::kOk;
}

}  // namespace velo
