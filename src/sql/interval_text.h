#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/ast_expr.h"

/// What the text of an interval means: months, days and microseconds, exactly, or an error. Errors
/// are kSyntax without a place.
namespace velo {

/// `INTERVAL 'text' FROM [TO to]`. Without `from` the units stand in the text, as in '1 day 2
/// hours', '5m' or '1 02:30:00'; a single number with a unit ('5 minutes') is turned into the form
/// with `from`. Units below a second become seconds with a fraction.
Result<ast::Interval> make_interval(std::string_view text, std::optional<ast::TimeUnit> from,
                                    std::optional<ast::TimeUnit> to);

/// The unit of a duration: "m", "min", "minutes", in lower or mixed case ("M" alone is none).
std::optional<ast::TimeUnit> find_duration_unit(std::string_view word);

}  // namespace velo
