#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "column/type.h"
#include "format/schema_access.h"

namespace velo {

enum class AvroKind : uint8_t {
  kNull,
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kBytes,
  kString,
  kFixed,
  kEnum,
  kArray,
  kMap,
  kUnion,
  kRecord,
};

/// What a primitive means beyond itself. One that is unknown, or does not fit its type, is none.
enum class AvroLogical : uint8_t {
  kNone,
  kDate,
  kTimeMillis,
  kTimeMicros,
  kTimestampMillis,
  kTimestampMicros,
  kTimestampNanos,
  kLocalTimestampMillis,
  kLocalTimestampMicros,
  kLocalTimestampNanos,
  kDecimal,
  kUuid,
};

struct AvroType;

struct AvroField {
  std::string name;
  std::vector<std::string> aliases;
  const AvroType* type = nullptr;
  /// The default's value in Avro's binary form.
  std::optional<std::string> default_bytes = std::nullopt;
};

/// A type of a schema. Named ones may contain themselves.
struct AvroType {
  AvroKind kind = AvroKind::kNull;
  AvroLogical logical = AvroLogical::kNone;
  int precision = 0;  ///< of kDecimal
  int scale = 0;
  uint32_t size = 0;                          ///< kFixed: bytes
  std::string name;                           ///< of named types, with namespace
  std::vector<std::string> aliases;           ///< the same
  std::vector<std::string> symbols;           ///< kEnum
  std::optional<std::string> default_symbol;  ///< kEnum
  std::vector<AvroField> fields;              ///< kRecord
  /// kArray: the element; kMap: the value; kUnion: the branches.
  std::vector<const AvroType*> parts;

  /// Number of the branch that is null; nothing if there is none or this is no union.
  std::optional<size_t> null_branch() const;
};

/// A schema, which owns its types. Immutable; moves keep the types where they are.
class AvroSchema {
 public:
  /// `references`: schemas whose types this one names, each behind those that it names itself.
  /// Errors say where in the schema.
  static Result<AvroSchema> parse(std::string_view text,
                                  std::span<const NamedSchema> references = {});
  const AvroType& root() const { return *root_; }

 private:
  friend class AvroSchemaParser;
  std::vector<std::unique_ptr<AvroType>> types_;
  const AvroType* root_ = nullptr;
};

/// "long (timestamp-millis)", "record shop.Order", "union of null and string": for messages.
std::string avro_type_name(const AvroType& type);

/// The columns that a schema gives: the fields of its record, or one column 'value' of a schema
/// that is no record. Errors: a type that has no SQL type.
Result<std::vector<Field>> avro_columns(const AvroType& root);
/// The SQL type of a value. `path` names it in messages.
Result<Type> avro_sql_type(const AvroType& type, const std::string& path);

/// The schema of records with these columns, as JSON: a record of optional fields. `legacy_times`:
/// TIMESTAMP is an instant, as Flink writes it. Errors: a column that Avro has no type or name for.
Result<std::string> avro_schema_of(const Schema& columns, bool legacy_times);

}  // namespace velo
