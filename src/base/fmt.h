#pragma once

/// The door to text formatting: `fmt::format` and friends. Nobody else includes <fmt/…>, so that
/// the library can be swapped (for std::format, say) in one place.
#include <fmt/format.h>
