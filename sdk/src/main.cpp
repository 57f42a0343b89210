// The native program.
#include <cstdio>
#include <string>
#include <vector>

#include "cli/native_host.hpp"

int main(int argc, char** argv) {
  vdk::NativeHost host;
  return vdk::run_program(std::vector<std::string>(argv + 1, argv + argc), host);
}
