#pragma once

#include <vector>

#include "operator/kept_column.h"
#include "state/key_table.h"
#include "state/window_store.h"

namespace velo {

/// The results of one window after the other, in the order of the keys and in chunks of
/// kRowsPerChunk groups. The columns of a window are kept for the next one: where only some groups
/// have changed, only their results are computed and put into the kept columns — in place once
/// nobody else holds them, else into a copy. Where many have, all are computed: as words in a row,
/// if the groups are numbered in the order of their keys.
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
  /// The groups of the window shown stand in the order of their slots.
  bool in_order() const { return in_order_; }

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
  /// Groups one after the other whose slots are so, too.
  struct Run {
    size_t position;
    uint32_t slot;
    size_t count;
  };

  static std::span<const uint32_t> part(const std::vector<uint32_t>& all, size_t chunk);
  void choose(const WindowStore::Window& shown, KeyTable& keys);
  void note_positions(size_t groups);
  void note_changes(std::span<const uint32_t> groups);
  void note_runs();
  static bool is_plain(const Chunk& chunk);
  bool write_changed(WindowStore& store, const WindowStore::Window& shown, size_t chunk);
  bool write_all(WindowStore& store, const WindowStore::Window& shown, size_t chunk);
  std::vector<ColumnPtr> patched(WindowStore& store, const WindowStore::Window& shown, size_t chunk,
                                 RowErrors& errors) const;
  std::vector<uint32_t> sources(size_t chunk) const;

  std::vector<uint32_t> groups_;      // by key
  std::vector<uint32_t> slots_;       // where their states are
  std::vector<uint32_t> candidates_;  // scratch
  std::vector<uint32_t> positions_;   // by group: in groups_, or kAbsent
  std::vector<uint32_t> before_;      // the same for the window before
  std::vector<Run> runs_;             // of slots_, none across chunks; empty if they are short
  std::vector<uint32_t> numbers_;     // 0, 1, 2 …
  bool in_order_ = true;
  std::vector<Chunk> chunks_;
  Way way_ = Way::kCompute;
  uint64_t words_from_ = 0;  // the window from which on results may be plain words again
  uint64_t version_ = UINT64_MAX;
  uint64_t number_ = 0;
  bool complete_ = false;  // chunks_ holds every column of window number_
};

}  // namespace velo
