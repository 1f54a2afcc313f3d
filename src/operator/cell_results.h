#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "state/group_states.h"

namespace velo {

/// Results that failed: their numbers, ascending, their rows in CellResults::columns, and why the
/// first one did.
struct CellFailures {
  std::vector<uint32_t> numbers;
  std::vector<uint32_t> rows;
  std::string message;
};

/// Results of cells at different moments, numbered in the order in which they were asked for. Often
/// there were none yet: only what was there is computed and kept.
class CellResults {
 public:
  struct Mark {
    size_t size;
    size_t parts;
    uint32_t kept;
  };

  size_t size() const { return rows_.size(); }
  /// Those of now. A result that fails is not there.
  void add(const GroupStates& states, std::span<const uint32_t> slots,
           CellFailures* failures = nullptr) {
    there_.clear();
    numbers_.clear();
    for (uint32_t slot : slots) {
      const bool is_there = states.count(slot) > 0;
      if (is_there) numbers_.push_back(static_cast<uint32_t>(rows_.size()));
      rows_.push_back(is_there ? kept_ + static_cast<uint32_t>(there_.size()) : kNothing);
      if (is_there) there_.push_back(slot);
    }
    if (there_.empty()) return;
    RowErrors errors;
    parts_.push_back(states.results(there_, errors));
    for (const RowError& error : errors.rows()) {
      rows_[numbers_[error.row]] = kNothing;
      if (failures == nullptr) continue;
      if (failures->numbers.empty()) failures->message = error.message;
      failures->numbers.push_back(numbers_[error.row]);
      failures->rows.push_back(kept_ + error.row);
    }
    kept_ += static_cast<uint32_t>(there_.size());
  }
  /// A value each, also of those that are not there.
  void add(const std::vector<uint8_t>& exists, std::vector<ColumnPtr> columns) {
    for (const uint8_t there : exists) {
      rows_.push_back(there != 0 ? kept_ : kNothing);
      ++kept_;
    }
    parts_.push_back(std::move(columns));
  }
  bool exists(uint32_t number) const { return rows_[number] != kNothing; }
  /// Where it stands in `columns`. REQUIRES: it exists.
  uint32_t row(uint32_t number) const { return rows_[number]; }
  uint32_t kept() const { return kept_; }
  /// The columns of all that is kept; none if that is nothing.
  std::vector<ColumnPtr> columns() const {
    if (parts_.empty()) return {};
    if (parts_.size() == 1) return parts_[0];
    std::vector<ColumnPtr> all;
    std::vector<ColumnPtr> pieces;
    for (size_t c = 0; c < parts_[0].size(); ++c) {
      pieces.clear();
      for (const auto& part : parts_) pieces.push_back(part[c]);
      all.push_back(concat(pieces));
    }
    return all;
  }
  Mark mark() const { return {rows_.size(), parts_.size(), kept_}; }
  /// Forgets what came after the mark.
  void back_to(const Mark& mark) {
    rows_.resize(mark.size);
    parts_.resize(mark.parts);
    kept_ = mark.kept;
  }
  void clear() { back_to({0, 0, 0}); }

 private:
  static constexpr uint32_t kNothing = UINT32_MAX;
  std::vector<uint32_t> rows_;  // by number
  uint32_t kept_ = 0;
  std::vector<std::vector<ColumnPtr>> parts_;
  std::vector<uint32_t> there_;    // scratch: slots
  std::vector<uint32_t> numbers_;  // and their numbers
};

}  // namespace velo
