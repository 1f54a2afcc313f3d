#include "format/record_decoder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/fmt.h"

namespace velo {
namespace {

constexpr size_t kShownOfTooLong = 4096;
constexpr size_t kCarryKept = size_t{1} << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::shared_ptr<Buffer> copy_of(std::string_view text) {
  std::shared_ptr<Buffer> copy = Buffer::allocate(text.size());
  if (!text.empty()) std::memcpy(copy->data(), text.data(), text.size());
  return copy;
}

}  // namespace

Status RecordDecoder::start_unit(const UnitStart& start) {
  unit_name_ = start.name;
  line_ = start.first_line;
  first_record_ = !start.inside;
  skipping_ = start.inside && start.skipping;
  in_record_ = false;
  carry_.clear();
  reset_unit();
  if (!start.inside) return {};
  std::string_view head = start.head;
  if (head.starts_with(kByteOrderMark)) head.remove_prefix(kByteOrderMark.size());
  return learn_header(head);
}

Status RecordDecoder::feed(const DecodeInput& input, DecodeOutput& out) {
  BufferPtr owner = input.owner;
  std::string_view text = as_text(input.bytes);
  if (!owner) {
    owner = copy_of(text);
    text = {owner->as<char>(), text.size()};
  }
  if (assembler_.rows() == 0) assembler_.set_begin(in_record_ ? carry_offset_ : input.offset);
  assembler_.set_owner(owner);
  Region region{text.data(), text.data(), text.data() + text.size(), input.offset};
  TRY(feed_region(region, out));
  if (input.ends_unit) TRY(finish_unit(region.offset_of(region.end), out));
  assembler_.set_owner(nullptr);
  return assembler_.flush(consumed_, out);
}

namespace {

/// Says which message is bad instead of which line.
class MessageOutput final : public DecodeOutput {
 public:
  explicit MessageOutput(DecodeOutput& out) : out_(out) {}
  Status batch(Batch batch, DecodedRange range) override {
    return out_.batch(std::move(batch), range);
  }
  Status bad(const BadRecord& record) override {
    BadRecord message = record;
    message.offset = record.line - 1;
    message.line = 0;
    return out_.bad(message);
  }

 private:
  DecodeOutput& out_;
};

}  // namespace

// The number of a message is that of its line, from 0: the fast paths count lines.
Status RecordDecoder::feed_messages(const Messages& messages, DecodeOutput& out) {
  BufferPtr owner = messages.owner;
  std::string_view text = as_text(messages.bytes);
  if (!owner) {
    owner = copy_of(text);
    text = {owner->as<char>(), text.size()};
  }
  MessageOutput numbered(out);
  in_messages_ = true;
  first_record_ = false;
  assembler_.set_owner(owner);
  const bool fit = std::all_of(messages.records.begin(), messages.records.end(),
                               [&](RecordSpan r) { return r.length <= record_bytes_max_; });
  if (fit && messages.lines && enter_lines(messages)) {
    line_ = 1;
    Region region{text.data(), text.data(), text.data() + text.size(), message_bytes_};
    message_bytes_ += text.size();
    TRY(feed_region(region, numbered));
  } else {
    for (size_t i = 0; i < messages.records.size(); ++i) {
      const RecordSpan& span = messages.records[i];
      line_ = i + 1;
      DecodeInput input;
      input.owner = owner;
      input.offset = i;
      TRY(feed_message(text.substr(span.offset, span.length), input, numbered));
    }
  }
  assembler_.set_owner(nullptr);
  TRY(assembler_.flush(messages.records.size(), numbered));
  in_messages_ = false;
  return {};
}

Status RecordDecoder::feed_message(std::string_view message, const DecodeInput& input,
                                   DecodeOutput& out) {
  if (message.size() <= record_bytes_max_) return decode_message(without_mark(message), input, out);
  problem_ = {BadReason::kTooLong, fmt::format("the record has {} bytes, {} are allowed",
                                               message.size(), record_bytes_max_)};
  return report_bad(message.substr(0, kShownOfTooLong), message.size(), input.offset, line_, out);
}

Status RecordDecoder::decode_message(std::string_view message, const DecodeInput& input,
                                     DecodeOutput& out) {
  return take_record(message, input.offset, input.offset + 1, true, out);
}

RecordDecoder::RecordEnd RecordDecoder::find_resync(const char* from, const char* end) {
  if (from == end) return {};
  const auto* newline = static_cast<const char*>(
      std::memchr(from, '\n', static_cast<size_t>(end - from)));
  if (!newline) return {};
  return {newline, newline + 1};
}

bool RecordDecoder::skip_too_long(Region& region) {
  const RecordEnd found = find_resync(region.p, region.end);
  const char* const next = found.content_end ? found.next : region.end;
  count_lines({region.p, static_cast<size_t>(next - region.p)});
  region.p = next;
  // Nobody needs to keep what belongs to no record any more.
  consumed_ = region.offset_of(next);
  if (found.content_end) skipping_ = false;
  return !skipping_;
}

Status RecordDecoder::give_up_too_long(std::string_view seen, uint64_t offset, Region& region,
                                       DecodeOutput& out) {
  problem_ = {BadReason::kTooLong,
              fmt::format("the record is longer than {} bytes", record_bytes_max_)};
  TRY(report_bad(seen.substr(0, kShownOfTooLong), seen.size(), offset, line_, out));
  count_lines(seen);
  in_record_ = false;
  skipping_ = true;
  carry_ = {};
  skip_too_long(region);
  return {};
}

Status RecordDecoder::feed_region(Region& region, DecodeOutput& out) {
  if (skipping_ && !skip_too_long(region)) return {};
  if (in_record_) TRY(finish_carry(region, out));
  while (region.p < region.end) {
    if (!first_record_) {
      TRY(decode_some(region, out));
    }
    const char* const begin = skip_gap(region.p, region.end);
    count_lines({region.p, static_cast<size_t>(begin - region.p)});
    region.p = begin;
    if (region.p == region.end) break;
    begin_record();
    const size_t window = std::min(static_cast<size_t>(region.end - begin), record_bytes_max_ + 1);
    const RecordEnd found = find_end(begin, begin + window);
    if (!found.content_end) {
      region.p = begin + window;
      if (window > record_bytes_max_) {
        TRY(give_up_too_long({begin, window}, region.offset_of(begin), region, out));
        continue;
      }
      carry_.assign(begin, window);
      carry_offset_ = region.offset_of(begin);
      in_record_ = true;
      return {};
    }
    const std::string_view record(begin, static_cast<size_t>(found.content_end - begin));
    region.p = found.next;
    TRY(take_record(record, region.offset_of(begin), region.offset_of(found.next), true, out));
    count_lines({begin, static_cast<size_t>(found.next - begin)});
  }
  return {};
}

Status RecordDecoder::finish_carry(Region& region, DecodeOutput& out) {
  const char* const begin = region.p;
  const size_t window = std::min(static_cast<size_t>(region.end - begin),
                                 record_bytes_max_ + 1 - carry_.size());
  const RecordEnd found = find_end(begin, begin + window);
  if (!found.content_end) {
    carry_.append(begin, window);
    region.p += window;
    if (carry_.size() <= record_bytes_max_) return {};
    const std::string seen = std::move(carry_);
    return give_up_too_long(seen, carry_offset_, region, out);
  }
  carry_.append(begin, static_cast<size_t>(found.content_end - begin));
  region.p = found.next;
  TRY(take_carry(region.offset_of(found.next), out));
  count_lines({found.content_end, static_cast<size_t>(found.next - found.content_end)});
  return {};
}

Status RecordDecoder::take_carry(uint64_t next_offset, DecodeOutput& out) {
  const std::shared_ptr<Buffer> copy = copy_of(carry_);
  const std::string_view record(copy->as<char>(), carry_.size());
  in_record_ = false;
  carry_.clear();
  if (carry_.capacity() > kCarryKept) carry_.shrink_to_fit();
  assembler_.keep(copy);
  TRY(take_record(record, carry_offset_, next_offset, true, out));
  count_lines(record);
  return {};
}

Status RecordDecoder::finish_unit(uint64_t offset, DecodeOutput& out) {
  if (in_record_) TRY(take_carry(offset, out));
  if (!unit_complete()) TRY(report_bad({}, 0, offset, line_, out));
  consumed_ = offset;
  line_ = 1;
  first_record_ = true;
  skipping_ = false;
  reset_unit();
  return {};
}

std::string_view RecordDecoder::without_mark(std::string_view record) const {
  if (is_text() && record.starts_with(kByteOrderMark)) record.remove_prefix(kByteOrderMark.size());
  return record;
}

Status RecordDecoder::take_record(std::string_view record, uint64_t offset, uint64_t next_offset,
                                  bool stable, DecodeOutput& out) {
  consumed_ = next_offset;
  if (first_record_) {
    record = without_mark(record);
    if (is_text() && (record.empty() || record == "\r")) return {};
    first_record_ = false;
    if (TRY(take_header(record))) return {};
  }
  switch (decode_judged(record, assembler_.rows(), stable)) {
    case Outcome::kNone: return {};
    case Outcome::kBad:
      assembler_.forget(assembler_.rows());
      return report_bad(record, record.size(), offset, line_, out);
    case Outcome::kRow: break;
  }
  assembler_.add(1);
  note_message();
  return assembler_.full() ? assembler_.flush(next_offset, out) : Status();
}

RecordDecoder::Outcome RecordDecoder::judge_change(size_t row) {
  switch (assembler_.changes()->judge(row)) {
    case ChangeRows::Verdict::kChange:
      return Outcome::kRow;
    case ChangeRows::Verdict::kNothing:
      assembler_.forget(row);
      return Outcome::kNone;
    case ChangeRows::Verdict::kBad:
      break;
  }
  return bad(BadReason::kValue, assembler_.changes()->problem());
}

RecordDecoder::Outcome RecordDecoder::decode_judged(std::string_view record, size_t row,
                                                    bool stable) {
  const Outcome outcome = decode_record(record, row, stable);
  return outcome == Outcome::kRow && assembler_.changes() ? judge_change(row) : outcome;
}

const std::vector<uint32_t>& RecordDecoder::with_odd_changes(const RecordRun& run,
                                                             const std::vector<uint32_t>& odd) {
  odd_.clear();
  auto next = odd.begin();
  for (uint32_t row = 0; row < run.rows; ++row) {
    const bool is_odd = next != odd.end() && *next == row;
    if (is_odd) ++next;
    if (is_odd || judge_change(assembler_.rows() + row) != Outcome::kRow) odd_.push_back(row);
  }
  return odd_;
}

Status RecordDecoder::add_rows(Region& region, const RecordRun& run,
                               const std::vector<uint32_t>& odd, DecodeOutput& out) {
  const size_t first = assembler_.rows();
  dropped_.clear();
  for (const uint32_t row : assembler_.changes() ? with_odd_changes(run, odd) : odd) {
    const std::string_view record = run.record(row);
    const Outcome outcome = decode_judged(record, first + row, true);
    if (outcome == Outcome::kRow) continue;
    dropped_.push_back(row);
    if (outcome == Outcome::kNone) continue;
    const std::string_view before(run.record(0).data(), record.data());
    const uint64_t lines =
        static_cast<uint64_t>(std::count(before.begin(), before.end(), '\n'));
    TRY(report_bad(record, record.size(), region.offset_of(record.data()),
                   line_ == 0 ? 0 : line_ + lines, out));
  }
  const size_t kept = dropped_.empty() ? run.rows : assembler_.remove(run.rows, dropped_);
  assembler_.add(kept);
  if (in_messages_) note_messages(run.rows);
  const char* const next = run.record(run.rows - 1).end() + 1;
  if (run.lines_in_records) {
    count_lines({region.p, static_cast<size_t>(next - region.p)});
  } else if (line_ != 0) {
    line_ += run.rows;
  }
  region.p = next;
  consumed_ = region.offset_of(next);
  return assembler_.full() ? assembler_.flush(consumed_, out) : Status();
}

/// Of a run that begins with the message of this line and of which `dropped_` were no rows.
void RecordDecoder::note_messages(uint32_t rows) {
  const auto first = static_cast<uint32_t>(line_ - 1);
  auto next = dropped_.begin();
  for (uint32_t row = 0; row < rows; ++row) {
    if (next != dropped_.end() && *next == row) {
      ++next;
    } else {
      assembler_.note_message(first + row);
    }
  }
}

Status RecordDecoder::report_bad(std::string_view record, uint64_t total, uint64_t offset,
                                 uint64_t line, DecodeOutput& out) {
  BadRecord bad;
  bad.bytes = record;
  bad.bytes_total = total;
  bad.offset = offset;
  bad.line = line;
  bad.reason = problem_.reason;
  bad.message = std::move(problem_.message);
  return out.bad(bad);
}

void RecordDecoder::count_lines(std::string_view text) {
  if (line_ == 0) return;
  line_ += static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace velo
