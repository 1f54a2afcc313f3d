#include "format/json_fast_decoder.h"

#include <algorithm>
#include <cstring>

#include "format/json_template.h"

namespace velo {
namespace {

constexpr uint32_t kPatience = 4;  // layouts that may fail before the fast path rests for a while
constexpr uint64_t kRestBytes = uint64_t{256} << 10;
constexpr uint64_t kRestMost = uint64_t{64} << 20;

std::string_view literal_text(const FieldLiteral& literal) { return {literal.bytes, literal.size}; }

}  // namespace

JsonFastDecoder::JsonFastDecoder(const Kernels& kernels, JsonOptions json, BatchAssembler assembler,
                                 size_t record_bytes_max)
    : JsonDecoder(std::move(json), std::move(assembler), record_bytes_max),
      kernels_(kernels),
      fields_(kernels, assembler_, *this, true) {
  fields_.set_rejected('"', '\\');
}

Status JsonFastDecoder::decode_some(Region& region, DecodeOutput& out) {
  if (framing().root() != JsonRoot::kLines) return {};
  while (region.p < region.end) {
    const uint64_t offset = region.offset_of(region.p);
    if (offset < plain_until_) return {};
    const auto bytes = static_cast<uint32_t>(
        std::min<size_t>(kIndexBytes, static_cast<size_t>(region.end - region.p)));
    if (!learnt_ && !learn(region)) return {};
    if (!index(region, bytes)) {
      plain_until_ = offset + bytes;
      return {};
    }
    size_t odd = 0;
    TRY(read_records(region, out, &odd));
    judge(region.offset_of(region.p), index_.facts().newlines, odd);
  }
  return {};
}

// True if there is a layout to try. A record that cannot serve is left to the plain path.
bool JsonFastDecoder::learn(const Region& region) {
  const auto left = static_cast<size_t>(region.end - region.p);
  const auto* newline =
      static_cast<const char*>(std::memchr(region.p, '\n', std::min<size_t>(left, kIndexBytes)));
  if (!newline) return false;
  const std::string_view record(region.p, static_cast<size_t>(newline - region.p));
  const uint64_t next = region.offset_of(newline + 1);
  // Only what the plain path takes may be an example.
  const bool good = decode_record(record, assembler_.rows(), true) == Outcome::kRow;
  assembler_.forget(assembler_.rows());
  learnt_ = good && learn_json_layout(record, *assembler_.schema(), &layout_) &&
            std::none_of(layout_.fields.begin(), layout_.fields.end(), [&](const FastField& field) {
              // "NaN": other numbers do not stand in quotes.
              return field.quoted && field.column >= 0 &&
                     assembler_.scalar(static_cast<size_t>(field.column))->rules().type.is_float();
            });
  if (!learnt_) {
    plain_until_ = next;
    if (good) judge(next, 1, 1);
  }
  return learnt_;
}

void JsonFastDecoder::judge(uint64_t offset, size_t records, size_t odd) {
  if (odd * 4 <= records) {
    failures_ = 0;
  } else if (odd * 2 > records) {
    learnt_ = false;
    if (++failures_ <= kPatience) return;
    const uint32_t doublings = std::min(failures_ - kPatience - 1, 8u);
    plain_until_ = offset + std::min(kRestBytes << doublings, kRestMost);
  }
}

bool JsonFastDecoder::index(const Region& region, uint32_t bytes) {
  const IndexFacts& facts = index_.facts();
  kernels_.index_json(region.p, bytes, index_.positions(), &index_.facts());
  if (facts.broken || facts.zeros || facts.controls) return false;
  if (!index_.trim(region.p, layout_.stride)) return false;
  if (!facts.non_ascii) return true;
  return is_utf8({region.p, index_.positions()[index_.size() - 1]});
}

Status JsonFastDecoder::read_records(Region& region, DecodeOutput& out, size_t* odd) {
  const char* const text = region.p;
  const uint32_t* const positions = index_.positions();
  const uint32_t stride = layout_.stride;
  for (uint32_t at = 0; at < index_.size();) {
    const uint32_t rows = index_.regular_rows(text, at, stride, LineEnd::kAny);
    if (rows == 0) {
      ++*odd;
      const uint32_t next = index_.behind_record(text, at);
      const char* const newline = text + positions[next - 1];
      const std::string_view record(region.p, static_cast<size_t>(newline - region.p));
      const uint64_t offset = region.offset_of(region.p);
      region.p = newline + 1;
      TRY(take_record(record, offset, region.offset_of(region.p), true, out));
      count_lines("\n");
      at = next;
      continue;
    }
    for (uint32_t done = 0; done < rows;) {
      const auto n = static_cast<uint32_t>(std::min<size_t>(rows - done, assembler_.room()));
      const uint32_t* const ends = positions + at + static_cast<size_t>(done) * stride;
      fields_.read(layout_, text, ends, n);
      *odd += fields_.odd().size();
      TRY(add_rows(region, {text, ends, stride, n, false}, fields_.odd(), out));
      done += n;
    }
    at += rows * stride;
  }
  return {};
}

// A value that is passed over only has to be one token, so that the record's other values stand
// where they seem to.
bool JsonFastDecoder::is_skippable(std::string_view value, bool quoted) {
  if (value.empty()) return quoted;
  if (!quoted) {
    return std::all_of(value.begin(), value.end(), [](char c) {
      const char lower = static_cast<char>(c | 0x20);
      return (c >= '+' && c <= '9' && c != ',') || (lower >= 'a' && lower <= 'z');
    });
  }
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '"') return false;
    if (value[i] == '\\') ++i;
  }
  return true;
}

bool JsonFastDecoder::fix(const FastField& field, std::string_view text, ScalarTarget* target,
                          size_t row) {
  std::string_view before = literal_text(field.before), behind = literal_text(field.behind);
  if (field.quoted) before.remove_suffix(1), behind.remove_prefix(1);
  if (text.size() < before.size() + behind.size() || !text.starts_with(before) ||
      !text.ends_with(behind)) {
    return false;
  }
  std::string_view value = text.substr(before.size(), text.size() - before.size() - behind.size());
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  if (quoted) value = value.substr(1, value.size() - 2);
  if (!target) return is_skippable(value, quoted);
  if (!quoted && value == "null") {
    target->set_null(row);
    return true;
  }
  const Type& type = target->rules().type;
  if (quoted && value.find_first_of("\"\\") != std::string_view::npos) return false;
  if (type.is_string()) {
    if (!quoted) return false;
    target->set_string(row, value, true);
    return true;
  }
  const bool wants_text =
      type.physical() == Physical::kString || type.kind() == TypeKind::kDate ||
      type.kind() == TypeKind::kTime || (type.is_timestamp() && !is_epoch(target->rules().times));
  return quoted == wants_text && target->set_text(row, value, true) == FieldError::kOk;
}

}  // namespace velo
