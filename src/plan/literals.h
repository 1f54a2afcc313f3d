#pragma once

#include "expr/expr.h"
#include "plan/bind_session.h"

namespace velo {

/// The type that was written. TIMESTAMP without a precision has 6 digits, TIME none, DECIMAL is
/// DECIMAL(10, 0), CHAR and VARCHAR are STRING, BINARY and VARBINARY are BYTES: `length_of` tells
/// their length.
Result<Type> bind_type(const BindSession& session, const ast::TypeName& type);

/// The n of VARCHAR(n), CHAR(n), VARBINARY(n) and BINARY(n); 0: none was written.
int64_t length_of(const ast::TypeName& type);
/// The value, which fails where it is longer than `length_max`. REQUIRES: STRING or BYTES.
ExprPtr limit_length(ExprPtr value, int64_t length_max);

/// `negative`: a minus stands before the number.
Result<ExprPtr> bind_literal(const BindSession& session, const ast::Literal& literal,
                             SourceSpan span, bool negative = false);
Result<ExprPtr> bind_interval(const BindSession& session, const ast::Interval& interval,
                              SourceSpan span);

/// A whole number written as such. `what` names it in errors: "LIMIT".
Result<int64_t> bind_count(const BindSession& session, const ast::Expr& expr,
                           std::string_view what);
/// A fixed length of time in microseconds; a minus may stand before it. `what`: "ALLOWED LATENESS".
Result<int64_t> bind_duration(const BindSession& session, const ast::Expr& expr,
                              std::string_view what);

/// INTERVAL '90' SECOND: as it would be written, in the largest unit that divides it.
std::string duration_text(int64_t us);

}  // namespace velo
