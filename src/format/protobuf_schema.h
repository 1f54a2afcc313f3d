#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "column/type.h"

namespace velo {

/// Types of fields, numbered as in google/protobuf/descriptor.proto.
enum class ProtoKind : uint8_t {
  kDouble = 1,
  kFloat,
  kInt64,
  kUint64,
  kInt32,
  kFixed64,
  kFixed32,
  kBool,
  kString,
  kGroup,
  kMessage,
  kBytes,
  kUint32,
  kEnum,
  kSfixed32,
  kSfixed64,
  kSint32,
  kSint64,
};

/// How a value lies on the wire.
enum class ProtoWire : uint8_t { kVarint, kFixed64, kLength, kGroupStart, kGroupEnd, kFixed32 };

ProtoWire wire_of(ProtoKind kind);
/// Numbers, of which repeated ones may stand in one block without tags.
bool is_packable(ProtoKind kind);

/// Messages that stand for something else.
enum class ProtoWellKnown : uint8_t { kNone, kTimestamp, kWrapper };

struct ProtoEnum {
  std::string name;
  /// Of proto2: a number that it does not name is as if it had not come.
  bool closed = false;
  int32_t first = 0;  ///< what is written first is the default
  std::map<int32_t, std::string> names;
  std::map<std::string, int32_t, std::less<>> numbers;
};

struct ProtoMessage;

struct ProtoField {
  std::string name;
  uint32_t number = 0;
  ProtoKind kind = ProtoKind::kInt32;
  bool repeated = false;  ///< maps, too
  bool packed = false;    ///< is written so; read is either
  bool required = false;
  /// Whether "not there" is something else than the default.
  bool presence = false;
  int oneof = -1;                          ///< number in its message
  const ProtoMessage* message = nullptr;   ///< kMessage, kGroup
  const ProtoEnum* enumeration = nullptr;  ///< kEnum
  uint64_t default_bits = 0;               ///< of numbers: an int64, the bits of a double or float
  std::string default_text;

  bool is_map() const;
};

/// A type of messages. It may contain itself.
struct ProtoMessage {
  std::string name;  ///< with the package
  std::vector<ProtoField> fields;
  std::vector<std::string> oneofs;
  bool map_entry = false;
  ProtoWellKnown known = ProtoWellKnown::kNone;
  std::vector<const ProtoMessage*> nested;  ///< in order, without entries of maps

  const ProtoField* find(std::string_view field) const;
};

/// A file that another one imports.
struct ProtoFile {
  std::string name;
  std::string text;
  std::vector<std::string> imports;  ///< names, but for those of google/protobuf/
};

/// The text of a file that another one imports, by its name there. kNotFound: there is none.
using ProtoImports = std::function<Result<std::string>(const std::string& name)>;

/// Messages that a .proto file defines and imports. Immutable; moves keep them where they are.
class ProtoSchema {
 public:
  /// `name`: of the file, for messages. What google/protobuf/ has is there. Errors say where.
  static Result<ProtoSchema> parse(std::string_view text, const std::string& name,
                                   const ProtoImports& imports);
  /// A FileDescriptorSet, as protoc writes it, whose last file counts.
  static Result<ProtoSchema> from_descriptors(std::string_view bytes);

  /// The message of this name, with or without the package; of an empty name the only one of the
  /// file that is not inside another. Errors: kMissingOption if there are several.
  Result<const ProtoMessage*> message(const std::string& name) const;
  /// The message at this place: number of one of the file, of one inside of that …
  Result<const ProtoMessage*> message_at(std::span<const int32_t> place) const;
  /// Where that is. Error: it is imported.
  Result<std::vector<int32_t>> place_of(const ProtoMessage& message) const;
  const ProtoFile& file() const { return files_.back(); }
  /// The file and all that it imports, each behind those that it imports itself.
  const std::vector<ProtoFile>& files() const { return files_; }

 private:
  friend class ProtoSchemaBuilder;
  std::vector<ProtoFile> files_;
  std::string package_;
  std::vector<std::unique_ptr<ProtoMessage>> messages_;
  std::vector<std::unique_ptr<ProtoEnum>> enums_;
  std::vector<const ProtoMessage*> top_;
};

/// "int64", "message shop.Order", "repeated string": for messages.
std::string proto_type_name(const ProtoField& field);

/// The columns that a message gives. Errors: a field that has no SQL type.
Result<std::vector<Field>> proto_columns(const ProtoMessage& message);
/// The SQL type of a field. `path` names it in messages.
Result<Type> proto_sql_type(const ProtoField& field, const std::string& path);

/// A file of proto3 with one message of these columns, numbered from 1; what may be NULL is
/// optional. Errors: a column that Protobuf has no type or name for.
Result<std::string> proto_schema_of(const Schema& columns);

}  // namespace velo
