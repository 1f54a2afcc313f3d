#include "operator/changelog.h"

#include <algorithm>

#include "base/fmt.h"
#include "column/column_builder.h"
#include "operator/change_kinds.h"
#include "operator/reject_rows.h"

namespace velo {
namespace {

class ToChangelog final : public Operator {
 public:
  explicit ToChangelog(ToChangelogOptions options) : options_(std::move(options)) {}

  void push(size_t, const Batch& batch, Output& output) override {
    const std::vector<ChangeKind> kinds = change_kinds(batch, options_.key);
    Selection rows;
    ColumnBuilder ops(Type::string(), batch.rows);
    for (uint32_t row = 0; row < batch.rows; ++row) {
      const std::optional<std::string>& code = options_.codes[static_cast<size_t>(kinds[row])];
      if (!code) continue;
      ops.append_string(*code);
      rows.push_back(row);
    }
    if (rows.empty()) return;
    const Batch chosen = rows.size() == batch.rows ? batch : gather(batch, rows);
    Batch result{options_.output, rows.size(), {ops.finish()}, nullptr, chosen.watermarks};
    result.columns.insert(result.columns.end(), chosen.columns.begin(), chosen.columns.end());
    output.emit(std::move(result));
  }

  std::string explain() const override {
    std::string out = "ToChangelog " + (*options_.output)[0].name + ":";
    for (size_t kind = 0; kind < options_.codes.size(); ++kind) {
      if (!options_.codes[kind]) continue;
      out += fmt::format(" {}={}", change_kind_text(static_cast<ChangeKind>(kind)),
                         *options_.codes[kind]);
    }
    return out;
  }
  const SchemaPtr& output_schema() const override { return options_.output; }

 private:
  ToChangelogOptions options_;
};

class FromChangelog final : public Operator {
 public:
  explicit FromChangelog(FromChangelogOptions options) : options_(std::move(options)) {}

  void push(size_t, const Batch& batch, Output& output) override {
    const Column& ops = *batch.columns[options_.op];
    ColumnBuilder weights(Type::bigint(), batch.rows);
    bool some_go = false;
    for (uint32_t row = 0; row < batch.rows; ++row) {
      const auto found =
          ops.is_null(row) ? options_.weights.end() : options_.weights.find(ops.string_at(row));
      const bool known = found != options_.weights.end();
      if (!known) note_unknown(ops, row);
      weights.append_int64(known ? found->second : 0);
      some_go |= known && found->second < 0;
    }
    Batch result{options_.output, batch.rows, batch.columns, weights.finish(), batch.watermarks};
    result.columns.erase(result.columns.begin() + static_cast<ptrdiff_t>(options_.op));
    if (!errors_.empty()) {
      Selection good;
      reject_failed_rows(batch, errors_, output, &good);
      if (good.empty()) return;
      result = gather(result, good);
    }
    if (!some_go) result.weights = nullptr;
    output.emit(std::move(result));
  }

  std::string explain() const override {
    std::string out = "FromChangelog " + (*options_.input)[options_.op].name + ":";
    for (const auto& [code, weight] : options_.weights) {
      out += fmt::format(" {}{}", weight < 0 ? '-' : '+', code);
    }
    return out;
  }
  const SchemaPtr& output_schema() const override { return options_.output; }

 private:
  void note_unknown(const Column& ops, uint32_t row) {
    const std::string& name = (*options_.input)[options_.op].name;
    errors_.add(row, ErrorCode::kEvaluation,
                ops.is_null(row)
                    ? fmt::format("'{}' is NULL and says no kind of change", name)
                    : fmt::format("'{}' = '{}' is no kind of change", name, ops.string_at(row)));
  }

  FromChangelogOptions options_;
  RowErrors errors_;
};

}  // namespace

std::unique_ptr<Operator> make_to_changelog(ToChangelogOptions options) {
  return std::make_unique<ToChangelog>(std::move(options));
}

std::unique_ptr<Operator> make_from_changelog(FromChangelogOptions options) {
  return std::make_unique<FromChangelog>(std::move(options));
}

}  // namespace velo
