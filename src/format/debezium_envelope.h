#pragma once

#include <memory>
#include <vector>

#include "format/change_rows.h"

namespace velo {

/// Debezium's envelope of a change:
///
///     {"before": {…} or null, "after": {…} or null, "op": "c|r|u|d", "source": …, "ts_ms": …}
///
/// c and r (read in a snapshot) insert `after`, d deletes `before`, u does both. What else an
/// envelope holds is passed over.

/// What is read of the envelope of rows with these columns: before, after, op.
SchemaPtr envelope_of(const std::vector<Field>& columns);

/// The envelope around the projected columns: all its columns are read. `in_payload`: it is the
/// only field of a record, "payload".
DecoderOptions with_envelope(DecoderOptions options, bool in_payload);

/// For batches of that envelope. `targets`: one per column of it.
std::unique_ptr<ChangeRows> make_envelope_rows(bool in_payload, const SchemaPtr& rows,
                                               std::vector<ColumnTarget*> targets, ChangeForm form);

}  // namespace velo
