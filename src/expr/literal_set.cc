#include "expr/literal_set.h"

namespace velo {

LiteralSet::LiteralSet(const Expr& in) : physical_(in.arg(0)->type().physical()) {
  for (size_t i = 1; i < in.args().size(); ++i) {
    const ColumnPtr& literal = in.arg(i)->literal();
    if (literal->is_null(0)) {
      has_null_ = true;
      continue;
    }
    switch (physical_) {
      case Physical::kBool:
        integers_.insert(literal->bool_at(0) ? 1 : 0);
        break;
      case Physical::kInt64:
        integers_.insert(literal->int64_at(0));
        break;
      // -0.0 and 0.0 are equal and must hash alike.
      case Physical::kDouble:
        doubles_.insert(literal->double_at(0) + 0.0);
        break;
      case Physical::kInt128:
        decimals_.insert(literal->int128_at(0));
        break;
      default:
        keep_.push_back(literal);
        strings_.insert(literal->string_at(0));
    }
  }
}

template <typename T, typename Set>
void LiteralSet::probe(KernelCall& call, const Set& set) const {
  uint8_t* out = call.out.values<uint8_t>();
  const Values<T> needle(call, 0);
  for_valid(call, [&](size_t row) {
    bool found;
    if constexpr (std::is_same_v<T, StringRef>) {
      found = set.contains(needle[row].view());
    } else if constexpr (std::is_same_v<T, double>) {
      found = set.contains(needle[row] + 0.0);
    } else {
      found = set.contains(needle[row]);
    }
    out[row] = found ? 1 : 0;
    if (!found && has_null_) call.out.set_null(row);
  });
}

void LiteralSet::evaluate(KernelCall& call) const {
  switch (physical_) {
    case Physical::kBool:
      return probe<uint8_t>(call, integers_);
    case Physical::kInt64:
      return probe<int64_t>(call, integers_);
    case Physical::kDouble:
      return probe<double>(call, doubles_);
    case Physical::kInt128:
      return probe<int128_t>(call, decimals_);
    default:
      return probe<StringRef>(call, strings_);
  }
}

}  // namespace velo
