#pragma once

#include <unordered_set>
#include <vector>

#include "expr/expr.h"
#include "expr/kernel.h"

namespace velo {

/// The right side of IN: a hash set of literals of one scalar type.
class LiteralSet {
 public:
  /// REQUIRES: `in` is a kIn expression.
  explicit LiteralSet(const Expr& in);

  /// out = (args[0] IN set), three-valued: NULL where it is not found and a NULL is listed.
  void evaluate(KernelCall& call) const;

 private:
  template <typename T, typename Set>
  void probe(KernelCall& call, const Set& set) const;

  struct Int128Hash {
    size_t operator()(int128_t value) const {
      return std::hash<uint64_t>()(static_cast<uint64_t>(value) * 31 +
                                   static_cast<uint64_t>(value >> 64));
    }
  };
  Physical physical_;
  bool has_null_ = false;
  std::vector<ColumnPtr> keep_;  // the literals whose bytes strings_ refers to
  std::unordered_set<int64_t> integers_;
  std::unordered_set<double> doubles_;
  std::unordered_set<int128_t, Int128Hash> decimals_;
  std::unordered_set<std::string_view> strings_;
};

}  // namespace velo
