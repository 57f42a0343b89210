// Brings versions of sources to the mirror in git, behind everybody's back: nobody waits for it.
#pragma once

#include <chrono>
#include <string>

#include "reconcile/leadership.hpp"
#include "reconcile/worker.hpp"
#include "source/git_mirror.hpp"
#include "store/database.hpp"

namespace vdk::service {

// The leader alone does so. A version is taken once the remote has it; what fails is tried again,
// less and less often.
class Mirror {
 public:
  Mirror(Database& database, MirrorPlace place, const Leadership& leadership);

  // A version was uploaded. Any thread.
  void wake() { worker_.wake(); }

 private:
  void round();
  bool take_some();

  Database& database_;
  const Leadership& leadership_;
  GitMirror mirror_;
  std::string last_failure_;
  std::chrono::seconds pause_{0};
  std::chrono::steady_clock::time_point next_try_{};
  Worker worker_;
};

}  // namespace vdk::service
