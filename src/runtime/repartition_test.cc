// Rows on their way from one process to another: through a RepartitionSink, as records, and out of
// a RepartitionReader.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <utility>

#include "base/fmt.h"
#include "column/batch_text.h"
#include "runtime/repartition_reader.h"
#include "runtime/repartition_sink.h"

namespace velo {
namespace {

constexpr char kRows[] = "k STRING, v BIGINT";
constexpr char kPlaced[] = "k STRING, v BIGINT, topic STRING, partition INT, offset BIGINT";

/// Keeps records, by partition.
class Log final : public Sink {
 public:
  explicit Log(std::vector<std::vector<std::string>>* records) : records_(records) {}
  Status open() override { return {}; }
  Status write(Bytes, uint64_t) override { return {}; }
  Status write_records(const OutgoingRecords& out) override {
    for (size_t i = 0; i < out.values.size(); ++i) {
      const RecordSpan span = out.values[i];
      (*records_)[out.partitions[i]].emplace_back(
          as_text(out.bytes.subspan(span.offset, span.length)));
    }
    return {};
  }
  uint32_t partitions() const override { return static_cast<uint32_t>(records_->size()); }
  Status flush() override { return {}; }
  Status finish() override { return {}; }

 private:
  std::vector<std::vector<std::string>>* records_;
};

class RepartitionTest : public ::testing::Test {
 protected:
  explicit RepartitionTest(size_t partitions = 1) : records_(partitions) { writer(); }

  /// A process begins to write, for these origins of three.
  void writer(std::vector<std::string> origins = {"t-0", "t-1", "t-2"}) {
    RepartitionSinkOptions options;
    options.sink = std::make_unique<Log>(&records_);
    options.schema = schema_from_text(kRows);
    options.keys = {make_column(0, Type::string(), "k")};
    sink_ = std::make_unique<RepartitionSink>(std::move(options), clock_);
    sink_->set_origins(std::move(origins), 3);
    ASSERT_TRUE(sink_->open());
  }
  void write(const std::string& rows) {
    sink_->emit(batch_from_text(kPlaced, rows));
    ASSERT_TRUE(sink_->flush());
  }
  void advance(int64_t watermark) {
    sink_->advance(watermark);
    ASSERT_TRUE(sink_->flush());
  }
  /// What is new in the records that `reader` has not read yet.
  std::string read(RepartitionReader& reader, size_t partition = 0) {
    std::string out;
    size_t& at = read_[{&reader, partition}];
    for (; at < records_[partition].size(); ++at) {
      const Result<Batch> rows = reader.read(records_[partition][at], 1000);
      EXPECT_TRUE(rows) << rows.error().message;
      if (rows && rows->rows > 0) out += batch_to_text(*rows);
    }
    return out;
  }
  std::string error_of(const std::string& bytes) {
    RepartitionReader reader(schema_from_text(kRows));
    const Result<Batch> rows = reader.read(bytes, 0);
    return rows ? "" : rows.error().message;
  }

  ManualClock clock_{1000};
  std::vector<std::vector<std::string>> records_;
  std::unique_ptr<RepartitionSink> sink_;
  RepartitionReader reader_{schema_from_text(kRows)};
  std::map<std::pair<const RepartitionReader*, size_t>, size_t> read_;
};

TEST_F(RepartitionTest, RowsComeOutAsTheyWentIn) {
  write("a 1 t 0 7\n. 2 t 0 8\nb . t 1 3\n");
  EXPECT_EQ(read(reader_), "a 1\n. 2\nb .\n");
}

TEST_F(RepartitionTest, WhatIsWrittenASecondTimeIsDropped) {
  write("a 1 t 0 7\na 2 t 0 8\na 10 t 1 7\n");
  EXPECT_EQ(read(reader_), "a 1\na 2\na 10\n");
  writer();  // who takes over begins where the last offsets were committed
  write("a 2 t 0 8\na 3 t 0 9\n");
  EXPECT_EQ(read(reader_), "a 3\n");
  EXPECT_EQ(reader_.dropped(), 1u);
}

TEST_F(RepartitionTest, TwoWritersOfOneOriginGiveEachRowOnce) {
  write("a 1 t 0 1\na 2 t 0 2\n");
  std::unique_ptr<RepartitionSink> frozen = std::move(sink_);
  writer();
  write("a 2 t 0 2\na 3 t 0 3\n");
  std::swap(sink_, frozen);
  write("a 3 t 0 3\na 4 t 0 4\na 5 t 0 5\n");
  EXPECT_EQ(read(reader_), "a 1\na 2\na 3\na 4\na 5\n");
}

TEST_F(RepartitionTest, SeveralRowsOfAMessageAreToldApart) {
  write("a 1 t 0 7\na 2 t 0 7\n");
  write("a 3 t 0 7\n");
  EXPECT_EQ(read(reader_), "a 1\na 2\na 3\n");
  writer();
  write("a 1 t 0 7\na 2 t 0 7\na 3 t 0 7\na 4 t 0 8\n");
  EXPECT_EQ(read(reader_), "a 4\n");
}

TEST_F(RepartitionTest, TheWatermarkWaitsForEveryOrigin) {
  writer({"t-0", "t-1"});
  advance(50);
  read(reader_);
  EXPECT_EQ(reader_.watermark(), kWatermarkNone);
  writer({"t-2"});
  advance(30);
  read(reader_);
  EXPECT_EQ(reader_.watermark(), 30);
  advance(80);
  read(reader_);
  EXPECT_EQ(reader_.watermark(), 50);
}

TEST_F(RepartitionTest, TheWatermarkStandsBehindTheRows) {
  sink_->emit(batch_from_text(kPlaced, "a 1 t 0 7\n"));
  sink_->advance(5);
  ASSERT_TRUE(sink_->flush());
  ASSERT_EQ(records_[0].size(), 2u);
  EXPECT_TRUE(std::holds_alternative<RepartitionRows>(
      decode_repartition_record(records_[0][0], schema_from_text(kRows)).value()));
}

TEST_F(RepartitionTest, SilentOriginsHoldNobodyBack) {
  writer({"t-0", "t-1"});
  sink_->idle(400);
  advance(10);
  writer({"t-2"});
  advance(70);
  read(reader_);
  EXPECT_EQ(reader_.watermark(), 70);
  EXPECT_EQ(reader_.idle_since(), kActive);
  sink_->idle(500);
  ASSERT_TRUE(sink_->flush());
  read(reader_);
  EXPECT_NE(reader_.idle_since(), kActive);
  write("a 1 t 2 7\n");
  read(reader_);
  EXPECT_EQ(reader_.idle_since(), kActive);
}

TEST_F(RepartitionTest, ItEndsWhenAllHaveEnded) {
  writer({"t-0"});
  sink_->end();
  ASSERT_TRUE(sink_->flush());
  read(reader_);
  EXPECT_FALSE(reader_.ended());
  writer({"t-1", "t-2"});
  sink_->end();
  ASSERT_TRUE(sink_->flush());
  read(reader_);
  EXPECT_TRUE(reader_.ended());
}

TEST_F(RepartitionTest, PlacesAreToldToTheNextReader) {
  write("a 1 t 0 7\na 2 t 0 7\na 3 u-x 12 9\n");
  read(reader_);
  const std::string places = reader_.places(100);
  EXPECT_EQ(places, "t 0:7:1;u-x 12:9:0");
  EXPECT_EQ(reader_.places(10), "");
  RepartitionReader next(schema_from_text(kRows));
  next.skip_to(places);
  EXPECT_EQ(read(next), "");
  for (const char* text : {"", "x", ";;", "t 1", "t 1:2", "t 1:2:x", " ", "t  1:2:3"}) {
    RepartitionReader other(schema_from_text(kRows));
    other.skip_to(text);
  }
}

TEST_F(RepartitionTest, SavedAndLoadedItGoesOn) {
  write("a 1 t 0 7\n");
  advance(20);
  read(reader_);
  SnapshotWriter saved;
  reader_.save(saved);
  const std::string bytes = saved.finish();
  SnapshotReader reader = SnapshotReader::open(bytes).value();
  RepartitionReader loaded(schema_from_text(kRows));
  ASSERT_TRUE(loaded.load(reader));
  EXPECT_EQ(loaded.watermark(), 20);
  EXPECT_EQ(read(loaded), "");
}

TEST_F(RepartitionTest, WhatIsNoRecordIsAnError) {
  write("a 1 t 0 7\n");
  const std::string good = records_[0][0];
  EXPECT_EQ(error_of(good), "");
  EXPECT_NE(error_of("{\"k\":\"a\"}"), "");
  EXPECT_NE(error_of(""), "");
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x21);
    EXPECT_NE(error_of(bad), "") << i;
    EXPECT_NE(error_of(good.substr(0, i)), "") << i;
  }
  RepartitionReader narrow(schema_from_text("k STRING"));
  EXPECT_FALSE(narrow.read(good, 0));
}

class ManyPartitions : public RepartitionTest {
 protected:
  ManyPartitions() : RepartitionTest(4) {}
};

TEST_F(ManyPartitions, EqualKeysComeToOnePartitionAndMarksToAll) {
  std::string rows;
  for (int i = 0; i < 200; ++i) rows += fmt::format("'key {}' {} t {} {}\n", i % 20, i, i % 3, i);
  write(rows);
  advance(5);
  std::map<std::string, std::set<size_t>> places;
  size_t count = 0;
  for (size_t partition = 0; partition < 4; ++partition) {
    RepartitionReader reader(schema_from_text(kRows));
    for (const std::string& record : records_[partition]) {
      const Batch found = reader.read(record, 0).value();
      count += found.rows;
      for (size_t row = 0; row < found.rows; ++row) {
        places[std::string(found.columns[0]->string_at(row))].insert(partition);
      }
    }
    EXPECT_EQ(reader.watermark(), 5);
  }
  EXPECT_EQ(count, 200u);
  EXPECT_EQ(places.size(), 20u);
  for (const auto& [key, in] : places) EXPECT_EQ(in.size(), 1u) << key;
}

TEST_F(RepartitionTest, ALargePieceBecomesSeveralRecords) {
  std::string rows;
  for (int i = 0; i < 2000; ++i) rows += fmt::format("{} 1 t 0 {}\n", std::string(500, 'x'), i);
  write(rows);
  EXPECT_GT(records_[0].size(), 3u);
  for (const std::string& record : records_[0]) EXPECT_LT(record.size(), size_t{300} << 10);
  read(reader_);
  EXPECT_EQ(reader_.places(100), "t 0:1999:0");
}

}  // namespace
}  // namespace velo
