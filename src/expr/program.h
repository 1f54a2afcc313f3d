#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "expr/evaluator.h"
#include "expr/frame.h"
#include "expr/literal_set.h"

namespace velo {

/// What a dictionary's entries give under one string expression; grows with the dictionary.
struct EntryResults {
  uint64_t dictionary = 0;                        ///< identity; 0 = none yet
  uint32_t size = 0;                              ///< entries done
  ColumnPtr values;                               ///< one per entry, flat
  ColumnPtr of_null;                              ///< one row: the value for NULL
  std::unordered_map<uint32_t, RowError> failed;  ///< by entry
  std::unique_ptr<RowError> null_failed;
};

/// One distinct part of the expressions, ready to run.
struct Node {
  ExprPtr expr;
  std::vector<size_t> args;  ///< node numbers
  size_t uses = 0;
  int memo_slot = -1;  ///< its value is kept per frame when it is used more than once
  /// ≥ 0: reads only this STRING column and nothing volatile, so it may be evaluated per dictionary
  /// entry.
  int string_column = -1;
  std::unique_ptr<KernelState> state;  ///< kCall
  EntryResults entries;                ///< string_column ≥ 0
  std::unique_ptr<LiteralSet> set;     ///< kIn
};

/// The compiled form behind an Evaluator. Nodes stand before those that use them.
struct Evaluator::Program {
  std::vector<Node> nodes;
  std::vector<size_t> roots;
  size_t memo_slots = 0;

  size_t add(const ExprPtr& expr);

  ColumnPtr run(size_t node, Frame& frame);

 private:
  ColumnPtr run_fresh(Node& node, Frame& frame);
  ColumnPtr run_call(Node& node, Frame& frame);
  ColumnPtr run_cast(Node& node, Frame& frame);
  ColumnPtr run_kernel(Node& node, Kernel kernel, std::vector<ColumnPtr> args, bool strict,
                       Frame& frame);
  ColumnPtr run_case(Node& node, Frame& frame);
  ColumnPtr run_blend(Node& node, Frame& frame);
  ColumnPtr run_coalesce(Node& node, Frame& frame);
  ColumnPtr run_logical(Node& node, Frame& frame, bool is_and);
  ColumnPtr run_in(Node& node, Frame& frame);
  ColumnPtr run_field(Node& node, Frame& frame);
  /// Null when evaluating per entry would not pay.
  ColumnPtr run_entries(Node& node, Frame& frame);
  void grow_entries(Node& node, const Column& column, EvaluationContext& context);

  std::unordered_multimap<uint64_t, size_t> by_hash_;
};

/// Rows of a flat or constant BOOLEAN column where it is TRUE, appended in order.
void select_true(const Column& column, Selection* out);

}  // namespace velo
