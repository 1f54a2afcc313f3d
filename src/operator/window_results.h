#pragma once

#include <vector>

#include "operator/kept_column.h"
#include "state/key_table.h"
#include "state/window_store.h"

namespace velo {

/// The results of one window after the other, in the order of the keys and in chunks of
/// kRowsPerChunk groups. The columns of a window are kept for the next one: where only some groups
/// have changed, only their results are computed and put into the kept columns — in place once
/// nobody else holds them, else into a copy.
class WindowResults {
 public:
  static constexpr size_t kRowsPerChunk = 4096;

  /// Takes a window that `store` has just combined. REQUIRES: every window that the store combines
  /// is shown, or forget() is called.
  void show(const WindowStore::Window& shown, KeyTable& keys);
  size_t size() const { return groups_.size(); }
  size_t chunks() const { return (groups_.size() + kRowsPerChunk - 1) / kRowsPerChunk; }
  std::span<const uint32_t> groups(size_t chunk) const { return part(groups_, chunk); }
  /// Where the states of the groups are.
  std::span<const uint32_t> slots(size_t chunk) const { return part(slots_, chunk); }
  /// One column per aggregate, a row per group. Failed groups are in `errors`, by position in the
  /// chunk. To be asked once for every chunk of the window shown.
  std::vector<ColumnPtr> columns(WindowStore& store, const WindowStore::Window& shown, size_t chunk,
                                 RowErrors& errors);
  /// Instead of asking for the columns of the window shown.
  void skip() { complete_ = false; }
  void forget();

 private:
  enum class Way : uint8_t {
    kCompute,  ///< everything
    kPatch,    ///< what has changed; the groups are the same
    kMove,     ///< what has changed; others have come, gone and so moved
  };
  struct Chunk {
    std::vector<KeptColumn> columns;
    std::vector<uint32_t> changed;  ///< positions in the chunk
    std::vector<uint32_t> slots;    ///< of those groups
  };

  static std::span<const uint32_t> part(const std::vector<uint32_t>& all, size_t chunk);
  void choose(const WindowStore::Window& shown, KeyTable& keys);
  void note_positions(size_t groups);
  void note_changes(std::span<const uint32_t> groups);
  static bool is_plain(const Chunk& chunk);
  bool write(WindowStore& store, const WindowStore::Window& shown, size_t chunk);
  std::vector<ColumnPtr> patched(WindowStore& store, const WindowStore::Window& shown, size_t chunk,
                                 RowErrors& errors) const;
  std::vector<uint32_t> sources(size_t chunk) const;

  std::vector<uint32_t> groups_;      // by key
  std::vector<uint32_t> slots_;       // where their states are
  std::vector<uint32_t> candidates_;  // scratch
  std::vector<uint32_t> positions_;   // by group: in groups_, or kAbsent
  std::vector<uint32_t> before_;      // the same for the window before
  std::vector<Chunk> chunks_;
  Way way_ = Way::kCompute;
  bool writes_ = true;  // until some result was no plain word; tried again after kCompute
  uint64_t version_ = UINT64_MAX;
  uint64_t number_ = 0;
  bool complete_ = false;  // chunks_ holds every column of window number_
};

}  // namespace velo
