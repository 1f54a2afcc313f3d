#include "operator/unnest.h"

#include <algorithm>
#include <utility>

#include "column/column_builder.h"
#include "operator/reject_rows.h"

namespace velo {
namespace {

/// A batch never grows beyond this, unless a single row has more elements.
constexpr size_t kRowsPerBatch = 4096;

class Unnest final : public Operator {
 public:
  explicit Unnest(UnnestOptions options)
      : options_(std::move(options)), evaluator_(options_.list) {}

  void push(size_t, const Batch& batch, Output& output) override {
    const ColumnPtr lists = evaluator_.evaluate(0, batch, context_, errors_);
    if (errors_.empty()) return unnest(batch, *lists, output);
    Selection good;
    reject_failed_rows(batch, errors_, output, &good);
    if (!good.empty()) unnest(gather(batch, good), *gather(lists, good), output);
  }

  std::string explain() const override { return "Unnest " + options_.list->to_string(); }
  const SchemaPtr& output_schema() const override { return options_.output; }

 private:
  /// What a row's list is in the children of `lists`.
  struct Span {
    uint32_t begin;
    uint32_t end;
  };

  void unnest(const Batch& batch, const Column& lists, Output& output) {
    const bool constant = lists.encoding() == Encoding::kConstant;
    const Column& flat = constant ? *lists.base() : lists;
    for (uint32_t row = 0; row < batch.rows; ++row) {
      const uint32_t at = constant ? 0 : row;
      const bool none = flat.is_null(at);
      const Span span = {none ? 0 : flat.offsets()[at], none ? 0 : flat.offsets()[at + 1]};
      const size_t elements = span.end - span.begin;
      if (!rows_.empty() && rows_.size() + elements > kRowsPerBatch) give(batch, flat, output);
      if (elements == 0 && options_.keep_empty) {
        rows_.push_back(row);
        elements_.push_back(kNoElement);
        positions_.push_back(0);
        has_empty_ = true;
      }
      for (uint32_t i = span.begin; i < span.end; ++i) {
        rows_.push_back(row);
        elements_.push_back(i);
        positions_.push_back(i - span.begin + 1);
      }
    }
    if (!rows_.empty()) give(batch, flat, output);
  }

  void give(const Batch& batch, const Column& lists, Output& output) {
    Batch out = gather(batch, rows_);
    out.schema = options_.output;
    for (const ColumnPtr& child : lists.children()) {
      ColumnPtr elements = pick(child);
      if (lists.type().kind() == TypeKind::kArray && child->type().kind() == TypeKind::kRow) {
        for (size_t i = 0; i < child->type().children().size(); ++i) {
          out.columns.push_back(field_of(*elements, i));
        }
      } else {
        out.columns.push_back(std::move(elements));
      }
    }
    if (options_.ordinality) {
      ColumnBuilder positions(Type::bigint(), positions_.size());
      for (const int64_t position : positions_) {
        if (position > 0) {
          positions.append_int64(position);
        } else {
          positions.append_null();
        }
      }
      out.columns.push_back(positions.finish());
    }
    rows_.clear();
    elements_.clear();
    positions_.clear();
    has_empty_ = false;
    output.emit(std::move(out));
  }

  ColumnPtr pick(const ColumnPtr& child) const {
    if (!has_empty_) return gather(child, elements_);
    ColumnBuilder builder(child->type(), elements_.size());
    for (const uint32_t element : elements_) {
      if (element == kNoElement) {
        builder.append_null();
      } else {
        builder.append_from(*child, element);
      }
    }
    return builder.finish();
  }

  static constexpr uint32_t kNoElement = UINT32_MAX;

  UnnestOptions options_;
  Evaluator evaluator_;
  RowErrors errors_;
  Selection rows_;
  Selection elements_;
  std::vector<int64_t> positions_;
  bool has_empty_ = false;
};

}  // namespace

std::unique_ptr<Operator> make_unnest(UnnestOptions options) {
  return std::make_unique<Unnest>(std::move(options));
}

}  // namespace velo
