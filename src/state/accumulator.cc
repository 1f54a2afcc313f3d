#include "state/accumulator.h"

#include <numeric>

namespace velo {

// Defined by topic in accumulator_*.cc; each returns null for a kind that is not its own.
std::unique_ptr<Accumulator> make_count_or_sum(const Component& component);
std::unique_ptr<Accumulator> make_integer_sums();
std::unique_ptr<Accumulator> make_number_extreme(const Component& component);
std::unique_ptr<Accumulator> make_moments(const Component& component);
std::unique_ptr<Accumulator> make_kept_value(const Component& component);
std::unique_ptr<Accumulator> make_ordered_values(const Component& component);
std::unique_ptr<Accumulator> make_set(const Component& component, bool retractable);
std::unique_ptr<Accumulator> make_value_lists(const Component& component);

namespace {

std::vector<uint32_t> numbers_from(size_t begin, size_t count) {
  std::vector<uint32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), static_cast<uint32_t>(begin));
  return numbers;
}

}  // namespace

void Accumulator::clear_first(size_t count) { clear(numbers_from(0, count)); }

void Accumulator::unmerge(const Accumulator&, std::span<const uint32_t>,
                          std::span<const uint32_t>) {
  CHECK(false, "what is not exact cannot be taken back");
}

void Accumulator::merge_keeping(const Accumulator& from, std::span<const uint32_t> to,
                                std::span<const uint32_t> from_slots, Accumulator& before,
                                size_t begin) {
  before.resize(begin + to.size());
  before.assign(*this, numbers_from(begin, to.size()), to);
  merge(from, to, from_slots);
}

void Accumulator::restore(const Accumulator& before, size_t begin, std::span<const uint32_t> to) {
  assign(before, to, numbers_from(begin, to.size()));
}

void Accumulator::assign_merged(size_t begin, const Accumulator& first,
                                std::span<const uint32_t> first_slots, const Accumulator& second,
                                std::span<const uint32_t> second_slots) {
  resize(begin + first_slots.size());
  const std::vector<uint32_t> to = numbers_from(begin, first_slots.size());
  assign(first, to, first_slots);
  merge(second, to, second_slots);
}

bool Accumulator::write(const WordPlaces&, const Accumulator*, uint64_t*) const { return false; }

std::unique_ptr<Accumulator> make_accumulator(const Component& component, bool retractable) {
  switch (component.kind) {
    case AccumulatorKind::kMin:
    case AccumulatorKind::kMax:
      if (retractable) return make_ordered_values(component);
      if (auto number = make_number_extreme(component)) return number;
      return make_kept_value(component);
    case AccumulatorKind::kFirst:
    case AccumulatorKind::kLast:
      return retractable ? make_ordered_values(component) : make_kept_value(component);
    case AccumulatorKind::kSumInt:
      return make_integer_sums();
    case AccumulatorKind::kMoments:
    case AccumulatorKind::kCoMoments:
      return make_moments(component);
    case AccumulatorKind::kDistinct:
    case AccumulatorKind::kHyperLogLog:
      return make_set(component, retractable);
    case AccumulatorKind::kValueList:
      return make_value_lists(component);
    default:
      break;
  }
  auto made = make_count_or_sum(component);
  CHECK(made != nullptr);
  return made;
}

}  // namespace velo
