#pragma once

#include <string_view>
#include <vector>

namespace velo {

/// Statements of every kind and spelling the parser accepts, one per entry.
std::vector<std::string_view> sql_corpus();
/// Expressions likewise.
std::vector<std::string_view> expression_corpus();

}  // namespace velo
