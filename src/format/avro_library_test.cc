// Random schemas and values: what Apache's C library writes we read, and the other way round.

#include <avro.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "base/random.h"
#include "column/column_builder.h"
#include "format/avro_schema.h"
#include "format/collect_test.h"

namespace velo {
namespace {

/// Makes a schema up.
struct RandomSchema {
  Random& random;
  int names = 0;

  std::string name(const char* kind) { return fmt::format("{}{}", kind, names++); }
  std::string type(int depth) {
    static constexpr const char* kPlain[] = {"boolean", "int",   "long",  "float",
                                             "double",  "bytes", "string"};
    switch (random.below(depth > 2 ? 9 : 13)) {
      case 7:
        return fmt::format(R"({{"type":"fixed","name":"{}","size":{}}})", name("F"),
                           1 + random.below(20));
      case 8:
        return fmt::format(R"({{"type":"enum","name":"{}","symbols":["A","B","C"]}})", name("E"));
      case 9:
        return fmt::format(R"({{"type":"array","items":{}}})", type(depth + 1));
      case 10:
        return fmt::format(R"({{"type":"map","values":{}}})", type(depth + 1));
      case 11:
        return record(depth + 1);
      case 12: {
        std::string part = type(depth + 1);
        while (part.front() == '[') part = type(depth + 1);
        return random.below(2) == 0 ? fmt::format(R"(["null",{}])", part)
                                    : fmt::format(R"([{},"null"])", part);
      }
      default:
        return fmt::format("\"{}\"", kPlain[random.below(7)]);
    }
  }
  std::string record(int depth) {
    std::string fields;
    const uint64_t count = 1 + random.below(6);
    const std::string own = name("R");
    for (uint64_t i = 0; i < count; ++i) {
      fields += fmt::format(R"({}{{"name":"f{}","type":{}}})", i > 0 ? "," : "", i, type(depth));
    }
    return fmt::format(R"({{"type":"record","name":"{}","fields":[{}]}})", own, fields);
  }
};

std::string random_text(Random& random) {
  std::string text;
  for (uint64_t i = random.below(20); i > 0; --i) text += static_cast<char>('a' + random.below(26));
  return text;
}

int64_t random_number(Random& random) {
  return static_cast<int64_t>(random.next()) >> random.below(64);
}

/// Fills a value of the library.
void fill(avro_value_t* value, Random& random) {
  const std::string text = random_text(random);
  avro_value_t part;
  size_t parts = 0;
  switch (avro_value_get_type(value)) {
    case AVRO_BOOLEAN:
      avro_value_set_boolean(value, static_cast<int>(random.below(2)));
      break;
    case AVRO_INT32:
      avro_value_set_int(value, static_cast<int32_t>(random_number(random)));
      break;
    case AVRO_INT64:
      avro_value_set_long(value, random_number(random));
      break;
    case AVRO_FLOAT:
      avro_value_set_float(value, static_cast<float>(random.unit()));
      break;
    case AVRO_DOUBLE:
      avro_value_set_double(value, random.unit() * 1e10);
      break;
    case AVRO_STRING:
      avro_value_set_string_len(value, text.c_str(), text.size() + 1);
      break;
    case AVRO_BYTES: {
      std::string bytes = text + '\0' + '\xff';
      avro_value_set_bytes(value, bytes.data(), bytes.size());
      break;
    }
    case AVRO_FIXED: {
      std::string bytes(static_cast<size_t>(avro_schema_fixed_size(avro_value_get_schema(value))),
                        static_cast<char>(random.next()));
      avro_value_set_fixed(value, bytes.data(), bytes.size());
      break;
    }
    case AVRO_ENUM:
      avro_value_set_enum(value, static_cast<int>(random.below(3)));
      break;
    case AVRO_NULL:
      avro_value_set_null(value);
      break;
    case AVRO_UNION:
      avro_value_set_branch(value, static_cast<int>(random.below(2)), &part);
      fill(&part, random);
      break;
    case AVRO_ARRAY:
      for (uint64_t i = random.below(4); i > 0; --i) {
        avro_value_append(value, &part, nullptr);
        fill(&part, random);
      }
      break;
    case AVRO_MAP:
      for (uint64_t i = random.below(4); i > 0; --i) {
        avro_value_add(value, fmt::format("k{}", i).c_str(), &part, nullptr, nullptr);
        fill(&part, random);
      }
      break;
    default:
      avro_value_get_size(value, &parts);
      for (size_t i = 0; i < parts; ++i) {
        avro_value_get_by_index(value, i, &part, nullptr);
        fill(&part, random);
      }
  }
}

/// A value of the library as a row of a column.
void append(ColumnBuilder& column, avro_value_t* value) {
  avro_value_t part;
  size_t parts = 0;
  const void* bytes = nullptr;
  switch (avro_value_get_type(value)) {
    case AVRO_BOOLEAN: {
      int is = 0;
      avro_value_get_boolean(value, &is);
      return column.append_bool(is != 0);
    }
    case AVRO_INT32: {
      int32_t number = 0;
      avro_value_get_int(value, &number);
      return column.append_int64(number);
    }
    case AVRO_INT64: {
      int64_t number = 0;
      avro_value_get_long(value, &number);
      return column.append_int64(number);
    }
    case AVRO_FLOAT: {
      float number = 0;
      avro_value_get_float(value, &number);
      return column.append_double(static_cast<double>(number));
    }
    case AVRO_DOUBLE: {
      double number = 0;
      avro_value_get_double(value, &number);
      return column.append_double(number);
    }
    case AVRO_STRING: {
      const char* text = nullptr;
      avro_value_get_string(value, &text, &parts);
      return column.append_string({text, parts - 1});
    }
    case AVRO_BYTES:
      avro_value_get_bytes(value, &bytes, &parts);
      return column.append_string({static_cast<const char*>(bytes), parts});
    case AVRO_FIXED:
      avro_value_get_fixed(value, &bytes, &parts);
      return column.append_string({static_cast<const char*>(bytes), parts});
    case AVRO_ENUM: {
      int symbol = 0;
      avro_value_get_enum(value, &symbol);
      return column.append_string(std::string(1, static_cast<char>('A' + symbol)));
    }
    case AVRO_NULL:
      return column.append_null();
    case AVRO_UNION:
      avro_value_get_current_branch(value, &part);
      return append(column, &part);
    default:
      break;
  }
  const avro_type_t kind = avro_value_get_type(value);
  avro_value_get_size(value, &parts);
  for (size_t i = 0; i < parts; ++i) {
    const char* key = nullptr;
    avro_value_get_by_index(value, i, &part, &key);
    if (kind == AVRO_MAP) column.child(0).append_string(key);
    append(column.child(kind == AVRO_RECORD ? i : kind == AVRO_MAP ? 1 : 0), &part);
  }
  kind == AVRO_RECORD ? column.append_row_end() : column.append_list_end();
}

/// One schema: values of the library, and as columns.
struct Sample {
  std::string schema;
  avro_schema_t parsed = nullptr;
  avro_value_iface_t* iface = nullptr;
  std::vector<std::string> messages;
  Batch batch;

  explicit Sample(Random& random) {
    schema = RandomSchema{random}.record(0);
    CHECK(avro_schema_from_json_length(schema.data(), schema.size(), &parsed) == 0, schema);
    iface = avro_generic_class_from_schema(parsed);
    const AvroSchema ours = AvroSchema::parse(schema).value();
    batch.schema = make_schema(avro_columns(ours.root()).value());
    batch.rows = 5;
    ColumnBuilder rows = row_builder();
    for (size_t i = 0; i < batch.rows; ++i) {
      avro_value_t value;
      avro_generic_value_new(iface, &value);
      fill(&value, random);
      append(rows, &value);
      size_t size = 0;
      avro_value_sizeof(&value, &size);
      std::string bytes(size, '\0');
      avro_writer_t writer = avro_writer_memory(bytes.data(), static_cast<int64_t>(size));
      CHECK(avro_value_write(writer, &value) == 0);
      avro_writer_free(writer);
      messages.push_back(std::move(bytes));
      avro_value_decref(&value);
    }
    batch.columns = rows.finish()->children();
  }
  ~Sample() {
    avro_value_iface_decref(iface);
    avro_schema_decref(parsed);
  }
  Sample(const Sample&) = delete;
  Sample& operator=(const Sample&) = delete;

  ColumnBuilder row_builder() const {
    std::vector<std::string> names;
    std::vector<Type> types;
    for (const Field& field : batch.schema->fields()) {
      names.push_back(field.name);
      types.push_back(field.type);
    }
    return ColumnBuilder(Type::row(names, types));
  }
  /// What the library reads of a message, as columns.
  Batch read(const std::string& message) const {
    avro_value_t value;
    avro_generic_value_new(iface, &value);
    avro_reader_t reader = avro_reader_memory(message.data(), static_cast<int64_t>(message.size()));
    CHECK(avro_value_read(reader, &value) == 0, avro_strerror());
    avro_reader_free(reader);
    ColumnBuilder rows = row_builder();
    append(rows, &value);
    avro_value_decref(&value);
    return {batch.schema, 1, rows.finish()->children(), nullptr, nullptr};
  }
};

TEST(AvroLibrary, WeReadWhatItWrites) {
  Random random(7);
  for (int i = 0; i < 500; ++i) {
    const Sample sample(random);
    DecodeCase c;
    c.format = "avro";
    c.declared = sample.batch.schema;
    c.options = {{"avro.schema", sample.schema}};
    const Collected all = c.run_messages(sample.messages);
    ASSERT_EQ(all.bad_text(), "") << sample.schema;
    ASSERT_EQ(all.rows_text(), batch_to_text(sample.batch)) << sample.schema;
    // Some columns alone: the others are passed over.
    c.projection = {static_cast<int>(random.below(c.declared->size()))};
    const auto only = static_cast<size_t>(c.projection[0]);
    const Batch one{make_schema({(*c.declared)[only]}),
                    sample.batch.rows,
                    {sample.batch.columns[only]},
                    nullptr,
                    nullptr};
    const Collected some = c.run_messages(sample.messages);
    ASSERT_EQ(some.bad_text() + some.rows_text(), batch_to_text(one)) << sample.schema;
  }
}

TEST(AvroLibrary, ItReadsWhatWeWrite) {
  Random random(8);
  for (int i = 0; i < 500; ++i) {
    const Sample sample(random);
    const auto encoder =
        make_encoder("avro", {sample.batch.schema, {{"avro.schema", sample.schema}}}).value();
    std::string bytes;
    std::vector<RecordSpan> records;
    encoder->encode_records(sample.batch, bytes, &records).value();
    std::string read;
    for (const RecordSpan& r : records) {
      read += batch_to_text(sample.read(bytes.substr(r.offset, r.length)));
    }
    ASSERT_EQ(read, batch_to_text(sample.batch)) << sample.schema;
  }
}

TEST(AvroLibrary, FilesOfItsAndOfOurs) {
  Random random(9);
  for (int i = 0; i < 100; ++i) {
    const Sample sample(random);
    char* bytes = nullptr;
    size_t size = 0;
    std::FILE* file = open_memstream(&bytes, &size);
    avro_file_writer_t writer = nullptr;
    ASSERT_EQ(avro_file_writer_create_fp(file, "made", 1, sample.parsed, &writer), 0);
    for (const std::string& message : sample.messages) {
      avro_file_writer_append_encoded(writer, message.data(), static_cast<int64_t>(message.size()));
      avro_file_writer_sync(writer);
    }
    avro_file_writer_close(writer);
    DecodeCase c;
    c.format = "avro";
    c.declared = sample.batch.schema;
    c.in_files = true;
    const Collected all = c.run({bytes, size}, 50);
    std::free(bytes);
    ASSERT_EQ(all.bad_text() + all.rows_text(), batch_to_text(sample.batch)) << sample.schema;
    const auto encoder =
        make_encoder("avro", {sample.batch.schema, {{"avro.schema", sample.schema}}, {}, true})
            .value();
    std::string ours = encoder->preamble();
    encoder->encode(sample.batch, ours).value();
    avro_file_reader_t reader = nullptr;
    file = fmemopen(ours.data(), ours.size(), "r");
    ASSERT_EQ(avro_file_reader_fp(file, "ours", 1, &reader), 0) << avro_strerror();
    avro_value_t value;
    avro_generic_value_new(sample.iface, &value);
    ColumnBuilder rows = sample.row_builder();
    for (size_t row = 0; row < sample.batch.rows; ++row) {
      ASSERT_EQ(avro_file_reader_read_value(reader, &value), 0) << avro_strerror();
      append(rows, &value);
    }
    EXPECT_EQ(avro_file_reader_read_value(reader, &value), EOF);
    avro_value_decref(&value);
    avro_file_reader_close(reader);
    const Batch back{sample.batch.schema, sample.batch.rows, rows.finish()->children(), nullptr,
                     nullptr};
    ASSERT_EQ(batch_to_text(back), batch_to_text(sample.batch)) << sample.schema;
  }
}

}  // namespace
}  // namespace velo
