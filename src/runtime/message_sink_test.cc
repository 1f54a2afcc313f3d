#include "runtime/message_sink.h"

#include <gtest/gtest.h>

#include "base/fmt.h"
#include "column/batch_text.h"
#include "format/formats.h"
#include "operator/change_kinds.h"

namespace velo {
namespace {

/// Keeps records as "key value", a value that is none as "-".
class Records final : public Sink {
 public:
  explicit Records(std::vector<std::string>* records) : records_(records) {}
  Status open() override { return {}; }
  Status write(Bytes, uint64_t) override { return {}; }
  Status write_records(const OutgoingRecords& out) override {
    const auto text = [&](RecordSpan span) {
      return span.length == kNullLength
                 ? std::string("-")
                 : std::string(as_text(out.bytes.subspan(span.offset, span.length)));
    };
    for (size_t i = 0; i < out.values.size(); ++i) {
      records_->push_back(text(out.keys[i]) + " " + text(out.values[i]));
    }
    return {};
  }
  Status flush() override { return {}; }
  Status finish() override { return {}; }

 private:
  std::vector<std::string>* records_;
};

class Upserts : public ::testing::Test {
 protected:
  Upserts() {
    const SchemaPtr rows = schema_from_text("k STRING, n BIGINT");
    const SchemaPtr key = schema_from_text("k STRING");
    MessageSinkOptions options;
    options.sink = std::make_unique<Records>(&records_);
    options.changes = SinkChanges::kUpsert;
    options.schema = with_op(rows);
    options.key = {0};
    options.value_encoder = make_encoder("json", {rows, {}, {}}).value();
    options.values = {1, 2};
    options.value_schema = rows;
    options.key_encoder = make_encoder("raw", {key, {}, {}}).value();
    options.keys = {1};
    options.key_schema = key;
    sink_ = std::make_unique<MessageSink>(std::move(options), clock_);
  }
  void emit(const std::string& rows) { sink_->emit(batch_from_text("k STRING, n BIGINT", rows)); }

  ManualClock clock_{0};
  std::vector<std::string> records_;
  std::unique_ptr<MessageSink> sink_;
};
using Written = std::vector<std::string>;

TEST_F(Upserts, AreWrittenAsTheyCome) {
  emit("+ a 1\n+ b 1");
  emit("- a 1\n+ a 2\n- b 1");
  EXPECT_EQ(records_, (Written{R"(a {"k":"a","n":1})", R"(b {"k":"b","n":1})",
                               R"(a {"k":"a","n":2})", "b -"}));
}

TEST_F(Upserts, HeldBackTheLastOfEachKeyIsWritten) {
  ASSERT_TRUE(sink_->hold());
  emit("+ a 1\n+ b 1");
  emit("- a 1\n+ a 2\n- b 1");
  EXPECT_EQ(records_, Written());
  sink_->release();
  EXPECT_EQ(records_, (Written{R"(a {"k":"a","n":2})", "b -"}));
  emit("- a 2\n+ a 3");
  sink_->release();
  EXPECT_EQ(records_.back(), R"(a {"k":"a","n":3})");
  EXPECT_EQ(records_.size(), 3u);
}

TEST_F(Upserts, HeldBackTheyTakeNoMoreRoomThanTheirKeys) {
  ASSERT_TRUE(sink_->hold());
  for (int n = 1; n <= 100; ++n) {
    std::string rows;
    for (int k = 0; k < 1000; ++k) {
      if (n > 1) rows += fmt::format("- k{} {}\n", k, n - 1);
      rows += fmt::format("+ k{} {}\n", k, n);
    }
    emit(rows);
  }
  sink_->end();
  EXPECT_EQ(records_.size(), 1000u);
  EXPECT_EQ(records_.front(), R"(k0 {"k":"k0","n":100})");
}

}  // namespace
}  // namespace velo
