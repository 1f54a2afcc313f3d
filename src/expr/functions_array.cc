// Arrays: making, counting, reaching into, searching and joining them. Positions count from 1.
#include <algorithm>

#include "base/fmt.h"
#include "column/column_builder.h"
#include "column/scalar.h"
#include "expr/function_table.h"
#include "expr/lists.h"

namespace velo {
namespace {

void make_array(KernelCall& call) {
  ColumnBuilder builder(call.out.type(), call.rows);
  for (size_t row = 0; row < call.rows; ++row) {
    for (const ColumnPtr& arg : call.args) builder.child(0).append_from(*arg, row);
    builder.append_list_end();
  }
  call.out.set_column(builder.finish());
}

bool empty_array_rule(std::vector<Type>&, Type* result) {
  *result = Type::array(Type::null());
  return true;
}

void cardinality(KernelCall& call) {
  const Lists lists(call, 0);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) { out[row] = lists.size(row); });
}

bool is_list_rule(std::vector<Type>& args, Type* result) {
  *result = Type::integer();
  return args[0].kind() == TypeKind::kArray || args[0].kind() == TypeKind::kMap;
}

/// NULL outside the array.
void element(KernelCall& call) {
  const Lists lists(call, 0);
  const Values<int64_t> position(call, 1);
  ColumnBuilder builder(call.out.type(), call.rows);
  for (size_t row = 0; row < call.rows; ++row) {
    const bool inside =
        !call.out.is_null(row) && position[row] >= 1 && position[row] <= lists.size(row);
    if (inside) {
      builder.append_from(*lists.child(),
                          lists.begin(row) + static_cast<size_t>(position[row]) - 1);
    } else {
      builder.append_null();
    }
  }
  call.out.set_column(builder.finish());
}

bool map_value_rule(std::vector<Type>& args, Type* result) {
  if (args[0].kind() != TypeKind::kMap) return false;
  const Type key = args[0].children()[0];
  if (!implicit_cast_cost(args[1], key)) return false;
  *result = args[0].children()[1];
  args[1] = key;
  return true;
}

/// NULL where there is no such key; of a repeated one the last counts.
void map_value(KernelCall& call) {
  const Lists maps(call, 0);
  const ColumnPtr needle = flatten(call.args[1]);
  ColumnBuilder builder(call.out.type(), call.rows);
  for (size_t row = 0; row < call.rows; ++row) {
    uint32_t found = call.out.is_null(row) ? maps.begin(row) : maps.end(row);
    while (found > maps.begin(row) && !rows_equal(*maps.child(), found - 1, *needle, row)) --found;
    if (found > maps.begin(row)) {
      builder.append_from(*maps.child(1), found - 1);
    } else {
      builder.append_null();
    }
  }
  call.out.set_column(builder.finish());
}

/// First position of a value, 0 if absent.
int64_t position_in(const Lists& lists, size_t row, const Column& needle, size_t needle_row) {
  for (uint32_t i = lists.begin(row); i < lists.end(row); ++i) {
    if (rows_equal(*lists.child(), i, needle, needle_row)) return i - lists.begin(row) + 1;
  }
  return 0;
}

void array_contains(KernelCall& call) {
  const Lists lists(call, 0);
  const ColumnPtr needle = flatten(call.args[1]);
  uint8_t* out = call.out.values<uint8_t>();
  for_valid(call,
            [&](size_t row) { out[row] = position_in(lists, row, *needle, row) > 0 ? 1 : 0; });
}

void array_position(KernelCall& call) {
  const Lists lists(call, 0);
  const ColumnPtr needle = flatten(call.args[1]);
  int64_t* out = call.out.values<int64_t>();
  for_valid(call, [&](size_t row) { out[row] = position_in(lists, row, *needle, row); });
}

/// NULL elements are left out, or written as the third argument.
void array_join(KernelCall& call) {
  const Lists lists(call, 0);
  const Strings separators(call, 1);
  const bool has_null_text = call.args.size() == 3;
  const Strings null_texts(*call.args[has_null_text ? 2 : 1]);
  std::string text;
  for_valid(call, [&](size_t row) {
    text.clear();
    bool any = false;
    for (uint32_t i = lists.begin(row); i < lists.end(row); ++i) {
      const bool null = lists.child()->is_null(i);
      if (null && !has_null_text) continue;
      if (any) text += separators[row];
      any = true;
      if (null) {
        text += null_texts[row];
      } else {
        append_text(text, *lists.child(), i);
      }
    }
    call.out.set_string(row, text);
  });
}

void array_concat(KernelCall& call) {
  const Lists a(call, 0);
  const Lists b(call, 1);
  rebuild(call, [&](size_t row, ColumnBuilder& out) {
    for (uint32_t i = a.begin(row); i < a.end(row); ++i) out.append_from(*a.child(), i);
    for (uint32_t i = b.begin(row); i < b.end(row); ++i) out.append_from(*b.child(), i);
  });
}

void array_distinct(KernelCall& call) {
  const Lists lists(call, 0);
  rebuild(call, [&](size_t row, ColumnBuilder& out) {
    for (uint32_t i = lists.begin(row); i < lists.end(row); ++i) {
      bool seen = false;
      for (uint32_t k = lists.begin(row); k < i && !seen; ++k) {
        seen = rows_equal(*lists.child(), k, *lists.child(), i);
      }
      if (!seen) out.append_from(*lists.child(), i);
    }
  });
}

void array_reverse(KernelCall& call) {
  const Lists lists(call, 0);
  rebuild(call, [&](size_t row, ColumnBuilder& out) {
    for (uint32_t i = lists.end(row); i > lists.begin(row); --i)
      out.append_from(*lists.child(), i - 1);
  });
}

bool arrays_zip_rule(std::vector<Type>& args, Type* result) {
  std::vector<std::string> names;
  std::vector<Type> elements;
  for (const Type& arg : args) {
    if (arg.kind() != TypeKind::kArray) return false;
    names.push_back(fmt::format("f{}", names.size()));
    elements.push_back(arg.children()[0]);
  }
  *result = Type::array(Type::row(std::move(names), std::move(elements)));
  return true;
}

/// What an array that is shorter, or NULL, does not have is NULL.
void arrays_zip(KernelCall& call) {
  std::vector<Lists> lists;
  for (size_t i = 0; i < call.args.size(); ++i) lists.emplace_back(call, i);
  ColumnBuilder builder(call.out.type(), call.rows);
  ColumnBuilder& elements = builder.child(0);
  for (size_t row = 0; row < call.rows; ++row) {
    const auto size_of = [&](size_t i) {
      return call.args[i]->is_null(row) ? uint32_t{0} : lists[i].size(row);
    };
    uint32_t longest = 0;
    for (size_t i = 0; i < lists.size(); ++i) longest = std::max(longest, size_of(i));
    for (uint32_t at = 0; at < longest; ++at) {
      for (size_t i = 0; i < lists.size(); ++i) {
        if (at < size_of(i)) {
          elements.child(i).append_from(*lists[i].child(), lists[i].begin(row) + at);
        } else {
          elements.child(i).append_null();
        }
      }
      elements.append_row_end();
    }
    builder.append_list_end();
  }
  call.out.set_column(builder.finish());
}

const Function kFunctions[] = {
    {"ARRAY", "(x T...) -> array<T>", make_array, kNullAware | kInfallible,
     "An array of these values: ARRAY[1, 2]", "ARRAY[1, 2]", "[1, 2]"},
    {"ARRAY", "() -> rule", make_array, kNullAware | kInfallible,
     "An array without elements, of whatever type it meets", "CAST(ARRAY[] AS ARRAY<INT>)", "[]",
     empty_array_rule},
    {"CARDINALITY,ARRAY_LENGTH", "(a any) -> rule", cardinality, kInfallible,
     "Elements of an array, entries of a map", "CARDINALITY(ARRAY[1, 2])", "2", is_list_rule},
    {"[],ELEMENT_AT", "(a array<T>, n bigint) -> T", element, kInfallible,
     "Element n from 1; NULL outside", "ARRAY['a', 'b'][2]", "b"},
    {"[],ELEMENT_AT", "(m any, key any) -> rule", map_value, kInfallible,
     "The value of a key of a map; NULL without it", "", "", map_value_rule},
    {"ARRAY_CONTAINS", "(a array<T>, x T) -> boolean", array_contains, kInfallible,
     "Whether x is an element", "ARRAY_CONTAINS(ARRAY[1, 2], 2)", "TRUE"},
    {"ARRAY_POSITION", "(a array<T>, x T) -> integer", array_position, kInfallible,
     "Where x stands first, from 1; 0 if it does not", "ARRAY_POSITION(ARRAY[5, 7], 7)", "2"},
    {"ARRAY_JOIN,ARRAY_TO_STRING", "(a array<T>, separator string, null_text string?) -> string",
     array_join, kInfallible, "The elements as one text", "ARRAY_JOIN(ARRAY[1, 2], '-')", "1-2"},
    {"ARRAY_CONCAT", "(a array<T>, b array<T>) -> array<T>", array_concat, kInfallible,
     "The elements of both", "ARRAY_CONCAT(ARRAY[1], ARRAY[2])", "[1, 2]"},
    {"ARRAY_DISTINCT", "(a array<T>) -> array<T>", array_distinct, kInfallible, "Each element once",
     "ARRAY_DISTINCT(ARRAY[1, 2, 1])", "[1, 2]"},
    {"ARRAY_REVERSE", "(a array<T>) -> array<T>", array_reverse, kInfallible,
     "The elements from last to first", "ARRAY_REVERSE(ARRAY[1, 2])", "[2, 1]"},
    {"ARRAYS_ZIP", "(a any, more any...) -> rule", arrays_zip, kNullAware | kInfallible,
     "The arrays side by side, as an array of ROW<f0, f1, …>; NULL where one is shorter",
     "ARRAYS_ZIP(ARRAY[1, 2], ARRAY['a'])", "[(1, a), (2, NULL)]", arrays_zip_rule},
};

}  // namespace

std::span<const Function> array_functions() { return kFunctions; }

}  // namespace velo
