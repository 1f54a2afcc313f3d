#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "base/result.h"
#include "column/type.h"

namespace velo {

struct SampledMessage {
  std::optional<std::string> key;
  std::optional<std::string> value;  ///< nothing: a tombstone
};

/// How messages seem to be written.
struct MessageGuess {
  std::string format;
  OptionMap options;           ///< of the format, that reading needs
  std::vector<Field> columns;  ///< empty: a schema has to tell them
  size_t misfits = 0;          ///< values that are not so
  /// The column that the key repeats in all messages; empty: none.
  std::string key_column;
  bool has_keys = false;
  bool keys_are_text = true;
};

/// Looks at values: a format in which most of them can be read, and the columns that they have.
/// `format`: what is known; empty: nothing. Confluent's framing is told by its first byte, Debezium
/// by its envelope; text with the same number of delimiters in each message is CSV; what is nothing
/// else is 'raw'. Errors: no value to look at; a format whose columns values do not show.
Result<MessageGuess> guess_messages(std::span<const SampledMessage> messages,
                                    std::string_view format, const OptionMap& options);

}  // namespace velo
