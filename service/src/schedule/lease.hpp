// A right that one replica at a time holds for a while: to schedule, to synchronise, to clean up.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>

#include "schedule/clock.hpp"

namespace vdk::service {

// Grows with each new holder. Whoever writes under a lease hands it in with what he writes, so that
// the store can refuse a holder that slept past the end of his lease and does not know it yet.
struct FencingToken {
  std::uint64_t value = 0;
  auto operator<=>(const FencingToken&) const = default;
};

// Thrown by what writes under a lease: the token is not the newest one, so somebody else has it.
// Nothing was written.
class Fenced : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "another replica leads now"; }
};

// Where leases are kept. Any thread may call; what the database could not do is thrown.
class LeaseStore {
 public:
  virtual ~LeaseStore() = default;

  // In one transaction, by the store's clock (the database's own where it has one): if nobody else
  // holds the lease, or his has run out, it is `holder`'s until `duration` from now. The token
  // stays for who renews in time, and is a new one, greater than all before, for everybody else.
  // Nothing where another holds it.
  [[nodiscard]] virtual std::optional<FencingToken> acquire(const std::string& name,
                                                            const std::string& holder,
                                                            std::chrono::milliseconds duration) = 0;

  // Ends the lease if `holder` holds it, so that the next need not wait.
  virtual void release(const std::string& name, const std::string& holder) = 0;
};

// One replica's hold on a lease. Not for several threads at once.
//
// A replica counts the lease from before it asked, by a clock that nobody sets, so it never
// believes in it longer than the store does.
class Lease {
 public:
  // `holder` differs from start to start of a program: a restarted one is another holder.
  // Renewed when a third of `duration` is over. The references have to outlive the lease.
  Lease(LeaseStore& store, const Clock& clock, std::string name, std::string holder,
        std::chrono::milliseconds duration);

  // Acquires or renews where it is time to. The token, where the lease is held now. An error of the
  // store is thrown; what is held stays held until it runs out.
  std::optional<FencingToken> maintain();

  // The token, if the lease is held as far as this replica can know.
  [[nodiscard]] std::optional<FencingToken> held() const;

  // How long until maintain() has something to do.
  [[nodiscard]] std::chrono::nanoseconds until_due() const;

  // The store told that another replica has it.
  void lose() noexcept { token_.reset(); }

  // Gives it back, so that the next replica need not wait.
  void release();

 private:
  LeaseStore& store_;
  const Clock& clock_;
  std::string name_;
  std::string holder_;
  std::chrono::milliseconds duration_;
  std::optional<FencingToken> token_;
  std::chrono::nanoseconds valid_until_{};
  std::chrono::nanoseconds ask_at_{};
};

}  // namespace vdk::service
