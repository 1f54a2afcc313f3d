// Whatever parses can be printed, parses again from what was printed, and is the same tree then.

#include <cstdint>
#include <string>

#include "base/check.h"
#include "sql/parser.h"
#include "sql/printer.h"

namespace {

/// x::t::u is printed as nested CASTs, which may pass the limit of nesting.
bool only_too_deep(const velo::Error& error) {
  return error.message.starts_with("nested more than");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  velo::ScriptWithErrors script = velo::parse_script_with_errors(text);
  for (const velo::Error& error : script.errors) {
    CHECK(error.code == velo::ErrorCode::kSyntax && !error.message.empty());
    CHECK(error.place.offset <= size && error.place.line > 0 && !error.excerpt.empty());
  }
  std::string printed = velo::print_sql(script.script);
  velo::Result<velo::ast::Script> again = velo::parse_script(printed);
  if (!again && only_too_deep(again.error())) return 0;
  CHECK(again.has_value(), printed + "\n" + again.error().to_string());
  CHECK(*again == script.script, printed);
  CHECK(velo::print_sql(*again) == printed, printed);

  velo::Result<velo::ast::Expr> expr = velo::parse_expression(text);
  if (!expr) return 0;
  std::string one_line = velo::print_sql(*expr);
  velo::Result<velo::ast::Expr> expr_again = velo::parse_expression(one_line);
  if (!expr_again && only_too_deep(expr_again.error())) return 0;
  CHECK(expr_again.has_value(), one_line + "\n" + expr_again.error().to_string());
  CHECK(*expr_again == *expr, one_line);
  return 0;
}
