// Options and their values as plugins see them: classes ConfigurationBuilder and Configuration of
// vdk._native. Plugins keep these objects; so each refers to the program's own while that lives,
// and holds a copy of it afterwards.
#pragma once

#include <string>
#include <vector>

#include "python.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk {

// All members need the interpreter lock.
template <class T>
class Lent {
 public:
  Lent() = default;
  explicit Lent(T own) : own_(std::move(own)) {}

  [[nodiscard]] T& get() noexcept { return lent_ ? *lent_ : own_; }
  void lend(T& object) noexcept { lent_ = &object; }
  // Keeps what the object is now.
  void take_back() {
    if (lent_) own_ = *lent_;
    lent_ = nullptr;
  }

 private:
  T own_;
  T* lent_ = nullptr;
};

class PythonConfiguration : public Lent<Configuration> {
 public:
  using Lent::Lent;
  static void bind(nb::module_& module);
};

class PythonConfigurationBuilder : public Lent<ConfigurationBuilder> {
 public:
  using Lent::Lent;
};

// Lends an object for a scope, and takes it back at its end.
template <class Holder, class T>
class Loan {
 public:
  Loan(Holder& holder, T& object) : holder_(holder) { holder_.lend(object); }
  ~Loan() { holder_.take_back(); }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;

 private:
  Holder& holder_;
};

}  // namespace vdk
