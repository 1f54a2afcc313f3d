// Compiling: fold constants, then number the distinct sub-expressions bottom-up, so that equal
// parts are one node. Running: nodes recursively over a Frame (the rows at hand); a node used more
// than once keeps its value per frame.
#include "expr/evaluator.h"

#include "expr/casts.h"
#include "expr/program.h"

namespace velo {
namespace {

/// The only STRING column that an expression reads, if evaluating it per dictionary entry could
/// pay.
int string_column_of(const Expr& expr) {
  if (!expr.is_deterministic() || expr.kind() == ExprKind::kColumn || expr.is_constant()) return -1;
  std::vector<size_t> columns;
  collect_columns(expr, &columns);
  if (columns.size() != 1) return -1;
  const Expr* at = &expr;
  while (at->kind() != ExprKind::kColumn) {
    const Expr* next = nullptr;
    for (const ExprPtr& arg : at->args()) {
      if (!arg->is_constant()) next = arg.get();
    }
    at = next;
  }
  return at->type().physical() == Physical::kString ? static_cast<int>(columns[0]) : -1;
}

}  // namespace

size_t Evaluator::Program::add(const ExprPtr& expr) {
  if (!expr->is_volatile()) {
    const auto [begin, end] = by_hash_.equal_range(expr->hash());
    for (auto at = begin; at != end; ++at) {
      if (!(*nodes[at->second].expr == *expr)) continue;
      Node& node = nodes[at->second];
      if (++node.uses == 2 && node.memo_slot < 0 && !expr->args().empty()) {
        node.memo_slot = static_cast<int>(memo_slots++);
      }
      return at->second;
    }
  }
  Node node;
  node.expr = expr;
  node.uses = 1;
  node.string_column = string_column_of(*expr);
  if (expr->kind() == ExprKind::kIn) {
    node.set = std::make_unique<LiteralSet>(*expr);
    node.args.push_back(add(expr->arg(0)));
  } else {
    for (const ExprPtr& arg : expr->args()) node.args.push_back(add(arg));
  }
  nodes.push_back(std::move(node));
  by_hash_.emplace(expr->hash(), nodes.size() - 1);
  return nodes.size() - 1;
}

ColumnPtr Evaluator::Program::run(size_t number, Frame& frame) {
  Node& node = nodes[number];
  if (frame.rows() == 0) return Column::nulls(node.expr->type(), 0);
  if (node.memo_slot < 0) return run_fresh(node, frame);
  const size_t slot = static_cast<size_t>(node.memo_slot);
  if (!frame.memo(slot)) frame.memo(slot) = run_fresh(node, frame);
  return frame.memo(slot);
}

ColumnPtr Evaluator::Program::run_fresh(Node& node, Frame& frame) {
  const Expr& expr = *node.expr;
  if (node.string_column >= 0) {
    if (ColumnPtr done = run_entries(node, frame)) return done;
  }
  switch (expr.kind()) {
    case ExprKind::kColumn:
      return frame.column(expr.index());
    case ExprKind::kLiteral:
      return Column::constant(expr.literal(), frame.rows());
    case ExprKind::kCall:
      return run_call(node, frame);
    case ExprKind::kCast:
      return run_cast(node, frame);
    case ExprKind::kTry: {
      Frame quiet = Frame::quiet(frame);
      return run(node.args[0], quiet);
    }
    case ExprKind::kCase:
      return run_case(node, frame);
    case ExprKind::kCoalesce:
      return run_coalesce(node, frame);
    case ExprKind::kAnd:
      return run_logical(node, frame, true);
    case ExprKind::kOr:
      return run_logical(node, frame, false);
    case ExprKind::kIn:
      return run_in(node, frame);
    case ExprKind::kField:
      return run_field(node, frame);
    case ExprKind::kOuter:
    case ExprKind::kSubquery:
      break;
  }
  CHECK(false, "a sub-query that was not put in its place: " + expr.to_string());
  return nullptr;
}

ColumnPtr Evaluator::Program::run_call(Node& node, Frame& frame) {
  std::vector<ColumnPtr> args;
  args.reserve(node.args.size());
  for (const size_t arg : node.args) args.push_back(run(arg, frame));
  const Function& function = node.expr->function();
  return run_kernel(node, function.kernel, std::move(args), !function.has(kNullAware), frame);
}

ColumnPtr Evaluator::Program::run_cast(Node& node, Frame& frame) {
  const Type& to = node.expr->type();
  const Type& from = node.expr->arg(0)->type();
  const Kernel kernel = find_cast(from, to);
  if (kernel == nullptr) {
    ColumnPtr value = run(node.args[0], frame);
    return from.is_null() ? Column::nulls(to, frame.rows()) : retype(value, to);
  }
  if (!node.expr->is_try())
    return run_kernel(node, kernel, {run(node.args[0], frame)}, true, frame);
  // Only the cast itself may fail quietly: its argument reports.
  ColumnPtr value = run(node.args[0], frame);
  Frame quiet = Frame::quiet(frame);
  return run_kernel(node, kernel, {std::move(value)}, true, quiet);
}

namespace {

/// The kernel once for a row that stands for all.
ColumnPtr run_constant(const Type& type, Kernel kernel, std::vector<ColumnPtr> args,
                       std::unique_ptr<KernelState>& state, Frame& frame) {
  for (ColumnPtr& arg : args) {
    if (arg->encoding() == Encoding::kConstant) arg = arg->base();
  }
  RowErrors errors;
  KernelOutput out(type, 1);
  KernelCall call{1, args, out, {&errors, nullptr}, frame.context(), state};
  kernel(call);
  if (!errors.empty() && !frame.is_quiet()) {
    const RowError& error = errors.raw()[0];
    for (size_t row = 0; row < frame.rows(); ++row) {
      frame.sink().add(row, error.code, error.message);
    }
  }
  return Column::constant(out.finish(), frame.rows());
}

}  // namespace

ColumnPtr Evaluator::Program::run_kernel(Node& node, Kernel kernel, std::vector<ColumnPtr> args,
                                         bool strict, Frame& frame) {
  const Type& type = node.expr->type();
  bool all_constant =
      !(node.expr->kind() == ExprKind::kCall && node.expr->function().has(kVolatile));
  for (ColumnPtr& arg : args) {
    if (arg->encoding() == Encoding::kDictionary) arg = flatten(arg);
    const bool constant = arg->encoding() == Encoding::kConstant;
    all_constant &= constant;
    if (strict && constant && arg->is_null(0)) return Column::nulls(type, frame.rows());
  }
  if (all_constant) return run_constant(type, kernel, std::move(args), node.state, frame);
  KernelOutput out(type, frame.rows());
  if (strict) {
    for (const ColumnPtr& arg : args) out.intersect_validity(*arg);
  }
  KernelCall call{frame.rows(), args, out, frame.sink(), frame.context(), node.state};
  kernel(call);
  return out.finish();
}

ColumnPtr Evaluator::Program::run_in(Node& node, Frame& frame) {
  ColumnPtr needle = flatten(run(node.args[0], frame));
  KernelOutput out(Type::boolean(), frame.rows());
  out.intersect_validity(*needle);
  const std::vector<ColumnPtr> args{std::move(needle)};
  KernelCall call{frame.rows(), args, out, frame.sink(), frame.context(), node.state};
  node.set->evaluate(call);
  return out.finish();
}

Evaluator::Evaluator(const std::vector<ExprPtr>& expressions)
    : program_(std::make_unique<Program>()) {
  for (const ExprPtr& expr : expressions) {
    program_->roots.push_back(program_->add(fold_constants(expr)));
  }
}

Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

size_t Evaluator::size() const { return program_->roots.size(); }

ColumnPtr Evaluator::evaluate(size_t i, const Batch& batch, EvaluationContext& context,
                              RowErrors& errors) {
  Frame frame(batch, context, &errors, program_->memo_slots);
  return program_->run(program_->roots[i], frame);
}

void Evaluator::evaluate(const Batch& batch, EvaluationContext& context, RowErrors& errors,
                         std::vector<ColumnPtr>* out) {
  Frame frame(batch, context, &errors, program_->memo_slots);
  out->clear();
  for (const size_t root : program_->roots) out->push_back(program_->run(root, frame));
}

void select_true(const Column& column, Selection* out) {
  const size_t rows = column.size();
  if (column.encoding() == Encoding::kConstant) {
    if (column.is_null(0) || !column.bool_at(0)) return;
    for (size_t row = 0; row < rows; ++row) out->push_back(static_cast<uint32_t>(row));
    return;
  }
  const size_t begin = out->size();
  out->resize(begin + rows);
  uint32_t* to = out->data() + begin;
  size_t count = 0;
  const uint8_t* values = column.values<uint8_t>();
  if (column.validity() == nullptr) {
    for (size_t row = 0; row < rows; ++row) {
      to[count] = static_cast<uint32_t>(row);
      count += values[row];
    }
  } else {
    for (size_t row = 0; row < rows; ++row) {
      to[count] = static_cast<uint32_t>(row);
      count += values[row] & static_cast<uint8_t>((column.validity()[row >> 6] >> (row & 63)) & 1);
    }
  }
  out->resize(begin + count);
}

void Evaluator::select(const Batch& batch, EvaluationContext& context, RowErrors& errors,
                       Selection* out) {
  out->clear();
  select_true(*evaluate(0, batch, context, errors), out);
}

Result<ColumnPtr> evaluate_constant(const ExprPtr& expr, EvaluationContext& context) {
  // Built without the folding constructor, which calls this.
  Evaluator evaluator{std::vector<ExprPtr>{}};
  return evaluator.evaluate_unfolded(expr, context);
}

Result<ColumnPtr> Evaluator::evaluate_unfolded(const ExprPtr& expr, EvaluationContext& context) {
  const size_t root = program_->add(expr);
  Batch one_row;
  one_row.rows = 1;
  RowErrors errors;
  Frame frame(one_row, context, &errors, program_->memo_slots);
  ColumnPtr value = program_->run(root, frame);
  if (!errors.empty()) return Error(errors.raw()[0].code, errors.raw()[0].message);
  return flatten(value);
}

}  // namespace velo
