// Objects of DuckDB's C interface that destroy themselves.
#pragma once

#include <string>
#include <utility>

#include "duckdb_library.hpp"

namespace vdk::duckdb {

// A library's object with its function that destroys it.
template <class Handle>
class Owned {
 public:
  using Destroy = void (*)(Handle*);
  explicit Owned(Destroy destroy) noexcept : destroy_(destroy) {}
  Owned(Owned&& other) noexcept
      : destroy_(other.destroy_), handle_(std::exchange(other.handle_, nullptr)) {}
  Owned& operator=(Owned&&) = delete;
  ~Owned() {
    if (handle_) {
      destroy_(&handle_);
    }
  }
  [[nodiscard]] Handle get() const noexcept { return handle_; }
  [[nodiscard]] Handle* out() noexcept { return &handle_; }

 private:
  Destroy destroy_;
  Handle handle_ = nullptr;
};

class OwnedResult {
 public:
  explicit OwnedResult(const Api& api) noexcept : api_(&api) {}
  OwnedResult(OwnedResult&& other) noexcept
      : api_(other.api_), result_(std::exchange(other.result_, {})) {}
  OwnedResult& operator=(OwnedResult&&) = delete;
  ~OwnedResult() { api_->destroy_result(&result_); }
  [[nodiscard]] Result* get() noexcept { return &result_; }
  [[nodiscard]] std::string error() {
    const char* message = api_->result_error(&result_);
    return message ? message : "";
  }

 private:
  const Api* api_;
  Result result_{};
};

}  // namespace vdk::duckdb
