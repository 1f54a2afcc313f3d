#include "operator/expand.h"

#include <utility>

#include "column/column_builder.h"
#include "operator/reject_rows.h"

namespace velo {
namespace {

ColumnPtr constant_number(size_t number, size_t rows) {
  ColumnBuilder builder(Type::bigint(), 1);
  builder.append_int64(static_cast<int64_t>(number));
  return Column::constant(builder.finish(), rows);
}

class Expand final : public Operator {
 public:
  explicit Expand(ExpandOptions options)
      : options_(std::move(options)), evaluator_(options_.keys) {}

  void push(size_t, const Batch& batch, Output& output) override {
    evaluator_.evaluate(batch, context_, errors_, &keys_);
    if (errors_.empty()) return expand(batch, output);
    Selection good;
    reject_failed_rows(batch, errors_, output, &good);
    for (ColumnPtr& key : keys_) key = gather(key, good);
    if (!good.empty()) expand(gather(batch, good), output);
  }

  std::string explain() const override {
    std::string text = "Expand";
    for (const std::vector<bool>& set : options_.sets) {
      text += " (";
      bool first = true;
      for (size_t k = 0; k < set.size(); ++k) {
        if (!set[k]) continue;
        text += (std::exchange(first, false) ? "" : ", ") + options_.keys[k]->to_string();
      }
      text += ")";
    }
    return text;
  }
  const SchemaPtr& output_schema() const override { return options_.output; }

 private:
  void expand(const Batch& batch, Output& output) {
    if (batch.watermarks) return output.emit(row_by_row(batch));
    for (size_t set = 0; set < options_.sets.size(); ++set) {
      Batch copy = batch;
      copy.schema = options_.output;
      for (size_t k = 0; k < keys_.size(); ++k) {
        copy.columns.push_back(
            options_.sets[set][k] ? keys_[k] : Column::nulls(options_.keys[k]->type(), batch.rows));
      }
      copy.columns.push_back(constant_number(set, batch.rows));
      output.emit(std::move(copy));
    }
  }

  Batch row_by_row(const Batch& batch) const {
    const size_t sets = options_.sets.size();
    Selection each;
    each.reserve(batch.rows * sets);
    ColumnBuilder number(Type::bigint(), batch.rows * sets);
    for (uint32_t row = 0; row < batch.rows; ++row) {
      for (size_t set = 0; set < sets; ++set) {
        each.push_back(row);
        number.append_int64(static_cast<int64_t>(set));
      }
    }
    Batch copies = gather(batch, each);
    copies.schema = options_.output;
    for (size_t k = 0; k < keys_.size(); ++k) {
      ColumnBuilder key(options_.keys[k]->type(), each.size());
      for (size_t i = 0; i < each.size(); ++i) {
        if (options_.sets[i % sets][k]) {
          key.append_from(*keys_[k], each[i]);
        } else {
          key.append_null();
        }
      }
      copies.columns.push_back(key.finish());
    }
    copies.columns.push_back(number.finish());
    return copies;
  }

  ExpandOptions options_;
  Evaluator evaluator_;
  RowErrors errors_;
  std::vector<ColumnPtr> keys_;
};

}  // namespace

std::unique_ptr<Operator> make_expand(ExpandOptions options) {
  return std::make_unique<Expand>(std::move(options));
}

}  // namespace velo
