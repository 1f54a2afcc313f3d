// 1. show: if the window's groups are others than those before, they are chosen and ordered anew.
// 2. If the window follows the one shown before and not everything has changed, the positions of
//    what has are noted by chunk.
// 3. columns: where all columns are plain words, the results of those positions are written into
//    the kept columns, or into copies if somebody still holds these, or if groups have come or gone
//    and the others moved. Other columns are gathered from the kept and the computed rows. If
//    everything may have changed, all results are written, run by run of neighbouring slots.
// A failed result ends the keeping: failures are reported with every window, so they are computed.
// Windows that slide have a slot per group: its number.
// Invariant: while complete_, chunks_ holds the columns of the window shown last, and positions_
// says where its groups stand.
#include "operator/window_results.h"

#include <algorithm>
#include <numeric>

#include "column/column_builder.h"

namespace velo {
namespace {

constexpr uint32_t kAbsent = UINT32_MAX;
// Runs of slots are worth it from this length on.
constexpr size_t kRunRows = 8;
// For so many windows words are not tried again after a result was none.
constexpr uint64_t kWordsRest = 16;

/// Strings and nested values are not kept: each window would hold on to the bytes of all before.
bool is_kept(const ColumnPtr& column) {
  const Physical physical = column->type().physical();
  return column->is_flat() && physical != Physical::kString && !column->type().is_nested();
}

bool is_word(const Type& type) {
  return type.physical() == Physical::kInt64 || type.physical() == Physical::kDouble;
}

bool is_plain_words(const Column& column) {
  return column.is_flat() && !column.may_have_nulls() && is_word(column.type());
}

uint64_t* words_of(const KeptColumn& kept) { return kept.values->as<uint64_t>(); }

}  // namespace

std::span<const uint32_t> WindowResults::part(const std::vector<uint32_t>& all, size_t chunk) {
  const size_t begin = chunk * kRowsPerChunk;
  return {all.data() + begin, std::min(kRowsPerChunk, all.size() - begin)};
}

void WindowResults::forget() {
  version_ = UINT64_MAX;
  complete_ = false;
  chunks_.clear();
}

void WindowResults::choose(const WindowStore::Window& shown, KeyTable& keys) {
  groups_.clear();
  slots_.clear();
  std::vector<uint32_t>& groups = candidates_;
  groups.clear();
  if (shown.sparse != nullptr) {
    const std::span<const uint32_t> held = shown.sparse->groups();
    groups.assign(held.begin(), held.end());
  } else {
    for (uint32_t g = 0; g < shown.slots; ++g) {
      if (shown.count(g) > 0) groups.push_back(g);
    }
  }
  keys.order(groups);
  for (uint32_t g : groups) {
    const uint32_t slot = shown.sparse != nullptr ? shown.sparse->find(g) : g;
    if (shown.count(slot) <= 0) continue;
    groups_.push_back(g);
    slots_.push_back(slot);
  }
  note_runs();
}

void WindowResults::note_runs() {
  runs_.clear();
  in_order_ = true;
  for (size_t i = 0; i < slots_.size(); ++i) {
    in_order_ &= i == 0 || slots_[i] > slots_[i - 1];
    if (i % kRowsPerChunk != 0 && slots_[i] == slots_[i - 1] + 1) {
      ++runs_.back().count;
    } else {
      runs_.push_back({i, slots_[i], 1});
    }
  }
  if (runs_.size() * kRunRows > slots_.size()) runs_.clear();
}

void WindowResults::note_positions(size_t groups) {
  positions_.assign(groups, kAbsent);
  for (uint32_t i = 0; i < groups_.size(); ++i) positions_[groups_[i]] = i;
}

void WindowResults::note_changes(std::span<const uint32_t> groups) {
  for (Chunk& chunk : chunks_) {
    chunk.changed.clear();
    chunk.slots.clear();
  }
  if (chunks_.size() == 1) {  // the same without a branch per group
    Chunk& chunk = chunks_[0];
    chunk.changed.resize(groups.size());
    chunk.slots.resize(groups.size());
    uint32_t* changed = chunk.changed.data();
    uint32_t* slots = chunk.slots.data();
    const uint32_t* positions = positions_.data();
    const size_t known = positions_.size();
    size_t n = 0;
    for (uint32_t g : groups) {
      const uint32_t at = g < known ? positions[g] : kAbsent;
      changed[n] = at;
      slots[n] = g;
      n += at != kAbsent ? 1 : 0;
    }
    chunk.changed.resize(n);
    chunk.slots.resize(n);
    return;
  }
  for (uint32_t g : groups) {
    const uint32_t at = g < positions_.size() ? positions_[g] : kAbsent;
    if (at == kAbsent) continue;
    Chunk& chunk = chunks_[at / kRowsPerChunk];
    chunk.changed.push_back(at % kRowsPerChunk);
    chunk.slots.push_back(g);
  }
}

void WindowResults::show(const WindowStore::Window& shown, KeyTable& keys) {
  const bool follows = complete_ && shown.number == number_ + 1 && !shown.all_changed;
  const bool same = shown.version == version_;
  const size_t chunks_before = chunks_.size();
  number_ = shown.number;
  version_ = shown.version;
  complete_ = shown.slides;
  if (!same) choose(shown, keys);
  if (!same && shown.slides) {
    positions_.swap(before_);
    note_positions(shown.slots);
  }
  way_ = !follows ? Way::kCompute : Way::kPatch;
  if (follows && !same) {
    way_ = chunks_before == 1 && chunks() == 1 ? Way::kMove : Way::kCompute;
  }
  chunks_.resize(chunks());
  if (way_ != Way::kCompute) note_changes(shown.changed);
}

// Where the values of a chunk that has moved come from: rows of the kept columns, and behind them
// those that were computed.
std::vector<uint32_t> WindowResults::sources(size_t chunk) const {
  const std::span<const uint32_t> wanted = groups(chunk);
  const Chunk& kept = chunks_[chunk];
  const auto rows = static_cast<uint32_t>(kept.columns[0].column->size());
  std::vector<uint32_t> from(wanted.size());
  if (way_ == Way::kPatch) {
    std::iota(from.begin(), from.end(), 0);
  } else {
    for (size_t i = 0; i < from.size(); ++i) {
      from[i] = wanted[i] < before_.size() ? before_[wanted[i]] : kAbsent;
    }
  }
  for (uint32_t i = 0; i < kept.changed.size(); ++i) from[kept.changed[i]] = rows + i;
  return from;
}

bool WindowResults::is_plain(const Chunk& chunk) {
  return !chunk.columns.empty() &&
         std::all_of(chunk.columns.begin(), chunk.columns.end(),
                     [](const KeptColumn& kept) { return is_plain_words(*kept.column); });
}

// Writes all results into the kept columns, or into new ones where somebody holds these; false if
// they are no plain words.
bool WindowResults::write_all(WindowStore& store, const WindowStore::Window& shown, size_t chunk) {
  const std::vector<Aggregate>& aggregates = store.layout().aggregates();
  const std::span<const uint32_t> slots = part(slots_, chunk);
  std::vector<KeptColumn>& kept = chunks_[chunk].columns;
  kept.resize(aggregates.size());
  std::vector<uint64_t*> words;
  for (size_t a = 0; a < aggregates.size(); ++a) {
    const Type& type = aggregates[a].type;
    if (!is_word(type)) return false;
    KeptColumn& k = kept[a];
    if (!k.is_unshared() || k.column->size() != slots.size()) {
      k.values = Buffer::allocate(slots.size() * sizeof(uint64_t));
      k.column = Column::flat(type, slots.size(), k.values);
    }
    words.push_back(words_of(k));
  }
  if (runs_.empty()) {
    while (numbers_.size() < slots.size()) {
      numbers_.push_back(static_cast<uint32_t>(numbers_.size()));
    }
    return store.write_results(shown, {slots.data(), numbers_.data(), 0, slots.size()}, words);
  }
  for (const Run& run : runs_) {
    if (run.position / kRowsPerChunk != chunk) continue;
    const size_t at = run.position % kRowsPerChunk;
    for (size_t a = 0; a < words.size(); ++a) words[a] = words_of(kept[a]) + at;
    if (!store.write_results(shown, WordPlaces::range(run.slot, run.count), words)) return false;
  }
  return true;
}

// Writes what has changed into the kept columns; false if the results are no plain words.
// REQUIRES: is_plain.
bool WindowResults::write_changed(WindowStore& store, const WindowStore::Window& shown,
                                  size_t chunk) {
  Chunk& kept = chunks_[chunk];
  const size_t rows = part(slots_, chunk).size();
  std::vector<uint32_t> from;
  if (way_ == Way::kMove) from = sources(chunk);
  std::vector<uint64_t*> words;
  for (KeptColumn& k : kept.columns) {
    if (way_ == Way::kMove || !k.is_unshared()) {
      const uint64_t* values = k.column->values<uint64_t>();
      k.values = Buffer::allocate(rows * 8);
      auto* to = k.values->as<uint64_t>();
      if (from.empty()) std::copy_n(values, rows, to);
      for (size_t i = 0; i < from.size(); ++i) {
        to[i] = from[i] < k.column->size() ? values[from[i]] : 0;  // others are written below
      }
      k.column = Column::flat(k.column->type(), rows, k.values);
    }
    words.push_back(words_of(k));
  }
  return store.write_results(shown, {kept.slots.data(), kept.changed.data(), 0, kept.slots.size()},
                             words);
}

std::vector<ColumnPtr> WindowResults::patched(WindowStore& store, const WindowStore::Window& shown,
                                              size_t chunk, RowErrors& errors) const {
  const Chunk& kept = chunks_[chunk];
  const std::vector<ColumnPtr> fresh = store.results(shown, kept.slots, errors);
  std::vector<ColumnPtr> columns;
  if (!errors.empty() || fresh.empty()) return columns;
  const std::vector<uint32_t> from = sources(chunk);
  for (size_t c = 0; c < fresh.size(); ++c) {
    const ColumnPtr both[] = {kept.columns[c].column, fresh[c]};
    columns.push_back(gather(concat(both), from));
  }
  return columns;
}

std::vector<ColumnPtr> WindowResults::columns(WindowStore& store, const WindowStore::Window& shown,
                                              size_t chunk, RowErrors& errors) {
  Chunk& kept = chunks_[chunk];
  const std::span<const uint32_t> slots = part(slots_, chunk);
  std::vector<ColumnPtr> columns;
  if (number_ >= words_from_ && (way_ == Way::kCompute || is_plain(kept))) {
    const bool written =
        way_ == Way::kCompute ? write_all(store, shown, chunk) : write_changed(store, shown, chunk);
    if (written) {
      for (const KeptColumn& k : kept.columns) columns.push_back(k.column);
      return columns;
    }
    words_from_ = number_ + kWordsRest;
  } else if (way_ != Way::kCompute && kept.changed.size() * 2 < slots.size()) {
    columns = patched(store, shown, chunk, errors);
    errors.clear();
  }
  if (columns.empty()) columns = store.results(shown, slots, errors);
  complete_ &= errors.empty() && std::all_of(columns.begin(), columns.end(), is_kept);
  kept.columns.clear();
  for (size_t c = 0; complete_ && c < columns.size(); ++c) {
    kept.columns.push_back({columns[c], nullptr});
  }
  return columns;
}

}  // namespace velo
