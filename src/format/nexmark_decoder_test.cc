#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <set>

#include "format/collect_test.h"

namespace velo {
namespace {

DecoderOptions table() {
  const auto text = Type::string(), number = Type::bigint(), time = Type::timestamp(3);
  DecoderOptions options;
  options.schema = make_schema(
      {{"event_type", Type::integer()},
       {"person", Type::row({"id", "name", "emailAddress", "creditCard", "city", "state",
                             "dateTime", "extra"},
                            {number, text, text, text, text, text, time, text})},
       {"auction",
        Type::row({"id", "itemName", "description", "initialBid", "reserve", "dateTime", "expires",
                   "seller", "category", "extra"},
                  {number, text, text, number, number, time, time, number, number, text})},
       {"bid", Type::row({"auction", "bidder", "price", "channel", "url", "dateTime", "extra"},
                         {number, number, number, text, text, time, text})}});
  options.projection = {0, 1, 2, 3};
  return options;
}

Collected generate(const DecoderOptions& options, uint64_t first, uint64_t rows) {
  std::unique_ptr<Decoder> decoder = make_decoder("nexmark", options).value();
  Collected out;
  uint64_t range[2] = {first, rows};
  DecodeInput input;
  input.bytes = {reinterpret_cast<const std::byte*>(range), sizeof range};
  decoder->feed(input, out).value();
  EXPECT_EQ(decoder->consumed_offset(), first + rows);
  return out;
}

/// All rows in one batch.
Batch one_batch(DecoderOptions options, uint64_t rows) {
  options.batch_rows = rows;
  return generate(options, 0, rows).batches.at(0);
}

TEST(Nexmark, SameEventsWhateverTheBatches) {
  DecoderOptions options = table();
  const std::string whole = generate(options, 0, 500).rows_text();
  options.batch_rows = 7;
  EXPECT_EQ(generate(options, 0, 500).rows_text(), whole);
  EXPECT_TRUE(whole.ends_with(generate(options, 400, 100).rows_text()));
  options.options["seed"] = "8";
  EXPECT_NE(generate(options, 0, 500).rows_text(), whole);
}

TEST(Nexmark, FieldsDoNotDependOnWhatElseIsRead) {
  DecoderOptions options = table();
  const Batch whole = one_batch(options, 500);
  options.schema =
      make_schema({{"bid", Type::row({"url", "bidder"}, {Type::string(), Type::bigint()})}});
  options.projection = {0};
  const Batch part = one_batch(options, 500);
  for (size_t row = 0; row < 500; ++row) {
    EXPECT_TRUE(rows_equal(*part.columns[0]->child(0), row, *whole.columns[3]->child(4), row));
    EXPECT_TRUE(rows_equal(*part.columns[0]->child(1), row, *whole.columns[3]->child(1), row));
  }
}

TEST(Nexmark, KindsComeInTheirProportions) {
  const Batch batch = one_batch(table(), 10'000);
  std::map<int64_t, int> kinds;
  for (size_t row = 0; row < batch.rows; ++row) {
    const int64_t kind = batch.columns[0]->int64_at(row);
    ++kinds[kind];
    for (int64_t i = 0; i < 3; ++i) {
      EXPECT_EQ(batch.columns[static_cast<size_t>(i) + 1]->is_null(row), i != kind);
    }
  }
  EXPECT_EQ(kinds, (std::map<int64_t, int>{{0, 200}, {1, 600}, {2, 9200}}));
}

TEST(Nexmark, IdsAreGivenInTurnAndKeysPointAtThem) {
  const Batch batch = one_batch(table(), 20'000);
  const Column &person = *batch.columns[1], &auction = *batch.columns[2], &bid = *batch.columns[3];
  int64_t persons = 1000, auctions = 1000;
  int hot = 0, bids = 0;
  for (size_t row = 0; row < batch.rows; ++row) {
    if (!person.is_null(row)) {
      EXPECT_EQ(person.child(0)->int64_at(row), persons++);
    }
    if (!auction.is_null(row)) {
      EXPECT_EQ(auction.child(0)->int64_at(row), auctions++);
      const int64_t seller = auction.child(7)->int64_at(row);
      EXPECT_GE(seller, 1000);
      EXPECT_LE(seller, persons + 10);
      EXPECT_GE(auction.child(4)->int64_at(row), auction.child(3)->int64_at(row));
      EXPECT_GT(auction.child(6)->int64_at(row), auction.child(5)->int64_at(row));
    }
    if (bid.is_null(row)) continue;
    ++bids;
    const int64_t on = bid.child(0)->int64_at(row);
    EXPECT_GE(on, std::max<int64_t>(1000, auctions - 1 - 101));
    EXPECT_LE(on, auctions + 10);
    hot += on % 100 == 0 ? 1 : 0;
    EXPECT_GE(bid.child(2)->int64_at(row), 100);
    EXPECT_LE(bid.child(2)->int64_at(row), 100'000'000);
  }
  EXPECT_NEAR(hot, bids / 2, bids / 20);  // one in two is not for the hot auction
}

TEST(Nexmark, TimesFollowTheRate) {
  DecoderOptions options = table();
  options.options["first-event.rate"] = "2000";
  options.options["next-event.rate"] = "1000";
  options.options["rate.period"] = "2s";
  options.options["base-time"] = "2020-01-01T00:00:00";
  const Batch batch = one_batch(options, 4000);
  const auto time_ms = [&](size_t row) {
    const auto kind = static_cast<size_t>(batch.columns[0]->int64_at(row));
    const size_t field = kind == 0 ? 6 : 5;
    return batch.columns[kind + 1]->child(field)->int64_at(row) / 1000 - 1'577'836'800'000;
  };
  EXPECT_EQ(time_ms(0), 0);
  EXPECT_EQ(time_ms(1), 0);
  EXPECT_EQ(time_ms(2), 1);
  EXPECT_EQ(time_ms(1999), 999);
  EXPECT_EQ(time_ms(2000), 1000);  // from here on a thousand a second
  EXPECT_EQ(time_ms(2999), 1999);
  EXPECT_EQ(time_ms(3000), 2000);  // and again
  EXPECT_EQ(time_ms(3002), 2001);
}

TEST(Nexmark, EventsHaveTheirSizesOnAverage) {
  const Batch batch = one_batch(table(), 50'000);
  double bytes[3] = {0, 0, 0};
  double count[3] = {0, 0, 0};
  for (size_t row = 0; row < batch.rows; ++row) {
    const auto kind = static_cast<size_t>(batch.columns[0]->int64_at(row));
    const Column& event = *batch.columns[kind + 1];
    ++count[kind];
    for (const ColumnPtr& field : event.children()) {
      const bool text = field->type().is_string();
      // Channel and URL are not part of a bid's size, times of no size, as they always were.
      if (kind == 2 && field->encoding() == Encoding::kDictionary) continue;
      bytes[kind] += text ? static_cast<double>(field->string_at(row).size()) : 8;
    }
  }
  EXPECT_NEAR(bytes[0] / count[0], 208, 4);
  EXPECT_NEAR(bytes[1] / count[1], 508, 8);
  EXPECT_NEAR(bytes[2] / count[2], 100, 1);
}

std::string failure(const DecoderOptions& options) {
  const auto made = make_decoder("nexmark", options);
  return made ? "no error" : made.error().message + " | " + made.error().hint;
}

TEST(Nexmark, RefusesWhatItDoesNotHave) {
  DecoderOptions options = table();
  options.schema = make_schema({{"bit", Type::bigint()}});
  options.projection = {0};
  EXPECT_EQ(failure(options), "connector 'nexmark' has no column 'bit' | did you mean 'bid'?");
  options.schema = make_schema({{"bid", Type::row({"prize"}, {Type::bigint()})}});
  EXPECT_EQ(failure(options),
            "connector 'nexmark' has no field of bid 'prize' | did you mean 'price'?");
  options.schema = make_schema({{"bid", Type::row({"price"}, {Type::string()})}});
  EXPECT_EQ(failure(options), "connector 'nexmark': 'bid.price' is BIGINT, not STRING | ");
  options.schema = make_schema({{"bid", Type::string()}});
  EXPECT_EQ(failure(options), "connector 'nexmark': 'bid' is a ROW, not STRING | ");
  options = table();
  options.options["bid.hot-ratio.auctions"] = "0";
  EXPECT_EQ(failure(options),
            "option 'bid.hot-ratio.auctions' cannot be '0' | a whole number from 1 to 1000000");
}

}  // namespace
}  // namespace velo
