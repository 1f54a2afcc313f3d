#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/nearest_name.h"  // for those who look up options
#include "base/result.h"

namespace velo {

/// Options as written by a user: `WITH ('name' = 'value', …)`.
using OptionMap = std::map<std::string, std::string, std::less<>>;

/// kSize: `64kb`, `10 MB`, `1gib` (powers of 1024). kDuration: `200 ms`, `5s`, `1 min`, `2h`, `1d`.
enum class OptionType : uint8_t { kText, kFlag, kNumber, kReal, kSize, kDuration, kChoice };

/// One row of a table of options. Plain data: tables are static arrays.
struct OptionInfo {
  std::string_view name;  ///< `fields.*` stands for every name with that prefix
  OptionType type = OptionType::kText;
  std::string_view default_value = {};  ///< "" = none
  std::string_view description = {};
  std::string_view choices = {};  ///< kChoice: `none|gzip|zstd`
  bool required = false;
};

/// True for options whose values are nobody's business: passwords, tokens, keys. Such a value is
/// never printed, and stands in SQL as a variable only.
bool is_secret_option(std::string_view name);

/// The row for `name`, an exact one before a prefix one; nullptr if there is none.
const OptionInfo* find_option(std::span<const OptionInfo> known, std::string_view name);

/// Error kBadOptionValue, naming the option, the value and what is allowed.
Status check_option_value(const OptionInfo& option, std::string_view value);

/// The user's options read through one table. `owner` names the table in messages: "connector
/// 'filesystem'". Borrows the map and the table.
class OptionReader {
 public:
  OptionReader(std::string owner, const OptionMap& given, std::span<const OptionInfo> known)
      : owner_(std::move(owner)), given_(given), known_(known) {}

  /// kUnknownOption (with the nearest known name), kBadOptionValue, kMissingOption.
  Status check() const;

  bool has(std::string_view name) const { return given_.find(name) != given_.end(); }
  /// The value or the default. The names must be in the table (CHECK).
  std::string text(std::string_view name) const;
  Result<bool> flag(std::string_view name) const;
  Result<uint64_t> number(std::string_view name) const;
  Result<double> real(std::string_view name) const;
  Result<uint64_t> bytes(std::string_view name) const;
  Result<int64_t> duration_us(std::string_view name) const;
  /// Index into the row's choices, in their order; lower case.
  Result<size_t> choice(std::string_view name) const;

 private:
  const OptionInfo& row(std::string_view name) const;
  std::string owner_;
  const OptionMap& given_;
  std::span<const OptionInfo> known_;
};

/// "64kb" → 65536; nothing if it is not a size.
std::optional<uint64_t> parse_size(std::string_view text);
/// "200 ms" → 200000; nothing if it is not a duration. Units ms, s, sec, m, min, h, d, w, and their
/// long names.
std::optional<int64_t> parse_duration_us(std::string_view text);

}  // namespace velo
