#pragma once

#include <vector>

#include "operator/over_cursor.h"

namespace velo {

/// Whether the function asks which rows are peers.
bool asks_for_peers(OverFunction function);

/// ROW_NUMBER, RANK, DENSE_RANK, PERCENT_RANK, CUME_DIST, NTILE of a turn's rows. `peer_spans`, of
/// the frame of a row's peers, for CUME_DIST alone. REQUIRES: those that need the whole partition
/// have it.
ColumnPtr rank_column(const OverCall& call, const OverRows& rows, const OverTurn& turn,
                      const OverSpans& peer_spans);

}  // namespace velo
