// Dead letters back to where they came from. Two readers: one tells what a consumer group has noted
// and takes new notes, the other reads the letters from the first on.

#include "engine/letter_replay.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include "base/fmt.h"
#include "connector/connectors.h"

namespace velo {
namespace {

constexpr size_t kBatchLetters = 500;  // written, acknowledged and noted at a time
constexpr size_t kNoteBytes = 3800;    // of the 4096 that brokers take (offset.metadata.max.bytes)
constexpr int64_t kPollUs = 100'000;
constexpr std::string_view kErrorHeaders[] = {"__connect.errors.", "velo.errors."};

std::string_view text_at(Bytes bytes, RecordSpan span) {
  if (span.length == kNullLength) return {};
  return as_text(bytes.subspan(span.offset, span.length));
}

bool says_error(std::string_view header) {
  return std::any_of(std::begin(kErrorHeaders), std::end(kErrorHeaders),
                     [&](std::string_view prefix) { return header.starts_with(prefix); });
}

/// Letters on their way to one topic.
struct Outgoing {
  std::unique_ptr<Sink> sink;
  std::string bytes;
  std::vector<RecordSpan> values;
  std::vector<RecordSpan> keys;
  std::vector<std::vector<HeaderSpan>> headers;

  RecordSpan copy(Bytes from, RecordSpan span) {
    if (span.length == kNullLength) return span;
    const RecordSpan to{static_cast<uint32_t>(bytes.size()), span.length};
    bytes += text_at(from, span);
    return to;
  }
};

class Replay {
 public:
  Replay(const ReplayRequest& request, const OptionMap& properties, const ConnectorContext& context)
      : request_(request), properties_(properties), context_(context) {}

  Result<ReplayReport> run();

 private:
  Result<std::unique_ptr<Source>> open(const std::string& start);
  Status read_partition(Source& letters, Source& notes, const PartitionInfo& partition,
                        const PartitionInfo& noted);
  Status take(const Block& block, size_t i, const PartitionInfo& partition);
  Status add(const Block& block, size_t i, const std::string& topic);
  Result<Outgoing*> outgoing(const std::string& topic);
  Status write();
  Status note(Source& notes, uint32_t partition);

  const ReplayRequest& request_;
  const OptionMap& properties_;
  const ConnectorContext& context_;
  ReplayReport report_;
  std::map<std::string, Outgoing> outgoing_;
  size_t waiting_ = 0;
  // Of the partition at hand.
  ReplayedRanges done_;
  int64_t previous_ = -1;
  int64_t first_ = -1;
};

/// The letters from `start` to the last one there is now.
Result<std::unique_ptr<Source>> Replay::open(const std::string& start) {
  OptionMap options = properties_;
  options["topic"] = request_.topic;
  options["properties.group.id"] = "velo-dlq." + request_.topic;
  options["scan.startup.mode"] = start;
  options["scan.bounded.mode"] = "latest-offset";
  options["scan.on-data-loss"] = "earliest";  // letters that are gone cannot be replayed
  for (const ConnectorProblem& problem : check_connector("kafka", options, context_)) {
    return problem.error;
  }
  SourceHints hints;
  hints.keys = true;
  hints.headers = true;
  return make_source("kafka", options, hints, context_);
}

Result<ReplayReport> Replay::run() {
  if (request_.to == request_.topic) {
    return Error(ErrorCode::kUsage,
                 fmt::format("'{}' is the topic of the dead letters themselves", request_.to));
  }
  const auto notes = TRY(open("group-offsets"));
  const std::vector<PartitionInfo> noted = TRY(notes->partitions());
  const auto letters = TRY(open("earliest-offset"));
  const std::vector<PartitionInfo> partitions = TRY(letters->partitions());
  for (const PartitionInfo& partition : partitions) {
    const auto same = std::find_if(noted.begin(), noted.end(), [&](const PartitionInfo& p) {
      return p.name == partition.name;
    });
    if (same == noted.end()) continue;  // it came into being just now
    letters->select(partition.id);
    TRY(read_partition(*letters, *notes, partition, *same));
  }
  for (auto& [topic, out] : outgoing_) TRY(out.sink->finish());
  letters->close();
  notes->close();
  return report_;
}

Status Replay::read_partition(Source& letters, Source& notes, const PartitionInfo& partition,
                              const PartitionInfo& noted) {
  done_ = ReplayedRanges::parse(noted.note);
  previous_ = -1;
  first_ = -1;
  Block block;
  for (;;) {
    const Poll found = TRY(letters.poll(partition.id, block, kPollUs));
    if (found == Poll::kEnd) break;
    if (found != Poll::kBlock) continue;
    for (size_t i = 0; i < block.records.size(); ++i) {
      TRY(take(block, i, partition));
      if (waiting_ < kBatchLetters) continue;
      TRY(write());
      TRY(note(notes, noted.id));
    }
  }
  if (waiting_ == 0) return {};
  TRY(write());
  return note(notes, noted.id);
}

Status Replay::take(const Block& block, size_t i, const PartitionInfo& partition) {
  const RecordMetadata& metadata = block.metadata[i];
  const auto offset = static_cast<int64_t>(metadata.offset);
  const MessagePlace place(partition.number, offset);
  const int64_t previous = std::exchange(previous_, offset);
  if (first_ < 0) first_ = offset;
  if (request_.chosen && !request_.chosen->contains(place)) return {};
  std::string topic;
  for (uint32_t h = 0; h < metadata.headers; ++h) {
    const HeaderSpan& header = block.headers[metadata.first_header + h];
    if (text_at(block.bytes, header.name) == "__connect.errors.topic") {
      topic = text_at(block.bytes, header.value);
    }
  }
  if (topic.empty()) {
    ++report_.no_origin;
    return {};
  }
  if (!request_.again && done_.contains(offset)) {
    ++report_.before;
    return {};
  }
  if (!request_.to.empty()) topic = request_.to;
  ++report_.replayed;
  ++report_.to[topic];
  if (request_.on_letter) request_.on_letter(place, topic);
  if (request_.dry_run) return {};
  TRY(add(block, i, topic));
  done_.add(offset, previous);
  if (done_.to_string().size() <= kNoteBytes) return {};
  return Error(ErrorCode::kLimitExceeded,
               fmt::format("too many separate letters of '{}' were replayed to be noted, at "
                           "partition {}, offset {}",
                           partition.name, place.first, offset))
      .with_hint("replay those between them, too: without --filter");
}

Result<Outgoing*> Replay::outgoing(const std::string& topic) {
  Outgoing& out = outgoing_[topic];
  if (out.sink) return &out;
  OptionMap options = properties_;
  options["topic"] = topic;
  out.sink = TRY(make_sink("kafka", options, {}, context_));
  TRY(out.sink->open());
  return &out;
}

Status Replay::add(const Block& block, size_t i, const std::string& topic) {
  Outgoing& out = *TRY(outgoing(topic));
  const RecordMetadata& metadata = block.metadata[i];
  out.values.push_back(out.copy(block.bytes, block.records[i]));
  out.keys.push_back(out.copy(block.bytes, metadata.key));
  std::vector<HeaderSpan>& headers = out.headers.emplace_back();
  for (uint32_t h = 0; h < metadata.headers; ++h) {
    const HeaderSpan& header = block.headers[metadata.first_header + h];
    if (says_error(text_at(block.bytes, header.name))) continue;
    const RecordSpan name = out.copy(block.bytes, header.name);
    headers.push_back({name, out.copy(block.bytes, header.value)});
  }
  ++waiting_;
  return {};
}

/// Until the brokers have acknowledged all that waits.
Status Replay::write() {
  for (auto& [topic, out] : outgoing_) {
    if (out.values.empty()) continue;
    TRY(out.sink->write_records({as_bytes(out.bytes), out.values, out.keys, {}, out.headers}));
    TRY(out.sink->prepare(0));
    out.bytes.clear();
    out.values.clear();
    out.keys.clear();
    out.headers.clear();
  }
  waiting_ = 0;
  return {};
}

Status Replay::note(Source& notes, uint32_t partition) {
  SourceCommit commit;
  commit.partition = partition;
  commit.position.file = request_.topic;
  commit.position.offset = static_cast<uint64_t>(done_.end_of_first(first_));
  commit.note = done_.to_string();
  notes.commit(std::span(&commit, 1));
  for (const std::string& warning : notes.take_warnings()) {
    return Error(ErrorCode::kIo, fmt::format("{} letters were written, and it could not be noted "
                                             "that they were: {}",
                                             report_.replayed, warning));
  }
  return {};
}

}  // namespace

Result<ReplayReport> replay_letters(const ReplayRequest& request, const OptionMap& properties,
                                    const ConnectorContext& context) {
  return Replay(request, properties, context).run();
}

ReplayedRanges ReplayedRanges::parse(std::string_view text) {
  ReplayedRanges parsed;
  while (!text.empty()) {
    const std::string_view range = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(range.size() + 1, text.size()));
    int64_t first = 0;
    int64_t last = 0;
    const char* const end = range.data() + range.size();
    const auto begin = std::from_chars(range.data(), end, first);
    if (begin.ec != std::errc() || begin.ptr == end || *begin.ptr != '-') continue;
    if (std::from_chars(begin.ptr + 1, end, last).ec != std::errc()) continue;
    parsed.ranges_[first] = last;
  }
  return parsed;
}

std::string ReplayedRanges::to_string() const {
  std::string text;
  for (const auto& [first, last] : ranges_) {
    text += fmt::format("{}{}-{}", text.empty() ? "" : " ", first, last);
  }
  return text;
}

bool ReplayedRanges::contains(int64_t offset) const {
  const auto behind = ranges_.upper_bound(offset);
  return behind != ranges_.begin() && std::prev(behind)->second >= offset;
}

void ReplayedRanges::add(int64_t offset, int64_t previous) {
  if (contains(offset)) return;
  auto range = ranges_.upper_bound(offset);
  if (range != ranges_.begin() && previous >= 0 && std::prev(range)->second >= previous) {
    --range;
    range->second = offset;
  } else {
    range = ranges_.emplace(offset, offset).first;
  }
  const auto next = std::next(range);
  if (next == ranges_.end() || next->first != offset + 1) return;
  range->second = next->second;
  ranges_.erase(next);
}

int64_t ReplayedRanges::end_of_first(int64_t first) const {
  if (ranges_.empty() || ranges_.begin()->first > first) return std::max<int64_t>(first, 0);
  return ranges_.begin()->second + 1;
}

}  // namespace velo
