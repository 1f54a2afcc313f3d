#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace velo {

/// A value or the Error that prevented it. Named as std::expected, so that it can be swapped for
/// it.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}          // NOLINT
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}      // NOLINT
  template <typename U>
    requires(std::is_constructible_v<T, U &&> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  /// REQUIRES: has_value().
  T& value() & { CHECK(has_value(), error().to_string()); return std::get<0>(state_); }
  const T& value() const& { CHECK(has_value(), error().to_string()); return std::get<0>(state_); }
  T&& value() && { CHECK(has_value(), error().to_string()); return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// REQUIRES: !has_value().
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

/// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  void value() const { CHECK(has_value(), error_->to_string()); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

namespace detail {
template <typename T>
T take_value(Result<T>&& r) { return std::move(r).value(); }
inline void take_value(Result<void>&&) {}
}  // namespace detail

/// `auto x = TRY(f());` — the value, or return the error from the enclosing function.
#define TRY(...)                                                          \
  (__extension__({                                                        \
    auto try_result_ = (__VA_ARGS__);                                     \
    if (!try_result_.has_value()) return std::move(try_result_).error();  \
    ::velo::detail::take_value(std::move(try_result_));                   \
  }))

}  // namespace velo
