#include "format/debezium_envelope.h"

#include "base/fmt.h"
#include "column/column_builder.h"

namespace velo {
namespace {

// Of the envelope, in the order in which it is mostly written.
enum EnvelopeField : size_t { kBefore, kAfter, kOp };

}  // namespace

SchemaPtr envelope_of(const std::vector<Field>& columns) {
  std::vector<std::string> names;
  std::vector<Type> types;
  for (const Field& field : columns) {
    names.push_back(field.name);
    types.push_back(field.type);
  }
  const Type row = Type::row(names, types);
  return make_schema({{"before", row}, {"after", row}, {"op", Type::string()}});
}

DecoderOptions with_envelope(DecoderOptions options, bool in_payload) {
  std::vector<Field> columns;
  for (const int column : options.projection) {
    columns.push_back((*options.schema)[static_cast<size_t>(column)]);
  }
  options.schema = envelope_of(columns);
  if (in_payload) {
    std::vector<std::string> names;
    std::vector<Type> types;
    for (const Field& field : options.schema->fields()) {
      names.push_back(field.name);
      types.push_back(field.type);
    }
    options.schema = make_schema({{"payload", Type::row(names, types)}});
  }
  options.projection.clear();
  for (size_t i = 0; i < options.schema->size(); ++i) {
    options.projection.push_back(static_cast<int>(i));
  }
  return options;
}

namespace {

class EnvelopeRows final : public ChangeRows {
 public:
  EnvelopeRows(SchemaPtr rows, RowTarget* payload, std::vector<ColumnTarget*> targets,
               ChangeForm form)
      : schema_(std::move(rows)),
        payload_(payload),
        before_(*targets[kBefore]),
        after_(*targets[kAfter]),
        op_(static_cast<ScalarTarget&>(*targets[kOp])),
        form_(form) {}

  const SchemaPtr& schema() const override { return schema_; }

  Verdict judge(size_t row) override {
    if (payload_ && payload_->is_null(row)) return bad("the record has no 'payload'");
    if (op_.is_null(row)) return bad("the change has no 'op': c, r, u or d");
    const std::string_view op = op_.string_at(row);
    const bool inserts = op == "c" || op == "r";
    const bool updates = op == "u";
    if (!inserts && !updates && op != "d") {
      return bad(fmt::format("'op' is {}, not c, r, u or d", quoted_excerpt(op)));
    }
    if ((inserts || updates) && after_.is_null(row)) {
      return bad(fmt::format("a change with 'op' {} needs 'after'", quoted_excerpt(op)));
    }
    const bool by_key = form_ == ChangeForm::kUpsert;
    if (!inserts && !(updates && by_key) && before_.is_null(row)) {
      return bad(
          fmt::format("a change with 'op' {} needs 'before'{}", quoted_excerpt(op),
                      updates ? " ('scan.changelog' = 'upsert' goes by the PRIMARY KEY)" : ""));
    }
    return Verdict::kChange;
  }

  Batch changes(Batch records, std::vector<uint32_t>& messages) override {
    if (payload_) records.columns = flatten(records.columns[0])->children();
    const size_t n = records.rows;
    const Column& ops = *records.columns[kOp];
    Selection rows;  // of `before`, then n more of `after`
    ColumnBuilder weights(Type::bigint(), n);
    bool some_go = false;
    for (uint32_t row = 0; row < n; ++row) {
      const char op = ops.string_at(row).front();
      const bool goes = op == 'd' || (op == 'u' && form_ == ChangeForm::kRetract);
      if (goes) add(row, -1, &rows, weights);
      if (op != 'd') add(static_cast<uint32_t>(n) + row, 1, &rows, weights);
      some_go |= goes;
    }
    Batch out{schema_, rows.size(), {}, nullptr, nullptr};
    for (size_t i = 0; i < schema_->size(); ++i) {
      const std::vector<ColumnPtr> parts = {records.columns[kBefore]->child(i),
                                            records.columns[kAfter]->child(i)};
      out.columns.push_back(gather(concat(parts), rows));
    }
    if (some_go) out.weights = weights.finish();
    if (!messages.empty()) {
      std::vector<uint32_t> of_rows;
      for (const uint32_t row : rows) of_rows.push_back(messages[row % n]);
      messages = std::move(of_rows);
    }
    return out;
  }

 private:
  Verdict bad(std::string problem) {
    problem_ = std::move(problem);
    return Verdict::kBad;
  }
  static void add(uint32_t row, int64_t weight, Selection* rows, ColumnBuilder& weights) {
    rows->push_back(row);
    weights.append_int64(weight);
  }

  SchemaPtr schema_;
  RowTarget* payload_;
  ColumnTarget& before_;
  ColumnTarget& after_;
  ScalarTarget& op_;
  ChangeForm form_;
};

}  // namespace

std::unique_ptr<ChangeRows> make_envelope_rows(bool in_payload, const SchemaPtr& rows,
                                               std::vector<ColumnTarget*> targets,
                                               ChangeForm form) {
  RowTarget* payload = nullptr;
  if (in_payload) {
    payload = static_cast<RowTarget*>(targets[0]);
    targets = {&payload->field(kBefore), &payload->field(kAfter), &payload->field(kOp)};
  }
  return std::make_unique<EnvelopeRows>(rows, payload, std::move(targets), form);
}

}  // namespace velo
