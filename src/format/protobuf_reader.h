#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "format/decoder.h"
#include "format/protobuf_step.h"

namespace velo {

/// Reads messages of Protobuf into rows by their steps, as the library reads them: the last value
/// of a field counts, parts of a message are merged, what nobody knows or reads is passed over.
class ProtoReader {
 public:
  struct Problem {
    BadReason reason = BadReason::kSyntax;
    std::string message;
  };
  /// Reads the message that fills `bytes` into row `row`. `stable`: strings may point into it.
  /// False: `problem()` says why; the row's contents are then unspecified.
  bool read(std::string_view bytes, const ProtoRecordStep& step, size_t row, bool stable);
  const Problem& problem() const { return problem_; }

 private:
  friend class ProtoReading;
  /// Keys of a map that is long, and the places of their entries.
  struct Keys {
    uint64_t record = 0;
    size_t first = 0;  ///< entry: of the map that it is about
    std::unordered_map<std::string, size_t> places;
  };

  Problem problem_;
  uint64_t records_ = 0;                     ///< read so far
  uint64_t messages_ = 0;                    ///< the same of messages, also those inside of others
  std::vector<uint64_t> seen_;               ///< by step: the last message that had the field
  std::unordered_map<uint32_t, Keys> keys_;  ///< by step
};

}  // namespace velo
