#include "base/nearest_name.h"

#include <algorithm>
#include <vector>

#include "base/letters.h"

namespace velo {
namespace {

template <typename Text>
std::string_view nearest(std::string_view name, std::span<const Text> candidates) {
  std::string_view best;
  size_t best_distance = 0;
  for (const Text& text : candidates) {
    std::string_view candidate = text;
    size_t longer = std::max(name.size(), candidate.size());
    size_t shorter = std::min(name.size(), candidate.size());
    size_t allowed = std::max<size_t>(1, longer / 3);
    if (longer - shorter > allowed) continue;
    size_t distance = edit_distance(name, candidate);
    if (name == candidate) return {};
    if (distance == 0) return candidate;
    // A name of which nothing is left is not near: "a" is not a misspelt "b".
    if (distance > allowed || distance >= shorter) continue;
    if (best.empty() || distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

template <typename Text>
std::string question(std::string_view name, std::span<const Text> candidates) {
  std::string_view found = nearest(name, candidates);
  return found.empty() ? std::string() : "did you mean '" + std::string(found) + "'?";
}

}  // namespace

size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the usual table: two back, one back, current.
  std::vector<size_t> two_back(b.size() + 1), back(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) back[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replaced = back[j - 1] + (lower_letter(a[i - 1]) == lower_letter(b[j - 1]) ? 0 : 1);
      row[j] = std::min({replaced, back[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && lower_letter(a[i - 1]) == lower_letter(b[j - 2]) &&
          lower_letter(a[i - 2]) == lower_letter(b[j - 1])) {
        row[j] = std::min(row[j], two_back[j - 2] + 1);
      }
    }
    std::swap(two_back, back);
    std::swap(back, row);
  }
  return back[b.size()];
}

std::string_view nearest_name(std::string_view name, std::span<const std::string_view> candidates) {
  return nearest(name, candidates);
}
std::string_view nearest_name(std::string_view name, std::span<const std::string> candidates) {
  return nearest(name, candidates);
}
std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates) {
  return question(name, candidates);
}
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  return question(name, candidates);
}

}  // namespace velo
