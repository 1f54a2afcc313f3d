#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operator/operator.h"

namespace velo {

struct ToChangelogOptions {
  SchemaPtr output;         ///< a STRING, then the input's columns
  std::vector<size_t> key;  ///< of the input: tells updates from deletions and insertions
  /// What the first column says, by ChangeKind; changes of a kind without a code are left out.
  std::array<std::optional<std::string>, 4> codes;
};
/// Changes as rows that stay: one per change, with its kind in front.
std::unique_ptr<Operator> make_to_changelog(ToChangelogOptions options);

struct FromChangelogOptions {
  SchemaPtr input;
  SchemaPtr output;                                     ///< the input's columns without `op`
  size_t op = 0;                                        ///< a STRING column of the input
  std::map<std::string, int64_t, std::less<>> weights;  ///< +1 or −1 by what it says
};
/// The way back. A row that says something else, or nothing, has failed.
std::unique_ptr<Operator> make_from_changelog(FromChangelogOptions options);

}  // namespace velo
