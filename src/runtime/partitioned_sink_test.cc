#include "runtime/partitioned_sink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "base/fmt.h"
#include "column/batch_text.h"
#include "column/time_text.h"

namespace velo {
namespace {

constexpr char kColumns[] = "dt STRING, v BIGINT, h INT";

/// Writes down what becomes of each folder: rows as they come, then whether they were published.
class FolderSink final : public SinkPort {
 public:
  FolderSink(std::string folder, std::string* log) : folder_(std::move(folder)), log_(log) {}
  Status open() override { return say("open"); }
  void emit(Batch batch) override {
    std::string rows = batch_to_text(batch);
    std::replace(rows.begin(), rows.end(), '\n', ';');
    metrics_.bytes_out.add(rows.size());
    note(rows.find("13") == std::string::npos
             ? say(rows)
             : Status(Error(ErrorCode::kIo, "no space left on device")));
  }
  Status flush() override { return say("flush"); }
  Status publish() override { return say("publish"); }
  void abandon() override { (void)say("abandon"); }

 private:
  Status say(std::string_view what) {
    *log_ += fmt::format("{}: {}\n", folder_, what);
    return {};
  }
  std::string folder_;
  std::string* log_;
};

class PartitionedSinkTest : public ::testing::Test {
 protected:
  void make(std::string time_pattern = "", int64_t delay_us = 0) {
    PartitionedSinkOptions options;
    options.schema = schema_from_text(kColumns);
    options.by = {0, 2};
    options.make = [this](const std::string& folder,
                          bool again) -> Result<std::unique_ptr<SinkPort>> {
      if (folder.starts_with("dt=bad")) return Error(ErrorCode::kIo, "no such device");
      return std::unique_ptr<SinkPort>(
          std::make_unique<FolderSink>(folder + (again ? " again" : ""), &log_));
    };
    options.complete = [this](const std::string& folder) -> Status {
      log_ += folder + ": complete\n";
      return {};
    };
    options.time_pattern = std::move(time_pattern);
    options.delay_us = delay_us;
    sink_ = std::make_unique<PartitionedSink>(std::move(options));
    ASSERT_TRUE(sink_->open());
  }
  void emit(std::string_view rows) { sink_->emit(batch_from_text(kColumns, rows)); }
  /// What was written down since the last call.
  std::string log() { return std::exchange(log_, {}); }

  std::string log_;
  std::unique_ptr<PartitionedSink> sink_;
};

int64_t at(std::string_view time) { return *parse_timestamp(time, false); }

TEST_F(PartitionedSinkTest, DealsRowsToFoldersWithoutTheColumnsThatNameThem) {
  make();
  emit("a 1 7\n b 2 7\n a 3 7\n a/b 4 7\n . 5 .\n a 6 8");
  EXPECT_EQ(log(),
            "dt=__DEFAULT_PARTITION__/h=__DEFAULT_PARTITION__: open\n"
            "dt=__DEFAULT_PARTITION__/h=__DEFAULT_PARTITION__: 5;\n"
            "dt=a%2Fb/h=7: open\ndt=a%2Fb/h=7: 4;\n"
            "dt=a/h=7: open\ndt=a/h=7: 1;3;\ndt=a/h=8: open\ndt=a/h=8: 6;\n"
            "dt=b/h=7: open\ndt=b/h=7: 2;\n");
  EXPECT_EQ(sink_->metrics().rows_out.get(), 6u);
}

TEST_F(PartitionedSinkTest, PublishesEachFolderOnceAndThenSaysThatItIsComplete) {
  make();
  emit("a 1 7\n b 2 7");
  sink_->advance(kWatermarkEnd - 1);
  EXPECT_TRUE(sink_->flush());
  log();
  EXPECT_TRUE(sink_->publish());
  EXPECT_EQ(log(),
            "dt=a/h=7: publish\ndt=a/h=7: complete\ndt=b/h=7: publish\ndt=b/h=7: complete\n");
  EXPECT_EQ(sink_->metrics().bytes_out.get(), 4u);
  EXPECT_TRUE(sink_->publish());
  EXPECT_EQ(log(), "");
}

TEST_F(PartitionedSinkTest, CompletesAFolderWhenTheWatermarkPassesItsTimeAndDelay) {
  make("$dt 0$h:00:00", 60'000'000);
  emit("2024-01-01 1 7\n 2024-01-01 2 8\n never 3 8");
  log();
  sink_->advance(at("2024-01-01 07:00:59"));
  EXPECT_EQ(log(), "");
  sink_->advance(at("2024-01-01 07:01:00"));
  EXPECT_EQ(log(), "dt=2024-01-01/h=7: publish\ndt=2024-01-01/h=7: complete\n");
  sink_->advance(at("2024-01-01 08:00:00"));
  EXPECT_EQ(log(), "");
  emit("2024-01-01 4 7");  // late: the folder is opened again, and complete at once
  EXPECT_EQ(log(), "dt=2024-01-01/h=7 again: open\ndt=2024-01-01/h=7 again: 4;\n");
  sink_->advance(at("2024-01-01 08:30:00"));
  EXPECT_EQ(log(),
            "dt=2024-01-01/h=7 again: publish\ndt=2024-01-01/h=7: complete\n"
            "dt=2024-01-01/h=8: publish\ndt=2024-01-01/h=8: complete\n");
  EXPECT_TRUE(sink_->publish());
  EXPECT_EQ(log(), "dt=never/h=8: publish\ndt=never/h=8: complete\n");
}

TEST_F(PartitionedSinkTest, AFolderThatCannotBeMadeFailsAndTheOthersCanStillBeAbandoned) {
  make();
  emit("a 1 7");
  emit("bad 2 7");
  ASSERT_TRUE(sink_->error());
  EXPECT_EQ(sink_->error()->message, "no such device");
  EXPECT_FALSE(sink_->wants_more());
  log();
  EXPECT_FALSE(sink_->flush());
  EXPECT_FALSE(sink_->tick());
  sink_->abandon();
  EXPECT_EQ(log(), "dt=a/h=7: flush\ndt=a/h=7: abandon\n");
}

TEST_F(PartitionedSinkTest, TheFailureOfAFolderIsThatOfTheTable) {
  make("$dt 0$h:00:00");
  emit("2024-01-01 13 7");
  ASSERT_TRUE(sink_->error());
  EXPECT_EQ(sink_->error()->message, "no space left on device");
  log();
  emit("2024-01-01 1 8");
  sink_->advance(kWatermarkEnd);
  EXPECT_EQ(log(), "");
}

// A column's name may begin with another's, and a value may look like a column.
TEST(PartitionedSink, EachVariableOfThePatternIsTheLongestNameThatFits) {
  PartitionedSinkOptions options;
  options.schema = schema_from_text("d STRING, day STRING, v BIGINT");
  options.by = {0, 1};
  std::string log;
  options.make = [&log](const std::string& folder, bool) -> Result<std::unique_ptr<SinkPort>> {
    return std::unique_ptr<SinkPort>(std::make_unique<FolderSink>(folder, &log));
  };
  options.time_pattern = "$day 0$d:00:00";
  PartitionedSink sink(std::move(options));
  sink.emit(batch_from_text("d STRING, day STRING, v BIGINT", "7 2024-01-01 1"));
  log.clear();
  sink.advance(at("2024-01-01 07:00:00"));
  EXPECT_EQ(log, "d=7/day=2024-01-01: publish\n");
}

}  // namespace
}  // namespace velo
