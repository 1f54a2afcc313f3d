#include "cli/golden_rows.h"

#include <gtest/gtest.h>

#include "column/batch_text.h"
#include "column/column_builder.h"

namespace velo {
namespace {

using Lines = std::vector<std::string>;

Lines rows_of(const Batch& batch, bool changing = false) {
  Lines out;
  append_golden_rows(batch, changing, {0}, out);
  return out;
}

TEST(GoldenRows, ValuesPartedByCommas) {
  EXPECT_EQ(rows_of(batch_from_text("k STRING, v BIGINT, t TIMESTAMP",
                                    "a 1 2024-01-01T00:00:00\n"
                                    ". . .\n")),
            (Lines{"a,1,2024-01-01T00:00:00", "NULL,NULL,NULL"}));
}

TEST(GoldenRows, StringsThatCouldBeMistakenAreQuoted) {
  ColumnBuilder builder(Type::string());
  for (const char* text : {"", "NULL", "a,b", "say \"x\"", " a", "#a", "a\nb", "a b"}) {
    builder.append_string(text);
  }
  Batch batch;
  batch.schema = make_schema({{"s", Type::string()}});
  batch.rows = 8;
  batch.columns = {builder.finish()};
  EXPECT_EQ(rows_of(batch), (Lines{R"("")", R"("NULL")", R"("a,b")", R"("say ""x""")", R"(" a")",
                                   R"("#a")", R"("a\nb")", "a b"}));
}

TEST(GoldenRows, ChangeKinds) {
  EXPECT_EQ(rows_of(batch_from_text("k STRING, v BIGINT", "+ a 1\n- a 1\n+ a 2\n- b 5"), true),
            (Lines{"+I a,1", "-U a,1", "+U a,2", "-D b,5"}));
}

TEST(GoldenRows, FoldingAddsUp) {
  EXPECT_EQ(fold_rows({"+I a", "-U a", "+U b", "+I c", "+I c", "-D d"}),
            (Lines{"b", "c", "c", "-D d"}));
  EXPECT_EQ(fold_rows({"b", "a"}), (Lines{"a", "b"}));
  EXPECT_EQ(in_order({"b", "a"}, RowOrder::kSorted), (Lines{"a", "b"}));
  EXPECT_EQ(in_order({"b", "a"}, RowOrder::kAsIs), (Lines{"b", "a"}));
}

TEST(GoldenRows, Difference) {
  EXPECT_EQ(diff_lines({"a", "b", "c"}, {"a", "c", "d"}), "   a\n - b\n   c\n + d\n");
}

}  // namespace
}  // namespace velo
