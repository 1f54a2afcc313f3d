#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/golden_file.h"
#include "column/batch.h"

namespace velo {

/// Appends one line per row: values parted by commas, NULL as NULL. A string is quoted when it
/// could be taken for something else: empty, `NULL`, with a comma, a quote, a control character (as
/// an escape), blanks at an end, or `#` at the start. `changing`: every line starts with +I, -U, +U
/// or -D and a blank, made with the columns `key` (see with_change_kinds).
void append_golden_rows(const Batch& batch, bool changing, const std::vector<size_t>& key,
                        std::vector<std::string>& out);

/// The rows that are left when changes are added up, sorted, each as often as it is there; a row
/// that is there less than no times starts with `-D `. Lines without a change kind are inserts.
std::vector<std::string> fold_rows(const std::vector<std::string>& rows);

/// The rows as `order` compares them.
std::vector<std::string> in_order(std::vector<std::string> rows, RowOrder order);

/// Both lists as one, lines that are missing marked `-`, lines that are too many marked `+`, equal
/// ones by a blank; each ended by a newline.
std::string diff_lines(const std::vector<std::string>& expected,
                       const std::vector<std::string>& actual);

}  // namespace velo
