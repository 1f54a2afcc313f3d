#include "format/batch_assembler.h"

#include <utility>

#include "base/fmt.h"

namespace velo {

BatchAssembler::BatchAssembler(SchemaPtr schema, std::vector<std::unique_ptr<ColumnTarget>> targets,
                               size_t batch_rows)
    : schema_(std::move(schema)), targets_(std::move(targets)), batch_rows_(batch_rows) {
  CHECK(batch_rows_ > 0);
  for (auto& target : targets_) add_leaves(*target);
  for (ColumnTarget* leaf : leaves_) scalars_.push_back(dynamic_cast<ScalarTarget*>(leaf));
  start();
}

void BatchAssembler::add_leaves(ColumnTarget& target) {
  auto* row = dynamic_cast<RowTarget*>(&target);
  if (row == nullptr) return leaves_.push_back(&target);
  for (size_t i = 0; i < row->fields(); ++i) add_leaves(row->field(i));
}

void BatchAssembler::start() {
  rows_ = 0;
  for (auto& target : targets_) target->start(batch_rows_);
  if (owner_) keep(owner_);
}

void BatchAssembler::set_owner(BufferPtr owner) {
  owner_ = std::move(owner);
  if (owner_) keep(owner_);
}

size_t BatchAssembler::remove(size_t n, const std::vector<uint32_t>& dropped) {
  size_t kept = dropped[0];
  for (size_t i = 0; i < dropped.size(); ++i) {
    const size_t end = i + 1 < dropped.size() ? dropped[i + 1] : n;
    for (size_t row = dropped[i] + 1; row < end; ++row, ++kept) {
      for (auto& target : targets_) target->move_row(rows_ + row, rows_ + kept);
    }
  }
  for (size_t row = kept; row < n; ++row) forget(rows_ + row);
  return kept;
}

void BatchAssembler::forget(size_t row) {
  for (auto& target : targets_) target->set_valid(row);
}

void BatchAssembler::keep(const BufferPtr& owner) {
  for (auto& target : targets_) target->keep(owner);
}

Status BatchAssembler::flush(uint64_t end, DecodeOutput& out) {
  if (rows_ == 0) {
    start();  // lets go of the bytes of records that were no rows
    begin_ = end;
    return {};
  }
  Batch batch;
  batch.schema = schema_;
  batch.rows = rows_;
  batch.columns.reserve(targets_.size());
  for (auto& target : targets_) batch.columns.push_back(target->finish(rows_));
  start();
  const uint64_t begin = std::exchange(begin_, end);
  std::vector<uint32_t> messages = std::exchange(messages_, {});
  if (changes_) batch = changes_->changes(std::move(batch), messages);
  return out.batch(std::move(batch), {begin, end, messages});
}

Result<std::unique_ptr<ColumnTarget>> make_target(std::string_view format, const Field& column,
                                                  const FieldRules& rules, bool nested_allowed) {
  const Type& type = column.type;
  const bool readable =
      !type.is_null() && !type.is_interval() && (nested_allowed || !type.is_nested());
  if (!readable) {
    return Error(ErrorCode::kNotSupported,
                 fmt::format("format '{}' cannot read column '{}' of type {}", format, column.name,
                             type.to_string()))
        .with_hint(type.is_nested() ? "declare it as STRING, or use format 'json'"
                                    : "declare it as STRING or BIGINT and convert it in the query");
  }
  FieldRules own = rules;
  own.type = type;
  if (!type.is_nested()) return std::unique_ptr<ColumnTarget>(new ScalarTarget(std::move(own)));
  std::vector<std::unique_ptr<ColumnTarget>> children;
  for (size_t i = 0; i < type.children().size(); ++i) {
    const std::string part =
        type.kind() == TypeKind::kRow ? column.name + "." + type.field_names()[i] : column.name;
    children.push_back(TRY(make_target(format, {part, type.children()[i]}, rules, nested_allowed)));
  }
  if (type.kind() == TypeKind::kRow) {
    return std::unique_ptr<ColumnTarget>(new RowTarget(type, std::move(children)));
  }
  return std::unique_ptr<ColumnTarget>(new ListTarget(type, std::move(children)));
}

}  // namespace velo
