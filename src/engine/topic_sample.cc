#include "engine/topic_sample.h"

#include <algorithm>
#include <utility>

#include "base/fmt.h"
#include "base/letters.h"

namespace velo {
namespace {

constexpr size_t kSampled = 1000;
constexpr size_t kFromEach = 20;  // of each partition at least
constexpr int64_t kPollUs = 100'000;
constexpr int64_t kPatienceNs = 10'000'000'000;

std::optional<std::string> text_of(const Block& block, RecordSpan span) {
  if (span.length == kNullLength) return std::nullopt;
  return std::string(as_text(block.bytes.subspan(span.offset, span.length)));
}

/// From the oldest message to the last one there is now.
OptionMap options_for_a_look(const SortedOptions& options) {
  OptionMap look = options.of_connector;
  std::erase_if(look, [](const auto& option) {
    return option.first.starts_with("scan.startup.") || option.first.starts_with("scan.bounded.");
  });
  look["scan.startup.mode"] = "earliest-offset";
  look["scan.bounded.mode"] = "latest-offset";
  // Partitions are looked at one after the other: the broker is not to wait at the end of one.
  look.try_emplace("properties.fetch.wait.max.ms", "10");
  return look;
}

/// The messages of one partition, up to `most`.
Status take_messages(Source& source, uint32_t partition, size_t most, int64_t deadline_ns,
                     const Clock& clock, TopicSample* sample) {
  Block block;
  for (size_t taken = 0;;) {
    const Poll found = TRY(source.poll(partition, block, kPollUs));
    if (found == Poll::kEnd) return {};
    if (found == Poll::kBlock) {
      for (size_t i = 0; i < block.records.size(); ++i) {
        if (taken++ == most) {
          sample->all = false;
          return {};
        }
        sample->messages.push_back(
            {text_of(block, block.metadata[i].key), text_of(block, block.records[i])});
      }
    } else if (clock.steady_ns() > deadline_ns) {
      sample->all = false;
      return {};
    }
  }
}

std::string topics_of(const SortedOptions& options) {
  for (const std::string_view name : {"topic", "topic-pattern"}) {
    const auto found = options.of_connector.find(name);
    if (found != options.of_connector.end()) return found->second;
  }
  return {};
}

std::string count_text(size_t n, std::string_view what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

/// "the first 1000 messages of 'trades' (4 partitions), of which 3 cannot be read so".
std::string guess_text(const SortedOptions& options, const TopicSample& sample, size_t misfits) {
  std::string text = fmt::format("{} {} of '{}' ({})", sample.all ? "all" : "the first",
                                 count_text(sample.messages.size(), "message"), topics_of(options),
                                 count_text(sample.partitions, "partition"));
  if (misfits > 0) text += fmt::format(", of which {} cannot be read so", misfits);
  return text;
}

/// A column for what the key says beside the value.
void add_key(const MessageGuess& guess, InferredTable* table) {
  if (!guess.key_column.empty()) {
    table->options["key.fields"] = guess.key_column;
    return;
  }
  if (!guess.has_keys) return;
  std::string name = "key";
  const auto taken = [&] {
    return std::any_of(guess.columns.begin(), guess.columns.end(),
                       [&](const Field& field) { return equals_ignoring_case(field.name, name); });
  };
  while (taken()) name = "message_" + name;
  table->columns.push_back({name, guess.keys_are_text ? Type::string() : Type::bytes(), "key"});
}

}  // namespace

Result<TopicSample> sample_topic(const SortedOptions& options, size_t most,
                                 ConnectorContext context) {
  SourceHints hints;
  hints.keys = true;
  const auto source =
      TRY(make_source(options.connector, options_for_a_look(options), hints, context));
  const std::vector<PartitionInfo> partitions = TRY(source->partitions());
  TopicSample sample;
  sample.partitions = partitions.size();
  if (partitions.empty()) return sample;
  const size_t each = std::max(kFromEach, most / partitions.size());
  const int64_t deadline_ns = context.clock.steady_ns() + kPatienceNs;
  // One after the other: what is fetched ahead for all of them would be thrown away.
  for (const PartitionInfo& partition : partitions) {
    source->select(partition.id);
    TRY(take_messages(*source, partition.id, each, deadline_ns, context.clock, &sample));
  }
  source->close();
  return sample;
}

Result<InferredTable> infer_topic_table(const SortedOptions& options, bool format_given,
                                        ConnectorContext context) {
  const TopicSample sample = TRY(sample_topic(options, kSampled, context));
  if (sample.messages.empty()) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("'{}' holds no messages from which its columns could be guessed",
                             topics_of(options)))
        .with_hint("name the columns in CREATE TABLE");
  }
  MessageGuess guess = TRY(guess_messages(
      sample.messages, format_given ? options.format : std::string(), options.of_format));
  InferredTable table;
  table.options = std::move(guess.options);
  if (!format_given) table.options["format"] = guess.format;
  if (guess.columns.empty()) return table;
  table.guess = guess_text(options, sample, guess.misfits);
  for (const Field& field : guess.columns) table.columns.push_back({field.name, field.type, ""});
  add_key(guess, &table);
  return table;
}

}  // namespace velo
