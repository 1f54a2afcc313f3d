#include "format/nexmark_model.h"

#include <cmath>
#include <cstring>
#include <numbers>

#include "base/check.h"
#include "base/fmt.h"
#include "column/time_text.h"

namespace velo {
namespace {

/// Every so many persons and auctions one is hot.
constexpr uint64_t kHotEvery = 100;
/// Persons and auctions may be named before they are there.
constexpr uint64_t kLead = 10;
constexpr uint64_t kAuctionsInFlight = 100;
constexpr uint64_t kActivePersons = 1000;
constexpr size_t kPowerSteps = 4096;
constexpr size_t kSineSteps = 10;
constexpr uint64_t kBytesMax = 1 << 20;
constexpr uint64_t kRateMax = 1'000'000'000'000;

Error bad_value(const OptionReader& options, std::string_view name, std::string_view wanted) {
  return Error(ErrorCode::kBadOptionValue,
               fmt::format("option '{}' cannot be '{}'", name, options.text(name)))
      .with_hint(std::string(wanted));
}

Result<uint64_t> number_within(const OptionReader& options, std::string_view name, uint64_t least,
                               uint64_t most) {
  const uint64_t value = TRY(options.number(name));
  if (value >= least && value <= most) return value;
  return bad_value(options, name, fmt::format("a whole number from {} to {}", least, most));
}

Result<uint64_t> size_within(const OptionReader& options, std::string_view name) {
  const uint64_t value = TRY(options.bytes(name));
  if (value <= kBytesMax) return value;
  return bad_value(options, name, "at most 1mb");
}

/// The rates that follow one another: two of a square, ten of a sine.
std::vector<double> rates_of(double first, double next, bool sine) {
  if (first == next) return {first};
  if (!sine) return {first, next};
  std::vector<double> rates;
  for (size_t i = 0; i < kSineSteps; ++i) {
    const double turn = 2 * std::numbers::pi * static_cast<double>(i) / kSineSteps;
    rates.push_back((first + next) / 2 + (first - next) / 2 * std::cos(turn));
  }
  return rates;
}

}  // namespace

Result<NexmarkOptions> parse_nexmark_options(const OptionReader& options) {
  NexmarkOptions out;
  out.seed = TRY(options.number("seed"));
  out.persons = TRY(number_within(options, "person.proportion", 0, 1'000'000));
  out.auctions = TRY(number_within(options, "auction.proportion", 0, 1'000'000));
  out.bids = TRY(number_within(options, "bid.proportion", 0, 1'000'000));
  if (out.persons + out.auctions + out.bids == 0) {
    return bad_value(options, "bid.proportion", "of three proportions one must be above 0");
  }
  out.person_bytes = TRY(size_within(options, "person.avg-size"));
  out.auction_bytes = TRY(size_within(options, "auction.avg-size"));
  out.bid_bytes = TRY(size_within(options, "bid.avg-size"));
  out.hot_auctions = TRY(number_within(options, "bid.hot-ratio.auctions", 1, 1'000'000));
  out.hot_bidders = TRY(number_within(options, "bid.hot-ratio.bidders", 1, 1'000'000));
  out.hot_sellers = TRY(number_within(options, "auction.hot-ratio.sellers", 1, 1'000'000));
  const uint64_t first = TRY(number_within(options, "first-event.rate", 1, kRateMax));
  const uint64_t next = TRY(number_within(options, "next-event.rate", 1, kRateMax));
  const bool sine = TRY(options.choice("rate.shape")) == 1;
  const int64_t period_us = TRY(options.duration_us("rate.period"));
  out.rates = rates_of(static_cast<double>(first), static_cast<double>(next), sine);
  const auto steps = static_cast<int64_t>(out.rates.size());
  if (period_us < steps * 1000) {
    return bad_value(options, "rate.period", "a length of time of some milliseconds at least");
  }
  out.step_us = (period_us + steps - 1) / steps;
  const std::optional<int64_t> base = parse_timestamp(options.text("base-time"), true);
  if (!base) return bad_value(options, "base-time", "a time such as '2024-01-01T00:00:00'");
  out.base_time_us = floor_div(*base, 1000) * 1000;
  return out;
}

NexmarkModel::NexmarkModel(NexmarkOptions options)
    : options_(std::move(options)), total_(options_.persons + options_.auctions + options_.bids) {
  for (size_t i = 0; i < seeds_.size(); ++i) seeds_[i] = mix64(mix64(options_.seed + 1) + i);
  for (size_t i = 0; i <= kPowerSteps; ++i) {
    powers_.push_back(std::pow(10.0, 6.0 * static_cast<double>(i) / kPowerSteps));
  }
  if (options_.rates.size() == 1) return;
  for (const double rate : options_.rates) {
    const double events = rate * static_cast<double>(options_.step_us) * 1e-6;
    step_events_.push_back(std::max<uint64_t>(1, static_cast<uint64_t>(events)));
    round_events_ += step_events_.back();
  }
}

void NexmarkModel::start(uint64_t first, size_t rows, NexmarkBatch* out) const {
  out->first = first;
  out->kinds.resize(rows);
  out->last_person.resize(rows);
  out->last_auction.resize(rows);
  for (std::vector<uint32_t>& of_kind : out->rows) of_kind.clear();
  const uint64_t people = options_.persons, things = options_.auctions;
  uint64_t round = first / total_;
  uint64_t place = first % total_;
  for (size_t i = 0; i < rows; ++i) {
    const size_t kind = place < people ? 0 : place < people + things ? 1 : 2;
    out->kinds[i] = static_cast<int64_t>(kind);
    out->rows[kind].push_back(static_cast<uint32_t>(i));
    // How many there are after this event, itself included.
    const uint64_t persons = round * people + std::min(place + 1, people);
    const uint64_t auctions =
        round * things + (kind == 0 ? 0 : std::min(place + 1 - people, things));
    out->last_person[i] = persons == 0 ? 0 : persons - 1;
    out->last_auction[i] = auctions == 0 ? 0 : auctions - 1;
    if (++place == total_) {
      place = 0;
      ++round;
    }
  }
}

int64_t NexmarkModel::time_us(uint64_t event) const {
  const auto in_ms = [](double us) { return static_cast<int64_t>(us) / 1000 * 1000; };
  if (step_events_.empty()) {
    return options_.base_time_us + in_ms(static_cast<double>(event) * (1e6 / options_.rates[0]));
  }
  const uint64_t round = event / round_events_;
  uint64_t left = event % round_events_;
  size_t step = 0;
  while (left >= step_events_[step]) left -= step_events_[step++];
  const int64_t steps = static_cast<int64_t>(round * step_events_.size() + step);
  return options_.base_time_us + (steps * options_.step_us) / 1000 * 1000 +
         in_ms(static_cast<double>(left) * (1e6 / options_.rates[step]));
}

/// 100 · 10^(6u): small prices are as many as big ones. Between two powers it is straight.
int64_t NexmarkModel::price(NexmarkUse use, uint64_t event) const {
  const uint64_t random = bits(use, event);
  const double* const at = powers_.data() + (random >> 52);
  const double part = static_cast<double>((random << 12) >> 12) * 0x1.0p-52;
  return std::llround((at[0] + (at[1] - at[0]) * part) * 100.0);
}

int64_t NexmarkModel::some_person(uint64_t random, uint64_t last_person) const {
  const uint64_t known = last_person + 1;
  const uint64_t active = std::min(known, kActivePersons);
  return static_cast<int64_t>(known - active + scale_bits(random, active + kLead)) + kFirstId;
}

int64_t NexmarkModel::seller(uint64_t event, uint64_t last_person) const {
  const uint64_t random = bits(NexmarkUse::kSeller, event);
  if (scale_bits(random, options_.hot_sellers) > 0) {
    return static_cast<int64_t>(last_person / kHotEvery * kHotEvery) + kFirstId;
  }
  return some_person(mix64(random), last_person);
}

/// The second of the hot ones' hundred, so that hot bidders are not hot sellers.
int64_t NexmarkModel::bidder(uint64_t event, uint64_t last_person) const {
  const uint64_t random = bits(NexmarkUse::kBidder, event);
  if (scale_bits(random, options_.hot_bidders) > 0) {
    return static_cast<int64_t>(last_person / kHotEvery * kHotEvery) + 1 + kFirstId;
  }
  return some_person(mix64(random), last_person);
}

int64_t NexmarkModel::bid_auction(uint64_t event, uint64_t last_auction) const {
  const uint64_t random = bits(NexmarkUse::kAuction, event);
  if (scale_bits(random, options_.hot_auctions) > 0) {
    return static_cast<int64_t>(last_auction / kHotEvery * kHotEvery) + kFirstId;
  }
  const uint64_t least = last_auction - std::min(last_auction, kAuctionsInFlight);
  return static_cast<int64_t>(least + scale_bits(mix64(random), last_auction - least + 1 + kLead)) +
         kFirstId;
}

/// So long that about `kAuctionsInFlight` auctions are open at a time.
int64_t NexmarkModel::expires_us(uint64_t event) const {
  const uint64_t ahead = kAuctionsInFlight * total_ / std::max<uint64_t>(1, options_.auctions);
  const int64_t now_us = time_us(event);
  const int64_t horizon_ms = (time_us(event + ahead) - now_us) / 1000;
  const uint64_t length = scale_bits(bits(NexmarkUse::kExpires, event),
                                     static_cast<uint64_t>(std::max<int64_t>(horizon_ms * 2, 1)));
  return now_us + (1 + static_cast<int64_t>(length)) * 1000;
}

uint32_t NexmarkModel::channel(uint64_t event) const {
  const uint64_t random = bits(NexmarkUse::kChannel, event);
  const uint64_t more = mix64(random);
  if (random >> 63) return static_cast<uint32_t>(scale_bits(more, kHotChannels));
  return kHotChannels + static_cast<uint32_t>(scale_bits(more, kColdChannels));
}

std::string NexmarkModel::channel_name(uint32_t channel) const {
  constexpr std::string_view kHot[kHotChannels] = {"Google", "Facebook", "Baidu", "Apple"};
  if (channel < kHotChannels) return std::string(kHot[channel]);
  return fmt::format("channel-{}", channel - kHotChannels);
}

std::string NexmarkModel::channel_url(uint32_t channel) const {
  std::string url = "https://www.nexmark.com/";
  uint64_t random = bits(NexmarkUse::kUrl, channel);
  for (int i = 0; i < 3; ++i) {
    char word[16];
    url.append(word, write_words(random, 5, '_', word));
    url.push_back('/');
    random = mix64(random + 1);
  }
  url += "item.htm?query=1";
  if (channel < kHotChannels || scale_bits(random, 10) == 0) return url;
  uint32_t number = channel - kHotChannels;
  uint32_t reversed = 0;
  for (int i = 0; i < 32; ++i, number >>= 1) reversed = reversed << 1 | (number & 1);
  // Math.abs of Java, whose least number stays negative.
  const bool negative = static_cast<int32_t>(reversed) < 0;
  return url +
         fmt::format("&channel_id={}", static_cast<int32_t>(negative ? 0 - reversed : reversed));
}

void write_letters(uint64_t bits, size_t count, char* out) {
  constexpr uint64_t kEven = 0x00ff00ff00ff00ffULL;
  Random random(bits);
  for (size_t at = 0; at < count; at += 8) {
    // Each byte b becomes 'a' + b * 26 / 256, the even and the odd ones at once.
    const uint64_t word = random.next();
    const uint64_t even = ((word & kEven) * 26 >> 8) & kEven;
    const uint64_t odd = ((word >> 8 & kEven) * 26) & ~kEven;
    const uint64_t letters = (even | odd) + 0x6161616161616161ULL;
    std::memcpy(out + at, &letters, sizeof letters);
  }
}

size_t write_words(uint64_t bits, size_t most, char gap, char* out) {
  constexpr size_t kLeast = 3;
  Random random(bits);
  const size_t length = kLeast + random.below(most - kLeast);
  for (size_t i = 0; i < length; ++i) {
    const uint64_t pick = random.below(13 * 26);
    out[i] = pick % 13 == 0 ? gap : static_cast<char>('a' + pick / 13);
  }
  size_t begin = 0, end = length;
  while (begin < end && out[begin] == ' ') ++begin;
  while (end > begin && out[end - 1] == ' ') --end;
  std::memmove(out, out + begin, end - begin);
  return end - begin;
}

size_t extra_length(uint64_t bits, size_t size, size_t average) {
  if (size > average) return 0;
  const size_t wanted = average - size;
  const size_t delta = (wanted + 2) / 5;
  return wanted - delta + (delta == 0 ? 0 : scale_bits(bits, 2 * delta));
}

}  // namespace velo
