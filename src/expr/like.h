#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace velo {

/// A LIKE pattern made ready: `%` any characters, `_` one character, everything else itself.
///
/// Patterns without `_` and with `%` only at the ends become one comparison or search; the others
/// are matched greedily, going back only to the last `%`: O(pattern × text) at worst, no recursion.
class LikePattern {
 public:
  /// `escape`: one character, or empty for none. Error if it ends the pattern or is longer.
  static Result<LikePattern> compile(std::string_view pattern, std::string_view escape = {});
  bool matches(std::string_view text) const;

 private:
  enum class Shape : uint8_t { kExact, kPrefix, kSuffix, kContains, kGeneral };
  bool matches_general(std::string_view text) const;

  Shape shape_ = Shape::kExact;
  std::string literal_;  // of the simple shapes
  std::string pattern_;  // kGeneral: the pattern, wildcards as bytes 0xFF (%) and 0xFE (_), which
                         // UTF-8 never has
};

}  // namespace velo
