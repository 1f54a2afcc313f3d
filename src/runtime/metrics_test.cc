#include "runtime/metrics.h"

#include <gtest/gtest.h>

namespace velo {
namespace {

TEST(LatencyHistogram, QuantilesAreExactBelow16AndWithinASixteenthAbove) {
  LatencyHistogram h;
  EXPECT_EQ(h.quantile(0.5), 0u);
  for (uint64_t i = 1; i <= 10; ++i) h.record(i);
  EXPECT_EQ(h.quantile(0.5), 5u);
  EXPECT_EQ(h.quantile(1.0), 10u);
  h.record(1'000'000, 90);
  EXPECT_EQ(h.count(), 100u);
  EXPECT_GE(h.quantile(0.9), 1'000'000u * 15 / 16);
  EXPECT_LE(h.quantile(0.9), 1'000'000u);
  EXPECT_EQ(h.max(), 1'000'000u);
  h.record(UINT64_MAX);
  EXPECT_EQ(h.quantile(1.0), UINT64_MAX);
}

TEST(LatencyHistogram, MergesAndPrints) {
  LatencyHistogram a, b;
  a.record(4);
  b.record(8, 3);
  a.merge(b);
  EXPECT_EQ(a.to_json(),
            "{\"count\":4,\"mean_ns\":7.0,\"p50_ns\":8,\"p90_ns\":8,\"p99_ns\":8,\"p999_ns\":8,"
            "\"max_ns\":8}");
}

TEST(ThreadMetrics, ShareOfTimeOutsideTheCore) {
  ThreadMetrics m;
  EXPECT_EQ(edge_share(m), 0.0);
  m.core_ns.add(80);
  m.source_ns.add(5);
  m.sink_ns.add(5);
  m.channel_ns.add(10);
  m.idle_ns.add(1000);
  EXPECT_DOUBLE_EQ(edge_share(m), 0.2);
  m.note_thread_usage();
  EXPECT_GT(process_usage().rss_bytes_max, 1'000'000u);
}

}  // namespace
}  // namespace velo
