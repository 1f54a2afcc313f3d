#pragma once

#include <span>
#include <string_view>

namespace velo {

/// Words that are never a name unless quoted. Kept few: whatever can be told apart by its
/// neighbours is not here. `upper` in upper case.
bool is_reserved(std::string_view upper);

/// Words that are names, but not as an alias without AS, because a clause may follow there.
bool is_clause_word(std::string_view upper);

/// Functions that SQL calls without parentheses: CURRENT_TIMESTAMP and its kin.
bool is_bare_function(std::string_view upper);

/// Words that may follow a table or select item: what a misspelt alias might have meant.
std::span<const std::string_view> clause_starts();

}  // namespace velo
