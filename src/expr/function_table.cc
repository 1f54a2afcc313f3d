#include "expr/function_table.h"

#include <algorithm>
#include <map>

#include "base/fmt.h"
#include "base/letters.h"
#include "base/nearest_name.h"
#include "expr/signature.h"

namespace velo {
namespace {

constexpr size_t kSignaturesShownMax = 4;  // in an error's hint

/// The table with what was derived from it once: parsed signatures and the index by upper-case
/// name.
struct Table {
  std::vector<Function> rows;
  std::vector<Signature> signatures;
  std::map<std::string, std::vector<size_t>, std::less<>> by_name;
};

void add_names(const Function& function, size_t row, Table* table) {
  std::string_view rest = function.names;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    table->by_name[std::string(rest.substr(0, comma))].push_back(row);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
}

Table build_table() {
  Table table;
  for (std::span<const Function> topic :
       {arithmetic_functions(), comparison_functions(), logic_functions(), string_functions(),
        string_search_functions(), string_coding_functions(), hash_functions(), pattern_functions(),
        math_functions(), rounding_functions(), time_functions(), time_part_functions(),
        time_text_functions(), json_functions(), json_making_functions(), array_functions(),
        array_order_functions(), map_functions()}) {
    table.rows.insert(table.rows.end(), topic.begin(), topic.end());
  }
  for (size_t i = 0; i < table.rows.size(); ++i) {
    table.signatures.push_back(Signature::parse(table.rows[i].signature));
    add_names(table.rows[i], i, &table);
  }
  return table;
}

/// Constant after it was built; built on first use, thread-safe by the language.
const Table& table() {
  static const Table kTable = build_table();
  return kTable;
}

std::string types_text(std::span<const ArgumentType> args) {
  std::string out;
  for (const ArgumentType& arg : args) {
    if (!out.empty()) out += ", ";
    out += arg.type.to_string();
  }
  return out;
}

Error no_such_function(std::string_view name) {
  const std::vector<std::string> names = function_names();
  return Error(ErrorCode::kUnknownName, fmt::format("there is no function {}", to_upper(name)))
      .with_hint(did_you_mean(name, names));
}

Error no_such_overload(std::string_view name, std::span<const size_t> rows,
                       std::span<const ArgumentType> args) {
  const Function& first = table().rows[rows[0]];
  const bool infix = first.has(kInfix) && args.size() == 2;
  const std::string call = infix ? fmt::format("{} {} {}", args[0].type.to_string(), to_upper(name),
                                               args[1].type.to_string())
                                 : fmt::format("{}({})", to_upper(name), types_text(args));
  Error error(ErrorCode::kTypeMismatch, fmt::format("{} does not exist for these types", call));
  if (infix && std::string_view("=<>").find(name[0]) != std::string_view::npos) {
    const std::string_view way = args[0].type.is_numeric()
                                     ? way_between(args[0].type, args[1].type)
                                     : way_between(args[1].type, args[0].type);
    if (!way.empty()) return std::move(error).with_hint(std::string(way));
  }
  std::string accepted;
  size_t shown = 0;
  for (size_t row : rows) {
    if (++shown > kSignaturesShownMax) {
      accepted += fmt::format(" and {} more", rows.size() - kSignaturesShownMax);
      break;
    }
    if (!accepted.empty()) accepted += "; ";
    accepted += to_upper(name) + table().signatures[row].to_string();
  }
  return std::move(error).with_hint(fmt::format("accepted: {}; use CAST to convert", accepted));
}

bool is_arithmetic(std::string_view name) {
  return name.size() == 1 && std::string_view("+-*/%").find(name[0]) != std::string_view::npos;
}

}  // namespace

std::span<const Function> function_table() { return table().rows; }

std::vector<std::string> function_names() {
  std::vector<std::string> names;
  for (const auto& [name, rows] : table().by_name) {
    const char first = name[0];
    // LIKE is written between its arguments; MOD, another name of %, is not.
    const Function& function = table().rows[rows[0]];
    const bool is_word = first >= 'A' && first <= 'Z';
    if (is_word && !(function.has(kInfix) && function.name() == name)) names.push_back(name);
  }
  return names;
}

bool is_function(std::string_view name) { return table().by_name.contains(to_upper(name)); }

std::string signature_text(const Function& function) {
  return std::string(function.name()) + Signature::parse(function.signature).to_string();
}

Result<ResolvedFunction> resolve_function(std::string_view name,
                                          std::span<const ArgumentType> args) {
  const auto found = table().by_name.find(to_upper(name));
  if (found == table().by_name.end()) return no_such_function(name);
  std::vector<ArgumentType> unread;
  if (is_arithmetic(name)) {
    // In `1 + 'x'` no reading of the text is more likely than another, least of all a date.
    for (const ArgumentType& arg : args) unread.emplace_back(arg.type);
    args = unread;
  }
  std::optional<Signature::Match> best;
  const Function* function = nullptr;
  for (size_t row : found->second) {
    auto match = table().signatures[row].match(args);
    if (!match || (best && best->cost <= match->cost)) continue;
    const Function& candidate = table().rows[row];
    if (candidate.rule != nullptr && !candidate.rule(match->args, &match->result)) continue;
    best = std::move(match);
    function = &candidate;
  }
  if (!best) return no_such_overload(name, found->second, args);
  return ResolvedFunction{function, std::move(best->args), std::move(best->result)};
}

}  // namespace velo
