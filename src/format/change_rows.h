#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "column/batch.h"
#include "format/column_target.h"
#include "format/decoder.h"

namespace velo {

/// Makes weighted rows of the records of a format that tells changes: between the targets that a
/// decoder writes and the batches that it hands out. One per decoder.
class ChangeRows {
 public:
  enum class Verdict : uint8_t {
    kChange,
    kNothing,  ///< it says nothing that counts
    kBad,      ///< `problem()` says why
  };
  virtual ~ChangeRows() = default;
  /// Of the batches that come out.
  virtual const SchemaPtr& schema() const = 0;
  /// What the record says that was written into row `row` of the targets.
  virtual Verdict judge(size_t row) = 0;
  /// The changes of records that were all judged to be some. Rows of one record stand together.
  /// `messages`: the message of each record, or empty; afterwards of each row.
  virtual Batch changes(Batch records, std::vector<uint32_t>& messages) = 0;

  const std::string& problem() const { return problem_; }

 protected:
  std::string problem_;
};

/// A declared table behind a column that says +I, -U, +U or -D: `schema` and `projection` with that
/// column in front.
DecoderOptions with_op_column(DecoderOptions options, const std::string& op_column);

/// For batches whose first column is that one; `op`: its target. With ChangeForm::kUpsert a -U says
/// nothing: the +U behind it replaces the row of its key.
std::unique_ptr<ChangeRows> make_op_rows(const SchemaPtr& with_op, const ScalarTarget& op,
                                         ChangeForm form);

}  // namespace velo
