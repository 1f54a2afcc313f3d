#include "format/fast_fields.h"

#include <cstring>

#include "format/fast_times.h"

namespace velo {

void FastFields::read(const FastLayout& layout, const char* text, const uint32_t* positions,
                      uint32_t rows) {
  first_row_ = assembler_.rows();
  const size_t slots = rows + ScalarTarget::kSlackRows;
  if (special_.size() < slots) special_.resize(slots);
  odd_bits_.assign((rows + 63) / 64, 0);
  for (const FastField& field : layout.fields) {
    const bool last = field.index + 1 == layout.stride;
    const FieldRun run{text,
                       positions + field.index,
                       layout.stride,
                       1 + field.before.size,
                       field.behind.size + (last && carriage_returns_ ? 1u : 0u),
                       rows};
    read_field(field, run);
  }
  for (const size_t leaf : layout.absent) {
    for (size_t row = 0; row < rows; ++row) assembler_.leaf(leaf).set_null(first_row_ + row);
  }
  collect_odd();
}

void FastFields::read_field(const FastField& field, const FieldRun& run) {
  if (field.valueless) return check_valueless(field, run);
  if (field.column < 0) {
    if (!json_) return;
    fix_all(field, run,
            kernels_.check_text(run, !field.quoted, reject_a_, reject_a_, special_.data()));
  } else {
    ScalarTarget& target = *assembler_.scalar(static_cast<size_t>(field.column));
    const Type& type = target.rules().type;
    switch (type.physical()) {
      case Physical::kBool: read_booleans(field, run, target); break;
      case Physical::kInt64: {
        const bool number =
            type.is_integer() || (type.is_timestamp() && is_epoch(target.rules().times));
        if (number) {
          read_integers(field, run, target);
        } else {
          read_times(field, run, target);
        }
        break;
      }
      case Physical::kInt128: read_decimals(field, run, target); break;
      case Physical::kDouble: read_doubles(field, run, target); break;
      default: read_strings(field, run, target); break;
    }
  }
  // Values between other literals than the expected ones were read from the wrong place: they are
  // written again.
  if (field.before.size + field.behind.size == 0) return;
  FieldRun framed = run;
  framed.suffix -= field.behind.size;
  fix_all(field, run,
          kernels_.match_literals(framed, field.before, field.behind, special_.data()));
}

void FastFields::check_valueless(const FastField& field, const FieldRun& run) {
  for (uint32_t row = 0; row < run.rows; ++row) {
    const char* const begin = run.begin(row) - field.before.size;
    const bool same = run.end(row) - begin == static_cast<int64_t>(field.before.size) &&
                      std::memcmp(begin, field.before.bytes, field.before.size) == 0;
    if (!same) mark_odd(row);
  }
}

void FastFields::fix(const FastField& field, const FieldRun& run, uint32_t row) {
  const char* const begin = run.begin(row) - field.before.size;
  const char* const end = run.end(row) + field.behind.size;
  ScalarTarget* const target =
      field.column < 0 ? nullptr : assembler_.scalar(static_cast<size_t>(field.column));
  const bool fixed = end >= begin && syntax_.fix(field, {begin, static_cast<size_t>(end - begin)},
                                                 target, first_row_ + row);
  if (!fixed) mark_odd(row);
}

void FastFields::fix_all(const FastField& field, const FieldRun& run, uint32_t specials) {
  for (uint32_t i = 0; i < specials; ++i) fix(field, run, special_[i]);
}

void FastFields::collect_odd() {
  odd_.clear();
  for (size_t word = 0; word < odd_bits_.size(); ++word) {
    for (uint64_t bits = odd_bits_[word]; bits != 0; bits &= bits - 1) {
      odd_.push_back(static_cast<uint32_t>(word * 64) +
                     static_cast<uint32_t>(__builtin_ctzll(bits)));
    }
  }
}

// --- Booleans, times, strings (numbers are in fast_numbers.cc) ---

void FastFields::read_booleans(const FastField& field, const FieldRun& run, ScalarTarget& target) {
  uint8_t* const out = target.values<uint8_t>() + first_row_;
  uint32_t specials = 0;
  for (uint32_t row = 0; row < run.rows; ++row) {
    const char* const begin = run.begin(row);
    const int64_t size = run.end(row) - begin;
    const bool yes = size == 4 && std::memcmp(begin, "true", 4) == 0;
    const bool no = size == 5 && std::memcmp(begin, "false", 5) == 0;
    out[row] = yes ? 1 : 0;
    special_[specials] = row;
    specials += yes || no ? 0 : 1;
  }
  fix_all(field, run, specials);
}

void FastFields::read_times(const FastField& field, const FieldRun& run, ScalarTarget& target) {
  int64_t* const out = target.values<int64_t>() + first_row_;
  const Type& type = target.rules().type;
  const bool in_place = !json_ || field.quoted;  // else nothing that a time can be
  const bool date = type.kind() == TypeKind::kDate,
             instant = type.kind() == TypeKind::kTimestampLtz;
  const int64_t step = date ? 1 : type.step_us();
  FastTimes times;
  uint32_t specials = 0;
  for (uint32_t row = 0; row < run.rows; ++row) {
    const char* const begin = run.begin(row);
    const int64_t size = run.end(row) - begin;
    int64_t value = 0;
    const bool read = in_place && type.kind() != TypeKind::kTime &&
                      (date ? times.read_date(begin, size, &value)
                            : times.read_timestamp(begin, size, instant, &value)) &&
                      value % step == 0;
    out[row] = value;
    special_[specials] = row;
    specials += read ? 0 : 1;
  }
  fix_all(field, run, specials);
}

void FastFields::read_strings(const FastField& field, const FieldRun& run, ScalarTarget& target) {
  if (!target.rules().type.is_string() || (json_ && !field.quoted)) {
    for (uint32_t row = 0; row < run.rows; ++row) fix(field, run, row);
    return;
  }
  if (!target.interns()) return refer_to_strings(field, run, target);
  StringInterner& interner = target.interner();
  uint32_t* const indices = target.values<uint32_t>() + first_row_;
  const uint32_t specials = kernels_.find_strings(run, interner.short_table(), reject_a_, reject_b_,
                                                  indices, special_.data());
  if (!null_literal_.empty() && !field.quoted) {
    const uint32_t null_index = interner.intern(null_literal_);
    for (uint32_t row = 0; row < run.rows; ++row) {
      if (indices[row] == null_index) target.set_null(first_row_ + row);
    }
  }
  fix_all(field, run, specials);
}

void FastFields::refer_to_strings(const FastField& field, const FieldRun& run,
                                  ScalarTarget& target) {
  StringRef* const out = target.values<StringRef>() + first_row_;
  const auto holds = [](std::string_view text, char c) {
    return c != '\n' && std::memchr(text.data(), c, text.size()) != nullptr;
  };
  for (uint32_t row = 0; row < run.rows; ++row) {
    const char* const begin = run.begin(row);
    const int64_t size = run.end(row) - begin;
    if (size <= 0) {
      fix(field, run, row);
      continue;
    }
    const std::string_view text(begin, static_cast<size_t>(size));
    const bool null = !field.quoted && !null_literal_.empty() && text == null_literal_;
    if (null || holds(text, reject_a_) || (reject_b_ != reject_a_ && holds(text, reject_b_))) {
      fix(field, run, row);
      continue;
    }
    out[row] = StringRef(text);
  }
}

}  // namespace velo
