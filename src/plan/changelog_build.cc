// Nodes between rows and changes.
#include "plan/plan_build.h"

namespace velo {

namespace {

/// A node that keeps rows by key and gives rows like those of its input.
template <typename Node>
PlanPtr make_keyed(PlanPtr input, std::vector<size_t> key, PlanStateBound bound, SourceSpan span) {
  auto node = std::make_shared<Node>();
  node->schema = input->schema;
  node->traits = input->traits;
  node->changelog = input->changelog;
  node->changelog.changing = true;
  node->changelog.key = key;
  node->bounded = input->bounded;
  node->key = std::move(key);
  node->bound = bound;
  node->inputs = {std::move(input)};
  node->span = span;
  return node;
}

}  // namespace

PlanPtr make_normalize(PlanPtr input, std::vector<size_t> key, PlanStateBound bound,
                       SourceSpan span) {
  return make_keyed<NormalizeNode>(std::move(input), std::move(key), bound, span);
}

PlanPtr make_keep_last(PlanPtr input, std::vector<size_t> key, PlanStateBound bound,
                       SourceSpan span) {
  return make_keyed<KeepLastNode>(std::move(input), std::move(key), bound, span);
}

PlanPtr make_to_changelog(PlanPtr input, std::string op, std::vector<size_t> key,
                          std::array<std::optional<std::string>, 4> codes, SourceSpan span) {
  auto node = std::make_shared<ToChangelogNode>();
  std::vector<Field> fields = {{std::move(op), Type::string()}};
  fields.insert(fields.end(), input->schema->fields().begin(), input->schema->fields().end());
  node->schema = make_schema(std::move(fields));
  node->traits = input->traits;
  node->traits.insert(node->traits.begin(), ColumnTraits{});
  node->bounded = input->bounded;
  node->key = std::move(key);
  node->codes = std::move(codes);
  node->inputs = {std::move(input)};
  node->span = span;
  return node;
}

PlanPtr make_from_changelog(PlanPtr input, size_t op,
                            std::map<std::string, int64_t, std::less<>> weights, SourceSpan span) {
  auto node = std::make_shared<FromChangelogNode>();
  std::vector<Field> fields = input->schema->fields();
  fields.erase(fields.begin() + static_cast<ptrdiff_t>(op));
  node->schema = make_schema(std::move(fields));
  node->traits = input->traits;
  node->traits.erase(node->traits.begin() + static_cast<ptrdiff_t>(op));
  node->changelog.changing = true;
  node->changelog.cause = "FROM_CHANGELOG";
  node->changelog.cause_span = span;
  node->bounded = input->bounded;
  node->op = op;
  node->weights = std::move(weights);
  node->inputs = {std::move(input)};
  node->span = span;
  return node;
}

}  // namespace velo
