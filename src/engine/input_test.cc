#include "engine/input.h"

#include <gtest/gtest.h>

#include <array>

#include "column/batch_text.h"

namespace velo {
namespace {

struct Recorder final : InputTarget {
  Status take(uint32_t partition, Batch batch) override {
    log += std::to_string(partition) + ":\n" + batch_to_text(batch);
    return {};
  }
  Status take_bytes(uint32_t, std::string_view bytes) override {
    log += "bytes " + std::string(bytes) + "\n";
    return {};
  }
  Status take_watermark(uint32_t, int64_t us) override {
    log += "watermark " + std::to_string(us) + "\n";
    return {};
  }
  Status take_end(uint32_t) override {
    log += "end\n";
    return {};
  }
  std::string log;
};

constexpr const char* kColumns = "k STRING, v BIGINT, p DOUBLE, ok BOOLEAN, d DECIMAL(9,2)";

TEST(Input, RowsAreFlushedByNumber) {
  Recorder to;
  Input input("t", schema_from_text(kColumns), 3, 2, to);
  ASSERT_TRUE(input.row()
                  .string(0, "a")
                  .int64(1, 7)
                  .float64(2, 1.5)
                  .boolean(3, true)
                  .decimal(4, 1250)
                  .commit());
  EXPECT_EQ(to.log, "");
  ASSERT_TRUE(input.row().int64(1, 8).null(0).commit());
  EXPECT_EQ(to.log, "3:\na 7 1.5 TRUE 12.50\n. 8 . . .\n");
  ASSERT_TRUE(input.row().string(0, "a string of more than twelve bytes").commit());
  ASSERT_TRUE(input.finish());
  EXPECT_EQ(to.log,
            "3:\na 7 1.5 TRUE 12.50\n. 8 . . .\n"
            "3:\n'a string of more than twelve bytes' . . . .\nend\n");
}

TEST(Input, RecordsOfValues) {
  Recorder to;
  Input input("t", schema_from_text(kColumns), 0, 100, to);
  const std::array<Value, 3> record = {Value::text("a"), Value::int64(1), Value::null()};
  ASSERT_TRUE(input.push(record));
  const std::array<Value, 2> wrong = {Value::text("b"), Value::float64(1)};
  const Status refused = input.push(wrong);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "push into 't': the value for column 'v' is no BIGINT");
  const std::array<Value, 6> many = {};
  EXPECT_FALSE(input.push(many));
  ASSERT_TRUE(input.advance_watermark(5));
  EXPECT_EQ(to.log, "0:\na 1 . . .\nwatermark 5\n");
}

TEST(Input, BatchesAndBytesKeepTheirPlace) {
  Recorder to;
  Input input("t", schema_from_text("v BIGINT"), 0, 100, to);
  ASSERT_TRUE(input.row().int64(0, 1).commit());
  ASSERT_TRUE(input.push(batch_from_text("v BIGINT", "2")));
  ASSERT_TRUE(input.row().int64(0, 3).commit());
  ASSERT_TRUE(input.push_bytes("4"));
  EXPECT_EQ(to.log, "0:\n1\n0:\n2\n0:\n3\nbytes 4\n");
  EXPECT_FALSE(input.push(batch_from_text("w BIGINT", "2")));
}

}  // namespace
}  // namespace velo
