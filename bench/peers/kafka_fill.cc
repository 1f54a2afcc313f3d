// Puts the rows of bench/trades.h into a topic, as JSON of about 100 bytes whose key is the symbol,
// in their order. A last record, of the symbol END, is a minute later: it closes every window of a
// minute before it.
//
//   kafka_fill BOOTSTRAP TOPIC ROWS
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/fmt.h"
#include "bench/peers/client.h"
#include "bench/trades.h"

namespace velo::bench {
namespace {

void write_trade(std::string& out, const Trade& t, std::string_view symbol) {
  char price[32];
  const char* end = std::to_chars(price, price + sizeof price, t.price).ptr;
  out.clear();
  fmt::format_to(std::back_inserter(out),
                 "{{\"ts\":{},\"symbol\":\"{}\",\"price\":{},\"quantity\":{},\"venue\":\"XNAS\","
                 "\"account\":\"A{:07}\"}}",
                 t.time_ms, symbol, std::string_view(price, static_cast<size_t>(end - price)),
                 t.quantity, t.quantity * 7919 % 10'000'000);
}

void run(const std::string& bootstrap, const std::string& topic, uint64_t rows) {
  const Handle producer =
      make_producer(bootstrap, {{"linger.ms", "20"}, {"batch.num.messages", "10000"}});
  std::string value;
  for (uint64_t row = 0; row < rows; ++row) {
    const Trade t = trade(row);
    char room[8];
    const std::string_view symbol = symbol_name(t.symbol, room);
    write_trade(value, t, symbol);
    send(producer.get(), topic, symbol, value);
    if (row % 1024 == 0) rd_kafka_poll(producer.get(), 0);
  }
  Trade last = trade(rows);
  last.time_ms += 62'000;
  write_trade(value, last, "END");
  send(producer.get(), topic, "END", value);
  flush(producer.get());
}

}  // namespace
}  // namespace velo::bench

int main(int argc, char** argv) {
  if (argc != 4) velo::bench::fail("usage: kafka_fill BOOTSTRAP TOPIC ROWS");
  velo::bench::run(argv[1], argv[2], std::strtoull(argv[3], nullptr, 10));
}
