#include "engine/async.h"

#include <gtest/gtest.h>

#include <array>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "column/batch_text.h"
#include "engine/engine.h"

namespace velo {
namespace {

TEST(AsyncQuery, ProducerAndConsumerTakeTurns) {
  EngineOptions options;
  options.batch_rows = 2;
  Engine engine(options);
  auto query = engine.query(
      "CREATE TABLE t (v BIGINT) WITH ('connector' = 'push'); SELECT v FROM t WHERE v <> 3;");
  ASSERT_TRUE(query) << query.error().to_string();
  Input& input = **(*query)->input("t");
  boost::asio::io_context io;
  AsyncQuery async(**query, io.get_executor(), 1);
  std::string log;

  boost::asio::co_spawn(
      io,
      [&]() -> boost::asio::awaitable<void> {
        for (int64_t v = 1; v <= 6; ++v) {
          const std::array<Value, 1> record = {Value::int64(v)};
          EXPECT_TRUE(co_await async.async_push(input, record));
          log += "push " + std::to_string(v) + "\n";
        }
        EXPECT_TRUE(co_await async.async_finish());
        log += "finish\n";
      },
      boost::asio::detached);
  boost::asio::co_spawn(
      io,
      [&]() -> boost::asio::awaitable<void> {
        while (std::optional<Batch> rows = co_await async.async_next()) {
          std::string text = batch_to_text(*rows);
          for (char& c : text) c = c == '\n' ? ' ' : c;
          log += "got " + text + "\n";
        }
        log += "end\n";
      },
      boost::asio::detached);
  io.run();

  // The second batch found no room: push 4 waited until the first was taken.
  const auto at = [&](const char* what) { return log.find(what); };
  EXPECT_LT(at("got 1 2"), at("push 4"));
  EXPECT_LT(at("got 4 "), at("end"));
  EXPECT_LT(at("got 5 6"), at("end"));
  EXPECT_LT(at("finish"), at("end"));
}

}  // namespace
}  // namespace velo
