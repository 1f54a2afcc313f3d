#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expr/type_rules.h"

namespace velo {

/// What a parameter of a signature accepts, and what happens to the argument.
enum class Accepts : uint8_t {
  kFixed,   ///< `type`, cast to it; TIMESTAMP, TIME and DECIMAL keep their own precision
  kInt,     ///< "int": any integer type, kept
  kDouble,  ///< "double": FLOAT or DOUBLE kept, other numbers cast to DOUBLE
  kNumber,  ///< "number": any number, kept
  kMoment,  ///< "moment": TIMESTAMP or TIMESTAMP_LTZ, kept
  kText,    ///< "text": everything, cast to STRING
  kAny,     ///< "any": everything, kept
  kCommon,  ///< "T": cast to the common type of all T arguments
  kArray,   ///< "array<T>": an array; its element takes part in T
};

/// The machine-readable form of "(s string, n bigint, pad string?) -> string".
struct Signature {
  struct Parameter {
    std::string name;
    Accepts accepts;
    Type type;
    bool is_optional = false;
    bool repeats = false;  ///< "x T...": once or more, last
  };
  enum class ResultOf : uint8_t { kFixed, kFirst, kCommon, kArrayOfCommon, kRule };

  std::vector<Parameter> parameters;
  ResultOf result_of = ResultOf::kFixed;
  Type result;

  /// CHECKs the syntax: signatures are written in tables of ours.
  static Signature parse(std::string_view text);

  /// What it takes to call with these arguments.
  struct Match {
    int cost;
    std::vector<Type> args;  ///< cast to these
    Type result;
  };
  /// Nothing if the arguments do not fit.
  std::optional<Match> match(std::span<const ArgumentType> args) const;

  /// "(s STRING, n BIGINT [, pad STRING]) -> STRING"
  std::string to_string() const;

 private:
  const Parameter& parameter(size_t i) const;
};

}  // namespace velo
