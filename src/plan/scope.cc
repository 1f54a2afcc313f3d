#include "plan/scope.h"

#include <algorithm>

#include "base/fmt.h"
#include "base/nearest_name.h"

namespace velo {
namespace {

constexpr int kNone = -1;
constexpr int kSeveral = -2;

/// Narrows matches: an exact spelling beats one that differs by case.
class Match {
 public:
  void add(size_t index, bool exact) {
    if (exact && !exact_) {
      exact_ = true;
      found_ = kNone;
    }
    if (exact_ && !exact) return;
    found_ = found_ == kNone ? static_cast<int>(index) : kSeveral;
  }
  int found() const { return found_; }

 private:
  bool exact_ = false;
  int found_ = kNone;
};

/// Names that other dialects give to what a relation has under another one.
struct NameOfRole {
  std::string_view name;
  bool event_time;
  WindowRole role;
};
constexpr NameOfRole kRoleNames[] = {
    {"_EVENT_TIME", true, WindowRole::kNone}, {"_WINDOW_START", false, WindowRole::kStart},
    {"_WINDOW_END", false, WindowRole::kEnd}, {"WINDOWSTART", false, WindowRole::kStart},
    {"WINDOWEND", false, WindowRole::kEnd},
};

}  // namespace

Scope Scope::of(const PlanNode& plan, std::string_view relation) {
  Scope scope;
  for (size_t i = 0; i < plan.schema->size(); ++i) {
    const Field& field = (*plan.schema)[i];
    scope.columns.push_back({std::string(relation), field.name, field.type, plan.traits[i], false});
  }
  return scope;
}

int Scope::find(const ast::Name& name, bool with_system) const {
  Match match;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].is_system && name.matches(columns[i].name)) {
      match.add(i, name.text == columns[i].name);
    }
  }
  if (match.found() != kNone || !with_system) return match.found();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].is_system && name.matches(columns[i].name)) match.add(i, true);
  }
  return match.found() != kNone ? match.found() : find_alias(name);
}

int Scope::find_alias(const ast::Name& name) const {
  if (name.quoted) return kNone;
  for (const NameOfRole& alias : kRoleNames) {
    if (!equals_ignoring_case(alias.name, name.text)) continue;
    Match match;
    for (size_t i = 0; i < columns.size(); ++i) {
      const ColumnTraits& traits = columns[i].traits;
      if (alias.event_time ? traits.event_time : traits.window == alias.role) match.add(i, true);
    }
    return match.found();
  }
  return kNone;
}

int Scope::find_qualified(const ast::Name& relation, const ast::Name& name) const {
  Match match;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (relation.matches(columns[i].relation) && name.matches(columns[i].name)) {
      match.add(i, name.text == columns[i].name);
    }
  }
  return match.found();
}

bool Scope::has_relation(const ast::Name& name) const {
  return std::any_of(columns.begin(), columns.end(),
                     [&](const ScopeColumn& c) { return name.matches(c.relation); });
}

int Scope::event_time() const {
  Match match;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].traits.event_time) match.add(i, true);
  }
  return match.found();
}

ExprPtr Scope::column(size_t index) const {
  return make_column(index, columns[index].type, columns[index].name);
}

Result<ExprPtr> Scope::resolve(const BindSession& session, const ast::ColumnRef& ref,
                               SourceSpan span) const {
  size_t used = 1;
  int index = kNone;
  if (ref.parts.size() >= 2) {
    index = find_qualified(ref.parts[0], ref.parts[1]);
    used = 2;
  }
  if (index == kNone) {
    index = find(ref.parts[0]);
    used = 1;
    if (index >= 0 && ref.parts.size() > 1) {
      const ScopeColumn& found = columns[static_cast<size_t>(index)];
      if (found.type.kind() != TypeKind::kRow) {
        return session.error(ErrorCode::kUnknownName,
                             fmt::format("'{}' is {}: it has no field '{}'", found.name,
                                         found.type.to_string(), ref.parts[1].text),
                             span);
      }
    }
  }
  if (index == kSeveral) {
    return session
        .error(ErrorCode::kAmbiguousName,
               fmt::format("'{}' could be several columns", ref.parts[used - 1].text), span)
        .with_hint("write it with its table's name, or quote it exactly as it was declared");
  }
  if (index == kNone) return unknown(session, ref, span);
  ExprPtr result = column(static_cast<size_t>(index));
  for (size_t i = used; i < ref.parts.size(); ++i) {
    result = TRY(session.at(ref.parts[i].span, make_field(result, ref.parts[i].text)));
  }
  return result;
}

Error Scope::unknown(const BindSession& session, const ast::ColumnRef& ref, SourceSpan span) const {
  std::vector<std::string> names;
  const bool qualified = ref.parts.size() >= 2 && has_relation(ref.parts[0]);
  const ast::Name& wanted = ref.parts[qualified ? 1 : 0];
  for (const ScopeColumn& column : columns) {
    if (qualified && !ref.parts[0].matches(column.relation)) continue;
    if (!column.is_system && !column.name.empty()) names.push_back(column.name);
  }
  if (ref.parts.size() >= 2 && !qualified && find(ref.parts[0]) == kNone) {
    std::vector<std::string> relations;
    for (const ScopeColumn& column : columns) {
      if (!column.relation.empty() &&
          std::find(relations.begin(), relations.end(), column.relation) == relations.end()) {
        relations.push_back(column.relation);
      }
    }
    Error error =
        session.error(ErrorCode::kUnknownName,
                      fmt::format("there is no table '{}' in this FROM", wanted.text), wanted.span);
    error.hint = did_you_mean(wanted.text, relations);
    if (error.hint.empty()) error.hint = "tables here: " + join_names(relations);
    return error;
  }
  Error error = session.error(
      ErrorCode::kUnknownName,
      qualified ? fmt::format("'{}' has no column '{}'", ref.parts[0].text, wanted.text)
                : fmt::format("there is no column '{}'", wanted.text),
      qualified ? wanted.span : span);
  error.hint = did_you_mean(wanted.text, names);
  if (!error.hint.empty()) return error;
  if (session.text_of(wanted.span).starts_with('"')) {
    error.hint = fmt::format("a text stands in single quotes: '{}'", wanted.text);
  }
  if (!names.empty()) {
    error.hint += (error.hint.empty() ? "" : "; ") + ("columns here: " + join_names(names));
  }
  return error;
}

std::string join_names(const std::vector<std::string>& names, size_t most) {
  std::string out;
  for (size_t i = 0; i < names.size() && i < most; ++i) {
    if (i > 0) out += ", ";
    out += names[i];
  }
  if (names.size() > most) out += fmt::format(" and {} more", names.size() - most);
  return out;
}

std::string count_of(size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace velo
