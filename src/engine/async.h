#pragma once

#include <deque>
#include <optional>
#include <span>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "engine/query.h"

namespace velo {

/// A query for coroutines on a Boost.Asio executor: pushes and results to be awaited. The work
/// stays synchronous, on the coroutine that pushes; only waiting is asynchronous. A push that finds
/// room for its results completes without suspending.
///
/// All calls from one executor that runs one thing at a time (a strand, a single-threaded
/// io_context). Takes the query's result 0: do not call `on_result(0, …)` as well. Destroyed only
/// when no call of it is under way.
///
///     velo::AsyncQuery async(*query, executor, 16);
///     TRY(co_await async.async_push(*input, record));
///     while (std::optional<velo::Batch> rows = co_await async.async_next()) …
class AsyncQuery {
 public:
  template <typename T>
  using Awaitable = boost::asio::awaitable<T>;

  /// At most `capacity` batches of results wait for `async_next` before pushes do. Borrows `query`.
  /// REQUIRES: capacity > 0.
  AsyncQuery(Query& query, boost::asio::any_io_executor executor, size_t capacity)
      : query_(query), channel_(std::move(executor), capacity) {
    query_.on_result(0, [this](const Batch& rows) { put(flatten(rows)); });
  }
  ~AsyncQuery() {
    query_.on_result(0, [](const Batch&) {});
  }
  AsyncQuery(const AsyncQuery&) = delete;
  AsyncQuery& operator=(const AsyncQuery&) = delete;

  /// One record; see Input::push. Suspends while results of the records before wait for a taker.
  Awaitable<Status> async_push(Input& input, std::span<const Value> record) {
    Status pushed = input.push(record);
    if (!waiting_.empty()) co_await hand_over();
    co_return pushed;
  }
  Awaitable<Status> async_push(Input& input, Batch batch) {
    Status pushed = input.push(std::move(batch));
    if (!waiting_.empty()) co_await hand_over();
    co_return pushed;
  }
  /// Sends on what `input` has collected.
  Awaitable<Status> async_flush(Input& input) {
    Status flushed = input.flush();
    if (!waiting_.empty()) co_await hand_over();
    co_return flushed;
  }
  /// No more pushes: what is held comes out, then `async_next` ends.
  Awaitable<Status> async_finish() {
    Status finished = query_.finish();
    co_await hand_over();
    boost::system::error_code error;
    // The end comes behind the results: closing the channel would lose those that wait in it.
    if (!closed_) {
      co_await channel_.async_send(boost::asio::error::eof, Batch(),
                                   boost::asio::redirect_error(boost::asio::use_awaitable, error));
    }
    co_return finished;
  }
  /// The next batch of results; nothing after the last one.
  Awaitable<std::optional<Batch>> async_next() {
    if (closed_) co_return std::nullopt;
    boost::system::error_code error;
    Batch rows = co_await channel_.async_receive(
        boost::asio::redirect_error(boost::asio::use_awaitable, error));
    if (error) {
      closed_ = true;
      co_return std::nullopt;
    }
    co_return std::move(rows);
  }
  /// Nobody will call `async_next` again: results are dropped, pushes never wait. Pushes that wait
  /// now go on.
  void close() {
    closed_ = true;
    waiting_.clear();
    channel_.cancel();
    channel_.close();
  }

  /// Batches that found no room in the channel, and how often a push had to wait for it.
  size_t waiting() const { return waiting_.size(); }
  uint64_t waits() const { return waits_; }

 private:
  void put(Batch rows) {
    if (closed_) return;
    if (waiting_.empty() && channel_.try_send(boost::system::error_code(), rows)) return;
    waiting_.push_back(std::move(rows));
  }
  /// Waits until the channel has taken all that found no room.
  Awaitable<void> hand_over() {
    boost::system::error_code error;
    while (!waiting_.empty() && !error) {
      ++waits_;
      Batch rows = std::move(waiting_.front());
      waiting_.pop_front();
      co_await channel_.async_send(boost::system::error_code(), std::move(rows),
                                   boost::asio::redirect_error(boost::asio::use_awaitable, error));
    }
  }

  Query& query_;
  boost::asio::experimental::channel<void(boost::system::error_code, Batch)> channel_;
  std::deque<Batch> waiting_;
  uint64_t waits_ = 0;
  bool closed_ = false;
};

}  // namespace velo
