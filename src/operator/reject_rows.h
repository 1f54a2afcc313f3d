#pragma once

#include "expr/row_errors.h"
#include "operator/operator.h"

namespace velo {

/// Takes the failed rows out: rejects them (kError, one Rejected with all of them and the message
/// of the first) and leaves the others in `good`. Empties `errors`. REQUIRES: errors is not empty.
void reject_failed_rows(const Batch& batch, RowErrors& errors, Output& output, Selection* good);

}  // namespace velo
