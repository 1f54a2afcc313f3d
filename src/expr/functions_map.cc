// ROWs and MAPs: making them and taking them apart. A MAP has each key once; the later value
// counts.
#include <algorithm>
#include <numeric>
#include <span>

#include "base/fmt.h"
#include "expr/function_table.h"
#include "expr/lists.h"

namespace velo {
namespace {

void make_row(KernelCall& call) {
  std::vector<ColumnPtr> fields;
  for (const ColumnPtr& arg : call.args) fields.push_back(flatten(arg));
  call.out.set_column(Column::row(call.out.type(), call.rows, std::move(fields)));
}

bool row_rule(std::vector<Type>& args, Type* result) {
  std::vector<std::string> names;
  for (size_t i = 0; i < args.size(); ++i) names.push_back(fmt::format("f{}", i));
  *result = Type::row(std::move(names), args);
  return true;
}

/// Builds one MAP after the other.
class MapBuilder {
 public:
  explicit MapBuilder(KernelCall& call) : call_(call), builder_(call.out.type(), call.rows) {}

  /// An entry of the row at hand; a key that it has already loses its value.
  void add(const ColumnPtr& keys, size_t key, const ColumnPtr& values, size_t value) {
    const size_t compared = entries_.size() > kFew ? 0 : entries_.size();
    for (Entry& entry : std::span(entries_).first(compared)) {
      if (!rows_equal(*entry.keys, entry.key, *keys, key)) continue;
      entry.values = values;
      entry.value = value;
      return;
    }
    entries_.push_back({keys, key, values, value});
  }

  /// The row's entries are complete.
  void end(size_t row) {
    bool good = true;
    for (const Entry& entry : entries_) good &= !entry.keys->is_null(entry.key);
    if (!good) return fail(row, "a MAP has no NULL as a key");
    if (entries_.size() > kFew) drop_repeated();
    for (const Entry& entry : entries_) {
      builder_.child(0).append_from(*entry.keys, entry.key);
      builder_.child(1).append_from(*entry.values, entry.value);
    }
    builder_.append_list_end();
    entries_.clear();
  }
  void null() {
    builder_.append_null();
    entries_.clear();
  }
  void fail(size_t row, std::string message) {
    call_.errors.add(row, ErrorCode::kEvaluation, std::move(message));
    null();
  }
  void finish() { call_.out.set_column(builder_.finish()); }

 private:
  struct Entry {
    ColumnPtr keys;
    size_t key;
    ColumnPtr values;
    size_t value;
    bool repeats = false;
  };
  static constexpr size_t kFew = 16;  // keys beyond are sorted, not compared one by one

  // The first entry of a key stays, with the value of the last.
  void drop_repeated() {
    const auto compare = [this](size_t a, size_t b) {
      return compare_rows(*entries_[a].keys, entries_[a].key, *entries_[b].keys, entries_[b].key);
    };
    std::vector<size_t> order(entries_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return compare(a, b) < 0; });
    size_t first = order[0];
    for (size_t i = 1; i < order.size(); ++i) {
      Entry& entry = entries_[order[i]];
      if (compare(first, order[i]) != 0) {
        first = order[i];
        continue;
      }
      entries_[first].values = entry.values;
      entries_[first].value = entry.value;
      entry.repeats = true;
    }
    std::erase_if(entries_, [](const Entry& entry) { return entry.repeats; });
  }

  KernelCall& call_;
  ColumnBuilder builder_;
  std::vector<Entry> entries_;
};

void make_map(KernelCall& call) {
  MapBuilder maps(call);
  for (size_t row = 0; row < call.rows; ++row) {
    for (size_t i = 0; i + 1 < call.args.size(); i += 2) {
      maps.add(call.args[i], row, call.args[i + 1], row);
    }
    maps.end(row);
  }
  maps.finish();
}

/// Keys have one type, values another.
bool map_rule(std::vector<Type>& args, Type* result) {
  if (args.size() % 2 != 0) return false;
  std::vector<ArgumentType> keys;
  std::vector<ArgumentType> values;
  for (size_t i = 0; i < args.size(); ++i) (i % 2 == 0 ? keys : values).emplace_back(args[i]);
  const std::optional<Type> key = common_type(keys);
  const std::optional<Type> value = common_type(values);
  if (!key || !value || key->is_null()) return false;
  for (size_t i = 0; i < args.size(); ++i) args[i] = i % 2 == 0 ? *key : *value;
  *result = Type::map(*key, *value);
  return true;
}

template <size_t kChild>
void map_part(KernelCall& call) {
  const Lists maps(call, 0);
  rebuild(call, [&](size_t row, ColumnBuilder& out) {
    for (uint32_t i = maps.begin(row); i < maps.end(row); ++i) {
      out.append_from(*maps.child(kChild), i);
    }
  });
}

template <size_t kChild>
bool map_part_rule(std::vector<Type>& args, Type* result) {
  if (args[0].kind() != TypeKind::kMap) return false;
  *result = Type::array(args[0].children()[kChild]);
  return true;
}

void map_entries(KernelCall& call) {
  const Lists maps(call, 0);
  rebuild(call, [&](size_t row, ColumnBuilder& out) {
    for (uint32_t i = maps.begin(row); i < maps.end(row); ++i) {
      out.child(0).append_from(*maps.child(0), i);
      out.child(1).append_from(*maps.child(1), i);
      out.append_row_end();
    }
  });
}

bool map_entries_rule(std::vector<Type>& args, Type* result) {
  if (args[0].kind() != TypeKind::kMap) return false;
  *result = Type::array(Type::row({"key", "value"}, args[0].children()));
  return true;
}

void map_from_arrays(KernelCall& call) {
  const Lists keys(call, 0);
  const Lists values(call, 1);
  MapBuilder maps(call);
  for (size_t row = 0; row < call.rows; ++row) {
    if (call.out.is_null(row)) {
      maps.null();
    } else if (keys.size(row) != values.size(row)) {
      maps.fail(row, fmt::format("MAP_FROM_ARRAYS: {} keys for {} values", keys.size(row),
                                 values.size(row)));
    } else {
      for (uint32_t i = 0; i < keys.size(row); ++i) {
        maps.add(keys.child(), keys.begin(row) + i, values.child(), values.begin(row) + i);
      }
      maps.end(row);
    }
  }
  maps.finish();
}

bool map_from_arrays_rule(std::vector<Type>& args, Type* result) {
  for (const Type& arg : args) {
    if (arg.kind() != TypeKind::kArray) return false;
  }
  *result = Type::map(args[0].children()[0], args[1].children()[0]);
  return true;
}

void map_from_entries(KernelCall& call) {
  const Lists entries(call, 0);
  MapBuilder maps(call);
  for (size_t row = 0; row < call.rows; ++row) {
    if (call.out.is_null(row)) {
      maps.null();
      continue;
    }
    bool good = true;
    for (uint32_t i = entries.begin(row); i < entries.end(row); ++i) {
      good &= !entries.child()->is_null(i);
    }
    if (!good) {
      maps.fail(row, "MAP_FROM_ENTRIES: an entry is NULL");
      continue;
    }
    const ColumnPtr rows = flatten(entries.child());
    for (uint32_t i = entries.begin(row); i < entries.end(row); ++i) {
      maps.add(rows->child(0), i, rows->child(1), i);
    }
    maps.end(row);
  }
  maps.finish();
}

bool map_from_entries_rule(std::vector<Type>& args, Type* result) {
  if (args[0].kind() != TypeKind::kArray) return false;
  const Type& entry = args[0].children()[0];
  if (entry.kind() != TypeKind::kRow || entry.children().size() != 2) return false;
  *result = Type::map(entry.children()[0], entry.children()[1]);
  return true;
}

void map_union(KernelCall& call) {
  MapBuilder maps(call);
  for (size_t row = 0; row < call.rows; ++row) {
    if (call.out.is_null(row)) {
      maps.null();
      continue;
    }
    for (size_t arg = 0; arg < call.args.size(); ++arg) {
      const Lists one(call, arg);
      for (uint32_t i = one.begin(row); i < one.end(row); ++i) {
        maps.add(one.child(0), i, one.child(1), i);
      }
    }
    maps.end(row);
  }
  maps.finish();
}

bool map_union_rule(std::vector<Type>& args, Type* result) {
  std::vector<ArgumentType> types(args.begin(), args.end());
  const std::optional<Type> common = common_type(types);
  if (!common || common->kind() != TypeKind::kMap) return false;
  for (Type& arg : args) arg = *common;
  *result = *common;
  return true;
}

const Function kFunctions[] = {
    {"ROW", "(x any...) -> rule", make_row, kNullAware | kInfallible,
     "A ROW of these values; its fields are f0, f1, …", "ROW(1, 'a')", "(1, a)", row_rule},
    {"MAP", "(key_or_value any...) -> rule", make_map, kNullAware,
     "A MAP of keys and values in turn: MAP['a', 1]; of a repeated key the last counts",
     "MAP['a', 1, 'b', 2]", "{a=1, b=2}", map_rule},
    {"MAP_KEYS", "(m any) -> rule", map_part<0>, kInfallible, "The keys, as an array",
     "MAP_KEYS(MAP['a', 1, 'b', 2])", "[a, b]", map_part_rule<0>},
    {"MAP_VALUES", "(m any) -> rule", map_part<1>, kInfallible, "The values, as an array",
     "MAP_VALUES(MAP['a', 1, 'b', 2])", "[1, 2]", map_part_rule<1>},
    {"MAP_ENTRIES", "(m any) -> rule", map_entries, kInfallible,
     "The entries, as an array of ROW<key, value>", "MAP_ENTRIES(MAP['a', 1])", "[(a, 1)]",
     map_entries_rule},
    {"MAP_FROM_ARRAYS", "(keys any, values any) -> rule", map_from_arrays, kStrict,
     "A MAP of an array of keys and one of values", "MAP_FROM_ARRAYS(ARRAY['a'], ARRAY[1])",
     "{a=1}", map_from_arrays_rule},
    {"MAP_FROM_ENTRIES", "(entries any) -> rule", map_from_entries, kStrict,
     "A MAP of an array of ROWs of two fields", "MAP_FROM_ENTRIES(ARRAY[ROW('a', 1)])", "{a=1}",
     map_from_entries_rule},
    {"MAP_UNION", "(m any...) -> rule", map_union, kStrict,
     "The entries of all; of a repeated key the last counts", "MAP_UNION(MAP['a', 1], MAP['b', 2])",
     "{a=1, b=2}", map_union_rule},
};

}  // namespace

std::span<const Function> map_functions() { return kFunctions; }

}  // namespace velo
