// Every value kept, for what needs them all: percentiles, STRING_AGG, ARRAY_AGG.
#include <algorithm>

#include "state/accumulator.h"
#include "state/value_index.h"

namespace velo {
namespace {

/// Values are interned, so that a value that recurs costs an entry of 32 bytes and no more.
class ValueLists final : public Accumulator {
 public:
  explicit ValueLists(Component component)
      : component_(std::move(component)), values_(component_.inputs[0]->type()) {
    for (const ListOrder& order : component_.order) keys_.emplace_back(order.key->type());
  }

  std::unique_ptr<Accumulator> fresh() const override {
    return std::make_unique<ValueLists>(component_);
  }
  void resize(size_t slots) override {
    if (slots > lists_.size()) lists_.resize(slots);
  }
  size_t slots() const override { return lists_.size(); }

  void fold(const FoldRows& rows, std::span<const ColumnPtr> inputs) override {
    const size_t n = inputs[0]->size();
    ids_.resize(n);
    values_.intern(*inputs[0], ids_.data());
    key_scratch_.resize(keys_.size());
    for (size_t k = 0; k < keys_.size(); ++k) {
      key_scratch_[k].resize(n);
      keys_[k].intern(*inputs[k + 1], key_scratch_[k].data());
    }
    auto add = [&](size_t row, int64_t weight) {
      Entry entry{ids_[row], static_cast<uint32_t>(key_ids_.size()),
                  rows.times ? rows.times[row] : 0, rows.first_sequence + row};
      if (weight < 0) return remove(lists_[rows.slots[row]], entry.value);
      for (const auto& key : key_scratch_) key_ids_.push_back(key[row]);
      for (int64_t i = 0; i < weight; ++i) lists_[rows.slots[row]].push_back(entry);
    };
    for_each_row(rows, [&](size_t row) { add(row, 1); }, add);
  }
  void merge(const Accumulator& from, std::span<const uint32_t> to,
             std::span<const uint32_t> from_slots) override {
    const auto& other = static_cast<const ValueLists&>(from);
    const Moved moved = translate(other, from_slots);
    size_t next = 0;
    for (size_t i = 0; i < to.size(); ++i) {
      for (Entry entry : other.lists_[from_slots[i]]) {
        entry.value = moved.values[next];
        entry.keys_at = static_cast<uint32_t>(key_ids_.size());
        for (const auto& key : moved.keys) key_ids_.push_back(key[next]);
        lists_[to[i]].push_back(entry);
        ++next;
      }
    }
  }
  void clear(std::span<const uint32_t> slots) override {
    for (uint32_t slot : slots) lists_[slot].clear();
  }
  void make_anew() override { clear_all(); }
  void clear_all() override {
    const size_t slots = lists_.size();
    *this = ValueLists(component_);
    resize(slots);
  }

  void output(std::span<const uint32_t> slots, Emission,
              std::vector<ColumnPtr>* out) const override {
    ColumnBuilder lists(Type::array(values_.type()), slots.size());
    std::vector<Entry> entries;
    std::vector<uint32_t> numbers;
    for (uint32_t slot : slots) {
      entries = lists_[slot];
      std::sort(entries.begin(), entries.end(),
                [this](const Entry& a, const Entry& b) { return before(a, b); });
      numbers.clear();
      for (const Entry& entry : entries) numbers.push_back(entry.value);
      const ColumnPtr values = values_.gather(numbers);
      for (size_t i = 0; i < numbers.size(); ++i) lists.child(0).append_from(*values, i);
      lists.append_list_end();
    }
    out->push_back(lists.finish());
  }
  void save(std::span<const uint32_t> slots, SnapshotWriter& writer) const override {
    std::vector<uint32_t> numbers;
    for (uint32_t slot : slots) {
      writer.u64(lists_[slot].size());
      for (const Entry& entry : lists_[slot]) {
        numbers.push_back(entry.value);
        writer.i64(entry.time);
        writer.u64(entry.sequence);
      }
    }
    writer.column(*values_.gather(numbers));
    for (size_t k = 0; k < keys_.size(); ++k) {
      numbers.clear();
      for (uint32_t slot : slots) {
        for (const Entry& entry : lists_[slot]) numbers.push_back(key_ids_[entry.keys_at + k]);
      }
      writer.column(*keys_[k].gather(numbers));
    }
  }
  Status load(std::span<const uint32_t> slots, SnapshotReader& reader) override {
    std::vector<std::pair<uint32_t, Entry>> entries;
    for (uint32_t slot : slots) {
      const uint64_t n = TRY(reader.count(16));
      for (uint64_t i = 0; i < n; ++i) {
        const int64_t time = TRY(reader.i64());
        const uint64_t sequence = TRY(reader.u64());
        entries.push_back({slot, Entry{0, 0, time, sequence}});
      }
    }
    std::vector<std::vector<uint32_t>> numbers;
    TRY(load_numbers(reader, values_, entries.size(), &numbers));
    for (ValueIndex& key : keys_) TRY(load_numbers(reader, key, entries.size(), &numbers));
    for (size_t i = 0; i < entries.size(); ++i) {
      Entry entry = entries[i].second;
      entry.value = numbers[0][i];
      entry.keys_at = static_cast<uint32_t>(key_ids_.size());
      for (size_t k = 0; k < keys_.size(); ++k) key_ids_.push_back(numbers[k + 1][i]);
      lists_[entries[i].first].push_back(entry);
    }
    return {};
  }
  size_t memory_bytes() const override {
    size_t total = values_.memory_bytes() + key_ids_.capacity() * 4;
    for (const auto& list : lists_) total += sizeof list + list.capacity() * sizeof(Entry);
    return total;
  }

 private:
  struct Entry {
    uint32_t value;
    uint32_t keys_at;  // where its order keys begin in key_ids_
    int64_t time;
    uint64_t sequence;
  };
  struct Moved {
    std::vector<uint32_t> values;
    std::vector<std::vector<uint32_t>> keys;
  };

  static Status load_numbers(SnapshotReader& reader, ValueIndex& index, size_t entries,
                             std::vector<std::vector<uint32_t>>* out) {
    const ColumnPtr column = TRY(reader.column(index.type()));
    if (column->size() != entries) return Error(ErrorCode::kCorruptData, "list values are missing");
    out->emplace_back(entries);
    index.intern(*column, out->back().data());
    return {};
  }

  static void remove(std::vector<Entry>& list, uint32_t value) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (list[i].value != value) continue;
      list.erase(list.begin() + static_cast<ptrdiff_t>(i));
      return;
    }
  }

  Moved translate(const ValueLists& other, std::span<const uint32_t> slots) {
    std::vector<uint32_t> numbers;
    for (uint32_t slot : slots) {
      for (const Entry& entry : other.lists_[slot]) numbers.push_back(entry.value);
    }
    Moved moved;
    moved.values.resize(numbers.size());
    values_.intern(*other.values_.gather(numbers), moved.values.data());
    moved.keys.resize(keys_.size());
    for (size_t k = 0; k < keys_.size(); ++k) {
      size_t next = 0;
      for (uint32_t slot : slots) {
        for (const Entry& entry : other.lists_[slot]) {
          numbers[next++] = other.key_ids_[entry.keys_at + k];
        }
      }
      moved.keys[k].resize(numbers.size());
      keys_[k].intern(*other.keys_[k].gather(numbers), moved.keys[k].data());
    }
    return moved;
  }

  bool before(const Entry& a, const Entry& b) const {
    for (size_t k = 0; k < keys_.size(); ++k) {
      const uint32_t x = key_ids_[a.keys_at + k];
      const uint32_t y = key_ids_[b.keys_at + k];
      if (x == y) continue;
      const ListOrder& order = component_.order[k];
      if (x == ValueIndex::kNullId || y == ValueIndex::kNullId) {
        return (x == ValueIndex::kNullId) == order.nulls_first;
      }
      if (int c = keys_[k].compare(x, y)) return (c < 0) != order.descending;
    }
    return std::pair(a.time, a.sequence) < std::pair(b.time, b.sequence);
  }

  Component component_;
  ValueIndex values_;
  std::vector<ValueIndex> keys_;
  std::vector<uint32_t> key_ids_;
  std::vector<std::vector<Entry>> lists_;  // by slot
  std::vector<uint32_t> ids_;
  std::vector<std::vector<uint32_t>> key_scratch_;
};

}  // namespace

std::unique_ptr<Accumulator> make_value_lists(const Component& component) {
  return std::make_unique<ValueLists>(component);
}

}  // namespace velo
