#include "connector/generator_source.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/fmt.h"

namespace velo {

RowRange RowRange::from(Bytes bytes) {
  CHECK(bytes.size() == sizeof(RowRange));
  RowRange range;
  std::memcpy(&range, bytes.data(), sizeof range);
  return range;
}

Result<GeneratorOptions> parse_generator_options(const OptionReader& options) {
  GeneratorOptions parsed;
  if (options.has("number-of-rows")) parsed.rows = TRY(options.number("number-of-rows"));
  if (options.has("rows-per-second") || !parsed.rows) {
    const double rate = TRY(options.real("rows-per-second"));
    if (rate < 0 || rate > 1e12) {
      return Error(ErrorCode::kBadOptionValue,
                   fmt::format("option 'rows-per-second' cannot be '{}'",
                               options.text("rows-per-second")))
          .with_hint("give rows per second, or 0 for as fast as possible");
    }
    if (rate > 0) parsed.rows_per_second = rate;
  }
  return parsed;
}

Result<GeneratorOptions> parse_nexmark_pace(const OptionReader& options) {
  GeneratorOptions parsed;
  const uint64_t events = TRY(options.number("events.num"));
  if (events > 0) parsed.rows = events;
  const double stop_at = TRY(options.real("stop-at"));
  if (stop_at >= 0) {
    parsed.rows = std::min(parsed.rows.value_or(UINT64_MAX), static_cast<uint64_t>(stop_at));
  }
  parsed.keep_alive = TRY(options.flag("keep-alive"));
  const bool limited = TRY(options.flag("rate.limited"));
  const bool fastest = TRY(options.flag("max-emit-speed"));
  if (!limited && fastest) return parsed;
  const uint64_t rate = TRY(options.number("first-event.rate"));
  if (rate != TRY(options.number("next-event.rate"))) {
    return Error(ErrorCode::kNotSupported,
                 "not supported yet: a limited pace ('rate.limited', 'max-emit-speed') of two "
                 "rates")
        .with_hint("give 'first-event.rate' and 'next-event.rate' the same value");
  }
  parsed.rows_per_second = static_cast<double>(rate);
  return parsed;
}

GeneratorSource::GeneratorSource(GeneratorOptions options, Clock& clock)
    : options_(options), clock_(clock) {
  CHECK(options_.partitions > 0 && options_.chunk_rows > 0);
  lanes_.resize(options_.partitions);
  for (uint32_t p = 0; p < options_.partitions; ++p) {
    lanes_[p].next_row = p * options_.chunk_rows;
  }
}

Result<std::vector<PartitionInfo>> GeneratorSource::partitions() {
  std::vector<PartitionInfo> all;
  for (uint32_t p = 0; p < options_.partitions; ++p) {
    PartitionInfo info;
    info.id = p;
    info.name = fmt::format("{}/{}", p, options_.partitions);
    info.bounded = options_.rows.has_value() && !options_.keep_alive;
    all.push_back(std::move(info));
  }
  return all;
}

Status GeneratorSource::seek(uint32_t partition, const Position& position) {
  const uint64_t chunk = position.offset / options_.chunk_rows;
  if (chunk % options_.partitions != partition) {
    return Error(ErrorCode::kIncompatibleState,
                 fmt::format("row {} is not in partition {} of {} of the generator",
                             position.offset, partition, options_.partitions));
  }
  lanes_.at(partition).next_row = position.offset;
  return {};
}

uint64_t GeneratorSource::chunk_left(const Lane& lane) const {
  const uint64_t most = options_.chunk_rows - lane.next_row % options_.chunk_rows;
  if (!options_.rows) return most;
  return lane.next_row >= *options_.rows ? 0 : std::min(most, *options_.rows - lane.next_row);
}

/// Rows that go into one block: at slow rates one at a time, at fast ones what falls due in 10 ms.
uint64_t GeneratorSource::step_rows(uint64_t wanted) const {
  const double rate = *options_.rows_per_second / options_.partitions;
  return std::min(wanted, static_cast<uint64_t>(std::max(1.0, rate * 0.010)));
}

uint64_t GeneratorSource::due_rows(const Lane& lane, uint64_t wanted) const {
  if (!options_.rows_per_second) return wanted;
  const double rate = *options_.rows_per_second / options_.partitions;
  const double elapsed_s = static_cast<double>(clock_.steady_ns() - started_ns_) * 1e-9;
  const double due = std::floor(elapsed_s * rate + 1e-6) + 1;  // the first row comes at once
  const double owed = due - static_cast<double>(lane.given);
  if (owed < static_cast<double>(step_rows(wanted))) return 0;
  return std::min(wanted, static_cast<uint64_t>(owed));
}

int64_t GeneratorSource::until_due_us(const Lane& lane, uint64_t wanted) const {
  if (!options_.rows_per_second) return 0;
  const double rate = *options_.rows_per_second / options_.partitions;
  const double at_s = static_cast<double>(lane.given + step_rows(wanted) - 1) / rate;
  const double now_s = static_cast<double>(clock_.steady_ns() - started_ns_) * 1e-9;
  return std::max<int64_t>(0, static_cast<int64_t>(std::ceil((at_s - now_s) * 1e6)));
}

Result<Poll> GeneratorSource::poll(uint32_t partition, Block& out, int64_t timeout_us) {
  out.clear();
  if (started_ns_ < 0) started_ns_ = clock_.steady_ns();
  Lane& lane = lanes_.at(partition);
  const uint64_t wanted = chunk_left(lane);
  if (wanted == 0 && options_.keep_alive) {
    clock_.sleep_us(timeout_us);
    return Poll::kNothingYet;
  }
  if (wanted == 0) return Poll::kEnd;
  uint64_t rows = due_rows(lane, wanted);
  if (rows == 0) {
    const int64_t pause = std::min(timeout_us, until_due_us(lane, wanted));
    if (pause > 0) clock_.sleep_us(pause);
    rows = due_rows(lane, wanted);
    if (rows == 0) return Poll::kNothingYet;
  }
  const RowRange range{lane.next_row, rows};
  auto buffer = Buffer::allocate(sizeof range);
  std::memcpy(buffer->data(), &range, sizeof range);
  out.bytes = {buffer->data(), sizeof range};
  out.owner = std::move(buffer);
  out.partition = partition;
  out.begin.offset = lane.next_row;
  lane.given += rows;
  lane.next_row += rows;
  if (lane.next_row % options_.chunk_rows == 0) {
    lane.next_row += (options_.partitions - 1) * options_.chunk_rows;
  }
  out.end.offset = lane.next_row;
  out.ends_unit = chunk_left(lane) == 0 && !options_.keep_alive;
  return Poll::kBlock;
}

Status GeneratorSource::wait(int64_t timeout_us) {
  if (started_ns_ < 0) return {};
  int64_t pause = timeout_us;
  for (const Lane& lane : lanes_) {
    const uint64_t wanted = chunk_left(lane);
    if (wanted > 0) pause = std::min(pause, until_due_us(lane, wanted));
  }
  if (pause > 0) clock_.sleep_us(pause);
  return {};
}

}  // namespace velo
