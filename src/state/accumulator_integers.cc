// Sums of integers, exact whatever comes: 64 bits a slot as long as every sum fits, and from the
// first that does not, 128 bits for all of them until they are emptied.
#include "column/column_builder.h"
#include "state/accumulator.h"

namespace velo {
namespace {

// As BIGINT when all fit, which is the rule. `sum_of(i)`: of slot slots[i].
template <typename SumOf>
void output_sums(size_t count, SumOf sum_of, std::vector<ColumnPtr>* out) {
  ColumnBuilder builder(Type::bigint(), count);
  int64_t* to = builder.extend<int64_t>(count);
  bool fit = true;
  for (size_t i = 0; i < count; ++i) {
    to[i] = static_cast<int64_t>(sum_of(i));
    fit &= to[i] == sum_of(i);
  }
  builder.added(count);
  if (fit) {
    out->push_back(builder.finish());
    return;
  }
  ColumnBuilder wide(Type::decimal(38, 0), count);
  for (size_t i = 0; i < count; ++i) wide.append_int128(sum_of(i));
  out->push_back(wide.finish());
}

struct WideSumRule {
  struct State {
    int128_t sum = 0;
  };
  using Input = OneInput<int64_t>;
  static void add(State& s, const Input& in, size_t row) { s.sum += in.values[row]; }
  static void merge(State& s, const State& other) { s.sum += other.sum; }
  static void unmerge(State& s, const State& other) { s.sum -= other.sum; }
  void output(const State* states, std::span<const uint32_t> slots,
              std::vector<ColumnPtr>* out) const {
    output_sums(slots.size(), [&](size_t i) { return states[slots[i]].sum; }, out);
  }
};

class IntegerSums final : public Accumulator {
 public:
  std::unique_ptr<Accumulator> fresh() const override { return std::make_unique<IntegerSums>(); }
  std::unique_ptr<FrameStates> frames() const override {
    return std::make_unique<FixedFrames<WideSumRule>>(WideSumRule());
  }
  void resize(size_t slots) override {
    if (slots <= this->slots()) return;
    if (is_wide_) {
      wide_.resize(slots);
    } else {
      sums_.resize(slots);
    }
  }
  size_t slots() const override { return is_wide_ ? wide_.size() : sums_.size(); }

  void fold(const FoldRows& rows, std::span<const ColumnPtr> inputs) override {
    const int64_t* values = inputs[0]->values<int64_t>();
    FoldRows rest = rows;
    if (!is_wide_ && rows.mask == nullptr && rows.weights == nullptr) {
      const size_t done = fold_while_fit(rows, values);
      rest.begin += done;
      rest.list = rows.list ? rows.list + done : nullptr;
      rest.count -= done;
    }
    for_each_row(
        rest, [&](size_t row) { add(rows.slots[row], values[row]); },
        [&](size_t row, int64_t weight) {
          int64_t product;
          if (!__builtin_mul_overflow(values[row], weight, &product)) {
            return add(rows.slots[row], product);
          }
          widen();
          wide_[rows.slots[row]] += static_cast<int128_t>(values[row]) * weight;
        });
  }
  void merge(const Accumulator& from, std::span<const uint32_t> to,
             std::span<const uint32_t> from_slots) override {
    const IntegerSums& other = of(from);
    if (other.is_wide_) {
      widen();
      for (size_t i = 0; i < to.size(); ++i) wide_[to[i]] += other.wide_[from_slots[i]];
      return;
    }
    size_t i = 0;
    if (!is_wide_) {
      int64_t* mine = sums_.data();
      const int64_t* theirs = other.sums_.data();
      i = count_while(to.size(), [&](size_t k) {
        return replace_if_fits(mine[to[k]], [&](int64_t sum, int64_t* out) {
          return !__builtin_add_overflow(sum, theirs[from_slots[k]], out);
        });
      });
    }
    for (; i < to.size(); ++i) add(to[i], other.sums_[from_slots[i]]);
  }
  bool is_exact() const override { return true; }
  void unmerge(const Accumulator& from, std::span<const uint32_t> to,
               std::span<const uint32_t> from_slots) override {
    const IntegerSums& other = of(from);
    if (other.is_wide_) widen();
    size_t i = 0;
    if (!is_wide_) {
      int64_t* mine = sums_.data();
      const int64_t* theirs = other.sums_.data();
      i = count_while(to.size(), [&](size_t k) {
        return replace_if_fits(mine[to[k]], [&](int64_t sum, int64_t* out) {
          return !__builtin_sub_overflow(sum, theirs[from_slots[k]], out);
        });
      });
      if (i < to.size()) widen();
    }
    for (; i < to.size(); ++i) wide_[to[i]] -= other.sum(from_slots[i]);
  }
  void assign(const Accumulator& from, std::span<const uint32_t> to,
              std::span<const uint32_t> from_slots) override {
    const IntegerSums& other = of(from);
    if (other.is_wide_) widen();
    if (is_wide_) {
      for (size_t i = 0; i < to.size(); ++i) wide_[to[i]] = other.sum(from_slots[i]);
    } else {
      for (size_t i = 0; i < to.size(); ++i) sums_[to[i]] = other.sums_[from_slots[i]];
    }
  }
  void assign_merged(size_t begin, const Accumulator& first, std::span<const uint32_t> first_slots,
                     const Accumulator& second, std::span<const uint32_t> second_slots) override {
    resize(begin + first_slots.size());
    if (of(first).is_wide_ || of(second).is_wide_) widen();
    for (size_t i = 0; i < first_slots.size(); ++i) {
      const int128_t all = of(first).sum(first_slots[i]) + of(second).sum(second_slots[i]);
      set(static_cast<uint32_t>(begin + i), all);
    }
  }
  void clear(std::span<const uint32_t> slots) override {
    for (uint32_t slot : slots) set(slot, 0);
  }
  void clear_all() override { clear_first(slots()); }
  void clear_first(size_t count) override {
    if (is_wide_) {  // the others are empty: all are again
      sums_.assign(wide_.size(), 0);
      wide_ = {};
      is_wide_ = false;
    } else {
      std::fill_n(sums_.begin(), count, 0);
    }
  }

  void output(std::span<const uint32_t> slots, Emission,
              std::vector<ColumnPtr>* out) const override {
    if (is_wide_) {
      output_sums(slots.size(), [&](size_t i) { return wide_[slots[i]]; }, out);
    } else {
      output_sums(slots.size(), [&](size_t i) { return sums_[slots[i]]; }, out);
    }
  }
  bool write(const WordPlaces& places, const Accumulator* later, uint64_t* to) const override {
    const IntegerSums* more = later ? &of(*later) : nullptr;
    if (is_wide_ || (more && more->is_wide_)) return false;
    const int64_t* first = sums_.data();
    const int64_t* second = more ? more->sums_.data() : nullptr;
    if (places.is_range() && second) {
      return write_merged(first + places.begin, second + places.begin, places.count, to);
    }
    if (places.is_range()) {
      std::memcpy(to, first + places.begin, places.count * sizeof(int64_t));
      return true;
    }
    bool plain = true;
    for (size_t i = 0; i < places.count; ++i) {
      int64_t sum = first[places.slots[i]];
      if (second) plain &= !__builtin_add_overflow(sum, second[places.slots[i]], &sum);
      to[places.positions[i]] = static_cast<uint64_t>(sum);
    }
    return plain;
  }
  void save(std::span<const uint32_t> slots, SnapshotWriter& writer) const override {
    for (uint32_t slot : slots) {
      const int128_t all = sum(slot);
      writer.raw(&all, sizeof all);
    }
  }
  Status load(std::span<const uint32_t> slots, SnapshotReader& reader) override {
    for (uint32_t slot : slots) {
      int128_t all;
      TRY(reader.raw(&all, sizeof all));
      set(slot, all);
    }
    return {};
  }
  size_t memory_bytes() const override {
    return sums_.capacity() * sizeof(int64_t) + wide_.capacity() * sizeof(int128_t);
  }

 private:
  static const IntegerSums& of(const Accumulator& other) {
    return static_cast<const IntegerSums&>(other);
  }
  int128_t sum(uint32_t slot) const { return is_wide_ ? wide_[slot] : sums_[slot]; }
  // How many of the first `count` numbers `works` for.
  template <typename Works>
  static size_t count_while(size_t count, Works works) {
    size_t done = 0;
    while (done < count && works(done)) ++done;
    return done;
  }
  template <typename Change>
  static bool replace_if_fits(int64_t& sum, Change change) {
    int64_t changed;
    if (!change(sum, &changed)) [[unlikely]]
      return false;
    sum = changed;
    return true;
  }
  // The first rows, up to one that makes a sum too large; returns how many.
  size_t fold_while_fit(const FoldRows& rows, const int64_t* values) {
    const uint32_t* slots = rows.slots;
    int64_t* sums = sums_.data();
    auto fits = [&](size_t row) {
      return replace_if_fits(sums[slots[row]], [&](int64_t sum, int64_t* out) {
        return !__builtin_add_overflow(sum, values[row], out);
      });
    };
    return rows.list ? count_while(rows.count, [&](size_t i) { return fits(rows.list[i]); })
                     : count_while(rows.count, [&](size_t i) { return fits(rows.begin + i); });
  }
  void add(uint32_t slot, int64_t value) {
    if (!is_wide_) [[likely]] {
      int64_t& mine = sums_[slot];
      int64_t more;
      if (!__builtin_add_overflow(mine, value, &more)) [[likely]] {
        mine = more;
        return;
      }
      widen();
    }
    wide_[slot] += value;
  }
  void set(uint32_t slot, int128_t sum) {
    if (sum != static_cast<int64_t>(sum)) widen();
    if (is_wide_) {
      wide_[slot] = sum;
    } else {
      sums_[slot] = static_cast<int64_t>(sum);
    }
  }
  void widen() {
    if (is_wide_) return;
    wide_.assign(sums_.begin(), sums_.end());
    sums_ = {};
    is_wide_ = true;
  }
  // An overflow shows in the sign: that of the sum is neither that of one nor of the other.
  static bool write_merged(const int64_t* first, const int64_t* second, size_t count,
                           uint64_t* to) {
    uint64_t signs = 0;
    run_vectors([=, signs = &signs]() VECTOR_LOOP {
      uint64_t seen = 0;
      for (size_t i = 0; i < count; ++i) {
        const auto a = static_cast<uint64_t>(first[i]);
        const auto b = static_cast<uint64_t>(second[i]);
        to[i] = a + b;
        seen |= (a ^ to[i]) & (b ^ to[i]);
      }
      *signs = seen;
    });
    return signs >> 63 == 0;
  }

  std::vector<int64_t> sums_;   // by slot, while every one fits
  std::vector<int128_t> wide_;  // by slot, otherwise
  bool is_wide_ = false;
};

}  // namespace

std::unique_ptr<Accumulator> make_integer_sums() { return std::make_unique<IntegerSums>(); }

}  // namespace velo
