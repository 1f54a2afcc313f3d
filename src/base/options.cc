#include "base/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/fmt.h"
#include "base/letters.h"

namespace velo {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

template <typename T>
std::optional<T> whole_number(std::string_view text) {
  text = trimmed(text);
  T value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

std::optional<bool> parse_flag(std::string_view text) {
  const std::string word = to_lower(trimmed(text));
  if (word == "true" || word == "on" || word == "yes" || word == "1") return true;
  if (word == "false" || word == "off" || word == "no" || word == "0") return false;
  return {};
}

std::optional<double> parse_real(std::string_view text) {
  auto value = whole_number<double>(text);
  if (value && !std::isfinite(*value)) return {};
  return value;
}

std::optional<size_t> choice_index(std::string_view choices, std::string_view value) {
  const std::string wanted = to_lower(trimmed(value));
  size_t index = 0;
  while (true) {
    const size_t bar = choices.find('|');
    if (choices.substr(0, bar) == wanted) return index;
    if (bar == std::string_view::npos) return {};
    choices.remove_prefix(bar + 1);
    ++index;
  }
}

/// "12.5 kb" → {12.5, "kb"}.
bool split_unit(std::string_view text, double& amount, std::string& unit) {
  text = trimmed(text);
  const auto [end, failure] =
      std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
  if (failure != std::errc() || amount < 0) return false;
  unit = to_lower(trimmed(text.substr(static_cast<size_t>(end - text.data()))));
  return true;
}

std::string allowed_values(const OptionInfo& option) {
  switch (option.type) {
    case OptionType::kText:
      return "a text";
    case OptionType::kFlag:
      return "true or false";
    case OptionType::kNumber:
      return "a whole number from 0 on";
    case OptionType::kReal:
      return "a number";
    case OptionType::kSize:
      return "a size such as '64kb' or '10mb'";
    case OptionType::kDuration:
      return "a duration such as '200 ms', '5 s' or '1 min'";
    case OptionType::kChoice:
      break;
  }
  std::string list;
  for (const char c : option.choices) list += c == '|' ? std::string("', '") : std::string(1, c);
  return "one of '" + list + "'";
}

}  // namespace

bool is_secret_option(std::string_view name) {
  const std::string lower = to_lower(name);
  if (lower.starts_with("fields.")) return false;  // of a column that happens to have such a name
  for (const std::string_view word :
       {"password", "secret", "token", "jaas", "user-info", "ssl.key.pem", "private-key"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

const OptionInfo* find_option(std::span<const OptionInfo> known, std::string_view name) {
  const OptionInfo* prefix = nullptr;
  for (const OptionInfo& option : known) {
    if (option.name == name) return &option;
    if (option.name.ends_with('*')) {
      const std::string_view start = option.name.substr(0, option.name.size() - 1);
      if (name.size() > start.size() && name.starts_with(start)) prefix = &option;
    }
  }
  return prefix;
}

Status check_option_value(const OptionInfo& option, std::string_view value) {
  bool good = true;
  switch (option.type) {
    case OptionType::kText:
      break;
    case OptionType::kFlag:
      good = parse_flag(value).has_value();
      break;
    case OptionType::kNumber:
      good = whole_number<uint64_t>(value).has_value();
      break;
    case OptionType::kReal:
      good = parse_real(value).has_value();
      break;
    case OptionType::kSize:
      good = parse_size(value).has_value();
      break;
    case OptionType::kDuration:
      good = parse_duration_us(value).has_value();
      break;
    case OptionType::kChoice:
      good = choice_index(option.choices, value).has_value();
      break;
  }
  if (good) return {};
  return Error(ErrorCode::kBadOptionValue,
               fmt::format("option '{}' cannot be '{}'", option.name, value))
      .with_hint(fmt::format("give {}", allowed_values(option)));
}

Status OptionReader::check() const {
  for (const auto& [name, value] : given_) {
    const OptionInfo* option = find_option(known_, name);
    if (option != nullptr) {
      TRY(check_option_value(*option, value));
      continue;
    }
    std::vector<std::string> names;
    for (const OptionInfo& row : known_) names.emplace_back(row.name);
    std::string hint = did_you_mean(name, names);
    if (hint.empty()) {
      std::string list;
      for (const std::string& each : names) list += (list.empty() ? "" : ", ") + each;
      hint = list.empty() ? owner_ + " has no options" : "known options: " + list;
    }
    return Error(ErrorCode::kUnknownOption, fmt::format("{} has no option '{}'", owner_, name))
        .with_hint(std::move(hint));
  }
  for (const OptionInfo& option : known_) {
    if (!option.required || has(option.name)) continue;
    return Error(ErrorCode::kMissingOption,
                 fmt::format("{} needs option '{}'", owner_, option.name))
        .with_hint(fmt::format("'{}': {}", option.name, option.description));
  }
  return {};
}

const OptionInfo& OptionReader::row(std::string_view name) const {
  const OptionInfo* option = find_option(known_, name);
  CHECK(option != nullptr, name);
  return *option;
}

std::string OptionReader::text(std::string_view name) const {
  const OptionInfo& option = row(name);
  const auto given = given_.find(name);
  return given == given_.end() ? std::string(option.default_value) : given->second;
}

Result<bool> OptionReader::flag(std::string_view name) const {
  const std::string value = text(name);
  TRY(check_option_value(row(name), value));
  return parse_flag(value).value_or(false);
}

Result<uint64_t> OptionReader::number(std::string_view name) const {
  const std::string value = text(name);
  TRY(check_option_value(row(name), value));
  return whole_number<uint64_t>(value).value_or(0);
}

Result<double> OptionReader::real(std::string_view name) const {
  const std::string value = text(name);
  TRY(check_option_value(row(name), value));
  return parse_real(value).value_or(0);
}

Result<uint64_t> OptionReader::bytes(std::string_view name) const {
  const std::string value = text(name);
  TRY(check_option_value(row(name), value));
  return parse_size(value).value_or(0);
}

Result<int64_t> OptionReader::duration_us(std::string_view name) const {
  const std::string value = text(name);
  TRY(check_option_value(row(name), value));
  return parse_duration_us(value).value_or(0);
}

Result<size_t> OptionReader::choice(std::string_view name) const {
  const std::string value = text(name);
  const OptionInfo& option = row(name);
  TRY(check_option_value(option, value));
  return choice_index(option.choices, value).value_or(0);
}

std::optional<uint64_t> parse_size(std::string_view text) {
  double amount = 0;
  std::string unit;
  if (!split_unit(text, amount, unit)) return {};
  static constexpr std::pair<std::string_view, int> kUnits[] = {
      {"", 0},     {"b", 0},    {"bytes", 0}, {"k", 10},   {"kb", 10},
      {"kib", 10}, {"m", 20},   {"mb", 20},   {"mib", 20}, {"g", 30},
      {"gb", 30},  {"gib", 30}, {"t", 40},    {"tb", 40},  {"tib", 40}};
  for (const auto& [name, shift] : kUnits) {
    if (unit != name) continue;
    const double bytes = std::ldexp(amount, shift);
    if (bytes >= 0x1p62 || bytes != std::floor(bytes)) return {};
    return static_cast<uint64_t>(bytes);
  }
  return {};
}

std::optional<int64_t> parse_duration_us(std::string_view text) {
  if (text == "0") return 0;  // the one amount that needs no unit
  double amount = 0;
  std::string unit;
  if (!split_unit(text, amount, unit)) return {};
  static constexpr std::pair<std::string_view, int64_t> kUnits[] = {{"us", 1},
                                                                    {"ms", 1000},
                                                                    {"millisecond", 1000},
                                                                    {"s", 1'000'000},
                                                                    {"sec", 1'000'000},
                                                                    {"second", 1'000'000},
                                                                    {"m", 60'000'000},
                                                                    {"min", 60'000'000},
                                                                    {"minute", 60'000'000},
                                                                    {"h", 3'600'000'000},
                                                                    {"hour", 3'600'000'000},
                                                                    {"d", 86'400'000'000},
                                                                    {"day", 86'400'000'000},
                                                                    {"w", 604'800'000'000},
                                                                    {"week", 604'800'000'000}};
  for (const auto& [name, micros] : kUnits) {
    const bool plural = name.size() >= 3 && unit == std::string(name) + "s";
    if (unit != name && !plural) continue;
    const double total = amount * static_cast<double>(micros);
    if (total >= 0x1p62) return {};
    return static_cast<int64_t>(std::llround(total));
  }
  return {};
}

}  // namespace velo
