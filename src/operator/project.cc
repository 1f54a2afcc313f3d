#include "operator/project.h"

#include <utility>

#include "operator/reject_rows.h"

namespace velo {
namespace {

class Project final : public Operator {
 public:
  explicit Project(ProjectOptions options)
      : options_(std::move(options)), evaluator_(options_.columns) {
    CHECK(options_.output->size() == options_.columns.size());
    for (const ExprPtr& expr : options_.columns) {
      only_columns_ = only_columns_ && expr->kind() == ExprKind::kColumn;
    }
  }

  void push(size_t, const Batch& batch, Output& output) override {
    Batch result{options_.output, batch.rows, {}, batch.weights, batch.watermarks};
    if (only_columns_) {
      result.columns.reserve(options_.columns.size());
      for (const ExprPtr& expr : options_.columns) {
        result.columns.push_back(batch.columns[expr->index()]);
      }
      return output.emit(std::move(result));
    }
    evaluator_.evaluate(batch, context_, errors_, &result.columns);
    if (errors_.empty()) return output.emit(std::move(result));
    Selection good;
    reject_failed_rows(batch, errors_, output, &good);
    if (!good.empty()) output.emit(gather(result, good));
  }

  std::string explain() const override {
    std::string text = "Project ";
    for (size_t i = 0; i < options_.columns.size(); ++i) {
      if (i > 0) text += ", ";
      const std::string expr = options_.columns[i]->to_string();
      const std::string& name = (*options_.output)[i].name;
      text += expr == name ? name : expr + " AS " + name;
    }
    return text;
  }
  const SchemaPtr& output_schema() const override { return options_.output; }

 private:
  ProjectOptions options_;
  Evaluator evaluator_;
  RowErrors errors_;
  bool only_columns_ = true;
};

}  // namespace

std::unique_ptr<Operator> make_project(ProjectOptions options) {
  return std::make_unique<Project>(std::move(options));
}

}  // namespace velo
