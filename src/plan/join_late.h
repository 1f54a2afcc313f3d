#pragma once

#include "plan/bind_session.h"
#include "plan/plan_node.h"

namespace velo {

/// The joins by time at the top of `plan`, with the late rows of both sides going to `table`: every
/// column of it is a column of a side under that name (NULL for rows of a side without it),
/// `watermark` or `late_by`. `found`: set if there is such a join. Errors name a column that means
/// nothing.
Result<PlanPtr> with_late_output(const BindSession& session, const PlanPtr& plan,
                                 const TableDefPtr& table, SourceSpan span, bool* found);

}  // namespace velo
