#pragma once

#include <string_view>

#include "column/type.h"

namespace velo {

/// What type the texts of a column can be: it starts with all types possible, and each text strikes
/// out those that it is not.
class TypeGuess {
 public:
  /// REQUIRES: not empty.
  void see(std::string_view text);
  /// STRING if nothing was seen.
  Type type() const;
  /// Of what was seen, some is nothing but text.
  bool text_only() const {
    return !boolean_ && !bigint_ && !whole_ && !real_ && !date_ && !timestamp_ && !instant_;
  }

 private:
  bool any_ = false;
  bool boolean_ = true;
  bool bigint_ = true;
  bool whole_ = true;  ///< DECIMAL(38, 0)
  bool real_ = true;
  bool date_ = true;
  bool timestamp_ = true;
  bool instant_ = true;  ///< TIMESTAMP_LTZ: every value with Z or an offset
  bool micros_ = false;  ///< some time has digits beyond the milliseconds
};

}  // namespace velo
