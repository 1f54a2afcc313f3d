#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "format/batch_assembler.h"
#include "format/decoder.h"

namespace velo {

/// Reads JSON objects into the targets of declared columns, with simdjson's On-Demand parser.
///
/// Keys that are not declared are passed over. A missing key leaves NULL, of a repeated one the
/// last counts. Nothing is coerced but towards text: a STRING column takes a value of another kind
/// as its JSON text.
class JsonRecordReader {
 public:
  /// Column i of the assembler has the name and type of field i of `schema`. Borrows the assembler.
  JsonRecordReader(const SchemaPtr& schema, BatchAssembler& assembler);
  ~JsonRecordReader();
  JsonRecordReader(const JsonRecordReader&) = delete;
  JsonRecordReader& operator=(const JsonRecordReader&) = delete;

  struct Problem {
    BadReason reason = BadReason::kSyntax;
    std::string message;
  };
  /// Reads one object into row `row`. REQUIRES: kBufferPadding readable bytes behind `text`; with
  /// `stable` strings may point into it. False: `problem()` says why; the row's contents are then
  /// unspecified.
  bool read(std::string_view text, size_t row, bool stable);
  const Problem& problem() const { return problem_; }

 private:
  struct Parser;
  struct Node;
  struct Reading;
  Node make_node(const std::string& path, const Type& type, ColumnTarget& target) const;

  std::unique_ptr<Parser> parser_;
  std::unique_ptr<Node> root_;
  Problem problem_;
};

}  // namespace velo
