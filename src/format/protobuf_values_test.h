#pragma once

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/fmt.h"
#include "base/random.h"
#include "column/batch.h"
#include "column/column_builder.h"
#include "format/protobuf_schema.h"

namespace velo {

/// Google's library beside ours: the same schema, its messages, and what they are as columns.
class ProtoLibrary {
 public:
  /// `text`: a file that imports nothing but google/protobuf/. `name`: of the message.
  ProtoLibrary(const std::string& text, const std::string& name)
      : tree_(text), importer_(&tree_, &errors_) {
    const google::protobuf::FileDescriptor* const file = importer_.Import("schema.proto");
    CHECK(file != nullptr, text + errors_.text);
    descriptor_ = importer_.pool()->FindMessageTypeByName(name);
    const ProtoSchema ours = ProtoSchema::parse(text, "schema.proto", {}).value();
    schema_ = make_schema(proto_columns(*ours.message(name).value()).value());
  }

  const SchemaPtr& schema() const { return schema_; }

  /// A message with random contents.
  std::unique_ptr<google::protobuf::Message> make(Random& random) {
    auto message = empty();
    fill(*message, random);
    return message;
  }
  /// Null: the library does not read it.
  std::unique_ptr<google::protobuf::Message> read(std::string_view bytes) {
    auto message = empty();
    const bool parsed = message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    return parsed ? std::move(message) : nullptr;
  }
  Batch batch(const std::vector<std::unique_ptr<google::protobuf::Message>>& messages) const {
    std::vector<std::string> names;
    std::vector<Type> types;
    for (const Field& field : schema_->fields()) {
      names.push_back(field.name);
      types.push_back(field.type);
    }
    ColumnBuilder rows(Type::row(names, types));
    for (const auto& message : messages) append_row(rows, *message);
    return {schema_, messages.size(), rows.finish()->children(), nullptr, nullptr};
  }

 private:
  using Message = google::protobuf::Message;
  using FieldDescriptor = google::protobuf::FieldDescriptor;

  struct Tree final : google::protobuf::compiler::SourceTree {
    explicit Tree(std::string schema) : text(std::move(schema)) {}
    google::protobuf::io::ZeroCopyInputStream* Open(const std::string& name) override {
      const auto* pool = google::protobuf::DescriptorPool::generated_pool();
      const auto* known = name == "schema.proto" ? nullptr : pool->FindFileByName(name);
      texts.push_back(std::make_unique<std::string>(known ? known->DebugString() : text));
      return new google::protobuf::io::ArrayInputStream(texts.back()->data(),
                                                        static_cast<int>(texts.back()->size()));
    }
    std::string text;
    std::vector<std::unique_ptr<std::string>> texts;
  };
  struct Errors final : google::protobuf::compiler::MultiFileErrorCollector {
    void AddError(const std::string& file, int line, int, const std::string& message) override {
      text += fmt::format("{}:{}: {}\n", file, line + 1, message);
    }
    std::string text;
  };

  std::unique_ptr<Message> empty() {
    return std::unique_ptr<Message>(factory_.GetPrototype(descriptor_)->New());
  }

  // --- making messages up ---

  static int64_t number(Random& random) {
    return static_cast<int64_t>(random.next()) >> random.below(64);
  }
  static std::string text(Random& random) {
    std::string out;
    for (uint64_t i = random.below(20); i > 0; --i) {
      out += static_cast<char>('a' + random.below(26));
    }
    return out;
  }

  void fill(Message& message, Random& random) {
    const google::protobuf::Descriptor& type = *message.GetDescriptor();
    if (type.full_name() == "google.protobuf.Timestamp") {
      set(message, *type.field(0), random.below(2'000'000'000), random);
      set(message, *type.field(1), random.below(1'000'000) * 1000, random);
      return;
    }
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (field.is_map()) {
        const FieldDescriptor& key = *field.message_type()->field(0);
        const bool two = key.cpp_type() == FieldDescriptor::CPPTYPE_BOOL;
        for (uint64_t k = random.below(two ? 3 : 4); k > 0; --k) {
          Message* const entry = message.GetReflection()->AddMessage(&message, &field);
          key.cpp_type() == FieldDescriptor::CPPTYPE_STRING
              ? entry->GetReflection()->SetString(entry, &key, fmt::format("k{}", k))
              : set(*entry, key, k, random);
          set(*entry, *field.message_type()->field(1), static_cast<uint64_t>(number(random)),
              random);
        }
      } else if (field.is_repeated()) {
        for (uint64_t n = random.below(4); n > 0; --n) {
          set(message, field, static_cast<uint64_t>(number(random)), random);
        }
      } else if (field.is_required() || random.below(3) > 0) {
        set(message, field, static_cast<uint64_t>(number(random)), random);
      }
    }
  }

  /// Sets the field, or adds a value to it.
  void set(Message& message, const FieldDescriptor& field, uint64_t bits, Random& random) {
    const google::protobuf::Reflection& r = *message.GetReflection();
    const bool many = field.is_repeated();
    const auto put = [&](auto add, auto one, auto value) {
      many ? (r.*add)(&message, &field, value) : (r.*one)(&message, &field, value);
    };
    using R = google::protobuf::Reflection;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return put(&R::AddInt32, &R::SetInt32, static_cast<int32_t>(bits));
      case FieldDescriptor::CPPTYPE_INT64:
        return put(&R::AddInt64, &R::SetInt64, static_cast<int64_t>(bits));
      case FieldDescriptor::CPPTYPE_UINT32:
        return put(&R::AddUInt32, &R::SetUInt32, static_cast<uint32_t>(bits));
      case FieldDescriptor::CPPTYPE_UINT64:
        return put(&R::AddUInt64, &R::SetUInt64, bits);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return put(&R::AddDouble, &R::SetDouble, static_cast<double>(static_cast<int64_t>(bits)));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return put(&R::AddFloat, &R::SetFloat, static_cast<float>(static_cast<int64_t>(bits)));
      case FieldDescriptor::CPPTYPE_BOOL:
        return put(&R::AddBool, &R::SetBool, bits % 2 == 1);
      case FieldDescriptor::CPPTYPE_ENUM: {
        const auto* type = field.enum_type();
        const int count = type->value_count();
        const auto* value = type->value(static_cast<int>(bits % static_cast<uint64_t>(count)));
        return put(&R::AddEnumValue, &R::SetEnumValue, value->number());
      }
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string value = text(random);
        if (field.type() == FieldDescriptor::TYPE_BYTES) value += '\xff';
        many ? r.AddString(&message, &field, value) : r.SetString(&message, &field, value);
        return;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return fill(many ? *r.AddMessage(&message, &field) : *r.MutableMessage(&message, &field),
                    random);
    }
  }

  // --- messages as columns ---

  static void append_row(ColumnBuilder& row, const Message& message) {
    const google::protobuf::Descriptor& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      append_field(row.child(static_cast<size_t>(i)), message, *type.field(i));
    }
    row.append_row_end();
  }

  static void append_field(ColumnBuilder& out, const Message& message,
                           const FieldDescriptor& field) {
    const google::protobuf::Reflection& r = *message.GetReflection();
    if (!field.is_repeated()) {
      if (field.has_presence() && !r.HasField(message, &field)) return out.append_null();
      return append_value(out, message, field, -1);
    }
    if (field.is_map()) return append_map(out, message, field);
    for (int i = 0; i < r.FieldSize(message, &field); ++i) {
      append_value(out.child(0), message, field, i);
    }
    out.append_list_end();
  }

  /// Of entries with one key the last counts; it stands where the first does.
  static void append_map(ColumnBuilder& out, const Message& message, const FieldDescriptor& field) {
    const google::protobuf::Reflection& r = *message.GetReflection();
    std::map<std::string, int> last;
    for (int i = 0; i < r.FieldSize(message, &field); ++i) {
      last[key_of(r.GetRepeatedMessage(message, &field, i))] = i;
    }
    for (int i = 0; i < r.FieldSize(message, &field); ++i) {
      const Message& entry = r.GetRepeatedMessage(message, &field, i);
      const auto found = last.find(key_of(entry));
      if (found == last.end()) continue;
      append_value(out.child(0), entry, *field.message_type()->field(0), -1);
      append_value(out.child(1), r.GetRepeatedMessage(message, &field, found->second),
                   *field.message_type()->field(1), -1);
      last.erase(found);
    }
    out.append_list_end();
  }
  static std::string key_of(const Message& entry) {
    const google::protobuf::Reflection& r = *entry.GetReflection();
    const FieldDescriptor* const key = entry.GetDescriptor()->field(0);
    switch (key->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return r.GetString(entry, key);
      case FieldDescriptor::CPPTYPE_BOOL:
        return fmt::format("{}", r.GetBool(entry, key));
      case FieldDescriptor::CPPTYPE_INT32:
        return fmt::format("{}", r.GetInt32(entry, key));
      case FieldDescriptor::CPPTYPE_UINT32:
        return fmt::format("{}", r.GetUInt32(entry, key));
      case FieldDescriptor::CPPTYPE_INT64:
        return fmt::format("{}", r.GetInt64(entry, key));
      default:
        return fmt::format("{}", r.GetUInt64(entry, key));
    }
  }

  /// A single value, or element `i`.
  static void append_value(ColumnBuilder& out, const Message& message, const FieldDescriptor& field,
                           int i) {
    const google::protobuf::Reflection& r = *message.GetReflection();
    const auto get = [&](auto many, auto one) {
      return i < 0 ? (r.*one)(message, &field) : (r.*many)(message, &field, i);
    };
    using R = google::protobuf::Reflection;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return out.append_int64(get(&R::GetRepeatedInt32, &R::GetInt32));
      case FieldDescriptor::CPPTYPE_INT64:
        return out.append_int64(get(&R::GetRepeatedInt64, &R::GetInt64));
      case FieldDescriptor::CPPTYPE_UINT32:
        return out.append_int64(get(&R::GetRepeatedUInt32, &R::GetUInt32));
      case FieldDescriptor::CPPTYPE_UINT64:
        return out.append_int128(static_cast<int128_t>(get(&R::GetRepeatedUInt64, &R::GetUInt64)));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return out.append_double(get(&R::GetRepeatedDouble, &R::GetDouble));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return out.append_double(static_cast<double>(get(&R::GetRepeatedFloat, &R::GetFloat)));
      case FieldDescriptor::CPPTYPE_BOOL:
        return out.append_bool(get(&R::GetRepeatedBool, &R::GetBool));
      case FieldDescriptor::CPPTYPE_ENUM: {
        const int value = get(&R::GetRepeatedEnumValue, &R::GetEnumValue);
        const auto* known = field.enum_type()->FindValueByNumber(value);
        return out.append_string(known ? known->name() : fmt::format("{}", value));
      }
      case FieldDescriptor::CPPTYPE_STRING:
        return out.append_string(i < 0 ? r.GetString(message, &field)
                                       : r.GetRepeatedString(message, &field, i));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return append_message(
            out, i < 0 ? r.GetMessage(message, &field) : r.GetRepeatedMessage(message, &field, i));
    }
  }

  static void append_message(ColumnBuilder& out, const Message& message) {
    const google::protobuf::Descriptor& type = *message.GetDescriptor();
    const google::protobuf::Reflection& r = *message.GetReflection();
    if (type.full_name() == "google.protobuf.Timestamp") {
      const int64_t seconds = r.GetInt64(message, type.field(0));
      return out.append_int64(static_cast<int64_t>(static_cast<uint64_t>(seconds) * 1'000'000) +
                              r.GetInt32(message, type.field(1)) / 1000);
    }
    if (type.full_name().starts_with("google.protobuf.") && type.full_name().ends_with("Value")) {
      return append_value(out, message, *type.field(0), -1);
    }
    append_row(out, message);
  }

  google::protobuf::LogSilencer silent_;
  Tree tree_;
  Errors errors_;
  google::protobuf::compiler::Importer importer_;
  google::protobuf::DynamicMessageFactory factory_;
  const google::protobuf::Descriptor* descriptor_ = nullptr;
  SchemaPtr schema_;
};

}  // namespace velo
