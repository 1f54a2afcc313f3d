// The fast paths against the plain one: random texts, every set of kernels, pieces of random sizes.

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "format/collect_test.h"

namespace velo {
namespace {

constexpr KernelChoice kFast[] = {KernelChoice::kPortable, KernelChoice::kAvx2,
                                  KernelChoice::kAvx512};

const char* name_of(KernelChoice choice) {
  switch (choice) {
    case KernelChoice::kPortable: return "portable";
    case KernelChoice::kAvx2: return "avx2";
    case KernelChoice::kAvx512: return "avx512";
    default: return "other";
  }
}

Collected run_in_pieces(const DecodeCase& c, std::string_view text, Random& random, size_t most) {
  std::unique_ptr<Decoder> decoder = c.make().value();
  Collected out;
  size_t at = 0;
  do {
    DecodeInput input;
    const size_t size = most == 0 ? text.size() : 1 + random.below(most);
    const std::string_view part = text.substr(at, size);
    input.bytes = as_bytes(part);
    input.offset = at;
    at += part.size();
    input.ends_unit = at == text.size();
    const Status status = decoder->feed(input, out);
    EXPECT_TRUE(status.has_value());
  } while (at < text.size());
  return out;
}

void expect_all_agree(DecodeCase c, std::string_view text, uint64_t seed) {
  c.kernels = KernelChoice::kRowByRow;
  const Collected plain = c.run(text);
  const std::string rows = plain.rows_text(), bad = plain.bad_text();
  ASSERT_GT(plain.rows, text.size() / 2000);
  Random random(seed);
  for (const KernelChoice choice : kFast) {
    if (!kernel_available(choice)) continue;
    c.kernels = choice;
    for (const size_t most : {size_t{0}, size_t{100000}, size_t{50}}) {
      c.batch_rows = 1 + random.below(most == 50 ? 10 : 2000);
      const Collected out = run_in_pieces(c, text, random, most);
      ASSERT_EQ(out.rows_text(), rows) << name_of(choice) << " pieces " << most << " seed " << seed;
      ASSERT_EQ(out.bad_text(), bad) << name_of(choice) << " pieces " << most << " seed " << seed;
    }
  }
}

/// Texts of values, usual ones and odd ones, in the shape of one column.
class Texts {
 public:
  Texts(uint64_t seed, double odd) : random_(seed), odd_(odd) {}

  Random& random() { return random_; }
  bool chance(double p) { return random_.unit() < p; }
  std::string pick(std::initializer_list<const char*> from) {
    return *(from.begin() + random_.below(from.size()));
  }

  std::string digits(size_t most) {
    std::string out;
    const size_t n = 1 + random_.below(most);
    for (size_t i = 0; i < n; ++i) out.push_back(static_cast<char>('0' + random_.below(10)));
    return out;
  }
  std::string integer() {
    if (chance(odd_)) {
      return pick({"",
                   "-",
                   "+5",
                   "007",
                   "-0",
                   "1.0",
                   "1.5",
                   "1e3",
                   "9223372036854775807",
                   " 12",
                   "-9223372036854775808",
                   "9223372036854775808",
                   "12x",
                   "null",
                   "NaN",
                   "0x1f",
                   "99999999999999999999",
                   "1234567890123456",
                   "12345678901234567",
                   "-99999999999999999"});
    }
    std::string out = std::to_string(random_.below(chance(0.5) ? 1000 : 1000000000000));
    return chance(0.2) ? "-" + out : out;
  }
  std::string real() {
    if (chance(odd_)) {
      return pick({"",
                   ".",
                   "-.5",
                   ".5",
                   "5.",
                   "1e10",
                   "-1.5E-7",
                   "NaN",
                   "Infinity",
                   "1e999",
                   "0.1.2",
                   "00.5",
                   "-0.0",
                   "179769313486231570000000000000000000000",
                   "4.9e-324",
                   "123456789.12345678901234567890",
                   "9007199254740993",
                   "0.000000000000000001",
                   "1234567890123456789012345678901234567890",
                   "-",
                   "null",
                   "abc",
                   "1,5"});
    }
    std::string out = digits(6) + "." + digits(4);
    if (chance(0.15)) out = digits(3) + "." + digits(15);
    if (out.size() > 1 && out[0] == '0' && out[1] != '.') out = "1" + out;
    return chance(0.2) ? "-" + out : out;
  }
  std::string time(bool instant) {
    if (chance(odd_)) {
      return pick({"", "2023-02-29T00:00:00", "2024-02-29T23:59:59.999", "2023-09-18", "14:00:00",
                   "2023-09-18T24:00:00", "2023-09-18T14:00:00.1234567", "2023-09-18 14:00",
                   "2023-09-18T14:00:00+02:00", "2023-09-18T14:00:00Z", "2023-9-18T14:00:00",
                   "null", "2023-09-18T14:00:00.", "2023-09-18T1a:00:00",
                   "2023-09-18T14:00:00.000001"});
    }
    std::string out =
        fmt::format("20{:02}-{:02}-{:02}{}{:02}:{:02}:{:02}", random_.below(30),
                    1 + random_.below(12), 1 + random_.below(28), chance(0.5) ? 'T' : ' ',
                    random_.below(24), random_.below(60), random_.below(60));
    if (chance(0.5)) out += fmt::format(".{:03}", random_.below(1000));
    if (instant && chance(0.5)) out += "Z";
    return out;
  }
  std::string date() {
    if (chance(odd_)) return pick({"", "2023-02-29", "2023-1-01", "x", "2023-01-01T00:00:00"});
    return fmt::format("20{:02}-{:02}-{:02}", random_.below(30), 1 + random_.below(12),
                       1 + random_.below(28));
  }
  std::string boolean() {
    return chance(odd_) ? pick({"", "TRUE", "t", "0", "1", "yes", "falsy"})
                        : pick({"true", "false"});
  }
  std::string word() {
    if (chance(odd_)) {
      return pick({"", "\xC3\xA4rger", "a string that is longer than sixteen bytes",
                   "exactly16bytes!!", "exactly17bytes!!!", "\xE6\x97\xA5\xE6\x9C\xAC", "NULL",
                   "a b", "x\ty", "0", "null"});
    }
    return "S" + std::to_string(random_.below(300));
  }

 private:
  Random random_;
  double odd_;
};

constexpr const char* kSchema =
    "i bigint, j integer, s string, d double, n decimal(12,3), f float, t timestamp, v "
    "timestamp_ltz, "
    "y date, b boolean, w string";

std::vector<std::string> random_values(Texts& texts) {
  return {texts.integer(), texts.integer(), texts.word(),      texts.real(),
          texts.real(),    texts.real(),    texts.time(false), texts.time(true),
          texts.date(),    texts.boolean(), texts.word()};
}

std::string csv_quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string random_csv(uint64_t seed, double odd, double quoting, size_t rows,
                       const char* newline) {
  Texts texts(seed, odd);
  std::string out;
  for (size_t row = 0; row < rows; ++row) {
    std::vector<std::string> values = random_values(texts);
    if (texts.chance(odd / 10)) values.pop_back();
    if (texts.chance(odd / 10)) values.push_back("more");
    if (texts.chance(odd / 20)) values = {""};
    for (size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out += ',';
      std::string value = values[i];
      if (texts.chance(quoting)) {
        if (texts.chance(0.1)) value += texts.pick({"\"", ",", "\n", "\r\n", "\"\""});
        value = csv_quoted(value);
      }
      out += value;
    }
    if (texts.chance(odd / 50))
      out += texts.pick({"\"", "\xFF", "\r"}) + (texts.chance(0.5) ? "" : "x");
    out += texts.chance(odd / 50) ? "\r\n" : newline;
  }
  return out;
}

TEST(FastPath, CsvUsual) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    DecodeCase c;
    c.schema = kSchema;
    expect_all_agree(c, random_csv(seed, 0, 0, 3000, seed % 2 ? "\n" : "\r\n"), seed);
  }
}

TEST(FastPath, CsvOdd) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    DecodeCase c;
    c.schema = kSchema;
    const double odd = seed % 4 == 0 ? 0.1 : 0.003, quoting = seed % 3 == 0 ? 0.1 : 0;
    if (seed % 5 == 0) c.projection = {3, 0, 10};
    if (seed % 7 == 0) c.options["csv.null-literal"] = "NULL";
    if (seed % 11 == 0) c.options["csv.allow-missing-fields"] = "true";
    if (seed % 13 == 0) c.options["csv.disable-quote-character"] = "true";
    expect_all_agree(c, random_csv(seed, odd, quoting, 1500, seed % 2 ? "\n" : "\r\n"), seed);
  }
}

TEST(FastPath, CsvAllStringsQuoted) {
  DecodeCase c;
  c.schema = "s string, i bigint, w string";
  Texts texts(5, 0.01);
  std::string text;
  for (int row = 0; row < 4000; ++row) {
    text +=
        csv_quoted(texts.word()) + "," + texts.integer() + "," + csv_quoted(texts.word()) + "\n";
  }
  expect_all_agree(c, text, 5);
}

TEST(FastPath, CsvOneColumnAndManyColumns) {
  DecodeCase one;
  one.schema = "d double";
  Texts texts(9, 0.02);
  std::string text;
  for (int row = 0; row < 5000; ++row) text += texts.real() + "\n";
  expect_all_agree(one, text, 9);

  DecodeCase many;
  for (int i = 0; i < 200; ++i) many.schema += fmt::format("c{} bigint,", i);
  many.projection = {0, 77, 199};
  text.clear();
  for (int row = 0; row < 500; ++row) {
    for (int i = 0; i < 200; ++i)
      text += (i ? "," : "") + std::to_string(texts.random().below(100000));
    text += "\n";
  }
  expect_all_agree(many, text, 10);
}

TEST(FastPath, CsvEpochTimesAndRanges) {
  for (const char* format : {"epoch-seconds", "epoch-millis", "epoch-micros", "epoch-nanos"}) {
    DecodeCase c;
    c.schema = "t timestamp_ltz, u timestamp(6), a tinyint, b smallint";
    c.options = {{"csv.timestamp-format", format}};
    Texts texts(3, 0.02);
    std::string text;
    for (int row = 0; row < 2000; ++row) {
      text += fmt::format("{}000000000,{},{},{}\n", texts.integer(), texts.integer(),
                          static_cast<int>(texts.random().below(300)) - 150,
                          static_cast<int>(texts.random().below(70000)) - 35000);
    }
    expect_all_agree(c, text, 3);
  }
}

std::string json_value(Texts& texts, const std::string& text, bool quoted) {
  if (texts.chance(0.003)) return "null";
  if (!quoted) return text.empty() ? "null" : text;
  std::string out = "\"";
  for (const char c : text) out += c == '\t' ? "\\t" : std::string(1, c);
  if (texts.chance(0.003)) out += texts.pick({"\\\"", "\\\\", "\\u00e4", "{,}", "\\", "\"", "\t"});
  return out + "\"";
}

std::string random_json(uint64_t seed, double odd, size_t rows, bool shuffle, const char* space) {
  constexpr const char* kNames[] = {"i", "j", "s", "d", "n", "f", "t", "v", "y", "b", "w"};
  Texts texts(seed, odd);
  std::string out;
  for (size_t row = 0; row < rows; ++row) {
    const std::vector<std::string> values = random_values(texts);
    std::vector<size_t> order(values.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    if (shuffle && texts.chance(0.02))
      std::swap(order[0], order[texts.random().below(order.size())]);
    if (shuffle && texts.chance(0.02)) order.pop_back();
    if (shuffle && texts.chance(0.02)) order.push_back(texts.random().below(order.size()));
    out += std::string("{") + space;
    for (size_t k = 0; k < order.size(); ++k) {
      const size_t i = order[k];
      const bool quoted = i == 2 || i == 6 || i == 7 || i == 8 || i == 10;
      const bool swap_quotes = texts.chance(odd / 20);
      out += fmt::format("{}\"{}\":{}", k ? std::string(",") + space : "", kNames[i], space);
      std::string value = json_value(texts, values[i], quoted != swap_quotes);
      out += value;
    }
    out += fmt::format(",\"x\":{{\"k\":{},\"l\":[]}}", texts.chance(odd) ? "1 2" : "7");
    out += "}";
    if (texts.chance(odd / 50)) out += texts.pick({"}", "x", " ", "\xFF", ",", "{}"});
    if (texts.chance(odd / 50))
      out += "\n" + texts.pick({"", "[]", "{}", "{\"i\":1}", "null", " "});
    out += texts.chance(odd / 50) ? "\r\n" : "\n";
  }
  return out;
}

DecodeCase json_case() {
  DecodeCase c;
  c.format = "json";
  c.schema = kSchema;
  return c;
}

TEST(FastPath, JsonUsual) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    expect_all_agree(json_case(), random_json(seed, 0, 2000, false, seed % 2 ? "" : " "), seed);
  }
}

TEST(FastPath, JsonOdd) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    DecodeCase c = json_case();
    if (seed % 5 == 0) c.projection = {3, 0, 10};
    if (seed % 7 == 0) c.projection = {1};
    const double odd = seed % 4 == 0 ? 0.1 : 0.003;
    expect_all_agree(c, random_json(seed, odd, 800, seed % 3 == 0, seed % 2 ? "" : " "), seed);
  }
}

TEST(FastPath, JsonColumnsThatTheRecordsLack) {
  DecodeCase c;
  c.format = "json";
  c.schema = "a bigint, gone string, b string";
  std::string text;
  for (int i = 0; i < 3000; ++i) {
    text += fmt::format("{{\"a\":{},\"b\":\"s{}\"{}}}\n", i, i % 10,
                        i % 500 == 7 ? ",\"gone\":\"x\"" : "");
  }
  expect_all_agree(c, text, 1);
}

SchemaPtr rows_schema() {
  const Type home = Type::row({"city", "zip"}, {Type::string(), Type::bigint()});
  const Type person = Type::row({"id", "home", "name"}, {Type::bigint(), home, Type::string()});
  return make_schema({{"kind", Type::bigint()}, {"person", person}, {"at", Type::timestamp()}});
}

/// Records with objects in objects, fields that nobody declared, and now and then one that is odd.
std::string random_rows(uint64_t seed, double odd) {
  Texts texts(seed, odd);
  std::string text;
  for (int i = 0; i < 1500; ++i) {
    std::string home =
        fmt::format("{{\"street\":[1,2],\"zip\":{},\"city\":\"c{}\"}}", texts.integer(), i % 7);
    if (texts.chance(odd)) home = texts.pick({"null", "{}", "7", "{\"city\":null}", "[]"});
    std::string person = fmt::format("{{\"id\":{},\"home\":{},\"name\":\"n{}\"}}", i, home, i % 9);
    if (texts.chance(odd)) person = texts.pick({"null", "{}", "\"x\"", "{\"id\":1}"});
    text += fmt::format("{{\"kind\":{},\"person\":{}{}}}\n", texts.integer(), person,
                        texts.chance(odd) ? "" : ",\"at\":\"2024-01-01T00:00:00\"");
  }
  return text;
}

TEST(FastPath, JsonRowsWithinRows) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    DecodeCase c;
    c.format = "json";
    c.declared = rows_schema();
    if (seed % 3 == 0) c.projection = {1};
    expect_all_agree(c, random_rows(seed, seed % 4 == 0 ? 0.1 : seed % 4 == 1 ? 0 : 0.005), seed);
  }
}

TEST(FastPath, JsonShapesThatChange) {
  DecodeCase c;
  c.format = "json";
  c.schema = "a bigint, b string";
  std::string text;
  for (int i = 0; i < 60000; ++i) {
    text += i / 15000 % 2 ? fmt::format("{{\"b\": \"s{}\", \"a\": {}}}\n", i % 10, i)
                          : fmt::format("{{\"a\":{},\"b\":\"s{}\"}}\n", i, i % 10);
  }
  expect_all_agree(c, text, 1);
}

TEST(FastPath, JsonStringsThatDoNotRepeat) {
  DecodeCase c;
  c.format = "json";
  c.schema = "a string, b string";
  std::string text;
  for (int i = 0; i < 100000; ++i) {
    text += fmt::format("{{\"a\":\"u{}\",\"b\":\"unique and long {}{}\"}}\n", i, i,
                        i % 1000 == 0 ? "\\n" : "");
  }
  DecodeCase plain = c;
  plain.kernels = KernelChoice::kRowByRow;
  const std::string rows = plain.run(text, 100000).rows_text();
  for (const KernelChoice choice : kFast) {
    if (!kernel_available(choice)) continue;
    c.kernels = choice;
    const Collected out = c.run(text, 100000);
    EXPECT_EQ(out.rows_text(), rows) << name_of(choice);
    EXPECT_TRUE(out.batches.back().columns[0]->is_flat());
  }
}

}  // namespace
}  // namespace velo
