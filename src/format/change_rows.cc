#include "format/change_rows.h"

#include "base/fmt.h"
#include "column/column_builder.h"

namespace velo {

DecoderOptions with_op_column(DecoderOptions options, const std::string& op_column) {
  std::vector<Field> fields = {{op_column, Type::string()}};
  fields.insert(fields.end(), options.schema->fields().begin(), options.schema->fields().end());
  options.schema = make_schema(std::move(fields));
  for (int& column : options.projection) ++column;
  options.projection.insert(options.projection.begin(), 0);
  return options;
}

namespace {

class OpRows final : public ChangeRows {
 public:
  OpRows(const SchemaPtr& with_op, const ScalarTarget& op, ChangeForm form)
      : op_name_((*with_op)[0].name), op_(op), form_(form) {
    schema_ = make_schema({with_op->fields().begin() + 1, with_op->fields().end()});
  }

  const SchemaPtr& schema() const override { return schema_; }

  Verdict judge(size_t row) override {
    if (op_.is_null(row)) {
      problem_ = fmt::format("column '{}': a change needs +I, -U, +U or -D", op_name_);
      return Verdict::kBad;
    }
    const std::string_view op = op_.string_at(row);
    if (op == "+I" || op == "+U" || op == "-D") return Verdict::kChange;
    if (op == "-U") return form_ == ChangeForm::kUpsert ? Verdict::kNothing : Verdict::kChange;
    problem_ =
        fmt::format("column '{}': {} is none of +I, -U, +U, -D", op_name_, quoted_excerpt(op));
    return Verdict::kBad;
  }

  Batch changes(Batch records, std::vector<uint32_t>&) override {
    const ColumnPtr ops = std::move(records.columns.front());
    records.columns.erase(records.columns.begin());
    records.schema = schema_;
    ColumnBuilder weights(Type::bigint(), records.rows);
    bool some_go = false;
    for (size_t row = 0; row < records.rows; ++row) {
      const bool goes = ops->string_at(row).front() == '-';
      some_go |= goes;
      weights.append_int64(goes ? -1 : 1);
    }
    if (some_go) records.weights = weights.finish();
    return records;
  }

 private:
  std::string op_name_;
  const ScalarTarget& op_;
  ChangeForm form_;
  SchemaPtr schema_;
};

}  // namespace

std::unique_ptr<ChangeRows> make_op_rows(const SchemaPtr& with_op, const ScalarTarget& op,
                                         ChangeForm form) {
  return std::make_unique<OpRows>(with_op, op, form);
}

}  // namespace velo
