#include "operator/values.h"

#include <utility>

#include "base/fmt.h"

namespace velo {
namespace {

class ValuesOperator final : public Operator {
 public:
  explicit ValuesOperator(ValuesOptions options) : rows_(std::move(options.rows)) {}

  void push(size_t, const Batch&, Output&) override { CHECK(false, "VALUES has no inputs"); }
  void finish(Output& output) override {
    if (!std::exchange(given_, true) && !rows_.empty()) output.emit(rows_);
  }

  void save(SnapshotWriter& writer) const override {
    writer.section("values");
    writer.u8(given_ ? 1 : 0);
  }
  Status load(SnapshotReader& reader) override {
    TRY(reader.section("values"));
    given_ = TRY(reader.u8()) != 0;
    return {};
  }

  std::string explain() const override {
    return fmt::format("Values {} row{}", rows_.rows, rows_.rows == 1 ? "" : "s");
  }
  const SchemaPtr& output_schema() const override { return rows_.schema; }

 private:
  Batch rows_;
  bool given_ = false;
};

}  // namespace

std::unique_ptr<Operator> make_values(ValuesOptions options) {
  return std::make_unique<ValuesOperator>(std::move(options));
}

}  // namespace velo
