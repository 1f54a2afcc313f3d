// NOT, IS …, TYPEOF, RAND, UUID, and the rows of the lazy forms, which make_call turns into CASE
// and COALESCE.
#include "base/fmt.h"
#include "base/random.h"
#include "column/scalar.h"
#include "expr/function_table.h"
#include "expr/kernel.h"

namespace velo {
namespace {

void logical_not(KernelCall& call) {
  map_all<uint8_t, uint8_t>(call, [](uint8_t a) { return static_cast<uint8_t>(a ^ 1); });
}

template <bool kWanted>
void is_null(KernelCall& call) {
  uint8_t* out = call.out.values<uint8_t>();
  const Column& in = *call.args[0];
  for (size_t row = 0; row < call.rows; ++row) out[row] = in.is_null(row) == kWanted ? 1 : 0;
}

/// IS [NOT] TRUE, IS [NOT] FALSE: never NULL.
template <bool kValue, bool kNegated>
void is_boolean(KernelCall& call) {
  uint8_t* out = call.out.values<uint8_t>();
  const Column& in = *call.args[0];
  for (size_t row = 0; row < call.rows; ++row) {
    const bool yes = !in.is_null(row) && in.bool_at(row) == kValue;
    out[row] = yes != kNegated ? 1 : 0;
  }
}

void type_of(KernelCall& call) {
  const std::string name = call.arg_type(0).to_string();
  for (size_t row = 0; row < call.rows; ++row) call.out.set_string(row, name);
}

void random_unit(KernelCall& call) {
  double* out = call.out.values<double>();
  for (size_t row = 0; row < call.rows; ++row) out[row] = call.context.random.unit();
}

void random_integer(KernelCall& call) {
  const Values<int64_t> bound(call, 0);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) {
    if (bound[row] <= 0) {
      return call.fail(row, ErrorCode::kEvaluation,
                       fmt::format("RAND_INTEGER({}): the bound must be positive", bound[row]));
    }
    out[row] = static_cast<int64_t>(call.context.random.below(static_cast<uint64_t>(bound[row])));
  });
}

/// Version 4 (random), RFC 9562.
void uuid(KernelCall& call) {
  for (size_t row = 0; row < call.rows; ++row) {
    uint64_t high = call.context.random.next();
    uint64_t low = call.context.random.next();
    high = (high & ~0xf000ULL) | 0x4000ULL;
    low = (low & ~(3ULL << 62)) | (2ULL << 62);
    call.out.set_string(
        row, fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
                         high & 0xffff, low >> 48, low & 0xffffffffffffULL));
  }
}

/// A 64-bit hash of any scalar value: the same on every machine.
void hash_code(KernelCall& call) {
  int64_t* out = call.out.values<int64_t>();
  std::string text;
  for_valid(call, [&](size_t row) {
    text.clear();
    append_text(text, *call.args[0], row);
    uint64_t hash = 14695981039346656037ULL;  // FNV-1a
    for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211ULL;
    out[row] = static_cast<int64_t>(mix64(hash));
  });
}

constexpr uint32_t kTest = kNullAware | kInfallible | kCheap;

const Function kFunctions[] = {
    {"NOT", "(a boolean) -> boolean", logical_not, kInfallible | kCheap,
     "TRUE for FALSE and the reverse; NULL for NULL", "NOT TRUE", "FALSE"},
    {"IS NULL", "(x any) -> boolean", is_null<true>, kTest, "TRUE for NULL, else FALSE",
     "NULL IS NULL", "TRUE"},
    {"IS NOT NULL", "(x any) -> boolean", is_null<false>, kTest, "FALSE for NULL, else TRUE",
     "1 IS NOT NULL", "TRUE"},
    {"IS TRUE", "(a boolean) -> boolean", is_boolean<true, false>, kTest,
     "TRUE for TRUE, else FALSE", "TRUE IS TRUE", "TRUE"},
    {"IS NOT TRUE", "(a boolean) -> boolean", is_boolean<true, true>, kTest,
     "FALSE for TRUE, else TRUE", "FALSE IS NOT TRUE", "TRUE"},
    {"IS FALSE", "(a boolean) -> boolean", is_boolean<false, false>, kTest,
     "TRUE for FALSE, else FALSE", "FALSE IS FALSE", "TRUE"},
    {"IS NOT FALSE", "(a boolean) -> boolean", is_boolean<false, true>, kTest,
     "FALSE for FALSE, else TRUE", "TRUE IS NOT FALSE", "TRUE"},
    {"IS UNKNOWN", "(a boolean) -> boolean", is_null<true>, kTest, "TRUE for NULL, else FALSE",
     "TRUE IS UNKNOWN", "FALSE"},
    {"IS NOT UNKNOWN", "(a boolean) -> boolean", is_null<false>, kTest, "FALSE for NULL, else TRUE",
     "TRUE IS NOT UNKNOWN", "TRUE"},
    {"COALESCE,IFNULL,NVL", "(x T...) -> T", nullptr, kInfallible,
     "The first value that is not NULL; later ones are not evaluated", "COALESCE(NULL, 2, 3)", "2"},
    {"NULLIF", "(a T, b T) -> T", nullptr, kInfallible, "NULL if a = b, else a", "NULLIF(1, 2)",
     "1"},
    {"IF,IIF", "(condition boolean, yes T, no T) -> T", nullptr, kInfallible,
     "yes if the condition is TRUE, else no; the other is not evaluated", "IF(1 < 2, 'a', 'b')",
     "a"},
    {"NVL2", "(x any, set T, unset T) -> T", nullptr, kInfallible,
     "set if x is not NULL, else unset", "NVL2(1, 'set', 'unset')", "set"},
    {"TRY", "(x T) -> T", nullptr, kInfallible, "NULL where x fails", "TRY(1 / 0) IS NULL", "TRUE"},
    {"TYPEOF", "(x any) -> string", type_of, kNullAware | kInfallible, "The name of the type",
     "TYPEOF(1)", "INTEGER"},
    {"HASH_CODE", "(x any) -> bigint", hash_code, kInfallible,
     "A stable 64-bit hash of the text form", "HASH_CODE('a') = HASH_CODE('a')", "TRUE"},
    {"RAND,RANDOM", "() -> float64", random_unit, kVolatile | kInfallible,
     "A random number in [0, 1)", "RAND() < 1", "TRUE"},
    {"RAND_INTEGER", "(bound bigint) -> bigint", random_integer, kVolatile,
     "A random integer in [0, bound)", "RAND_INTEGER(1)", "0"},
    {"UUID,GEN_RANDOM_UUID", "() -> string", uuid, kVolatile | kInfallible, "A random UUID",
     "LENGTH(UUID())", "36"},
};

}  // namespace

std::span<const Function> logic_functions() { return kFunctions; }

}  // namespace velo
