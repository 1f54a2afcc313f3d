// Avro's container files by hand: cuts, restarts, what is broken. avro_library_test.cc has the
// library's.

#include "format/avro_file.h"

#include <gtest/gtest.h>

#include "format/collect_test.h"

namespace velo {
namespace {

std::string file_of(const std::vector<Batch>& batches) {
  EncoderOptions options;
  options.schema = batches[0].schema;
  options.in_files = true;
  const auto encoder = make_encoder("avro", options).value();
  std::string out = encoder->preamble();
  for (const Batch& batch : batches) encoder->encode(batch, out).value();
  return out;
}

std::vector<Batch> three_batches() {
  return {batch_from_text("k string, v bigint", "a 1\nb 2\n"),
          batch_from_text("k string, v bigint", "'a long text that is not kept inside' .\n"),
          batch_from_text("k string, v bigint", "d 4\n")};
}

DecodeCase file_case() {
  DecodeCase c;
  c.format = "avro";
  c.schema = "v bigint, k string";
  c.in_files = true;
  return c;
}

constexpr std::string_view kRows = "1 a\n2 b\n. 'a long text that is not kept inside'\n4 d\n";

TEST(AvroFile, IsReadInPiecesOfAnySize) {
  const std::string file = file_of(three_batches());
  for (const size_t piece : {size_t{0}, size_t{1}, size_t{7}, size_t{64}}) {
    for (const size_t rows : {size_t{1}, size_t{3}, size_t{1024}}) {
      DecodeCase c = file_case();
      c.batch_rows = rows;
      const Collected out = c.run(file, piece);
      EXPECT_EQ(out.rows_text(), kRows);
      EXPECT_EQ(out.bad_text(), "");
    }
  }
  DecodeCase one = file_case();
  one.projection = {1};
  EXPECT_EQ(one.run(file).rows, 4U);
  EXPECT_EQ(make_schema(file_columns("avro", file).value())->to_string(), "k STRING, v BIGINT");
  EXPECT_FALSE(file_columns("avro", file.substr(0, 40)));
}

TEST(AvroFile, ARestartGoesOnBehindTheLastWholeBlock) {
  const std::string file = file_of(three_batches());
  for (size_t cut = 0; cut < file.size(); ++cut) {
    Collected out;
    const auto first = file_case().make().value();
    DecodeInput input;
    input.bytes = as_bytes(std::string_view(file).substr(0, cut));
    first->feed(input, out).value();
    const uint64_t at = first->consumed_offset();
    ASSERT_LE(at, cut);
    const auto second = file_case().make().value();
    if (at > 0) {
      UnitStart start;
      start.inside = true;
      start.head = file;
      second->start_unit(start).value();
    }
    input.bytes = as_bytes(std::string_view(file).substr(at));
    input.offset = at;
    input.ends_unit = true;
    second->feed(input, out).value();
    ASSERT_EQ(out.rows_text(), kRows) << cut;
    ASSERT_EQ(out.bad_text(), "");
  }
}

TEST(AvroFile, WhatIsBrokenCostsItsBlock) {
  const std::string file = file_of(three_batches());
  const size_t header = file_of({batch_from_text("k string, v bigint", "")}).size();
  std::string broken = file;
  broken[header + 2] = '\x09';  // the branch of a union that has two
  Collected out = file_case().run(broken, 5);
  EXPECT_EQ(out.rows_text(), kRows.substr(8));
  ASSERT_EQ(out.bads.size(), 1U);
  EXPECT_EQ(out.bads[0].offset, header);
  EXPECT_EQ(out.bads[0].message,
            "column 'k': a union of 2 has no branch -5 (record 1 of the 2 of its block, whose rest "
            "is left out)");
  broken = file;
  broken[header + 1] = '\x7f';  // a wrong number of bytes
  out = file_case().run(broken, 5);
  EXPECT_EQ(out.rows_text(), kRows.substr(8));
  EXPECT_EQ(out.bads.size(), 1U);
  out = file_case().run(file.substr(0, file.size() - 3));
  EXPECT_EQ(out.rows, 3U);
  ASSERT_EQ(out.bads.size(), 1U);
  EXPECT_EQ(out.bads[0].message, "the file ends inside a block");
  const auto fed = [](std::string_view bytes) {
    const auto decoder = file_case().make().value();
    Collected sink;
    const Status status = DecodeCase::feed_all(*decoder, bytes, 0, sink);
    return status ? std::string("no error") : status.error().message;
  };
  EXPECT_EQ(fed("k,v\na,1\n"), "no Avro file: it does not begin with 'Obj' and a byte 1");
  std::string packed = file;
  packed.replace(packed.find("null", packed.find("avro.codec")), 4, "zzzz");
  EXPECT_EQ(fed(packed), "not supported: blocks packed by 'zzzz'");
}

TEST(AvroFile, BlocksAreUnpacked) {
  std::string file = file_of(three_batches());
  file.replace(file.find("null", file.find("avro.codec")), 4, "same");
  DecoderOptions options;
  options.schema = schema_from_text("k string, v bigint");
  options.projection = {1};
  options.in_files = true;
  int blocks = 0;
  options.unpack = [&](std::string_view codec, std::string_view bytes,
                       size_t) -> Result<std::string> {
    EXPECT_EQ(codec, "same");
    if (++blocks == 2) return Error(ErrorCode::kCorruptData, "it is broken");
    return std::string(bytes);
  };
  const auto decoder = make_decoder("avro", options).value();
  Collected out;
  DecodeCase::feed_all(*decoder, file, 0, out).value();
  EXPECT_EQ(out.rows_text(), "1\n2\n4\n");
  ASSERT_EQ(out.bads.size(), 1U);
  EXPECT_EQ(out.bads[0].message, "it is broken");
}

}  // namespace
}  // namespace velo
