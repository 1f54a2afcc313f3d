#include "engine/async.h"

#include <gtest/gtest.h>

#include <array>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "engine/engine.h"

namespace velo {
namespace {

/// Two coroutines, one that pushes and one that takes, on one thread; `log` is what they did.
struct Fixture {
  explicit Fixture(size_t capacity) {
    EngineOptions options;
    options.batch_rows = 2;
    engine = Engine(options);
    auto made = engine.query(
        "CREATE TABLE t (k STRING, v BIGINT) WITH ('connector' = 'push');\n"
        "SELECT k, v FROM t WHERE v <> 3;");
    EXPECT_TRUE(made) << made.error().to_string();
    query = std::move(*made);
    input = *query->input("t");
    async.emplace(*query, io.get_executor(), capacity);
  }
  boost::asio::awaitable<void> push(int64_t records) {
    for (int64_t v = 1; v <= records; ++v) {
      // Longer than what a string column holds inline.
      const std::string key = "key number " + std::to_string(v) + " of them";
      const std::array<Value, 2> record = {Value::text(key), Value::int64(v)};
      EXPECT_TRUE(co_await async->async_push(*input, record));
      log += "push " + std::to_string(v) + "\n";
    }
    EXPECT_TRUE(co_await async->async_finish());
    log += "finish\n";
  }
  boost::asio::awaitable<void> take(size_t batches) {
    for (size_t i = 0; i < batches; ++i) {
      const std::optional<Batch> rows = co_await async->async_next();
      if (!rows) break;
      for (size_t row = 0; row < rows->rows; ++row) {
        log += "got " + std::string(rows->columns[0]->string_at(row)) + "\n";
      }
    }
    log += "end\n";
  }
  void run(int64_t records, size_t batches) {
    boost::asio::co_spawn(io, push(records), boost::asio::detached);
    boost::asio::co_spawn(io, take(batches), boost::asio::detached);
    io.run();
  }
  size_t at(const char* what) const { return log.find(what); }

  Engine engine;
  std::unique_ptr<Query> query;
  Input* input = nullptr;
  boost::asio::io_context io;
  std::optional<AsyncQuery> async;
  std::string log;
};

TEST(AsyncQuery, AFullChannelSuspendsThePush) {
  Fixture f(1);
  f.run(6, 100);
  SCOPED_TRACE(f.log);
  // The second batch found no room: push 4 waited until the first was taken.
  EXPECT_LT(f.at("got key number 2 of them"), f.at("push 4"));
  EXPECT_LT(f.at("got key number 4 of them"), f.at("got key number 5 of them"));
  EXPECT_LT(f.at("got key number 6 of them"), f.at("end"));
  EXPECT_EQ(f.at("got key number 3 of them"), std::string::npos);
  EXPECT_NE(f.at("finish"), std::string::npos);
  EXPECT_GT(f.async->waits(), 0u);
  EXPECT_EQ(f.async->waiting(), 0u);
}

TEST(AsyncQuery, WithRoomThePushNeverSuspends) {
  Fixture f(16);
  f.run(6, 100);
  EXPECT_EQ(f.log,
            "push 1\npush 2\npush 3\npush 4\npush 5\npush 6\nfinish\n"
            "got key number 1 of them\ngot key number 2 of them\ngot key number 4 of them\n"
            "got key number 5 of them\ngot key number 6 of them\nend\n");
  EXPECT_EQ(f.async->waits(), 0u);
}

TEST(AsyncQuery, AClosedTakerLetsThePushGoOn) {
  Fixture f(1);
  boost::asio::co_spawn(f.io, f.push(20), boost::asio::detached);
  boost::asio::co_spawn(
      f.io,
      [&]() -> boost::asio::awaitable<void> {
        co_await f.take(1);
        f.async->close();
        EXPECT_FALSE(co_await f.async->async_next());
      },
      boost::asio::detached);
  f.io.run();
  SCOPED_TRACE(f.log);
  EXPECT_NE(f.at("push 20\nfinish\n"), std::string::npos);
}

TEST(AsyncQuery, ErrorsComeBackFromTheAwaitedPush) {
  Fixture f(4);
  boost::asio::co_spawn(
      f.io,
      [&]() -> boost::asio::awaitable<void> {
        const std::array<Value, 2> wrong = {Value::text("k"), Value::float64(1)};
        const Status refused = co_await f.async->async_push(*f.input, wrong);
        EXPECT_FALSE(refused);
        f.log = refused ? "" : refused.error().message;
      },
      boost::asio::detached);
  f.io.run();
  EXPECT_EQ(f.log, "push into 't': the value for column 'v' is no BIGINT");
}

}  // namespace
}  // namespace velo
