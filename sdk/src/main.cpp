#include "vdk/base/version.hpp"

#include <cstdio>

int main() {
  return std::puts(vdk::version()) < 0;
}
