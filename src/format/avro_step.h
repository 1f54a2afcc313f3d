#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/int128.h"
#include "base/result.h"
#include "column/type.h"
#include "format/avro_schema.h"
#include "format/column_target.h"

namespace velo {

/// How one value of the schema that records were written with becomes a part of a row.
struct AvroStep {
  enum class Op : uint8_t {
    kSkip,    ///< nobody reads it
    kRefuse,  ///< a branch of a union that the column cannot be: `problem`
    kNull,    ///< NULL
    kBoolean,
    kInteger,  ///< int, long to an integer or a time: × multiply, / divide, in [min, max]
    kIntegerToDouble,
    kFloat,
    kDouble,
    kDecimal,  ///< bytes or a fixed
    kText,     ///< string, bytes or a fixed
    kUuid,     ///< a fixed of 16 bytes to its text
    kEnum,
    kUnion,
    kRecord,
    kArray,
    kMap,
  };
  Op op = Op::kSkip;
  const AvroType* writer = nullptr;
  std::string path;  ///< "order.items", for messages
  Type type;         ///< of the column or the part of one

  // Where it goes; null where nothing is written (the step is only checked).
  ColumnTarget* target = nullptr;
  ScalarTarget* scalar = nullptr;
  RowTarget* row = nullptr;
  ListTarget* list = nullptr;

  int64_t multiply = 1;
  int64_t divide = 1;
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
  int64_t step = 1;                  ///< a time is a multiple of it
  bool as_float = false;             ///< kIntegerToDouble: rounded to a float on the way
  std::vector<std::string> symbols;  ///< kEnum: empty = not one of the reader's

  /// kRecord: one per field of the writer; kUnion: per branch; kArray: the element; kMap: the
  /// value.
  std::vector<AvroStep> parts;
  /// kRecord: fields that the writer does not have.
  struct Missing;
  std::vector<Missing> missing;
  std::string problem;  ///< of kRefuse
};

/// A default in binary form, and how it is read. kNull: it is NULL.
struct AvroStep::Missing {
  std::string bytes;
  AvroStep step;
};

/// The columns to be read, by name. `targets`: one each, or none where the steps are only checked.
struct AvroColumns {
  SchemaPtr schema;
  std::vector<ColumnTarget*> targets;
};

/// How records of `writer` become rows of the columns, by Avro's rules of resolution. `reader`:
/// the schema whose aliases, defaults and symbols count; null: the columns say what is read, and
/// what the writer does not have is NULL. A schema that is no record is the one column. Steps point
/// into both schemas. Errors: types that do not fit, with the column.
Result<AvroStep> resolve_avro(const AvroType& writer, const AvroType* reader,
                              const AvroColumns& columns);

}  // namespace velo
