#include "connector/kafka_options.h"

#include <regex.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "base/fmt.h"
#include "base/letters.h"
#include "base/nearest_name.h"
#include "connector/kafka_client.h"

namespace velo {
namespace {

using enum OptionType;

constexpr std::string_view kPrefix = "properties.";

constexpr OptionInfo kKafkaOptions[] = {
    {.name = "topic", .type = kText, .description = "the topic; to read also several, 'a;b'"},
    {.name = "properties.bootstrap.servers",
     .type = kText,
     .description = "brokers to begin with: 'host:port,host:port'",
     .required = true},
    {.name = "properties.*",
     .type = kText,
     .description = "what the Kafka client is told: security.protocol, sasl.username, "
                    "compression.type, …"},
    {.name = "key.format",
     .type = kText,
     .description = "the format of keys; by default raw for one text column, else json"},
    {.name = "key.fields",
     .type = kText,
     .description = "the columns that the key holds: 'a;b'; by default those of PRIMARY KEY "
                    "are written"},
    {.name = "key.fields-prefix",
     .type = kText,
     .description = "the columns of the key have it in front of their names in the key"},
    {.name = "value.fields-include",
     .type = kChoice,
     .default_value = "all",
     .description = "whether the columns of the key stand in the value too",
     .choices = "all|except_key"},
    {.name = "scan.topic-partition-discovery.interval",
     .type = kDuration,
     .default_value = "30 s",
     .description = "how often to look for new partitions and topics; 0 = never"},
    {.name = "scan.on-data-loss",
     .type = kChoice,
     .default_value = "fail",
     .description = "when the broker has deleted what was not read yet: fail, or go on at the "
                    "earliest or latest record and say so",
     .choices = "fail|earliest|latest"},
    {.name = "scan.bounded.mode",
     .type = kChoice,
     .default_value = "unbounded",
     .description = "where reading ends; latest-offset: what is there when it begins",
     .choices = "unbounded|latest-offset|group-offsets|timestamp|specific-offsets"},
    {.name = "scan.bounded.timestamp-millis",
     .type = kNumber,
     .description = "for 'timestamp': milliseconds since 1970"},
    {.name = "scan.bounded.specific-offsets",
     .type = kText,
     .description = "for 'specific-offsets': 'partition:0,offset:42;partition:1,offset:7'"},
    {.name = "sink.partitioner",
     .type = kChoice,
     .default_value = "default",
     .description = "default: by the hash of the key, as the Java client does; fixed: all to "
                    "one partition",
     .choices = "default|fixed|round-robin"},
    {.name = "sink.delivery-guarantee",
     .type = kChoice,
     .default_value = "at-least-once",
     .description = "what is written is acknowledged before offsets are committed; none: not",
     .choices = "at-least-once|none|exactly-once"},
    {.name = "sink.parallelism",
     .type = kNumber,
     .description = "Flink's; a sink writes with one thread here"},
    {.name = "topic-pattern",
     .type = kText,
     .description = "instead of 'topic': a regular expression for the names of topics"},
    {.name = "scan.startup.mode",
     .type = kChoice,
     .description = "where reading begins; by default at the offsets of the group if there is one, "
                    "else at the earliest",
     .choices = "earliest-offset|latest-offset|group-offsets|timestamp|specific-offsets"},
    {.name = "scan.startup.timestamp-millis",
     .type = kNumber,
     .description = "for 'timestamp': milliseconds since 1970"},
    {.name = "scan.startup.specific-offsets",
     .type = kText,
     .description = "for 'specific-offsets': 'partition:0,offset:42;partition:1,offset:7'"},
    {.name = "sink.buffer-flush.interval",
     .type = kDuration,
     .description = "Flink's; use EMIT EVERY, or 'properties.linger.ms'"},
    {.name = "sink.buffer-flush.max-rows",
     .type = kNumber,
     .description = "Flink's; the last row of each key of a batch is written here"},
};

using enum KafkaRole;

constexpr KafkaProperty kProperties[] = {
    {"bootstrap.servers"},
    {"client.id"},
    {"client.rack", {}, kConsumer},
    {"group.id", {}, kConsumer},
    {"group.instance.id", {}, kConsumer},
    {"group.protocol", {}, kConsumer},
    {"session.timeout.ms", {}, kConsumer},
    {"heartbeat.interval.ms", {}, kConsumer},
    {"max.poll.interval.ms", {}, kConsumer},
    {"isolation.level", {}, kConsumer},
    {"fetch.min.bytes", {}, kConsumer},
    {"fetch.max.bytes", {}, kConsumer},
    {"fetch.wait.max.ms", "fetch.max.wait.ms", kConsumer},
    {"fetch.message.max.bytes", "max.partition.fetch.bytes", kConsumer},
    {"fetch.error.backoff.ms", {}, kConsumer},
    {"queued.min.messages", {}, kConsumer},
    {"queued.max.messages.kbytes", {}, kConsumer},
    {"check.crcs", {}, kConsumer},
    {"acks", {}, kProducer},
    {"linger.ms", {}, kProducer},
    {"batch.size", {}, kProducer},
    {"batch.num.messages", {}, kProducer},
    {"compression.type", {}, kProducer},
    {"compression.level", {}, kProducer},
    {"delivery.timeout.ms", {}, kProducer},
    {"request.timeout.ms", {}, kProducer},
    {"retries", {}, kProducer},
    {"enable.idempotence", {}, kProducer},
    {"queue.buffering.max.messages", {}, kProducer},
    {"queue.buffering.max.kbytes", {}, kProducer},
    {"message.max.bytes", "max.request.size"},
    {"max.in.flight.requests.per.connection"},
    {"metadata.max.age.ms"},
    {"topic.metadata.refresh.interval.ms"},
    {"retry.backoff.ms"},
    {"retry.backoff.max.ms"},
    {"reconnect.backoff.ms"},
    {"reconnect.backoff.max.ms"},
    {"connections.max.idle.ms"},
    {"socket.timeout.ms"},
    {"socket.keepalive.enable"},
    {"socket.nagle.disable"},
    {"socket.send.buffer.bytes", "send.buffer.bytes"},
    {"socket.receive.buffer.bytes", "receive.buffer.bytes"},
    {"socket.connection.setup.timeout.ms", "socket.connection.setup.timeout.ms"},
    {"broker.address.family"},
    {"client.dns.lookup"},
    {"security.protocol"},
    {"sasl.mechanisms", "sasl.mechanism"},
    {"sasl.username"},
    {"sasl.password"},
    {"ssl.ca.pem"},
    {"ssl.certificate.pem"},
    {"ssl.key.pem"},
    {"ssl.key.password"},
    {"ssl.cipher.suites"},
    {"ssl.curves.list"},
    {"ssl.sigalgs.list"},
};

/// Properties that Flink or the engine itself answers for.
constexpr std::string_view kOwnProperties[] = {
    "auto.offset.reset", "partition.discovery.interval.ms", "sasl.jaas.config",
    "enable.auto.commit", "auto.commit.interval.ms"};

const KafkaProperty* look_up(std::string_view name) {
  for (const KafkaProperty& property : kProperties) {
    if (property.name == name || (!property.java.empty() && property.java == name)) {
      return &property;
    }
  }
  return nullptr;
}

bool is_allowed(std::string_view allowed, std::string_view name) {
  while (!allowed.empty()) {
    const size_t comma = allowed.find(',');
    if (allowed.substr(0, comma) == name) return true;
    if (comma == std::string_view::npos) break;
    allowed.remove_prefix(comma + 1);
  }
  return false;
}

/// `username="alice"` out of the Java clients' login line.
std::optional<std::string> jaas_value(std::string_view line, std::string_view name) {
  const std::string key = fmt::format(" {}=\"", name);
  size_t begin = line.find(key);
  if (begin == std::string_view::npos) return std::nullopt;
  begin += key.size();
  std::string value;
  for (size_t i = begin; i < line.size() && line[i] != '"'; ++i) {
    if (line[i] == '\\' && i + 1 < line.size()) ++i;
    value += line[i];
  }
  return value;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    std::string_view part = text.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::optional<Error> check_property(std::string_view name, std::string_view value,
                                    std::string_view allowed) {
  const std::string option = std::string(kPrefix) + std::string(name);
  if (name == "enable.auto.commit" || name == "auto.commit.interval.ms") {
    if (value == "false" || name == "auto.commit.interval.ms") return std::nullopt;
    return Error(ErrorCode::kBadOptionValue,
                 fmt::format("option '{}' = '{}': offsets are committed behind flushed results, "
                             "never by the clock",
                             option, value));
  }
  if (name == "auto.offset.reset") {
    if (value == "earliest" || value == "latest" || value == "none") return std::nullopt;
    return Error(ErrorCode::kBadOptionValue,
                 fmt::format("option '{}' = '{}': one of earliest, latest, none", option, value));
  }
  if (name == "sasl.jaas.config") {
    if (jaas_value(value, "username") && jaas_value(value, "password")) return std::nullopt;
    return Error(ErrorCode::kBadOptionValue,
                 fmt::format("option '{}': no username=\"…\" and password=\"…\" in it", option));
  }
  if (std::find(std::begin(kOwnProperties), std::end(kOwnProperties), name) !=
      std::end(kOwnProperties)) {
    return std::nullopt;
  }
  const KafkaProperty* property = look_up(name);
  if (property == nullptr && !is_allowed(allowed, name)) {
    std::vector<std::string> names;
    for (const KafkaProperty& known : kProperties) names.emplace_back(known.name);
    Error error(
        ErrorCode::kUnknownOption,
        fmt::format("option '{}': SQL may not set this property of the Kafka client", option));
    error.hint = did_you_mean(name, names);
    if (error.hint.empty()) {
      error.hint = fmt::format("the operator can allow it: VELO_KAFKA_PROPERTIES={}", name);
    }
    return error;
  }
  std::unique_ptr<rd_kafka_conf_t, KafkaDeleter> conf(rd_kafka_conf_new());
  std::string reason(512, '\0');
  const std::string known(property == nullptr ? name : property->name);
  if (rd_kafka_conf_set(conf.get(), known.c_str(), std::string(value).c_str(), reason.data(),
                        reason.size()) == RD_KAFKA_CONF_OK) {
    return std::nullopt;
  }
  return Error(ErrorCode::kBadOptionValue, fmt::format("option '{}': {}", option, reason.c_str()));
}

std::string value_of(const OptionMap& options, std::string_view name) {
  const auto found = options.find(name);
  return found == options.end() ? std::string() : found->second;
}

Result<KafkaPoint> parse_point(const OptionReader& reader, const std::string& kind,
                               const std::string& of) {
  KafkaPoint point;
  if (kind == "earliest-offset") point.kind = KafkaPoint::Kind::kEarliest;
  if (kind == "latest-offset") point.kind = KafkaPoint::Kind::kLatest;
  if (kind == "group-offsets") point.kind = KafkaPoint::Kind::kCommitted;
  const auto missing = [&](const std::string& name) {
    return Error(ErrorCode::kMissingOption,
                 fmt::format("'{}.mode' = '{}' wants '{}'", of, kind, name));
  };
  if (kind == "timestamp") {
    const std::string name = of + ".timestamp-millis";
    if (!reader.has(name)) return missing(name);
    point.kind = KafkaPoint::Kind::kTimestamp;
    point.timestamp_ms = static_cast<int64_t>(TRY(reader.number(name)));
  }
  if (kind == "specific-offsets") {
    const std::string name = of + ".specific-offsets";
    if (!reader.has(name)) return missing(name);
    point.kind = KafkaPoint::Kind::kOffsets;
    point.offsets = TRY(parse_kafka_offsets(name, reader.text(name)));
  }
  return point;
}

}  // namespace

struct TopicPattern::Compiled {
  regex_t code{};
  ~Compiled() { regfree(&code); }
};

Result<TopicPattern> TopicPattern::make(std::string text) {
  auto compiled = std::make_shared<Compiled>();
  const std::string whole = fmt::format("^({})$", text);
  const int failure = regcomp(&compiled->code, whole.c_str(), REG_EXTENDED | REG_NOSUB);
  if (failure != 0) {
    std::string reason(256, '\0');
    regerror(failure, &compiled->code, reason.data(), reason.size());
    return Error(ErrorCode::kBadOptionValue,
                 fmt::format("option 'topic-pattern' = '{}': {}", text, reason.c_str()));
  }
  TopicPattern pattern;
  pattern.text_ = std::move(text);
  pattern.compiled_ = std::move(compiled);
  return pattern;
}

bool TopicPattern::matches(const std::string& name) const {
  return regexec(&compiled_->code, name.c_str(), 0, nullptr, 0) == 0;
}

std::span<const OptionInfo> kafka_options() { return kKafkaOptions; }
std::span<const KafkaProperty> kafka_properties() { return kProperties; }

std::vector<ConnectorProblem> check_kafka_options(const OptionMap& options,
                                                  std::string_view allowed) {
  std::vector<ConnectorProblem> problems;
  for (const auto& [name, value] : options) {
    if (!name.starts_with(kPrefix)) continue;
    if (auto error =
            check_property(std::string_view(name).substr(kPrefix.size()), value, allowed)) {
      problems.push_back({name, std::move(*error)});
    }
  }
  const bool topic = options.contains("topic");
  const bool pattern = options.contains("topic-pattern");
  if (topic == pattern) {
    problems.push_back({pattern ? "topic-pattern" : "",
                        Error(topic ? ErrorCode::kBadOptionValue : ErrorCode::kMissingOption,
                              topic ? "give 'topic' or 'topic-pattern', not both"
                                    : "option 'topic' is missing: "
                                      "what is read or written")});
  }
  if (value_of(options, "sink.delivery-guarantee") == "exactly-once") {
    problems.push_back({"sink.delivery-guarantee",
                        Error(ErrorCode::kNotSupported,
                              "not supported yet: 'sink.delivery-guarantee' = 'exactly-once'")});
  }
  if (!problems.empty()) return problems;
  const OptionReader reader("connector 'kafka'", options, kKafkaOptions);
  const auto parsed = parse_kafka_source_options(options, reader);
  if (!parsed) problems.push_back({"", parsed.error()});
  return problems;
}

KafkaProperties kafka_properties_of(const OptionMap& options, KafkaRole role) {
  KafkaProperties properties;
  for (const auto& [option, value] : options) {
    if (!option.starts_with(kPrefix)) continue;
    const std::string_view name = std::string_view(option).substr(kPrefix.size());
    if (name == "sasl.jaas.config") {
      properties["sasl.username"] = jaas_value(value, "username").value_or("");
      properties["sasl.password"] = jaas_value(value, "password").value_or("");
    }
    if (std::find(std::begin(kOwnProperties), std::end(kOwnProperties), name) !=
        std::end(kOwnProperties)) {
      continue;
    }
    const KafkaProperty* property = look_up(name);
    if (property != nullptr && property->role != kBoth && property->role != role) continue;
    properties[std::string(property == nullptr ? name : property->name)] = value;
  }
  properties.try_emplace("client.id", "velo");
  return properties;
}

Result<std::vector<KafkaOffset>> parse_kafka_offsets(std::string_view option,
                                                     std::string_view text) {
  std::vector<KafkaOffset> offsets;
  const auto number = [](std::string_view part, std::string_view name, auto& out) {
    if (!part.starts_with(name) || part.substr(name.size(), 1) != ":") return false;
    part.remove_prefix(name.size() + 1);
    const auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), out);
    return failure == std::errc() && end == part.data() + part.size() && out >= 0;
  };
  for (const std::string& entry : split(text, ';')) {
    const std::vector<std::string> parts = split(entry, ',');
    KafkaOffset offset;
    if (parts.size() != 2 || !number(parts[0], "partition", offset.partition) ||
        !number(parts[1], "offset", offset.offset)) {
      return Error(ErrorCode::kBadOptionValue,
                   fmt::format("option '{}': '{}' is no offset of a partition", option, entry))
          .with_hint("'partition:0,offset:42;partition:1,offset:7'");
    }
    offsets.push_back(offset);
  }
  return offsets;
}

void add_topics(const OptionMap& options, GroupTopics* topics) {
  const auto add = [](std::string name, std::vector<std::string>* to) {
    if (std::find(to->begin(), to->end(), name) == to->end()) to->push_back(std::move(name));
  };
  for (std::string& topic : split(value_of(options, "topic"), ';')) {
    add(std::move(topic), &topics->topics);
  }
  if (std::string pattern = value_of(options, "topic-pattern"); !pattern.empty()) {
    add(std::move(pattern), &topics->patterns);
  }
}

Result<KafkaSourceOptions> parse_kafka_source_options(const OptionMap& options,
                                                      const OptionReader& reader) {
  KafkaSourceOptions out;
  out.topics = split(value_of(options, "topic"), ';');
  if (const std::string pattern = value_of(options, "topic-pattern"); !pattern.empty()) {
    out.pattern = TRY(TopicPattern::make(pattern));
  }
  out.properties = kafka_properties_of(options, kConsumer);
  out.group = value_of(options, "properties.group.id");
  std::string start = to_lower(value_of(options, "scan.startup.mode"));
  if (start.empty()) start = out.group.empty() ? "earliest-offset" : "group-offsets";
  out.start = TRY(parse_point(reader, start, "scan.startup"));
  out.end =
      TRY(parse_point(reader, to_lower(value_of(options, "scan.bounded.mode")), "scan.bounded"));
  const bool by_group = out.start.kind == KafkaPoint::Kind::kCommitted ||
                        out.end.kind == KafkaPoint::Kind::kCommitted;
  if (by_group && out.group.empty()) {
    return Error(ErrorCode::kMissingOption, "'group-offsets' wants 'properties.group.id'");
  }
  const std::string reset = value_of(options, "properties.auto.offset.reset");
  if (reset == "latest") out.without_commit = KafkaLoss::kLatest;
  if (reset == "none") out.without_commit = KafkaLoss::kFail;
  out.on_loss = static_cast<KafkaLoss>(TRY(reader.choice("scan.on-data-loss")));
  out.discovery_us = TRY(reader.duration_us("scan.topic-partition-discovery.interval"));
  return out;
}

Result<KafkaSinkOptions> parse_kafka_sink_options(const OptionMap& options,
                                                  const OptionReader& reader) {
  KafkaSinkOptions out;
  out.topic = value_of(options, "topic");
  if (out.topic.empty() || out.topic.find(';') != std::string::npos) {
    return Error(ErrorCode::kBadOptionValue,
                 "rows are written to one topic: 'topic' = 'name', not a list or a pattern");
  }
  out.properties = kafka_properties_of(options, kProducer);
  out.partitioner =
      static_cast<KafkaSinkOptions::Partitioner>(TRY(reader.choice("sink.partitioner")));
  return out;
}

}  // namespace velo
