#include "operator/filter.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "operator/reject_rows.h"

namespace velo {
namespace {

class Filter final : public Operator {
 public:
  explicit Filter(FilterOptions options)
      : options_(std::move(options)), evaluator_(options_.predicate) {}

  void push(size_t, const Batch& batch, Output& output) override {
    evaluator_.select(batch, context_, errors_, &chosen_);
    if (!errors_.empty()) drop_failed(batch, output);
    if (chosen_.empty()) return;
    if (chosen_.size() == batch.rows) return output.emit(batch);
    output.emit(gather(batch, chosen_));
  }

  std::string explain() const override { return "Filter " + options_.predicate->to_string(); }
  const SchemaPtr& output_schema() const override { return options_.schema; }

 private:
  void drop_failed(const Batch& batch, Output& output) {
    Selection good;
    reject_failed_rows(batch, errors_, output, &good);
    Selection both;
    std::set_intersection(chosen_.begin(), chosen_.end(), good.begin(), good.end(),
                          std::back_inserter(both));
    chosen_.swap(both);
  }

  FilterOptions options_;
  Evaluator evaluator_;
  RowErrors errors_;
  Selection chosen_;
};

}  // namespace

std::unique_ptr<Operator> make_filter(FilterOptions options) {
  return std::make_unique<Filter>(std::move(options));
}

}  // namespace velo
