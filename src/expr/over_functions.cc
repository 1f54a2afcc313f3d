#include "expr/over_functions.h"

#include <array>

#include "base/letters.h"

namespace velo {
namespace {

constexpr std::array kFunctions = {
    OverFunctionInfo{"ROW_NUMBER", OverFunction::kRowNumber, 0, 0, "ROW_NUMBER() -> BIGINT",
                     "Place of the row in its partition, from 1"},
    OverFunctionInfo{"RANK", OverFunction::kRank, 0, 0, "RANK() -> BIGINT",
                     "The same for equal rows: 1 more than there are rows before them"},
    OverFunctionInfo{"DENSE_RANK", OverFunction::kDenseRank, 0, 0, "DENSE_RANK() -> BIGINT",
                     "The same for equal rows, without gaps"},
    OverFunctionInfo{"PERCENT_RANK", OverFunction::kPercentRank, 0, 0, "PERCENT_RANK() -> DOUBLE",
                     "(RANK − 1) / (rows − 1); 0 for a row alone"},
    OverFunctionInfo{"CUME_DIST", OverFunction::kCumeDist, 0, 0, "CUME_DIST() -> DOUBLE",
                     "Share of the rows up to this one and its equals"},
    OverFunctionInfo{"NTILE", OverFunction::kNtile, 1, 1, "NTILE(n) -> BIGINT",
                     "Which of n parts of about equal size, from 1; larger ones first"},
    OverFunctionInfo{
        "LAG", OverFunction::kFromStart, 1, 3, "LAG(x ANY [, n [, default]]) -> ANY",
        "x in the n-th row before (1), or the default. IGNORE NULLS passes over NULLs"},
    OverFunctionInfo{
        "LEAD", OverFunction::kFromStart, 1, 3, "LEAD(x ANY [, n [, default]]) -> ANY",
        "x in the n-th row behind (1), or the default. IGNORE NULLS passes over NULLs"},
    OverFunctionInfo{"FIRST_VALUE", OverFunction::kFromStart, 1, 1, "FIRST_VALUE(x ANY) -> ANY",
                     "x in the first row of the frame. IGNORE NULLS: the first that is not NULL"},
    OverFunctionInfo{"LAST_VALUE", OverFunction::kFromEnd, 1, 1, "LAST_VALUE(x ANY) -> ANY",
                     "x in the last row of the frame. IGNORE NULLS: the last that is not NULL"},
    OverFunctionInfo{"NTH_VALUE", OverFunction::kFromStart, 2, 2, "NTH_VALUE(x ANY, n) -> ANY",
                     "x in the n-th row of the frame, from 1. IGNORE NULLS counts no NULLs"},
};

}  // namespace

std::span<const OverFunctionInfo> over_function_table() { return kFunctions; }

const OverFunctionInfo* find_over_function(std::string_view name) {
  for (const OverFunctionInfo& one : kFunctions) {
    if (equals_ignoring_case(one.name, name)) return &one;
  }
  return nullptr;
}

std::vector<ExprPtr> expressions_read(const OverCall& call) {
  std::vector<ExprPtr> reads;
  const auto add = [&reads](const ExprPtr& expr) {
    if (expr != nullptr) reads.push_back(expr);
  };
  if (!call.has_frame()) return reads;
  add(call.argument);
  add(call.otherwise);
  for (const Component& component : call.aggregate.components) {
    if (component.kind == AccumulatorKind::kCountValid) continue;
    for (const ExprPtr& input : component.inputs) add(input);
    for (const ListOrder& key : component.order) add(key.key);
  }
  return reads;
}

}  // namespace velo
