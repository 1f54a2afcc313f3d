#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <string>

namespace velo {
namespace {

// What tools/setup built, or pkg-config found, can do what the connectors promise.
TEST(KafkaLibrary, IsNewEnoughForTransactions) {
  EXPECT_GE(rd_kafka_version(), 0x020e02ff) << rd_kafka_version_str();
}

TEST(KafkaLibrary, HasCompressionAndAuthentication) {
  char features[512];
  size_t size = sizeof features;
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  ASSERT_EQ(rd_kafka_conf_get(conf, "builtin.features", features, &size), RD_KAFKA_CONF_OK);
  rd_kafka_conf_destroy(conf);
  const std::string all = "," + std::string(features) + ",";
  for (const std::string wanted :
       {"gzip", "snappy", "lz4", "zstd", "ssl", "sasl_plain", "sasl_scram", "sasl_oauthbearer"}) {
    EXPECT_NE(all.find("," + wanted + ","), std::string::npos)
        << wanted << " is not in " << features;
  }
}

}  // namespace
}  // namespace velo
