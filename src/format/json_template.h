#pragma once

#include <string_view>

#include "column/type.h"
#include "format/batch_assembler.h"
#include "format/fast_fields.h"

namespace velo {

/// Learns from one record how all are expected to look: which text stands around each value. Commas
/// outside of strings end fields, at any depth, so that nested values are fields like others.
///
/// The fields of a projected ROW are looked for in its object. Nothing if the record cannot serve:
/// a projected column or field twice, or a nested value where a scalar is declared; a ROW that is
/// not there; a key or gap longer than a FieldLiteral. REQUIRES: the record is valid and has no
/// newline.
bool learn_json_layout(std::string_view record, const Schema& projected, FastLayout* layout);

}  // namespace velo
