#include "format/type_guess.h"

#include "column/decimal.h"
#include "format/field_text.h"

namespace velo {
namespace {

bool has_leading_zero(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

}  // namespace

void TypeGuess::see(std::string_view text) {
  any_ = true;
  bool truth;
  int64_t number;
  int128_t wide;
  double real_number;
  const bool padded = text.front() == ' ' || text.back() == ' ';
  // "007" is a name, not a number: reading it as one would lose the zeros.
  const bool numeric = !padded && !has_leading_zero(text) && text[0] != '+';
  const bool digits = text.find_first_not_of("-0123456789") == std::string_view::npos;
  boolean_ = boolean_ && text.size() > 1 &&
             read_boolean({Type::boolean()}, text, &truth) == FieldError::kOk;
  bigint_ = bigint_ && numeric && digits &&
            read_integer({Type::bigint()}, text, &number) == FieldError::kOk;
  whole_ = whole_ && numeric && digits &&
           read_decimal({Type::decimal(kDecimalDigitsMax, 0)}, text, &wide) == FieldError::kOk;
  real_ = real_ && numeric && read_double({Type::float64()}, text, &real_number) == FieldError::kOk;
  date_ = date_ && read_time({Type::date()}, text, &number) == FieldError::kOk;
  const bool long_enough = text.size() > 10;
  number = 0;
  timestamp_ = timestamp_ && long_enough &&
               read_time({Type::timestamp(6)}, text, &number) == FieldError::kOk;
  if (number % 1000 != 0) micros_ = true;
  number = 0;
  const bool zoned = text.find_first_of("Zz+") != std::string_view::npos ||
                     (long_enough && text.find('-', 10) != std::string_view::npos);
  instant_ = instant_ && long_enough && zoned &&
             read_time({Type::timestamp_ltz(6)}, text, &number) == FieldError::kOk;
  if (number % 1000 != 0) micros_ = true;
}

Type TypeGuess::type() const {
  if (!any_) return Type::string();
  if (boolean_) return Type::boolean();
  if (bigint_) return Type::bigint();
  if (whole_) return Type::decimal(kDecimalDigitsMax, 0);
  if (real_) return Type::float64();
  if (date_) return Type::date();
  if (timestamp_) return Type::timestamp(micros_ ? 6 : 3);
  if (instant_) return Type::timestamp_ltz(micros_ ? 6 : 3);
  return Type::string();
}

}  // namespace velo
