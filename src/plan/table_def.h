#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "column/type.h"
#include "expr/expr.h"
#include "sql/source_span.h"

namespace velo {

enum class TableColumnKind : uint8_t { kPhysical, kComputed, kMetadata };

/// A column as CREATE TABLE declares it.
struct TableColumn {
  std::string name;
  Type type;
  TableColumnKind kind = TableColumnKind::kPhysical;
  bool not_null = false;
  /// Of VARCHAR(n) and CHAR(n) in characters, of VARBINARY(n) and BINARY(n) in bytes; 0: any.
  int64_t length_max = 0;
  ExprPtr computed;  ///< kComputed: over the table's columns, of which it reads no computed one
  std::string metadata_key;  ///< kMetadata
  bool is_virtual = false;   ///< kMetadata: never written
  bool is_system = false;  ///< `_OFFSET` and its kin: there without being declared, not part of `*`
  std::string comment;

  /// "VARCHAR(20)": the type with its length.
  std::string type_text() const;
  /// Physical columns and METADATA that is not VIRTUAL.
  bool is_written() const {
    return kind == TableColumnKind::kPhysical ||
           (kind == TableColumnKind::kMetadata && !is_virtual);
  }
};

/// WATERMARK FOR column AS expr.
struct TableWatermark {
  size_t column = 0;                ///< of the table
  ExprPtr expr;                     ///< over the table's columns
  std::optional<int64_t> delay_us;  ///< if it is the column minus a constant
};

/// How a changing result is written (SEMANTICS.md §4).
enum class SinkEncoding : uint8_t {
  kAppend,    ///< inserts only
  kUpsert,    ///< the latest row per PRIMARY KEY, deletions as tombstones
  kRetract,   ///< every change, its kind in a column `op`: +I -U +U -D
  kDebezium,  ///< every change in Debezium's envelope
};
std::string_view sink_encoding_name(SinkEncoding encoding);  ///< "append", "upsert" …

/// What the records of a table that is read say.
enum class TableChanges : uint8_t {
  kNone,     ///< rows
  kRetract,  ///< changes, taken at their word: what is taken back is said in full
  kUpsert,   ///< changes by PRIMARY KEY: the new row of a key, or that it is gone
};

/// What becomes of a record that cannot be read.
enum class BadRecordPolicy : uint8_t { kFail, kSkip, kDeadLetter };

/// What a connector and a format make of a table's options: told by the engine.
struct TableTraits {
  bool can_read = true;
  bool can_write = true;
  bool bounded = false;        ///< reading ends by itself
  /// About how much there is to read, where that is known: which side of a join is the smaller?
  std::optional<uint64_t> bytes;
  TableChanges changes = TableChanges::kNone;  ///< of what is read
  bool reads_fields = false;   ///< of a ROW column, those fields alone that are asked for
  bool infers_columns = false;  ///< where none are declared: its data or a schema tells them
  std::vector<SinkEncoding> encodings = {
      SinkEncoding::kAppend};   ///< that it can write; the first by default
  std::vector<Field> metadata;  ///< keys that METADATA may name, with their types
};

/// A table with a connector, as the catalog keeps it. Immutable.
struct TableDef {
  std::string name;
  bool is_stream = false;  ///< CREATE STREAM; it means the same
  bool temporary = false;
  std::vector<TableColumn> columns;
  std::optional<TableWatermark> watermark;
  std::vector<size_t> primary_key;     ///< columns
  std::vector<size_t> partitioned_by;  ///< columns that name the folder of a row
  OptionMap options;                   ///< in the primary spelling, variables replaced
  TableTraits traits;
  std::string comment;

  /// The value of an option, or `otherwise`.
  std::string option(std::string_view key, std::string_view otherwise = {}) const;
  std::string connector() const { return option("connector"); }
  BadRecordPolicy bad_records() const;
  /// 'scan.watermark.idle-timeout'; default 10 s, 0 = off.
  int64_t idle_timeout_us() const;
  /// 'scan.watermark.max-future'; default 1 day, off (nothing) for bounded sources.
  std::optional<int64_t> max_future_us() const;
  /// Index of the column of this name (case does not count unless two differ only by it), or -1.
  int find_column(std::string_view name) const;
};
using TableDefPtr = std::shared_ptr<const TableDef>;

}  // namespace velo
