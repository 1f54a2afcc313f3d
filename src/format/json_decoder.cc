#include "format/json_decoder.h"

#include <algorithm>
#include <cstring>

#include "format/formats.h"

namespace velo {
namespace {

bool is_blank_line(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

Result<JsonOptions> parse_json_options(const OptionMap& options) {
  const OptionReader reader("format 'json'", options, format_options("json"));
  TRY(reader.check());
  JsonOptions out;
  out.root = static_cast<JsonRoot>(TRY(reader.choice("json.root")));
  out.times = static_cast<TimeNotation>(TRY(reader.choice("json.timestamp-format")));
  out.op_column = reader.text("json.op-column");
  return out;
}

JsonDecoder::JsonDecoder(JsonOptions json, BatchAssembler assembler, size_t record_bytes_max)
    : RecordDecoder(std::move(assembler), record_bytes_max),
      json_(std::move(json)),
      framing_(json_.root),
      reader_(assembler_.schema(), assembler_) {}

const char* JsonDecoder::skip_gap(const char* from, const char* end) {
  return framing_.skip_gap(from, end);
}

RecordDecoder::RecordEnd JsonDecoder::find_end(const char* from, const char* end) {
  const char* next = nullptr;
  const char* const found = framing_.find_end(from, end, &next);
  return {found, next};
}

RecordDecoder::RecordEnd JsonDecoder::find_resync(const char* from, const char* end) {
  return find_end(from, end);  // the record's own end, without keeping what is passed over
}

RecordDecoder::Outcome JsonDecoder::decode_record(std::string_view record, size_t row,
                                                  bool stable) {
  if (is_blank_line(record)) return Outcome::kNone;
  if (framing_.missing_comma()) {
    return bad(BadReason::kSyntax, "a comma is missing before this element of the array");
  }
  if (reader_.read(record, row, stable)) return Outcome::kRow;
  return bad(reader_.problem().reason, reader_.problem().message);
}

// A message is a record, or an array of records.
Status JsonDecoder::decode_message(std::string_view message, const DecodeInput& input,
                                   DecodeOutput& out) {
  const size_t first = message.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) {
    problem_ = {BadReason::kSyntax, "the message is empty"};
    return report_bad(message, message.size(), input.offset, line_, out);
  }
  if (message[first] != '[' || json_.root == JsonRoot::kLines) {
    return RecordDecoder::decode_message(message, input, out);
  }
  JsonFraming framing(JsonRoot::kArray);
  const char* p = message.data();
  const char* const end = p + message.size();
  while ((p = framing.skip_gap(p, end)) < end) {
    const char* next = end;
    framing.begin_record();
    const char* found = framing.find_end(p, end, &next);
    if (!found) found = end;
    const std::string_view element(p, static_cast<size_t>(found - p));
    TRY(RecordDecoder::decode_message(element, input, out));
    p = next;
  }
  if (framing.complete()) return {};
  problem_ = {BadReason::kTruncated, "the array is not closed"};
  return report_bad(message, message.size(), input.offset, line_, out);
}

bool JsonDecoder::enter_lines(const Messages& messages) {
  const std::string_view text = as_text(messages.bytes);
  const bool objects = std::all_of(messages.records.begin(), messages.records.end(),
                                   [&](RecordSpan r) { return text[r.offset] == '{'; });
  if (objects) framing_.enter(JsonRoot::kLines);
  return objects;
}

Status JsonDecoder::learn_header(std::string_view head) {
  if (json_.root != JsonRoot::kAuto) return {};
  const size_t first = head.find_first_not_of(" \t\r\n");
  const bool array = first != std::string_view::npos && head[first] == '[';
  framing_.enter(array ? JsonRoot::kArray : JsonRoot::kLines);
  return {};
}

bool JsonDecoder::unit_complete() {
  if (framing_.complete()) return true;
  problem_ = {BadReason::kTruncated, "the array is not closed"};
  return false;
}

}  // namespace velo
