#include "operator/change_kinds.h"

#include <algorithm>

#include "column/column_builder.h"
#include "column/null_rows.h"
#include "state/key_table.h"

namespace velo {

std::string_view change_kind_text(ChangeKind kind) {
  constexpr std::string_view kTexts[] = {"+I", "-U", "+U", "-D"};
  return kTexts[static_cast<size_t>(kind)];
}

namespace {

bool same_key(const Batch& batch, size_t a, size_t b, const std::vector<size_t>& key) {
  for (const size_t column : key) {
    if (!rows_equal(*batch.columns[column], a, *batch.columns[column], b)) return false;
  }
  return !key.empty();
}

}  // namespace

std::vector<ChangeKind> change_kinds(const Batch& batch, const std::vector<size_t>& key) {
  std::vector<ChangeKind> kinds;
  kinds.reserve(batch.rows);
  for (size_t row = 0; row < batch.rows; ++row) {
    const bool updated = row + 1 < batch.rows && batch.weight(row) < 0 &&
                         batch.weight(row + 1) > 0 && same_key(batch, row, row + 1, key);
    if (updated) {
      kinds.push_back(ChangeKind::kUpdateBefore);
      kinds.push_back(ChangeKind::kUpdateAfter);
      ++row;
    } else {
      kinds.push_back(batch.weight(row) < 0 ? ChangeKind::kDelete : ChangeKind::kInsert);
    }
  }
  return kinds;
}

SchemaPtr with_op(const SchemaPtr& schema, std::string_view op) {
  std::vector<Field> fields = {{std::string(op), Type::string()}};
  fields.insert(fields.end(), schema->fields().begin(), schema->fields().end());
  return make_schema(std::move(fields));
}

Batch with_change_kinds(const Batch& batch, const SchemaPtr& schema,
                        const std::vector<size_t>& key) {
  ColumnBuilder ops(Type::string(), batch.rows);
  for (const ChangeKind kind : change_kinds(batch, key)) ops.append_string(change_kind_text(kind));
  Batch result{schema, batch.rows, {ops.finish()}, nullptr, nullptr};
  result.columns.insert(result.columns.end(), batch.columns.begin(), batch.columns.end());
  return result;
}

namespace {

/// The columns, with NULL in the rows that are not kept.
ColumnPtr kept_only(const ColumnPtr& column, const std::vector<uint8_t>& kept) {
  Selection rows(kept.size());
  for (uint32_t row = 0; row < kept.size(); ++row) rows[row] = kept[row] != 0 ? row : kNullRow;
  return gather_or_null(column, rows);
}

}  // namespace

Batch last_changes(const Batch& batch, const std::vector<size_t>& key) {
  std::vector<Type> types;
  std::vector<ColumnPtr> columns;
  for (const size_t column : key) {
    types.push_back(batch.columns[column]->type());
    columns.push_back(flatten(batch.columns[column]));
  }
  KeyTable keys(types);
  std::vector<uint32_t> numbers(batch.rows);
  keys.intern(columns, batch.rows, numbers.data());
  const auto same = [&](uint32_t a, uint32_t b) {
    return std::all_of(batch.columns.begin(), batch.columns.end(),
                       [&](const ColumnPtr& column) { return rows_equal(*column, a, *column, b); });
  };
  // Of each key the row that decides: the last that came, unless just that one went again.
  std::vector<uint32_t> last(keys.size(), kNullRow);
  for (uint32_t row = 0; row < batch.rows; ++row) {
    uint32_t& decides = last[numbers[row]];
    const bool takes_older = batch.weight(row) < 0 && decides != kNullRow &&
                             batch.weight(decides) > 0 && !same(decides, row);
    if (!takes_older) decides = row;
  }
  std::sort(last.begin(), last.end());
  while (!last.empty() && last.back() == kNullRow) last.pop_back();
  return gather(batch, last);
}

Batch with_upserts(const Batch& batch, const SchemaPtr& schema, const std::vector<size_t>& key) {
  const Batch chosen = last_changes(batch, key);
  ColumnBuilder ops(Type::string(), chosen.rows);
  std::vector<uint8_t> kept;
  for (size_t row = 0; row < chosen.rows; ++row) {
    kept.push_back(chosen.weight(row) > 0 ? 1 : 0);
    ops.append_string(kept.back() != 0 ? "+U" : "-D");
  }
  Batch result{schema, chosen.rows, {ops.finish()}, nullptr, nullptr};
  for (size_t i = 0; i < chosen.columns.size(); ++i) {
    const bool is_key = std::find(key.begin(), key.end(), i) != key.end();
    result.columns.push_back(is_key || !chosen.weights ? chosen.columns[i]
                                                       : kept_only(chosen.columns[i], kept));
  }
  return result;
}

}  // namespace velo
