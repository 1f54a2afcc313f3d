#pragma once

#include <memory>
#include <utility>
#include <variant>

namespace velo::ast {

/// A node held by pointer that behaves like a value: copying copies the node, comparing compares
/// the nodes. May be empty, which stands for a clause or operand that was not written. T may be
/// incomplete where Box is a member.
template <typename T>
class Box {
 public:
  Box() = default;
  Box(std::nullptr_t) {}                                          // NOLINT
  Box(T value) : node_(std::make_unique<T>(std::move(value))) {}  // NOLINT
  Box(const Box& other) : node_(other.node_ ? std::make_unique<T>(*other.node_) : nullptr) {}
  Box(Box&&) noexcept = default;
  Box& operator=(const Box& other) {
    if (this != &other) node_ = other.node_ ? std::make_unique<T>(*other.node_) : nullptr;
    return *this;
  }
  Box& operator=(Box&&) noexcept = default;
  ~Box() = default;

  explicit operator bool() const { return node_ != nullptr; }
  /// REQUIRES: not empty.
  T& operator*() { return *node_; }
  const T& operator*() const { return *node_; }
  T* operator->() { return node_.get(); }
  const T* operator->() const { return node_.get(); }
  const T* get() const { return node_.get(); }
  T* get() { return node_.get(); }

  friend bool operator==(const Box& a, const Box& b) {
    return a.node_ && b.node_ ? *a.node_ == *b.node_ : a.node_ == b.node_;
  }

 private:
  std::unique_ptr<T> node_;
};

/// What every struct whose variant `node` holds one of several kinds offers.
template <typename Self>
struct OneOf {
  /// The node as a T, or null if it is of another kind.
  template <typename T>
  const T* as() const {
    return std::get_if<T>(&static_cast<const Self*>(this)->node);
  }
  template <typename T>
  T* as() {
    return std::get_if<T>(&static_cast<Self*>(this)->node);
  }
  template <typename T>
  bool is() const {
    return std::holds_alternative<T>(static_cast<const Self*>(this)->node);
  }
  bool operator==(const OneOf&) const = default;
};

/// For `std::visit(Overloaded{[](const Call& c) {…}, …}, expr.node)`: forgetting a kind does not
/// compile.
template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <typename... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace velo::ast
