#include "operator/changelog.h"

#include <gtest/gtest.h>

#include "operator/change_kinds.h"
#include "operator/collect_output.h"

namespace velo {
namespace {

constexpr std::string_view kSchema = "k STRING, n BIGINT";
constexpr std::string_view kWithOp = "op STRING, k STRING, n BIGINT";

Batch rows(std::string_view text) { return batch_from_text(kSchema, text); }

TEST(ChangeKinds, ARetractionAndAnInsertionOfOneKeyAreAnUpdate) {
  const Batch batch = rows("+ a 1\n- a 1\n+ a 2\n- b 1\n+ c 1");
  const SchemaPtr schema = with_op(batch.schema);
  EXPECT_EQ(*schema, *schema_from_text(kWithOp));
  EXPECT_EQ(batch_to_text(with_change_kinds(batch, schema, {0})),
            "+I a 1\n-U a 1\n+U a 2\n-D b 1\n+I c 1\n");
  EXPECT_EQ(batch_to_text(with_change_kinds(batch, schema, {})),
            "+I a 1\n-D a 1\n+I a 2\n-D b 1\n+I c 1\n");
}

std::string upserts(std::string_view text) {
  const Batch batch = rows(text);
  return batch_to_text(with_upserts(batch, with_op(batch.schema), {0}));
}

TEST(Upserts, OneRowAKeyInTheOrderOfLastChanges) {
  EXPECT_EQ(upserts("a 1\nb 2"), "+U a 1\n+U b 2\n");
  EXPECT_EQ(upserts("- a 1\n+ a 2\n- b 1"), "+U a 2\n-D b .\n");
  EXPECT_EQ(upserts("+ a 1\n+ b 1\n- a 1\n+ a 3"), "+U b 1\n+U a 3\n");
  EXPECT_EQ(upserts("- . 1\n+ . 2"), "+U . 2\n") << "NULL is a key as any other";
}

TEST(Upserts, TakingBackAnOlderRowDoesNotUndoTheNewOne) {
  EXPECT_EQ(upserts("+ a 2\n- a 1"), "+U a 2\n");
  EXPECT_EQ(upserts("+ a 2\n- a 2"), "-D a .\n");
}

ToChangelogOptions to_options() {
  ToChangelogOptions options;
  options.output = schema_from_text(kWithOp);
  options.key = {0};
  options.codes = {"I", std::nullopt, "U", "D"};
  return options;
}

TEST(ToChangelog, ARowPerChangeButForKindsWithoutCode) {
  auto op = make_to_changelog(to_options());
  CollectOutput out;
  op->push(0, rows("+ a 1\n- a 1\n+ a 2\n- a 2"), out);
  op->push(0, rows("b 1"), out);
  EXPECT_EQ(out.rows(), "I a 1\nU a 2\nD a 2\nI b 1\n");
  EXPECT_EQ(out.batches()[0].weights, nullptr);
}

TEST(FromChangelog, WeightsOfCodesAndRowsWithoutOne) {
  FromChangelogOptions options;
  options.input = schema_from_text("k STRING, op STRING, n BIGINT");
  options.output = schema_from_text(kSchema);
  options.op = 1;
  options.weights = {{"c", 1}, {"d", -1}};
  auto op = make_from_changelog(options);
  CollectOutput out;
  op->push(0, batch_from_text("k STRING, op STRING, n BIGINT", "a c 1\na d 1\nb x 1\nb . 2\nb c 3"),
           out);
  EXPECT_EQ(out.rows(), "+ a 1\n- a 1\n+ b 3\n");
  EXPECT_EQ(out.rejected(), "error b x 1\nerror b . 2\n");
  EXPECT_EQ(out.messages()[0], "'op' = 'x' is no kind of change");
}

}  // namespace
}  // namespace velo
