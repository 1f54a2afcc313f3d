#include "connector/kafka_options.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

OptionMap with(OptionMap more) {
  more.try_emplace("properties.bootstrap.servers", "127.0.0.1:9092");
  if (!more.contains("topic-pattern")) more.try_emplace("topic", "t");
  return more;
}

/// "option: message (hint)" per problem.
std::string problems(const OptionMap& more, std::string_view allowed = {}) {
  std::string text;
  for (const ConnectorProblem& problem : check_kafka_options(with(more), allowed)) {
    text += problem.option + ": " + problem.error.message;
    if (!problem.error.hint.empty()) text += " (" + problem.error.hint + ")";
    text += "\n";
  }
  return text;
}

Result<KafkaSourceOptions> source(const OptionMap& more) {
  const OptionMap options = with(more);
  return parse_kafka_source_options(options,
                                    OptionReader("connector 'kafka'", options, kafka_options()));
}

TEST(KafkaOptions, OnlyHarmlessPropertiesAreForSql) {
  EXPECT_EQ(
      problems({{"properties.linger.ms", "10"}, {"properties.security.protocol", "SASL_SSL"}}), "");
  for (const std::string_view name :
       {"plugin.library.paths", "sasl.kerberos.kinit.cmd", "ssl.ca.location",
        "ssl.keystore.location", "ssl.engine.location", "ssl.providers",
        "sasl.oauthbearer.token.endpoint.url", "https.ca.location",
        "enable.ssl.certificate.verification", "ssl.endpoint.identification.algorithm", "debug",
        "test.mock.num.brokers", "transactional.id", "interceptor.classes"}) {
    const std::string option = "properties." + std::string(name);
    EXPECT_NE(problems({{option, "1"}}).find("SQL may not set"), std::string::npos) << name;
  }
  EXPECT_EQ(problems({{"properties.ssl.ca.location", "/etc/ca.pem"}}, "debug,ssl.ca.location"), "");
  EXPECT_EQ(problems({{"properties.linger.sm", "10"}}),
            "properties.linger.sm: option 'properties.linger.sm': SQL may not set this property of "
            "the Kafka client (did you mean 'linger.ms'?)\n");
}

TEST(KafkaOptions, ValuesOfPropertiesAreChecked) {
  EXPECT_NE(problems({{"properties.acks", "many"}}).find("properties.acks: "), std::string::npos);
  EXPECT_EQ(
      problems({{"properties.enable.auto.commit", "true"}}),
      "properties.enable.auto.commit: option 'properties.enable.auto.commit' = 'true': offsets "
      "are committed behind flushed results, never by the clock\n");
}

TEST(KafkaOptions, JavaNamesMeanTheSame) {
  const OptionMap options = with(
      {{"properties.sasl.mechanism", "PLAIN"},
       {"properties.fetch.max.wait.ms", "7"},
       {"properties.linger.ms", "9"},
       {"properties.sasl.jaas.config",
        "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"al\\\"ice\" "
        "password=\"s;1\";"}});
  const KafkaProperties consumer = kafka_properties_of(options, KafkaRole::kConsumer);
  EXPECT_EQ(consumer.at("sasl.mechanisms"), "PLAIN");
  EXPECT_EQ(consumer.at("fetch.wait.max.ms"), "7");
  EXPECT_EQ(consumer.at("sasl.username"), "al\"ice");
  EXPECT_EQ(consumer.at("sasl.password"), "s;1");
  EXPECT_FALSE(consumer.contains("linger.ms"));
  const KafkaProperties producer = kafka_properties_of(options, KafkaRole::kProducer);
  EXPECT_EQ(producer.at("linger.ms"), "9");
  EXPECT_FALSE(producer.contains("fetch.wait.max.ms"));
}

TEST(KafkaOptions, WhereReadingBeginsAndEnds) {
  EXPECT_EQ(source({}).value().start.kind, KafkaPoint::Kind::kEarliest);
  EXPECT_EQ(source({{"properties.group.id", "g"}}).value().start.kind,
            KafkaPoint::Kind::kCommitted);
  EXPECT_EQ(source({{"scan.startup.mode", "latest-offset"}}).value().start.kind,
            KafkaPoint::Kind::kLatest);
  const auto offsets =
      source({{"scan.startup.mode", "specific-offsets"},
              {"scan.startup.specific-offsets", "partition:0,offset:42; partition:3,offset:300"}});
  ASSERT_EQ(offsets.value().start.offsets.size(), 2u);
  EXPECT_EQ(offsets.value().start.offsets[1].partition, 3);
  EXPECT_EQ(offsets.value().start.offsets[1].offset, 300);
  EXPECT_EQ(source({{"scan.bounded.mode", "timestamp"}}).error().message,
            "'scan.bounded.mode' = 'timestamp' wants 'scan.bounded.timestamp-millis'");
  EXPECT_EQ(source({{"scan.startup.mode", "group-offsets"}}).error().message,
            "'group-offsets' wants 'properties.group.id'");
  EXPECT_EQ(
      source({{"scan.startup.mode", "specific-offsets"}, {"scan.startup.specific-offsets", "0:42"}})
          .error()
          .message,
      "option 'scan.startup.specific-offsets': '0:42' is no offset of a partition");
}

TEST(KafkaOptions, TopicsByNameOrByPattern) {
  EXPECT_EQ(source({{"topic", "a; b"}}).value().topics, (std::vector<std::string>{"a", "b"}));
  const auto pattern = source({{"topic-pattern", "orders-[0-9]+"}});
  EXPECT_TRUE(pattern.value().pattern->matches("orders-17"));
  EXPECT_FALSE(pattern.value().pattern->matches("my-orders-17"));
  EXPECT_NE(source({{"topic-pattern", "orders-["}}).error().message.find("'orders-['"),
            std::string::npos);
  EXPECT_EQ(problems({{"topic", "a"}, {"topic-pattern", "b"}}),
            "topic-pattern: give 'topic' or 'topic-pattern', not both\n");
}

}  // namespace
}  // namespace velo
