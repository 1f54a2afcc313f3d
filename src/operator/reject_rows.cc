#include "operator/reject_rows.h"

#include <utility>

namespace velo {

void reject_failed_rows(const Batch& batch, RowErrors& errors, Output& output, Selection* good) {
  Selection bad;
  for (const RowError& error : errors.rows()) bad.push_back(error.row);
  *good = errors.good_rows(batch.rows);
  output.reject({RejectReason::kError, gather(batch, bad), errors.rows().front().message});
  errors.clear();
}

}  // namespace velo
