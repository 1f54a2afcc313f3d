#pragma once

#include <cstddef>

namespace velo {

/// Bytes of a state: what every key has once, however many rows it has, and what its rows take.
struct StateBytes {
  size_t keys = 0;
  size_t rows = 0;

  size_t all() const { return keys + rows; }
  StateBytes& operator+=(const StateBytes& other) {
    keys += other.keys;
    rows += other.rows;
    return *this;
  }
  friend StateBytes operator+(StateBytes a, const StateBytes& b) { return a += b; }
};

}  // namespace velo
