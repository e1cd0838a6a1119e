// Result<T, E>: a value, or the typed reason why there is none. The data plane throws nothing.
#pragma once

#include <utility>
#include <variant>

#include "dataplane/base/check.h"

namespace limpid {

template <typename E>
struct Failure {
  E error;
};
template <typename E>
Failure(E) -> Failure<E>;

template <typename T, typename E>
class [[nodiscard]] Result {
 public:
  // Implicit, so that a function can return either side as it is.
  Result(T value)
      : either_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Failure<E> failure)                                  // NOLINT(google-explicit-constructor)
      : either_(std::in_place_index<1>, std::move(failure.error)) {}

  bool ok() const { return either_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return check_ok(), *std::get_if<0>(&either_); }
  const T& value() const& { return check_ok(), *std::get_if<0>(&either_); }
  T&& value() && { return check_ok(), std::move(*std::get_if<0>(&either_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const E& error() const {
    LIMPID_CHECK(!ok(), "error() of a Result that holds a value");
    return *std::get_if<1>(&either_);
  }

 private:
  void check_ok() const { LIMPID_CHECK(ok(), "value() of a Result that holds an error"); }

  std::variant<T, E> either_;
};

}  // namespace limpid
