#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace velo {

/// A SQL/JSON path without wildcards or filters: `$.a.b[0]."c d"['e']`, with an optional `lax` or
/// `strict` before it.
///
/// Walks the text of a document towards the value and looks at nothing else: no tree, no recursion,
/// no copies. A document broken on the way there gives nothing; one broken elsewhere is not noticed
/// (IS_JSON checks all of it).
class JsonPath {
 public:
  static Result<JsonPath> compile(std::string_view text);
  /// The text of the value as it stands in `json`, without blanks around it.
  std::optional<std::string_view> find(std::string_view json) const;

 private:
  struct Step {
    bool is_index;
    size_t index;
    std::string key;
  };
  std::vector<Step> steps_;
};

/// True if the text is exactly one JSON value (RFC 8259), nested at most 1000 deep.
bool is_json(std::string_view text);

/// What kind of value a value's text begins.
enum class JsonKind : uint8_t { kObject, kArray, kString, kNumber, kBoolean, kNull, kBroken };
JsonKind json_kind(std::string_view value);

/// The characters behind a string's text (with its quotes). False if an escape is broken.
bool json_unescape(std::string_view quoted, std::string* out);

}  // namespace velo
