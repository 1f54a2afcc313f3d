#include "connector/connectors.h"

#include <algorithm>
#include <vector>

#include "base/fmt.h"
#include "connector/file_sink.h"
#include "connector/file_source.h"
#include "connector/generator_source.h"
#include "connector/kafka_options.h"
#include "connector/kafka_sink.h"
#include "connector/kafka_source.h"
#include "connector/print_sink.h"
#include "connector/script_source.h"

namespace velo {
namespace {

using enum OptionType;

constexpr OptionInfo kFilesystemOptions[] = {
    {.name = "path",
     .type = kText,
     .description = "a file; to read also a pattern, a directory, or '-' for standard input; to "
                    "write also a directory with a slash at its end",
     .required = true},
    {.name = "source.compression",
     .type = kChoice,
     .default_value = "auto",
     .description = "how the files are packed; auto goes by .gz and .zst",
     .choices = kCompressionChoices},
    {.name = "source.mmap",
     .type = kChoice,
     .default_value = "auto",
     .description = "map plain files instead of reading them; auto reads",
     .choices = "auto|true|false"},
    {.name = "source.watch",
     .type = kFlag,
     .default_value = "false",
     .description = "follow files as they grow, are rotated, and as new ones appear"},
    {.name = "source.watch.interval",
     .type = kDuration,
     .default_value = "200 ms",
     .description = "how often a watched file or directory is looked at"},
    {.name = "source.partitions",
     .type = kChoice,
     .default_value = "file",
     .description = "each file is a partition with its own watermark, or all files one after the "
                    "other are a single one",
     .choices = "file|single"},
    {.name = "source.order",
     .type = kChoice,
     .default_value = "name",
     .description = "order of the files in a single partition",
     .choices = "name|modified"},
    {.name = "sink.compression",
     .type = kChoice,
     .default_value = "auto",
     .description = "how to pack the files; auto goes by .gz and .zst",
     .choices = kCompressionChoices},
    {.name = "sink.rotate.size",
     .type = kSize,
     .description = "begin a new numbered file when one is this big"},
    {.name = "sink.rotate.interval",
     .type = kDuration,
     .description = "begin a new numbered file when one is this old"},
    {.name = "sink.exists",
     .type = kChoice,
     .default_value = "replace",
     .description = "what to do with what stands at 'path' already",
     .choices = "replace|fail|append"},
    {.name = "sink.rolling-policy.check-interval",
     .type = kDuration,
     .description = "Flink's; whether a file is old enough is looked at with every batch here"},
    {.name = "sink.partition-commit.trigger",
     .type = kChoice,
     .description = "when a folder of PARTITIONED BY is complete: partition-time, once the "
                    "watermark has passed its time; without it at the end",
     .choices = "partition-time"},
    {.name = "sink.partition-commit.delay",
     .type = kDuration,
     .default_value = "0 s",
     .description = "how far the watermark must be past the time of a folder"},
    {.name = "sink.partition-commit.policy.kind",
     .type = kChoice,
     .description = "success-file: a folder that is complete gets a file _SUCCESS",
     .choices = "success-file"},
    {.name = "partition.time-extractor.timestamp-pattern",
     .type = kText,
     .description = "the time of a folder: a text in which $column stands for its value; without "
                    "it the value of the first column"},
};

constexpr OptionInfo kGeneratorOptions[] = {
    {.name = "rows-per-second",
     .type = kReal,
     .default_value = "10000",
     .description = "pace; 0 = as fast as possible, which is the default when 'number-of-rows' is "
                    "given"},
    {.name = "number-of-rows", .type = kNumber, .description = "end after so many; default never"},
};

constexpr OptionInfo kNexmarkOptions[] = {
    {.name = "events.num",
     .type = kNumber,
     .default_value = "0",
     .description = "end after so many events; 0 = never"},
    {.name = "rate.limited",
     .type = kFlag,
     .default_value = "false",
     .description = "give 'first-event.rate' events per second of wall clock instead of as many as "
                    "are taken"},
    {.name = "max-emit-speed",
     .type = kFlag,
     .default_value = "true",
     .description = "false is another way to say 'rate.limited' = 'true'"},
    {.name = "stop-at",
     .type = kReal,
     .default_value = "-1",
     .description = "end before this event; below 0: 'events.num' decides alone"},
    {.name = "keep-alive",
     .type = kFlag,
     .default_value = "false",
     .description = "after the last event stay silent instead of ending"},
    {.name = "first-event.rate",
     .type = kNumber,
     .default_value = "10000",
     .description = "see below"},
    {.name = "next-event.rate",
     .type = kNumber,
     .default_value = "10000",
     .description = "see below"},
};

constexpr OptionInfo kPrintOptions[] = {
    {.name = "standard-error",
     .type = kFlag,
     .default_value = "false",
     .description = "to standard error instead of standard output"},
};

constexpr OptionInfo kScriptOptions[] = {
    {.name = "partitions",
     .type = kNumber,
     .default_value = "1",
     .description = "how many partitions the script feeds"},
};

const ConnectorInfo kConnectors[] = {
    {"filesystem", "files: plain or packed, whole or growing", true, true, false, false,
     kFilesystemOptions},
    {"kafka", "topics of Kafka", true, true, false, true, kafka_options()},
    {"upsert-kafka",
     "topics of Kafka in which the last record of a key counts, and one without a value removes it",
     true, true, false, true, kafka_options()},
    {"datagen", "made-up rows of any schema", true, false, true, false, kGeneratorOptions},
    {"nexmark", "the bids, auctions and persons of the Nexmark benchmark", true, false, true, false,
     kNexmarkOptions},
    {"print", "standard output", false, true, false, false, kPrintOptions},
    {"stdout", "standard output", false, true, false, false, kPrintOptions},
    {"blackhole", "counts rows and forgets them", false, true, false, false, {}},
    {"script", "fed by a test or by a program through the API", true, false, false, false,
     kScriptOptions},
};

Result<OptionReader> checked_options(const ConnectorInfo& connector, const OptionMap& options) {
  OptionReader reader(fmt::format("connector '{}'", connector.name), options, connector.options);
  TRY(reader.check());
  return reader;
}

Error cannot_serve(const ConnectorInfo& connector, std::string_view as) {
  return Error(ErrorCode::kBadOptionValue,
               fmt::format("connector '{}' cannot be a {}", connector.name, as));
}

}  // namespace

std::span<const ConnectorInfo> connectors() { return kConnectors; }

Result<const ConnectorInfo*> find_connector(std::string_view name) {
  std::vector<std::string_view> names;
  std::string list;
  for (const ConnectorInfo& connector : kConnectors) {
    if (connector.name == name) return &connector;
    names.push_back(connector.name);
    list += fmt::format("{}{}", list.empty() ? "" : ", ", connector.name);
  }
  std::string hint = did_you_mean(name, names);
  if (hint.empty()) hint = "known connectors: " + list;
  return Error(ErrorCode::kBadOptionValue, fmt::format("there is no connector '{}'", name))
      .with_hint(std::move(hint));
}

std::span<const OptionInfo> connector_options(std::string_view name) {
  auto connector = find_connector(name);
  return connector ? (*connector)->options : std::span<const OptionInfo>();
}

std::vector<ConnectorProblem> check_connector(std::string_view connector, const OptionMap& options,
                                              const ConnectorContext& context) {
  if (connector != "kafka" && connector != "upsert-kafka") return {};
  return check_kafka_options(options, context.kafka_properties);
}

Result<std::unique_ptr<Source>> make_source(std::string_view connector, const OptionMap& options,
                                            const SourceHints& hints, ConnectorContext context) {
  const ConnectorInfo& info = *TRY(find_connector(connector));
  if (!info.is_source) return cannot_serve(info, "source");
  const OptionReader reader = TRY(checked_options(info, options));
  if (info.name == "filesystem") {
    FileSourceOptions parsed = TRY(parse_file_source_options(reader));
    parsed.cut_at_newline = hints.newline_framed;
    parsed.splits = hints.newline_framed ? hints.splits : 1;
    if (hints.block_bytes > 0) parsed.block_bytes = hints.block_bytes;
    return std::unique_ptr<Source>(
        std::make_unique<FileSource>(std::move(parsed), context.files, context.clock));
  }
  if (info.name == "script") {
    ScriptSource::Options parsed;
    parsed.partitions.clear();
    const uint64_t count = TRY(reader.number("partitions"));
    for (uint64_t i = 0; i < std::max<uint64_t>(1, count); ++i) {
      parsed.partitions.push_back(fmt::format("{}", i));
    }
    return std::unique_ptr<Source>(std::make_unique<ScriptSource>(std::move(parsed)));
  }
  if (info.of_records) {
    KafkaSourceOptions parsed = TRY(parse_kafka_source_options(options, reader));
    parsed.keys = hints.keys;
    parsed.headers = hints.headers;
    if (!hints.application.empty()) {
      if (parsed.group.empty()) {
        parsed.group = hints.application;
        if (!options.contains("scan.startup.mode")) {
          parsed.start.kind = KafkaPoint::Kind::kCommitted;
        }
      }
      parsed.member = fmt::format("{}/{}", hints.member, hints.task);
      parsed.group_topics = hints.group_topics;
      parsed.asks_ends = hints.again;
    }
    if (hints.own_topic) {
      parsed.without_commit = KafkaLoss::kEarliest;
      parsed.purges = !hints.again;
    }
    return std::unique_ptr<Source>(
        std::make_unique<KafkaSource>(std::move(parsed), context.clock, context.legacy));
  }
  GeneratorOptions parsed;
  if (info.name == "nexmark") {
    parsed = TRY(parse_nexmark_pace(reader));
  } else {
    parsed = TRY(parse_generator_options(reader));
  }
  parsed.partitions = std::max<uint32_t>(1, hints.splits);
  return std::unique_ptr<Source>(std::make_unique<GeneratorSource>(parsed, context.clock));
}

Result<std::unique_ptr<Sink>> make_sink(std::string_view connector, const OptionMap& options,
                                        const SinkHints& hints, ConnectorContext context) {
  const ConnectorInfo& info = *TRY(find_connector(connector));
  if (!info.is_sink) return cannot_serve(info, "sink");
  const OptionReader reader = TRY(checked_options(info, options));
  if (info.name == "filesystem") {
    FileSinkOptions parsed = TRY(parse_file_sink_options(reader));
    parsed.extension = hints.extension;
    parsed.transactional = hints.transactional;
    return std::unique_ptr<Sink>(
        std::make_unique<FileSink>(std::move(parsed), context.files, context.clock));
  }
  if (info.of_records) {
    KafkaSinkOptions parsed = TRY(parse_kafka_sink_options(options, reader));
    parsed.without_gaps = hints.own_topic;
    return std::unique_ptr<Sink>(std::make_unique<KafkaSink>(std::move(parsed)));
  }
  if (info.name == "blackhole") return std::unique_ptr<Sink>(std::make_unique<BlackholeSink>());
  const bool to_error = TRY(reader.flag("standard-error"));
  auto out = borrow_descriptor(to_error ? 2 : hints.descriptor,
                               to_error ? "standard error" : "standard output");
  return std::unique_ptr<Sink>(std::make_unique<PrintSink>(std::move(out)));
}

}  // namespace velo
