#include "sql/variables.h"

#include "base/fmt.h"

namespace velo {
namespace {

constexpr int kDepthMax = 20;

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

/// The '}' that closes the "${" whose inside starts at `at`, or npos.
size_t closing_brace(std::string_view text, size_t at) {
  for (int depth = 1; at < text.size(); ++at) {
    if (text.substr(at).starts_with("${")) ++depth;
    if (text[at] == '}' && --depth == 0) return at;
  }
  return std::string_view::npos;
}

Result<std::string> substitute(std::string_view text, const VariableLookup& lookup, int depth);

/// What "${inside}" stands for.
Result<std::string> value_of(std::string_view inside, const VariableLookup& lookup, int depth) {
  if (inside.starts_with("file:")) {
    std::optional<std::string> content = lookup(inside);
    if (content) return std::move(*content);
    return Error(ErrorCode::kNotFound, fmt::format("'${{{}}}': the file cannot be read", inside));
  }
  size_t length = 0;
  while (length < inside.size() && is_name_char(inside[length])) ++length;
  std::string_view name = inside.substr(0, length);
  std::string_view rest = inside.substr(length);
  bool has_default = rest.starts_with(":-");
  bool has_message = rest.starts_with(":?");
  if (name.empty() || (!rest.empty() && !has_default && !has_message)) {
    return Error(ErrorCode::kBadOptionValue, fmt::format("'${{{}}}' is not a variable", inside))
        .with_hint(
            "write ${NAME}, ${NAME:-default} or ${NAME:?message}; $${ stands for a plain ${");
  }
  std::optional<std::string> value = lookup(name);
  bool given = value && (rest.empty() || !value->empty());
  if (given) return std::move(*value);
  if (has_default) return substitute(rest.substr(2), lookup, depth + 1);
  std::string_view message = has_message ? rest.substr(2) : std::string_view();
  if (!message.empty()) {
    return Error(ErrorCode::kMissingOption, fmt::format("variable {}: {}", name, message));
  }
  return Error(ErrorCode::kMissingOption, fmt::format("variable {} is not set", name))
      .with_hint(fmt::format("set it in the environment, or write ${{{}:-default}}", name));
}

Result<std::string> substitute(std::string_view text, const VariableLookup& lookup, int depth) {
  if (depth > kDepthMax) {
    return Error(ErrorCode::kBadOptionValue,
                 fmt::format("variables nest more than {} deep", kDepthMax));
  }
  std::string out;
  for (size_t at = 0; at < text.size();) {
    std::string_view rest = text.substr(at);
    if (rest.starts_with("$${")) {
      out += "${";
      at += 3;
    } else if (rest.starts_with("${")) {
      size_t close = closing_brace(text, at + 2);
      if (close == std::string_view::npos) {
        return Error(ErrorCode::kBadOptionValue,
                     fmt::format("'{}' has a '${{' without '}}'", text));
      }
      out += TRY(value_of(text.substr(at + 2, close - at - 2), lookup, depth));
      at = close + 1;
    } else {
      out += text[at++];
    }
  }
  return out;
}

}  // namespace

Result<std::string> substitute_variables(std::string_view text, const VariableLookup& lookup) {
  return substitute(text, lookup, 0);
}

}  // namespace velo
