// Crashes in the way that the step's file names.
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "vdk/plugin.hpp"

namespace {

volatile int g_depth = 0;

// Deeper than any stack: each call needs a frame of its own.
int overflow(int depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  g_depth = depth;
  return depth > 1'000'000'000 ? 0 : overflow(depth + 1) + frame[0];
}

void crash(const std::string& how) {
  volatile std::uintptr_t nowhere = 8;
  if (how == "null") *reinterpret_cast<volatile int*>(nowhere) = 1;
  if (how == "library") std::memset(reinterpret_cast<void*>(nowhere), 0, 100'000);
  if (how == "abort") std::abort();
  if (how == "overflow") (void)overflow(0);
  if (how == "thread") std::thread([] { throw std::runtime_error("nobody catches it"); }).join();
}

class Crashing : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    contributions.add_step_type("crash", [](vdk::JobContext&, const vdk::Step& step) {
      std::ifstream file(step.file);
      std::string how;
      std::getline(file, how);
      crash(how);
      return true;
    });
  }
};

}  // namespace

VDK_PLUGIN(Crashing)
