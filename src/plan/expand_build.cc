// Nodes that make several rows of one: Expand and Unnest.
#include "base/check.h"
#include "plan/plan_build.h"

namespace velo {

PlanPtr make_expand(PlanPtr input, std::vector<ExprPtr> keys, std::vector<std::string> key_names,
                    std::vector<std::vector<bool>> sets, SourceSpan span) {
  CHECK(keys.size() == key_names.size());
  auto node = std::make_shared<ExpandNode>();
  node->changelog = input->changelog;
  node->bounded = input->bounded;
  std::vector<Field> fields = input->schema->fields();
  for (size_t i = 0; i < keys.size(); ++i) {
    fields.push_back({std::move(key_names[i]), keys[i]->type()});
  }
  fields.push_back({"grouping set", Type::bigint()});
  if (!node->changelog.key.empty()) node->changelog.key.push_back(fields.size() - 1);
  node->traits = input->traits;
  node->traits.resize(fields.size());
  node->schema = make_schema(std::move(fields));
  node->keys = std::move(keys);
  node->sets = std::move(sets);
  node->inputs = {std::move(input)};
  node->span = span;
  return node;
}

std::vector<Field> element_columns(const Type& list) {
  const std::vector<Type>& children = list.children();
  if (list.kind() == TypeKind::kMap) return {{"key", children[0]}, {"value", children[1]}};
  const Type& element = children[0];
  if (element.kind() != TypeKind::kRow) return {{"element", element}};
  std::vector<Field> fields;
  for (size_t i = 0; i < element.children().size(); ++i) {
    fields.push_back({element.field_names()[i], element.children()[i]});
  }
  return fields;
}

PlanPtr make_unnest(PlanPtr input, UnnestParts parts) {
  auto node = std::make_shared<UnnestNode>();
  node->changelog = input->changelog;
  node->bounded = input->bounded;
  std::vector<Field> fields = input->schema->fields();
  std::vector<Field> added = element_columns(parts.list->type());
  if (parts.ordinality) added.push_back({"ordinality", Type::bigint()});
  CHECK(added.size() == parts.names.size());
  for (size_t i = 0; i < added.size(); ++i) {
    fields.push_back({std::move(parts.names[i]), std::move(added[i].type)});
  }
  // A row's elements are told apart by their positions alone.
  if (!parts.ordinality) {
    node->changelog.key.clear();
  } else if (!node->changelog.key.empty() || node->changelog.single_row) {
    node->changelog.key.push_back(fields.size() - 1);
  }
  node->changelog.single_row = false;
  node->traits = input->traits;
  node->traits.resize(fields.size());
  node->schema = make_schema(std::move(fields));
  node->list = std::move(parts.list);
  node->ordinality = parts.ordinality;
  node->keep_empty = parts.keep_empty;
  node->inputs = {std::move(input)};
  node->span = parts.span;
  return node;
}

UnnestParts parts_of(const UnnestNode& node) {
  UnnestParts parts;
  parts.list = node.list;
  parts.ordinality = node.ordinality;
  parts.keep_empty = node.keep_empty;
  for (size_t i = node.input()->schema->size(); i < node.schema->size(); ++i) {
    parts.names.push_back((*node.schema)[i].name);
  }
  parts.span = node.span;
  return parts;
}

}  // namespace velo
