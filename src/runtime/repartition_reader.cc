#include "runtime/repartition_reader.h"

#include <charconv>
#include <utility>

#include "base/fmt.h"
#include "column/column_builder.h"

namespace velo {

RepartitionReader::Origin& RepartitionReader::origin(const std::string& name) {
  const auto [found, is_new] = by_name_.try_emplace(name);
  if (is_new) found->second.part = origins_.add();
  return found->second;
}

Result<Batch> RepartitionReader::read(std::string_view record, int64_t now_us) {
  RepartitionRecord decoded = TRY(decode_repartition_record(record, schema_));
  if (auto* rows = std::get_if<RepartitionRows>(&decoded)) return take(std::move(*rows), now_us);
  take(std::get<RepartitionMark>(decoded), now_us);
  return Batch{schema_, 0, {}, nullptr, nullptr};
}

Batch RepartitionReader::take(RepartitionRows record, int64_t now_us) {
  Origin& from = origin(record.origin);
  origins_.touch(from.part, now_us);
  const auto* offsets = record.offsets->values<int64_t>();
  const auto* numbers = record.numbers->values<int64_t>();
  Selection fresh;
  for (uint32_t row = 0; row < record.rows.rows; ++row) {
    if (!from.before(offsets[row], numbers[row])) continue;
    from.raise(offsets[row], numbers[row]);
    fresh.push_back(row);
  }
  update(now_us);
  dropped_ += record.rows.rows - fresh.size();
  if (fresh.size() == record.rows.rows) return std::move(record.rows);
  if (fresh.empty()) return Batch{schema_, 0, {}, nullptr, nullptr};
  return gather(record.rows, fresh);
}

/// The clock moves it where all partitions meet. Before each origin was heard of it is not known,
/// and never goes back once it is.
void RepartitionReader::update(int64_t now_us) {
  if (complete()) origins_.update(now_us, false);
}

void RepartitionReader::take(const RepartitionMark& mark, int64_t now_us) {
  in_all_ = mark.in_all;
  for (const std::string& name : mark.origins) {
    const size_t part = origin(name).part;
    origins_.raise(part, mark.watermark);
    if (mark.ended) origins_.set_finished(part);
    if (mark.idle_since_us == kActive) {
      origins_.set_active(part);
    } else {
      origins_.set_idle(part, mark.idle_since_us);
    }
  }
  update(now_us);
}

std::string RepartitionReader::places(size_t bytes) const {
  std::string out;
  std::string_view topic;
  for (const auto& [name, origin] : by_name_) {
    if (origin.offset < 0) continue;
    const size_t dash = name.rfind('-');
    const std::string_view whole = name;
    if (topic != whole.substr(0, dash) || out.empty()) {
      topic = whole.substr(0, dash);
      out += fmt::format("{}{}", out.empty() ? "" : ";", topic);
    }
    out += fmt::format(" {}:{}:{}", whole.substr(dash + 1), origin.offset, origin.number);
  }
  return out.size() > bytes ? "" : out;
}

void RepartitionReader::skip_to(std::string_view places) {
  const auto cut = [](std::string_view& text, char end) {
    const size_t at = std::min(text.find(end), text.size());
    const std::string_view first = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return first;
  };
  const auto number = [](std::string_view text, int64_t& out) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
    return failure == std::errc() && end == text.data() + text.size();
  };
  while (!places.empty()) {
    std::string_view of_topic = cut(places, ';');
    const std::string_view topic = cut(of_topic, ' ');
    while (!of_topic.empty()) {
      std::string_view place = cut(of_topic, ' ');
      const std::string_view partition = cut(place, ':');
      int64_t offset = 0;
      int64_t row = 0;
      if (!number(cut(place, ':'), offset) || !number(place, row)) return;
      origin(fmt::format("{}-{}", topic, partition)).raise(offset, row);
    }
  }
}

void RepartitionReader::save(SnapshotWriter& writer) const {
  writer.section("repartition");
  writer.u64(in_all_);
  writer.u64(dropped_);
  writer.u64(by_name_.size());
  for (const auto& [name, origin] : by_name_) {
    writer.string(name);
    writer.u64(origin.part);
    writer.i64(origin.offset);
    writer.i64(origin.number);
  }
  origins_.save(writer);
}

Status RepartitionReader::load(SnapshotReader& reader) {
  TRY(reader.section("repartition"));
  in_all_ = TRY(reader.u64());
  dropped_ = TRY(reader.u64());
  const uint64_t count = TRY(reader.count(sizeof(uint64_t)));
  for (uint64_t i = 0; i < count; ++i) {
    const std::string name = TRY(reader.string());
    Origin origin;
    origin.part = TRY(reader.u64());
    origin.offset = TRY(reader.i64());
    origin.number = TRY(reader.i64());
    if (origin.part >= count) {
      return Error(ErrorCode::kCorruptData, "the snapshot is damaged: an origin out of range");
    }
    origins_.add();
    by_name_.emplace(name, origin);
  }
  return origins_.load(reader);
}

}  // namespace velo
