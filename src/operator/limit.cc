#include "operator/limit.h"

#include <algorithm>
#include <utility>

#include "base/fmt.h"

namespace velo {
namespace {

class Limit final : public Operator {
 public:
  explicit Limit(LimitOptions options)
      : options_(std::move(options)),
        end_(options_.limit > UINT64_MAX - options_.offset ? UINT64_MAX
                                                           : options_.limit + options_.offset) {}

  void push(size_t, const Batch& batch, Output& output) override {
    CHECK(!batch.weights, "LIMIT over a changing stream");
    const uint64_t begin = std::clamp(options_.offset, seen_, seen_ + batch.rows) - seen_;
    const uint64_t end = std::clamp(end_, seen_, seen_ + batch.rows) - seen_;
    seen_ += batch.rows;
    if (begin >= end) return;
    output.emit(end - begin == batch.rows ? batch : slice(batch, begin, end - begin));
  }
  bool wants_more() const override { return seen_ < end_; }

  void save(SnapshotWriter& writer) const override {
    writer.section("limit");
    writer.u64(seen_);
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("limit"));
    seen_ = TRY(reader.u64());
    return {};
  }

  std::string explain() const override {
    if (options_.offset == 0) return fmt::format("Limit {}", options_.limit);
    return fmt::format("Limit {} offset {}", options_.limit, options_.offset);
  }
  const SchemaPtr& output_schema() const override { return options_.schema; }

 private:
  LimitOptions options_;
  uint64_t end_;
  uint64_t seen_ = 0;
};

}  // namespace

std::unique_ptr<Operator> make_limit(LimitOptions options) {
  return std::make_unique<Limit>(std::move(options));
}

}  // namespace velo
