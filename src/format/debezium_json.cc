#include "format/debezium_json.h"

#include "base/fmt.h"
#include "column/column_builder.h"
#include "format/formats.h"

namespace velo {
namespace {

// Of the envelope, in the order in which it is mostly written.
enum EnvelopeField : size_t { kBefore, kAfter, kOp };

}  // namespace

Result<DebeziumOptions> parse_debezium_options(const OptionMap& options) {
  const OptionReader reader("format 'debezium-json'", options, format_options("debezium-json"));
  TRY(reader.check());
  DebeziumOptions out;
  out.schema_include = TRY(reader.flag("debezium-json.schema-include"));
  out.times = static_cast<TimeNotation>(TRY(reader.choice("debezium-json.timestamp-format")));
  return out;
}

DecoderOptions with_envelope(DecoderOptions options, const DebeziumOptions& debezium) {
  std::vector<std::string> names;
  std::vector<Type> types;
  for (const int column : options.projection) {
    const Field& field = (*options.schema)[static_cast<size_t>(column)];
    names.push_back(field.name);
    types.push_back(field.type);
  }
  const Type row = Type::row(names, types);
  std::vector<Field> fields = {{"before", row}, {"after", row}, {"op", Type::string()}};
  if (debezium.schema_include) {
    fields = {{"payload", Type::row({"before", "after", "op"}, {row, row, Type::string()})}};
  }
  options.schema = make_schema(std::move(fields));
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

std::unique_ptr<ChangeRows> make_envelope_rows(const DebeziumOptions& debezium,
                                               const SchemaPtr& rows,
                                               std::vector<ColumnTarget*> targets,
                                               ChangeForm form) {
  RowTarget* payload = nullptr;
  if (debezium.schema_include) {
    payload = static_cast<RowTarget*>(targets[0]);
    targets = {&payload->field(kBefore), &payload->field(kAfter), &payload->field(kOp)};
  }
  return std::make_unique<EnvelopeRows>(rows, payload, std::move(targets), form);
}

DebeziumEncoder::DebeziumEncoder(const DebeziumOptions& debezium, const Schema& with_op)
    : values_(debezium.times) {
  for (size_t i = 1; i < with_op.size(); ++i) {
    keys_.push_back(json_key(i == 1 ? '{' : ',', with_op[i].name));
  }
}

void DebeziumEncoder::put_row(TextWriter& out, const Batch& batch, size_t row) {
  if (keys_.empty()) out.put('{');
  for (size_t i = 0; i < keys_.size(); ++i) {
    out.put(keys_[i]);
    values_.put_json(out, *batch.columns[i + 1], row);
  }
  out.put('}');
}

Status DebeziumEncoder::encode_records(const Batch& batch, std::string& out,
                                       std::vector<RecordSpan>* records) {
  TextWriter writer(out);
  for (size_t row = 0; row < batch.rows; ++row) {
    const size_t begin = writer.size();
    const std::string_view op = batch.columns[0]->string_at(row);
    const bool goes = op.front() == '-';
    writer.put("{\"before\":");
    if (goes) {
      put_row(writer, batch, row);
    } else {
      writer.put("null");
    }
    const bool updates = op == "-U";
    if (updates) ++row;
    writer.put(",\"after\":");
    if (!goes || updates) {
      put_row(writer, batch, row);
    } else {
      writer.put("null");
    }
    writer.put(updates ? ",\"op\":\"u\"}\n" : goes ? ",\"op\":\"d\"}\n" : ",\"op\":\"c\"}\n");
    note(records, begin, writer.size() - 1);
  }
  return {};
}

}  // namespace velo
