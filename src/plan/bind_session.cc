#include "plan/bind_session.h"

#include <algorithm>

#include "base/fmt.h"

namespace velo {

Error BindSession::not_supported(std::string_view what, SourceSpan span) const {
  return error(ErrorCode::kNotSupported, fmt::format("not supported yet: {}", what), span);
}

Error BindSession::placed(Error error, SourceSpan span) const {
  if (error.place.line != 0) return error;
  Error here = error_at(error.code, std::move(error.message), text_, span);
  here.hint = std::move(error.hint);
  return here;
}

void BindSession::warn(std::string message, SourceSpan span, std::string hint) {
  if (stands_for_) return;
  Error place = error_at(ErrorCode::kInvalidStatement, "", text_, span);
  const auto same = [&](const Warning& w) {
    return w.message == message && w.place.offset == place.place.offset;
  };
  if (std::any_of(warnings_.begin(), warnings_.end(), same)) return;
  warnings_.push_back({std::move(message), place.place, place.excerpt, std::move(hint)});
}

Result<ast::QualifiedName> BindSession::filled_in(const ast::QualifiedName& name) const {
  ast::QualifiedName filled = name;
  for (ast::Name& part : filled.parts) {
    if (!context_.variables || part.text.find("${") == std::string::npos) continue;
    part.text = TRY(at(part.span, substitute_variables(part.text, context_.variables)));
    part.quoted = false;
  }
  return filled;
}

std::string BindSession::setting(std::string_view name) const {
  if (auto found = statement_options_.find(name); found != statement_options_.end()) {
    return found->second;
  }
  if (auto found = context_.settings->find(name); found != context_.settings->end()) {
    return found->second;
  }
  return "";
}

bool BindSession::is_inside_view(std::string_view name) const {
  return std::find(views_.begin(), views_.end(), name) != views_.end();
}

std::string Warning::to_string() const {
  std::string out = "warning: " + message;
  if (place.line != 0) out += fmt::format("\n  at {}:{}", place.line, place.column);
  if (!excerpt.empty()) out += "\n" + excerpt;
  if (!hint.empty()) out += "\n  hint: " + hint;
  return out;
}

}  // namespace velo
