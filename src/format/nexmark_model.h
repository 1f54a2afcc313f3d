#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/options.h"
#include "base/random.h"

namespace velo {

/// What happens in the auction house of the Nexmark benchmark (Tucker et al. 2002, in the form of
/// its Apache Beam and Flink suites): event n is worked out from n and a seed alone.
struct NexmarkOptions {
  uint64_t seed = 0;
  uint64_t persons = 1, auctions = 3, bids = 46;  ///< of so many events in a row
  uint64_t person_bytes = 200, auction_bytes = 500, bid_bytes = 100;  ///< on average
  uint64_t hot_auctions = 2, hot_bidders = 4, hot_sellers = 4;  ///< 1 of so many is not a hot one
  int64_t base_time_us = 0;                                     ///< of event 0
  std::vector<double> rates = {};  ///< events per second of event time, in turn
  int64_t step_us = 0;             ///< how long each rate lasts
};

/// Errors name the option and say what it may be.
Result<NexmarkOptions> parse_nexmark_options(const OptionReader& options);

enum class NexmarkKind : uint8_t { kPerson, kAuction, kBid };

/// One use of randomness: the same event gives each use other bits.
enum class NexmarkUse : uint8_t {
  kName,
  kEmail,
  kCard,
  kCity,
  kState,
  kExtra,
  kItem,
  kDescription,
  kSeller,
  kCategory,
  kInitialBid,
  kReserve,
  kExpires,
  kAuction,
  kBidder,
  kPrice,
  kChannel,
  kUrl,
};

/// The events of a batch before they get columns: who and what was there already.
struct NexmarkBatch {
  uint64_t first = 0;                         ///< number of the first event
  std::vector<int64_t> kinds;                 ///< NexmarkKind, one per event
  std::vector<uint64_t> last_person;          ///< last person known then, from 0
  std::vector<uint64_t> last_auction;         ///< last auction known then, from 0
  std::array<std::vector<uint32_t>, 3> rows;  ///< of each kind, ascending
};

/// The rules by which events are made. Pure.
class NexmarkModel {
 public:
  explicit NexmarkModel(NexmarkOptions options);

  const NexmarkOptions& options() const { return options_; }
  /// Events [first, first + rows).
  void start(uint64_t first, size_t rows, NexmarkBatch* out) const;
  /// Whole milliseconds, in microseconds.
  int64_t time_us(uint64_t event) const;

  uint64_t bits(NexmarkUse use, uint64_t event) const {
    return mix64((event + 1) * 0x9e3779b97f4a7c15ULL + seeds_[static_cast<size_t>(use)]);
  }
  int64_t price(NexmarkUse use, uint64_t event) const;
  int64_t seller(uint64_t event, uint64_t last_person) const;
  int64_t expires_us(uint64_t event) const;
  int64_t bid_auction(uint64_t event, uint64_t last_auction) const;
  int64_t bidder(uint64_t event, uint64_t last_person) const;
  /// Among `channel_count()`: half of all bids come by one of the hot ones, which are the first.
  uint32_t channel(uint64_t event) const;

  static constexpr int64_t kFirstId = 1000;
  static constexpr uint32_t kHotChannels = 4;
  static constexpr uint32_t kColdChannels = 10'000;
  static constexpr uint32_t channel_count() { return kHotChannels + kColdChannels; }
  std::string channel_name(uint32_t channel) const;
  std::string channel_url(uint32_t channel) const;

 private:
  int64_t some_person(uint64_t bits, uint64_t last_person) const;

  NexmarkOptions options_;
  uint64_t total_;
  std::array<uint64_t, 18> seeds_;
  std::vector<double> powers_;  ///< 10^(6 i / kPowerSteps)
  // With several rates: events of each step and of all together.
  std::vector<uint64_t> step_events_;
  uint64_t round_events_ = 0;
};

/// Uniform in [0, bound), from evenly spread bits.
inline uint64_t scale_bits(uint64_t bits, uint64_t bound) {
  return static_cast<uint64_t>((static_cast<uint128_t>(bits) * bound) >> 64);
}

/// `count` letters, in steps of eight: up to 7 bytes behind them are overwritten.
void write_letters(uint64_t bits, size_t count, char* out);
/// A word of 3 to `most` - 1 letters, one in thirteen of them `gap`; blanks at its ends are cut
/// off. Gives its length; `out` has room for `most`.
size_t write_words(uint64_t bits, size_t most, char gap, char* out);
/// How long the filling of an event must be, that it be `average` bytes big on average (a fifth
/// more or less) when `size` bytes are there.
size_t extra_length(uint64_t bits, size_t size, size_t average);

}  // namespace velo
