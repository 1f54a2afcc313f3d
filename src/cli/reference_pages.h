#pragma once

#include <string>

namespace velo {

/// The reference as Markdown, made from the tables that the program itself goes by; `docs/` keeps a
/// copy of each, and a test compares them.
///
/// Connectors, formats and settings with all their options.
std::string connectors_page();
/// Functions and aggregates with signatures and examples.
std::string functions_page();

}  // namespace velo
