#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/result.h"
#include "column/type.h"
#include "format/column_target.h"
#include "format/protobuf_schema.h"

namespace velo {

struct ProtoStep;

/// How a message becomes a row or a part of one: the fields that are read.
struct ProtoMessageStep {
  static constexpr uint16_t kNobody = UINT16_MAX;

  std::vector<ProtoStep> fields;
  /// Places in `fields` by number of the field; numbers behind its end stand in `by_far_number`.
  std::vector<uint16_t> by_number;
  std::vector<std::pair<uint32_t, uint16_t>> by_far_number;  ///< ascending

  const ProtoStep* find(uint32_t number) const;
};

/// How a field becomes a column, or a part of one.
struct ProtoStep {
  enum class Op : uint8_t {
    kClear,  ///< nobody reads it, but it ends the other fields of its oneof
    kBoolean,
    kInteger,  ///< to an integer in [min, max]
    kDecimal,  ///< an integer to DECIMAL
    kDouble,
    kFloat,
    kText,
    kEnum,  ///< to its name
    kTimestamp,
    kWrapper,  ///< parts.fields[0]: its value, into the same target
    kMessage,
    kMap,  ///< parts: key and value
  };
  /// What a row is given where the field is missing.
  enum class Missing : uint8_t { kNull, kDefault, kRefuse };

  Op op = Op::kClear;
  Missing missing = Missing::kNull;
  const ProtoField* field = nullptr;
  uint32_t id = 0;   ///< among all steps of a record
  std::string path;  ///< "order.items", for messages
  Type type;         ///< of one value
  /// In the same message: those of its oneof that are read.
  std::vector<uint16_t> rivals;

  // Where it goes; null where the step is only checked.
  ColumnTarget* target = nullptr;  ///< of one value
  ScalarTarget* scalar = nullptr;
  RowTarget* row = nullptr;
  ListTarget* list = nullptr;  ///< of a repeated field

  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
  ProtoMessageStep parts;
};

struct ProtoRecordStep {
  ProtoMessageStep root;
  uint32_t steps = 0;  ///< ids are below
};

/// What is to be read, by name.
struct ProtoColumns {
  SchemaPtr schema;
  /// One each; empty: the steps are only checked.
  std::vector<ColumnTarget*> targets;
  /// Missing fields have their defaults, also those that might be NULL.
  bool read_defaults = false;
  /// A column that is no field is NULL, else an error.
  bool lenient = false;
};

/// How records become rows of the columns. Steps point into the message. Errors: types that do not
/// fit, with the column.
Result<ProtoRecordStep> resolve_protobuf(const ProtoMessage& message, const ProtoColumns& columns);

}  // namespace velo
