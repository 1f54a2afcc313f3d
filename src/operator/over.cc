#include "operator/over.h"

#include "base/fmt.h"
#include "operator/over_forms.h"
#include "operator/reject_rows.h"

namespace velo {
namespace {

constexpr size_t kRowsPerBatch = 4096;

}  // namespace

std::string over_text(const OverOptions& options) {
  const Schema& schema = *options.input;
  std::string out = "Over";
  for (size_t i = 0; i < options.partition.size(); ++i) {
    out += (i == 0 ? " per " : ", ") + schema[options.partition[i]].name;
  }
  for (size_t i = 0; i < options.order.size(); ++i) {
    out += (i == 0 ? " by " : ", ") + schema[options.order[i].column].name;
    if (options.order[i].descending) out += " DESC";
  }
  for (size_t i = 0; i < options.calls.size(); ++i) {
    out += (i == 0 ? ": " : ", ") + options.calls[i].text;
    if (options.calls[i].has_frame()) out += " " + options.calls[i].frame.text;
  }
  return out;
}

void emit_answers(Batch rows, std::vector<ColumnPtr> answers, const SchemaPtr& schema,
                  RowErrors& errors, Output& output) {
  Selection good;
  const bool failed = !errors.empty();
  if (failed) reject_failed_rows(rows, errors, output, &good);
  Batch out = std::move(rows);
  out.schema = schema;
  out.weights = nullptr;
  out.watermarks = nullptr;
  for (ColumnPtr& column : answers) out.columns.push_back(std::move(column));
  if (failed) out = gather(out, good);
  for (size_t at = 0; at < out.rows; at += kRowsPerBatch) {
    const size_t count = std::min(kRowsPerBatch, out.rows - at);
    output.emit(count == out.rows ? out : slice(out, at, count));
  }
}

std::unique_ptr<Operator> make_over(OverOptions options) {
  if (options.form == OverForm::kTime) return make_timed_over(std::move(options));
  if (options.form == OverForm::kChanges) return make_changing_over(std::move(options));
  return make_whole_over(std::move(options));
}

}  // namespace velo
