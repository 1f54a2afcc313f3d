#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "column/type.h"
#include "expr/type_rules.h"

namespace velo {

struct KernelCall;
class Column;

/// Computes `call.rows` values. Arguments are flat or constant columns of the resolved types.
using Kernel = void (*)(KernelCall& call);

/// A finer typing rule than a signature can say. Gets the actual argument types after the patterns
/// matched (NULLs already typed); may change them (= cast to) and gives the result type. False =
/// these types do not fit.
using TypeRule = bool (*)(std::vector<Type>& args, Type* result);

/// Looks at a literal argument when a call is bound: a bad pattern or unit is an error of the SQL
/// text, not of every row. `text` is the literal's text, `position` counts from 0.
using LiteralCheck = Status (*)(std::string_view text, size_t position);

/// What a function may do, as bits.
enum FunctionFlags : uint32_t {
  kStrict = 0,           ///< NULL in, NULL out: the evaluator sees to it
  kNullAware = 1 << 0,   ///< the kernel sees NULLs and sets the result's validity itself
  kInfallible = 1 << 1,  ///< never an error of a row, whatever the values
  kUsesClock = 1 << 2,   ///< depends on the batch's clock or the session's zone: not folded,
                         ///< constant in a batch
  kVolatile = 1 << 3,    ///< differs from row to row: RAND(), UUID()
  kInfix = 1 << 4,       ///< printed between its arguments
  kCheap =
      1 << 5,  ///< a few instructions per row: not worth evaluating per dictionary entry or lazily
};

/// One row of the closed function table. Overloads are rows with the same name.
struct Function {
  std::string_view names;      ///< "LENGTH,CHAR_LENGTH": the first is primary
  std::string_view signature;  ///< "(s string, n bigint, pad string?) -> string", see README.md
  Kernel kernel;
  uint32_t flags;
  std::string_view doc;      ///< one line for SHOW FUNCTIONS
  std::string_view example;  ///< "LPAD('7', 3, '0')" …
  std::string_view result;   ///< … and the text of its value, which a test compares
  TypeRule rule = nullptr;
  LiteralCheck check = nullptr;

  std::string_view name() const { return names.substr(0, names.find(',')); }
  bool has(FunctionFlags flag) const { return (flags & flag) != 0; }
  bool is_deterministic() const { return (flags & (kUsesClock | kVolatile)) == 0; }
};

/// A function chosen for given arguments, and how to call it.
struct ResolvedFunction {
  const Function* function;
  std::vector<Type> args;  ///< cast each argument to this
  Type result;
};

/// The whole table, in the order of documentation.
std::span<const Function> function_table();

/// Upper-case names with aliases, ascending, each once: for SHOW FUNCTIONS and "did you mean".
std::vector<std::string> function_names();

/// True if some overload has this name (any case).
bool is_function(std::string_view name);

/// "LPAD(s STRING, n BIGINT [, pad STRING]) -> STRING"
std::string signature_text(const Function& function);

/// Picks the overload whose arguments need the least casting. Errors: kUnknownName (with the
/// nearest name), kTypeMismatch (with the accepted signatures).
Result<ResolvedFunction> resolve_function(std::string_view name,
                                          std::span<const ArgumentType> args);

}  // namespace velo
