#pragma once

#include <string>
#include <string_view>

#include "format/avro_step.h"
#include "format/decoder.h"

namespace velo {

/// Reads binary records of Avro into rows by their steps.
class AvroReader {
 public:
  struct Problem {
    BadReason reason = BadReason::kSyntax;
    std::string message;
  };
  /// Reads the record that fills `bytes` into row `row`. `stable`: strings may point into it.
  /// False: `problem()` says why; the row's contents are then unspecified.
  bool read(std::string_view bytes, const AvroStep& step, size_t row, bool stable);
  /// The same of a record that begins `bytes`, which then begin behind it.
  bool read_next(std::string_view& bytes, const AvroStep& step, size_t row, bool stable);
  const Problem& problem() const { return problem_; }

 private:
  Problem problem_;
};

}  // namespace velo
