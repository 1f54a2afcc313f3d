#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "column/type.h"

namespace velo {

/// Reads JSON records and says which columns they have. Keys become columns in the order in which
/// they first come. An object becomes a ROW, an array an ARRAY, a text of which every value is a
/// date or a time becomes one; what is of several kinds, or never anything but null, is STRING,
/// which reads any value as its JSON text.
class JsonInference {
 public:
  JsonInference();
  ~JsonInference();
  JsonInference(const JsonInference&) = delete;
  JsonInference& operator=(const JsonInference&) = delete;

  /// Looks at an object; at those of its members that `pointers` ("/payload/after") name, if there
  /// are any: the rows inside of an envelope. False, and nothing is seen, if the text is no object.
  bool see(std::string_view record, std::span<const std::string_view> pointers = {});
  /// None if no key was seen.
  std::vector<Field> columns() const;

 private:
  struct Parser;
  struct Guess;
  std::unique_ptr<Parser> parser_;
  std::unique_ptr<Guess> root_;
};

/// Keys of a JSON object whose values are this text.
std::vector<std::string> json_keys_of_text(std::string_view record, std::string_view text);

/// Whether something stands in a JSON text at the pointer.
bool json_has(std::string_view record, std::string_view pointer);

}  // namespace velo
