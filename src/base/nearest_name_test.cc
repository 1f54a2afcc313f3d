#include "base/nearest_name.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace velo {
namespace {

TEST(EditDistance, CountsEditsWithoutCase) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("", "ab"), 2u);
  EXPECT_EQ(edit_distance("Price", "pRICE"), 0u);
  EXPECT_EQ(edit_distance("price", "prize"), 1u);
  EXPECT_EQ(edit_distance("WHRE", "WHERE"), 1u);
  EXPECT_EQ(edit_distance("FORM", "FROM"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(NearestName, FindsWhatWasMeant) {
  constexpr std::array<std::string_view, 4> names = {"symbol", "price", "quantity", "ts"};
  EXPECT_EQ(nearest_name("prcie", names), "price");
  EXPECT_EQ(nearest_name("SYMBL", names), "symbol");
  EXPECT_EQ(nearest_name("volume", names), "");
  EXPECT_EQ(nearest_name("price", names), "");
  EXPECT_EQ(nearest_name("PRICE", names), "price");
  EXPECT_EQ(nearest_name("x", names), "");
  EXPECT_EQ(did_you_mean("quantiy", names), "did you mean 'quantity'?");
  EXPECT_EQ(did_you_mean("nothing", names), "");
  std::vector<std::string> owned = {"alpha", "beta"};
  EXPECT_EQ(did_you_mean("alhpa", owned), "did you mean 'alpha'?");
}

}  // namespace
}  // namespace velo
