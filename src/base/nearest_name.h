#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace velo {

/// Edit distance without regard to ASCII case: insertions, deletions, replacements and swaps of
/// neighbours each cost 1 (optimal string alignment). O(|a|·|b|) time, O(|b|) space.
size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that somebody who wrote `name` most plausibly meant: the one with the smallest
/// edit distance, the earliest of equals; "" if none is near (more than a third of the longer
/// name's letters differ) or if `name` is itself a candidate. The view points into `candidates`.
std::string_view nearest_name(std::string_view name, std::span<const std::string_view> candidates);
std::string_view nearest_name(std::string_view name, std::span<const std::string> candidates);

/// "did you mean 'price'?", or "" if `nearest_name` finds nothing: ready for `Error::with_hint`.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates);
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

}  // namespace velo
