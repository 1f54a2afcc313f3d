#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "column/batch.h"

namespace velo {

/// What a change of weight ±1 is to those who look at rows.
enum class ChangeKind : uint8_t { kInsert, kUpdateBefore, kUpdateAfter, kDelete };
std::string_view change_kind_text(ChangeKind kind);  ///< "+I", "-U", "+U", "-D"

/// One per row: a retraction followed by an insertion with the same `key` is an update. No key: no
/// updates are known.
std::vector<ChangeKind> change_kinds(const Batch& batch, const std::vector<size_t>& key);

/// The rows of `batch` that decide what a table with the PRIMARY KEY `key` has in the end, one of
/// each key. REQUIRES: as of with_upserts.
Batch last_changes(const Batch& batch, const std::vector<size_t>& key);

/// What `batch` makes of the table whose PRIMARY KEY are the columns `key`: for every key in it one
/// row, in the order of their last changes, with a first column `op`: "+U" and the row that came
/// last, or "-D" and NULL in all other columns if none is left. REQUIRES: the last change of a key
/// decides, or rows that are taken back follow the equal rows that came.
Batch with_upserts(const Batch& batch, const SchemaPtr& schema, const std::vector<size_t>& key);

/// With a STRING column in front that says the kind of change.
SchemaPtr with_op(const SchemaPtr& schema, std::string_view op = "op");
/// `batch` with a first column `op` made of its weights; `schema` has that column too.
Batch with_change_kinds(const Batch& batch, const SchemaPtr& schema,
                        const std::vector<size_t>& key);

}  // namespace velo
